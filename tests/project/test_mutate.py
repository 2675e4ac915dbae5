"""The changes that `make mutate` makes, and its list of those that no test has to notice."""

import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from scripts.mutate import MODULES, ROOT, SURVIVORS, apply, keys, mutations

SOURCE = '''
"""Text 1."""
LIMIT: int = 3
def decide(a: int = 1, *, b=2) -> bool:
    """Text 2."""
    _LOG.debug("%s", 4)
    if a:
        return not any(x is None for x in b) and a >= 5
    return True
class Thing:
    size: int = 6
    @property
    def whole(self):
        return self.size + 7
'''


def source_of(module):
    return ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8")


def test_one_operator_is_changed_at_a_time():
    found = [(each.where, each.after) for each in mutations(SOURCE, "source")]
    assert sorted(found) == sorted(
        [
            ("", "4"),
            ("decide", "not a"),
            ("decide", "not any((x is None for x in b)) or a >= 5"),
            ("decide", "not not any((x is None for x in b))"),
            ("decide", "all"),
            ("decide", "x is not None"),
            ("decide", "a > 5"),
            ("decide", "a < 5"),
            ("decide", "6"),
            ("decide", "False"),
            ("Thing.whole", "self.size - 7"),
            ("Thing.whole", "8"),
        ]
    )


def test_changed_code_differs_in_that_operator_only():
    changed = next(each for each in mutations(SOURCE, "source") if each.after == "a < 5")
    names = {"_LOG": type("Log", (), {"debug": lambda *_: None})}
    exec(changed.code, names)  # noqa: S102 - the source above
    assert names["decide"](4, b=[1]) is True
    assert names["decide"](5, b=[1]) is False


def test_a_function_that_keeps_its_results_is_changed_as_others_are():
    source = """
from functools import lru_cache
@lru_cache
def is_large(size):
    return size > 5
"""
    module = ModuleType("kept")
    exec(compile(source, "kept", "exec"), vars(module))  # noqa: S102 - the source above
    assert module.is_large(6)
    apply(next(each for each in mutations(source, "kept") if each.after == "size <= 5"), module)
    assert not module.is_large(6)


def test_every_module_that_decides_has_tests():
    for module, tests in MODULES.items():
        assert source_of(module)
        assert all(Path(ROOT, test).is_file() for test in tests.split())


@pytest.mark.parametrize("module", MODULES)
def test_listed_survivors_exist_and_have_a_reason(module):
    listed = tomllib.loads(SURVIVORS.read_text("utf-8")).get(module, [])
    known = keys(source_of(module)) if listed else set()
    for entry in listed:
        assert (entry["where"], entry["before"], entry["after"], entry.get("number", 1)) in known
        assert entry["reason"]


def test_only_modules_that_decide_have_survivors():
    assert set(tomllib.loads(SURVIVORS.read_text("utf-8"))) <= set(MODULES)
