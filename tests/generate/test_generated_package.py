from __future__ import annotations

import ast
import copy
import datetime as dt
import importlib
import inspect
import pickle
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import korus_api
import pytest


def pickled(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - written a moment ago


def module(package, path):
    return importlib.import_module(f"{package.__name__}.{path}")


def model(package, name):
    return getattr(module(package, "models"), name)


@pytest.fixture
def books(client_of):
    return client_of("names_on_the_wire")


@pytest.fixture
def pets(client_of):
    return client_of("plain_3_0")


@pytest.fixture
def shapes(client_of):
    return client_of("plain_3_1")


# --- requests -------------------------------------------------------------------------------------------------------


def test_brackets_and_dots_in_names_are_kept(books):
    request = module(books, "api.book.list_books").build_request(
        event="one", event_list=["a", "b"], exists_x=True, order_a_b="asc", published_at_strictly_before="2026-01-01",
        properties=["p", "q"], class_="c", from_="f", id="i", client_value="k", query="s", page=None,
    )  # fmt: skip
    assert request["params"] == [
        ("event", "one"), ("event[]", "a"), ("event[]", "b"), ("exists[x]", "true"), ("order[a.b]", "asc"),
        ("publishedAt[strictly_before]", "2026-01-01"), ("properties[]", "p"), ("properties[]", "q"), ("class", "c"),
        ("from", "f"), ("id", "i"), ("client", "k"), ("query", "s"),
    ]  # fmt: skip


def test_unset_parameters_are_not_sent(books):
    request = module(books, "api.book.list_books").build_request()
    assert request == {
        "method": "GET",
        "url": "/books",
        "headers": {"Accept": "application/ld+json"},
        "params": [],
    }


def test_path_parameters_are_escaped(books):
    build = module(books, "api.book.get_book").build_request
    assert build(id="a/../b?c#d e")["url"] == "/books/a%2F..%2Fb%3Fc%23d%20e"
    assert build(id="..")["url"] == "/books/%2E%2E"


def test_merge_patch_distinguishes_null_and_unset(books):
    request = module(books, "api.book.update_book").build_request(
        id="1", body=model(books, "BookWrite")(title=None)
    )
    assert request["json"] == {"title": None}
    assert request["headers"]["Content-Type"] == "application/merge-patch+json"


def test_nested_input_is_written_completely(books):
    book, chapter, page = (
        model(books, name) for name in ("BookInput", "BookInputChapter", "BookInputChapterPage")
    )
    body = book(
        title="T",
        published_at=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        chapters=[chapter(heading="H", pages=[page(number=1)])],
        additional_properties={"more": dt.date(2026, 1, 1)},
    )
    assert body.to_dict() == {
        "more": "2026-01-01",
        "title": "T",
        "publishedAt": "2026-01-02T03:04:05+00:00",
        "chapters": [{"heading": "H", "pages": [{"number": 1}]}],
    }


def test_parameters_are_written_in_every_style(pets):
    get = module(pets, "api.default.get_pets")
    request = get.build_request(
        x_trace_id="t", limit=5, filter_=model(pets, "GetPetsFilter")(name="n", age=3), ids=[1, 2],
        since=dt.date(2026, 1, 2), matrix=[[1.5]], grosse="g", level=2, mode=7, x_flags=["a", "b"], session_id="s;1",
    )  # fmt: skip
    assert parse_qsl(urlsplit(request["url"]).query) == [
        ("limit", "5"), ("filter[name]", "n"), ("filter[age]", "3"), ("ids", "1|2"), ("since", "2026-01-02"),
        ("matrix", "[[1.5]]"), ("größe", "g"), ("level", "2"), ("mode", "7"),
    ]  # fmt: skip
    assert request["headers"] == {
        "Accept": "application/json, text/plain", "X-Trace-Id": "t", "X-Flags": "a,b", "Cookie": "session id=s%3B1",
    }  # fmt: skip
    assert "ids=1|2&" in str(httpx.URL(f"http://127.0.0.1{request['url']}"))


def test_forms_and_files_are_sent(pets):
    login = module(pets, "api.two_words.post_login").build_request(
        body=model(pets, "PostLoginBody")(user="u", remember=True)
    )
    assert login["data"] == {"user": "u", "remember": "true"}
    assert login["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    files = module(pets, "types")
    upload = module(pets, "api.default.import_")
    body = model(pets, "ImportBody")(
        file=files.File(b"JPEG", "a.jpg", "image/jpeg"),
        caption="c",
        meta=model(pets, "ImportBodyMeta")(width=3),
    )
    request = upload.build_request(pet_id="p", photo_id=1, body=body)
    sent = httpx.Request(request["method"], "http://127.0.0.1", files=request["files"]).read()
    assert all(
        part in sent for part in (b'name="file"; filename="a.jpg"', b"image/jpeg", b"JPEG", b'{"width": 3}')
    )
    raw = upload.build_request(pet_id="p", photo_id=1, body=b"JPEG")
    assert (raw["content"], raw["headers"]["Content-Type"]) == (b"JPEG", "image/jpeg")


# --- answers --------------------------------------------------------------------------------------------------------


def client(package, status, **answer):
    def respond(request):
        return httpx.Response(status, request=request, **answer)

    made = module(package, "client").AuthenticatedClient(base_url="http://127.0.0.1", token="t")
    return made.set_httpx_client(
        httpx.Client(base_url="http://127.0.0.1", transport=httpx.MockTransport(respond))
    )


def test_a_collection_is_read_with_its_members(books):
    answer = {
        "@id": "/books",
        "totalItems": 1,
        "member": [{"@id": "/books/1", "id": 1}],
        "view": {"next": "/books?page=2"},
    }
    page = module(books, "api.book.list_books").sync(client=client(books, 200, json=answer))
    assert type(page).__name__ == "BookCollection"
    assert (page.member[0].iri, page.member[0].id, page.view.next_) == ("/books/1", 1, "/books?page=2")
    assert page.to_dict() == answer


def test_no_content_a_picture_and_an_undocumented_status(books):
    assert module(books, "api.book.delete_book").sync("1", client=client(books, 204)) is None
    cover = module(books, "api.book.get_book_cover")
    assert cover.sync("1", client=client(books, 200, content=b"\x89PNG")) == b"\x89PNG"
    assert cover.build_request(id="1")["headers"]["Accept"] == "image/png"
    unexpected = module(books, "errors").UnexpectedStatus
    with pytest.raises(unexpected, match="undocumented status 503: down") as caught:
        cover.sync("1", client=client(books, 503, text="down"))
    again = pickled(caught.value)
    assert (again.status_code, again.content) == (503, b"down")


def test_status_ranges_and_default_are_distinguished(pets):
    get = module(pets, "api.default.get_pets").sync
    dog = get(
        client=client(pets, 200, json=[{"petType": "dog", "name": "Rex"}, {"petType": "cat", "name": "Tom"}]),
        x_trace_id="",
    )
    assert [type(animal).__name__ for animal in dog] == ["Dog", "Cat"]
    assert get(client=client(pets, 404, json={"code": 4}), x_trace_id="").code == 4
    assert get(client=client(pets, 500, text="oops"), x_trace_id="") == "oops"


def test_unions_are_read_as_the_best_match(shapes):
    get = module(shapes, "api.default.shapes_get").sync
    assert type(get(1, client=client(shapes, 200, json={"kind": "square", "side": 2}))).__name__ == "Square"
    assert (
        type(get("a", client=client(shapes, 200, json={"kind": "circle", "radius": 1}))).__name__ == "Circle"
    )
    assert get("a", client=client(shapes, 200, content=b"null")) is None


async def asynchronous(package):
    def respond(request):
        return httpx.Response(200, request=request, json={"id": 5})

    made = module(package, "client").AuthenticatedClient(base_url="http://127.0.0.1", token="t")
    transport = httpx.MockTransport(respond)
    async with httpx.AsyncClient(base_url="http://127.0.0.1", transport=transport) as http:
        return await module(package, "api.book.get_book").asyncio(
            "5", client=made.set_async_httpx_client(http)
        )


@pytest.mark.anyio
async def test_asynchronous_functions(books):
    assert (await asynchronous(books)).id == 5


# --- names, laziness, documentation ---------------------------------------------------------------------------------


def test_recursive_models_read_themselves(books):
    book = model(books, "Book").from_dict(
        {"tree": {"children": [{"children": []}], "parent": {"parent": None}}}
    )
    assert type(book.tree.children[0]).__name__ == type(book.tree.parent).__name__ == "Node"


def test_keywords_and_method_names_are_renamed(books):
    given = {
        "class": "c",
        "type": "t",
        "list": ["l"],
        "to_dict": "d",
        "datetime": "2026-01-01T00:00:00Z",
        "event": None,
        "event[]": ["e"],
    }
    book = model(books, "Book").from_dict(given)
    assert (book.class_, book.type_, book.list_, book.to_dict_value, book.event_list) == (
        "c",
        "t",
        ["l"],
        "d",
        ["e"],
    )
    assert book.to_dict() == given


def test_every_enum_value_has_a_member(books):
    status = model(books, "BookStatus")
    assert [member.value for member in status] == [
        "", "1", "1.0", "a.b", "a-b", "waiting", "Waiting", "WAITING", "+1", "-1", "mro", "None",
    ]  # fmt: skip
    assert status.EMPTY == ""
    assert [member.value for member in model(books, "BookSize")] == [1, 2, -1]


def test_values_of_mixed_types_and_given_names(shapes):
    assert model(shapes, "CircleMixed").AUTO == "auto"
    assert list(model(shapes, "CircleMixedNumber")) == [1, 2]
    assert {member.name: member.value for member in model(shapes, "SquareCorner")} == {
        "UPPER": "A",
        "LOWER": "a",
        "BETA": "b",
    }
    circle = model(shapes, "Circle").from_dict(
        {"mixed": 2, "color": "blue", "value": 3, "moments": ["2026-01-01T00:00:00Z", "x"]}
    )
    assert circle.mixed is model(shapes, "CircleMixedNumber").VALUE_2
    assert (circle.color, circle.color.is_known, circle.value) == ("blue", False, 3)
    assert circle.moments == [dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "x"]


def test_declarations_of_one_property_are_merged(shapes):
    narrowed = model(shapes, "Narrowed").from_dict(
        {"place": {"street": "s", "city": "c"}, "parts": [{"weight": 1.5}, None], "state": "ajar"}
    )
    assert (narrowed.place.street, narrowed.place.city, narrowed.parts[0].weight) == ("s", "c", 1.5)
    assert narrowed.parts[1] is None
    assert narrowed.state.is_known
    assert {member.value for member in type(narrowed.state)} == {"open", "shut", "lost", "ajar"}


def test_maps_and_lists_of_lists_hold_models(pets):
    given = {"toys": {"a": {"label": "A"}}, "grid": [[{"label": "B"}, None]], "weights": {"x": 1.5}}
    pet = model(pets, "Pet").from_dict(given)
    assert pet.toys.additional_properties["a"].label == "A"
    assert pet.grid[0][0].label == "B"
    pet.toys.additional_properties["a"].label = "C"
    assert pet.to_dict() == {**given, "toys": {"a": {"label": "C"}}}


def test_importing_one_operation_imports_only_the_models_it_needs(books):
    folder = Path(books.__file__).parent
    code = (
        f"import sys; sys.path.insert(0, {str(folder.parent)!r}); import {books.__name__}.api.order.list_booking_orders\n"
        f"print(sorted(name.rpartition('.')[2] for name in sys.modules if name.startswith('{books.__name__}.models.')))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str(
        ["booking_order", "booking_order_collection", "booking_order_collection_view"]
    )


def test_every_operation_is_listed_with_its_facts(books):
    operations = module(books, "operations").OPERATIONS
    assert operations["list_books"] == f"{books.__name__}.api.book.list_books"
    assert len(operations) == 8
    for name, path in operations.items():
        operation = importlib.import_module(path).OPERATION
        assert operation.name == name
    assert operation.method in {"GET", "POST", "PATCH", "DELETE"}
    with pytest.raises(AttributeError):
        operation.name = "other"


def test_everything_public_is_documented_and_every_file_names_its_command(books):
    folder = Path(books.__file__).parent
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# Written by `python -m scripts.generate`. Do not edit"), path
        name = ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__")
        imported = importlib.import_module(name)
        assert imported.__doc__
        for member in vars(imported).values():
            if getattr(member, "__module__", None) == name and (
                inspect.isclass(member) or inspect.isfunction(member)
            ):
                assert member.__doc__ or member.__name__.startswith("_"), f"{name}.{member.__name__}"


def field_texts(path):
    """Return the text below each field of each class in a module, by class and field."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        for field, below in pairwise(node.body if isinstance(node, ast.ClassDef) else []):
            if isinstance(field, ast.AnnAssign) and not field.target.id.startswith("_"):
                text = below.value.value if isinstance(below, ast.Expr) else None
                found[node.name, field.target.id] = " ".join(text.split()) if text else None
    return found


@pytest.mark.parametrize("package", ["books", "pets", "shapes"])
def test_every_field_has_its_text_below_it(package, request):
    folder = Path(request.getfixturevalue(package).__file__).parent
    texts = {
        key: text
        for path in sorted((folder / "models").glob("*.py"))
        for key, text in field_texts(path).items()
    }
    lacking = [key for key, text in texts.items() if not text and key[1] != "additional_properties"]
    assert len(texts) > 3
    assert lacking == []


def test_field_text_has_the_value_if_missing():
    models = Path(korus_api.__file__).parent / "models"
    offer = field_texts(models / "offer.py")
    assert offer["Offer", "id"] == "Id of the offer, a UUID. None if missing."
    assert offer["Offer", "available_quantity"].endswith("Key `availableQuantity`. None if missing.")
    assert offer["Offer", "iri"].startswith("IRI of this object")
    assert offer["Offer", "price"].startswith("Last known price of an offer")
    customer = field_texts(models / "bulk_order_input_customer.py")
    assert customer["BulkOrderInputCustomer", "country"] == "Country, two capital letters. Example: `FR`."


def test_not_sent_survives_copies_and_pickles(books):
    types = module(books, "types")
    body = model(books, "BookInput")(title="T")
    for again in (copy.copy(body), copy.deepcopy(body), pickled(body)):
        assert again == body
        assert again.to_dict() == {"title": "T"}
    assert pickled(types.UNSET) is copy.deepcopy(types.UNSET) is types.UNSET
    assert not types.UNSET


@pytest.mark.proof
def test_generated_code_passes_strict_type_checking(client_of, tmp_path):
    folders = [
        str(Path(client_of(name).__file__).parent) for name in ("names_on_the_wire", "plain_3_0", "plain_3_1")
    ]
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--cache-dir",
        str(tmp_path),
        "--config-file",
        "",
        *folders,
    ]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
