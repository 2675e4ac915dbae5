from __future__ import annotations

import ast
import enum
import importlib
import typing
from pathlib import Path

import httpx
import pytest

from scripts.descriptions import load
from scripts.generate.__main__ import main
from scripts.generate.audit import audit
from scripts.generate.expressions import names_used
from scripts.generate.prepare import prepare

FILE = Path(__file__).parent / "descriptions" / "compositions.yaml"


@pytest.fixture
def package(client_of):
    return client_of("compositions")


def module(package, path):
    return importlib.import_module(f"{package.__name__}.{path}")


def read(package, source):
    return module(package, "models").Whole.from_dict(source)


def answered(package, status, **answer):
    made = module(package, "client").Client(base_url="http://127.0.0.1")
    transport = httpx.MockTransport(lambda request: httpx.Response(status, request=request, **answer))
    return made.set_httpx_client(httpx.Client(base_url="http://127.0.0.1", transport=transport))


def test_contradicting_declarations_are_all_kept(package):
    document = load(FILE)
    report = audit(document, Path(package.__file__).parent, prepare(document).left_out)
    assert report.missing == []
    # parts of another representation or of a header that is not sent are left out with it
    assert (report.described["properties"], report.left_out_kinds["properties"]) == (43, 2)
    assert (report.described["enum values"], report.left_out_kinds["enum values"]) == (18, 7)


def test_members_of_a_hal_collection_are_read_under_any_name(package):
    source = {
        "_embedded": {"item": [{"title": "Emma"}], "best": [{"title": "Ulysses"}]},
        "totalItems": 2,
        "_links": {"next": {"href": "/books?page=2"}},
    }
    page = module(package, "api.book.list_books").sync(client=answered(package, 200, json=source))
    (first,), more = page.embedded.item, page.embedded.additional_properties
    assert type(first).__name__ == "Book"
    assert (first.title, more["best"][0].title, page.links.next_.href) == ("Emma", "Ulysses", "/books?page=2")
    assert page.to_dict() == source


def test_contradicting_schemas_are_all_read(package):
    whole = read(package, {"part": {"a": "1", "b": "2"}, "alone": {"part": {"a": "3"}, "kind": "x"}})
    assert (whole.part.a, whole.part.b, whole.alone.part.a) == ("1", "2", "3")
    assert [item.part.b for item in read(package, {"part": [{"part": {"b": "4"}}]}).part] == ["4"]
    kinds = [read(package, {"kind": kind}).kind for kind in ("x", 2, "three")]
    assert kinds == ["x", 2, "three"]
    assert [isinstance(kind, enum.Enum) for kind in kinds] == [True, True, True]


@pytest.mark.parametrize(
    "source",
    [
        {"amount": "1.00", "by": "card", "number": "4", "code": "007"},
        {"amount": "1.00", "by": "cash"},
        {"bank": "B"},
        [{"share": "half"}],
        "in kind",
    ],
)
def test_union_beside_properties_is_read_and_written(package, source):
    payment = read(package, {"payment": source}).payment
    found = payment[0] if isinstance(payment, list) else payment
    for key, value in (source[0] if isinstance(source, list) else source).items() if found != source else ():
        assert getattr(found, key) == value
    assert read(package, {"payment": source}).to_dict() == {"payment": source}


def test_a_map_may_be_a_list_too(package):
    assert read(package, {"places": {"left": {"kind": "x"}}}).places.additional_properties["left"].kind == "x"
    assert read(package, {"places": [{"kind": 2}]}).places[0].kind == 2


def test_schema_has_the_same_type_wherever_it_is_used(package):
    models = module(package, "models")
    namespace = {name: getattr(models, name) for name in models.__all__}
    book = typing.get_type_hints(models.Book, {**vars(module(package, "models.book")), **namespace})
    assert book["genre"] == book["other"] == models.Genre | None
    whole = typing.get_type_hints(models.Whole, {**vars(module(package, "models.whole")), **namespace})
    assert whole["mixed"] == whole["again"]
    assert {bool, float} <= set(typing.get_args(whole["again"]))


def test_recursive_values_are_read_completely(package):
    models = module(package, "models")
    phrase = models.Phrase.from_dict({"head": "verb", "rest": ["noun", {"head": {"head": "noun"}}]})
    assert (phrase.head, phrase.rest[0], phrase.rest[1].head.head) == (
        models.Word.VERB,
        models.Word.NOUN,
        "noun",
    )
    sentence = models.Sentence.from_dict({"verb": "is", "clause": {"verb": "be", "clause": {"verb": "was"}}})
    assert (sentence.verb, sentence.clause.verb, sentence.clause.clause.verb) == ("is", "be", "was")
    assert models.Stock.from_dict({"left": {"a": {"kind": "x"}}}).left.additional_properties["a"].kind == "x"


def test_binary_format_in_json_is_sent_as_text(package):
    body = module(package, "models").CreateBookBody(cover="AAEC")
    assert module(package, "api.book.create_book").build_request(body=body)["json"] == {"cover": "AAEC"}


@pytest.mark.parametrize("status", [299, 499, 520])
def test_non_standard_status_is_undocumented(package, status):
    client = answered(package, status, json={})
    call = module(package, "api.book.create_book").sync_detailed
    with pytest.raises(module(package, "errors").UnexpectedStatus, match=f"undocumented status {status}"):
        call(client=client)
    client.raise_on_unexpected_status = False
    whole = call(client=client)
    assert (whole.status_code, whole.content, whole.parsed) == (status, b"{}", None)


def test_the_counts_are_printed_last(tmp_path, capsys):
    assert main(["--description", str(FILE), "--output", str(tmp_path / "made")]) == 0
    table = [line.split() for line in capsys.readouterr().out.splitlines()[-7:]]
    assert table[0] == ["audit", "description", "generated", "left", "out", "missing"]
    assert [row[-4:] for row in table[1:4]] == [
        ["2", "2", "0", "0"],
        ["1", "0", "1", "0"],
        ["43", "41", "2", "0"],
    ]


def test_names_are_found_in_code_and_not_in_text():
    code = '''
class A:
    """A `File` of "Text" \\"""."""
    name: str = read("File \\" Text", f"{path_part(x)} File")  # not Text
    other = self.Text + ["#", Plain]
'''
    assert names_used(code) == {
        "class",
        "A",
        "name",
        "str",
        "read",
        "path_part",
        "x",
        "other",
        "self",
        "Plain",
    }


def test_modules_import_the_names_they_use(package):
    for path in Path(package.__file__).parent.rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        parsed = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
        assert parsed <= names_used(code)
