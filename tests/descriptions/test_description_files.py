"""Reading and writing descriptions: YAML 1.2, the order of versions, references, and the lock."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scripts.descriptions import (
    CutShortError,
    Description,
    DescriptionError,
    Generator,
    Lock,
    OtherApiError,
    api_version,
    check_whole,
    descriptions,
    dump,
    file_name,
    find,
    is_reconstructed,
    load,
    parse,
    read_lock,
    version_key,
    versions,
    write_lock,
    write_whole,
)
from scripts.descriptions.pointers import lookup


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2026-04-18", "2026-04-18"),
        ("2026-04-18T10:00:00Z", "2026-04-18T10:00:00Z"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.0.38", "1.0.38"),
        ("1.0", 1.0),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("Null", None),
        ("", None),
        ("'true'", "true"),
        ("=", "="),
    ],
)
def test_values_are_read_by_the_core_schema_of_yaml_1_2(written, value):
    read = parse(f"key: {written}")["key"]
    assert read == value
    assert type(read) is type(value)


def test_keys_are_always_text():
    assert parse("200: a\non: b\nnull: c\n1.5: d\ntrue: e\n") == {
        "200": "a",
        "on": "b",
        "null": "c",
        "1.5": "d",
        "true": "e",
    }


def test_json_anchors_and_merge_keys_are_read():
    assert parse('{"a": [1, null]}') == {"a": [1, None]}
    assert parse("{a: b}") == {"a": "b"}
    assert parse("one: &one {x: 1, y: 2}\ntwo: {<<: *one, y: 3}") == {
        "one": {"x": 1, "y": 2},
        "two": {"x": 1, "y": 3},
    }
    assert parse("\ufeffa: 1".encode()) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "'a' is repeated"),
        ("200: a\n'200': b\n", "'200' is repeated"),
        ("- a\n", "is not a mapping but list"),
        ("just words\n", "is not a mapping but str"),
        (b"a: \xff\n", "is not UTF-8"),
        ("a: !!python/object/apply:os.getcwd []\n", "is not YAML"),
        ("? [a, b]\n: c\n", "a key is not text"),
        ("a:\n\t- b\nc: d\n", "is not YAML"),
    ],
)
def test_unreadable_file_is_reported_with_the_reason(text, message):
    with pytest.raises(DescriptionError, match=message) as caught:
        parse(text, name="x.yaml")
    assert "x.yaml" in str(caught.value)
    assert not isinstance(caught.value, CutShortError)


@pytest.mark.parametrize(
    "text", ['{"a": [1, 2', '{"a": "b', "a: [1, 2\n", "a: 'b\n", 'a:\n  - "b\n', "a: 1\nbc"]
)
def test_truncated_text_is_incomplete(text):
    with pytest.raises(CutShortError):
        parse(text)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
    | st.sampled_from(
        ["no", "1e3", "0o17", "2026-01-01", "~", "", "a\nb", " x ", "<<", "=", "1:30", "0b1", "- a", "#"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc:#' -~1.", max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.text("abc$/{}.-@[]", min_size=1, max_size=8), values, max_size=5))
def test_written_yaml_is_equal_in_yaml_1_1_and_1_2(document):
    text = dump(document)
    assert parse(text) == document
    assert yaml.safe_load(text) == document


def test_writing_keeps_the_order_and_uses_no_anchors():
    shared = {"type": "string"}
    assert dump({"b": shared, "a": shared}) == "b:\n  type: string\na:\n  type: string\n"


def test_versions_follow_their_numbers_between_dev_and_release():
    names = ["release", "1.0.10", "2.0.0", "dev", "1.0.7", "1.0.38", "2.0.0-rc1", "1.0", "nightly", "1.0.7-1"]
    assert sorted(names, key=version_key) == [
        "dev", "1.0", "1.0.7-1", "1.0.7", "1.0.10", "1.0.38", "2.0.0-rc1", "2.0.0", "nightly", "release",
    ]  # fmt: skip


def test_files_are_found_by_version_and_second_files_are_not_versions(tmp_path):
    for name in (
        "1.0.10.yaml",
        "1.0.7.json",
        "release.yml",
        "1.0.7+12345678.yaml",
        "overlay.yaml",
        "lock.toml",
        "README.md",
    ):
        (tmp_path / name).write_text("{}")
    assert versions(tmp_path) == ["1.0.7", "1.0.10", "release"]
    assert descriptions(tmp_path)["1.0.7"] == tmp_path / "1.0.7.json"
    assert find("release", tmp_path).name == "release.yml"
    with pytest.raises(
        DescriptionError, match=r"no description of version 2; known are 1\.0\.7, 1\.0\.10, release"
    ):
        find("2", tmp_path)


@pytest.mark.parametrize(
    "version", ["../x", "a/b", "", ".hidden", "1.0+2", "a b", "a\nb", "é", "overlay", "Overlay"]
)
def test_a_file_is_not_named_after_anything(version):
    with pytest.raises(DescriptionError, match="cannot be named after"):
        file_name(version)


def test_missing_file_is_reported(tmp_path):
    with pytest.raises(DescriptionError, match="No such file"):
        load(tmp_path / "1.0.yaml")


def test_references_are_resolved_with_their_escapes():
    document = {"paths": {"/v1/x{id}": [{"a~b": 1}]}}
    assert lookup(document, "#/paths/~1v1~1x%7Bid%7D/0/a~0b") == 1
    assert lookup(document, "#") is document
    for wrong in ("#/paths/none", "#/paths/~1v1~1x%7Bid%7D/7", "other.yaml#/x"):
        with pytest.raises(DescriptionError):
            lookup(document, wrong)


def described(**changes):
    document = {
        "openapi": "3.1.0",
        "info": {"title": "KorusTicket API", "version": "1.0.39"},
        "paths": {"/x": {"get": {"tags": ["X"], "responses": {}}}},
        "tags": [{"name": "X"}],
    }
    document.update(changes)
    return {key: value for key, value in document.items() if value is not None}


def test_a_description_of_this_api_gives_its_version():
    assert api_version(described()) == "1.0.39"
    assert (
        api_version(described(openapi="3.0.3", info={"title": " korusticket  api ", "version": 2.0})) == "2.0"
    )


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"openapi": None}, DescriptionError),
        ({"openapi": "2.0"}, DescriptionError),
        ({"openapi": 3.1}, DescriptionError),
        ({"info": {"title": "Petstore", "version": "1"}}, OtherApiError),
        ({"info": None}, CutShortError),
        ({"info": {"title": "KorusTicket API"}}, CutShortError),
        ({"info": {"title": "KorusTicket API", "version": None}}, CutShortError),
        ({"paths": None}, CutShortError),
        ({"paths": {}}, CutShortError),
    ],
)
def test_other_documents_are_rejected(changes, error):
    with pytest.raises(DescriptionError) as caught:
        api_version(described(**changes))
    assert type(caught.value) is error


def test_document_with_a_missing_target_is_incomplete():
    check_whole(described())
    check_whole(described(tags=None))
    check_whole(described(components={"schemas": {"A": {"example": {"$ref": "#/not/a/reference"}}}}))
    with pytest.raises(CutShortError, match="#/components/schemas/Lost"):
        check_whole(described(components={"schemas": {"A": {"$ref": "#/components/schemas/Lost"}}}))
    with pytest.raises(CutShortError, match="it has no operations"):
        check_whole(described(paths={"/v1/booking/orders": None}))
    with pytest.raises(CutShortError, match="list of tags lacks tags of operations: X"):
        check_whole(described(tags=[{"name": "Y"}]))


def test_description_is_marked_as_reconstructed():
    info = {"title": "KorusTicket API", "version": "1", "x-provenance": {"origin": "reconstructed"}}
    assert is_reconstructed(described(info=info))
    assert not is_reconstructed(described())
    assert not is_reconstructed({"info": {"x-provenance": "reconstructed"}})


text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)


@given(
    current=text,
    entries=st.dictionaries(
        text,
        st.builds(
            Description, file=text, sha256=text, origin=text, url=st.none() | text, fetched=st.none() | text
        ),
        max_size=4,
    ),
)
def test_a_lock_that_was_written_reads_the_same(tmp_path_factory, current, entries):
    folder = tmp_path_factory.mktemp("lock")
    lock = Lock(current, entries, Generator("openapi-python-client", "0.29.1"))
    write_lock(lock, folder)
    assert read_lock(folder) == lock
    assert [path.name for path in folder.iterdir()] == ["lock.toml"]


def test_lock_has_the_versions_in_order(tmp_path):
    entry = Description(file="f", sha256="s", origin="reconstructed")
    lock = Lock("release", {"1.0.10": entry, "release": entry})
    lock = lock.with_description("1.0.7", entry, current=False).with_description(
        "1.0.45", entry, current=True
    )
    assert list(lock.descriptions) == ["1.0.7", "1.0.10", "release", "1.0.45"]
    write_lock(lock, tmp_path)
    assert list(read_lock(tmp_path).descriptions) == ["1.0.7", "1.0.10", "release", "1.0.45"]
    for version in ("1.0.45", "1.0.10", "release", "1.0.7", "1.0.8"):
        (tmp_path / f"{version}.yaml").touch()
    # what is not in the lock comes last
    assert versions(tmp_path) == ["1.0.7", "1.0.10", "release", "1.0.45", "1.0.8"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("current = ", "is not TOML"),
        ('current = "1"\n', "is incomplete"),
        ('current = "1"\ndescriptions = 3\n[generator]\nname = "a"\nversion = "1"\n', "is incomplete"),
        (
            'current = "1"\n[generator]\nname = "a"\nversion = "1"\n[descriptions."1"]\nfile = "1.yaml"\n',
            "is incomplete",
        ),
    ],
)
def test_a_lock_that_lacks_something_is_refused(tmp_path, content, message):
    (tmp_path / "lock.toml").write_text(content)
    with pytest.raises(DescriptionError, match=message):
        read_lock(tmp_path)


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, b"first")
    path.chmod(0o640)
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert path.stat().st_mode & 0o777 == 0o640

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"third")
    assert path.read_bytes() == b"second"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
