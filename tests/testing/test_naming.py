"""File names of cassettes: no two tests share one, and every file system takes it."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

PRINTING = """
from korus.testing.naming import cassette_path

def pytest_collection_finish(session):
    for item in session.items:
        print("PATH", item.nodeid.encode("unicode_escape").decode(), "->", cassette_path(item))
"""
ODD = """
import pytest

class Thing:
    pass

class TestOne:
    def test_it(self, korus_cassette): ...
    class TestInner:
        def test_it(self, korus_cassette): ...

class TestTwo:
    def test_it(self, korus_cassette): ...

def test_it(korus_cassette): ...

@pytest.mark.parametrize("what", [
    "a/b", "a-b", "a:b", "a", "A", "a b", "", "1", 1, 1.0, "1.0", True, "True", None, "None", -1, "-1", b"x", b"y",
    Thing(), Thing(), ("a", "b"), ["a"], "x" * 400, "x" * 401, "\\u00e9" * 200, "e\\u0301" * 200, "a\\nb", "..",
])
def test_parameters(korus_cassette, what): ...

@pytest.mark.parametrize(("one", "other"), [("a-b", "c"), ("a", "b-c"), ("a", "b")])
def test_pairs(korus_cassette, one, other): ...

@pytest.mark.korus_cassette(name="a/b")
def test_named(korus_cassette): ...

@pytest.mark.korus_cassette(name="a-b")
def test_named_otherwise(korus_cassette): ...
"""


@pytest.fixture(autouse=True)
def _few_plugins(monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def paths(pytester, *arguments):
    result = pytester.runpytest_inprocess(
        "-p",
        "korus.testing.plugin",
        "-p",
        "anyio",
        "--collect-only",
        "-q",
        "-s",
        "--import-mode=importlib",
        *arguments,
    )
    found = [
        line.removeprefix("PATH ").rpartition(" -> ") for line in result.outlines if line.startswith("PATH ")
    ]
    assert found, result.stdout.str()
    return [
        (test, path.replace(f"{pytester.path}/", ""))
        for test, _, path in found
        if "belongs to a test" not in test
    ]


def test_no_two_tests_share_a_file(pytester):
    pytester.makeconftest(PRINTING)
    pytester.makepyfile(test_odd=ODD)
    found = paths(pytester)
    assert len(found) == 38
    assert len({path for _, path in found}) == len(found)
    assert all(len(path.rpartition("/")[2].encode()) < 200 for _, path in found)
    assert all(path.startswith("cassettes/test_odd/") and path.endswith(".yaml") for _, path in found)
    assert found == paths(pytester)


def test_plain_tests_have_plain_names(pytester):
    pytester.makeconftest(PRINTING)
    pytester.makepyfile(
        test_shop="""
        import pytest

        def test_first(korus_cassette): ...

        @pytest.mark.parametrize("client_kind", ["sync", "async"])
        @pytest.mark.parametrize(("status", "code"), [(502, "days_count"), (0, "zone")])
        def test_second(korus_cassette, status, code, client_kind): ...

        class TestShop:
            def test_third(self, korus_cassette): ...

        @pytest.mark.korus_cassette(name="test_first")
        def test_fourth(korus_cassette): ...
        """
    )
    assert {path.removeprefix("cassettes/test_shop/") for _, path in paths(pytester)} == {
        "test_first.yaml",
        "test_second[502-days_count].yaml",
        "test_second[0-zone].yaml",
        "TestShop.test_third.yaml",
    }


def test_modules_of_one_name_have_folders_of_their_own(pytester):
    pytester.makeconftest(PRINTING)
    pytester.makeini("[pytest]\nkorus_cassettes = tests/cassettes\n")
    test = "def test_it(korus_cassette): ...\n"
    modules = (
        "tests/test_shop.py",
        "tests/a/test_shop.py",
        "tests/b/test_shop.py",
        "a/test_shop.py",
        "test_shop.py",
    )
    for module in modules:
        path = pytester.path / module
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(test)
    found = dict(paths(pytester))
    assert len(set(found.values())) == len(modules)
    assert found["tests/test_shop.py::test_it"] == "tests/cassettes/test_shop/test_it.yaml"
    assert found["tests/a/test_shop.py::test_it"] == "tests/cassettes/a/test_shop/test_it.yaml"
    # one that is there does not become another module's
    cassette = pytester.path / "tests/cassettes/test_shop/test_it.yaml"
    cassette.parent.mkdir(parents=True)
    cassette.touch()
    assert dict(paths(pytester)) == found


def test_a_cassette_from_before_folders_counted_is_still_found(pytester):
    pytester.makeconftest(PRINTING)
    pytester.makeini("[pytest]\nkorus_cassettes = tests/cassettes\n")
    path = pytester.path / "tests/a/test_shop.py"
    path.parent.mkdir(parents=True)
    path.write_text("def test_it(korus_cassette): ...\n")
    cassette = pytester.path / "tests/cassettes/test_shop/test_it.yaml"
    cassette.parent.mkdir(parents=True)
    cassette.touch()
    assert paths(pytester) == [("tests/a/test_shop.py::test_it", "tests/cassettes/test_shop/test_it.yaml")]
