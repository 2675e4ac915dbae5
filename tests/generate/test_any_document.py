"""Descriptions of other APIs: each part is in the client or rejected by name."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from scripts.descriptions import DescriptionError
from scripts.generate.build import build

CASES = Path(__file__).parents[1] / "descriptions" / "cases"
DONE = {"204": {"description": "done"}}


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Generate a client of a description; return its package and what the audit printed."""
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    made: list[str] = []

    def generate(described):
        name = f"any_document_{tmp_path.name.replace('-', '_')}_{len(made)}"
        source = tmp_path / f"{name}.yaml"
        if isinstance(described, Path):
            source = described
        else:
            source.write_text(yaml.safe_dump(described), encoding="utf-8")
        report = build(source, tmp_path / "packages" / name)
        made.append(name)
        return importlib.import_module(name), report

    yield generate
    for name in [name for name in sys.modules if name.partition(".")[0] in made]:
        del sys.modules[name]


def sent(package, module, answer=None, **arguments):
    """Call an operation; return the request that went out and what the answer was read as."""
    seen: list[httpx.Request] = []

    def handle(request):
        request.read()
        seen.append(request)
        return answer or httpx.Response(204)

    transport = httpx.MockTransport(handle)
    caller = package.Client(base_url="http://localhost", httpx_args={"transport": transport})
    operation = importlib.import_module(f"{package.__name__}.api.default.{module}")
    return seen, operation.sync_detailed(client=caller, **arguments)


def api(path="/a", method="get", item=None, *, openapi="3.1.0", schemas=None, **operation):
    operation = {"operationId": "doA", "responses": DONE, **operation}
    return {
        "openapi": openapi,
        "info": {"title": "T", "version": "1"},
        "paths": {path: item or {method: operation}},
        "components": {"schemas": schemas or {}},
    }


def answered(schema):
    return {"200": {"description": "d", "content": {"application/json": {"schema": schema}}}}


def body(media, schema, **parts):
    return {"required": True, "content": {media: {"schema": schema, **parts}}}


@pytest.mark.parametrize(
    "case", ["only_callback", "only_not", "pathitem", "opref_old", "wild_img", "wire", "q32_old"]
)
def test_real_documents_are_generated_whole(client, case):
    _, report = client(CASES / f"{case}.yaml")
    assert all(line.split()[-1] == "0" for line in report.splitlines()[-6:])


def test_an_operation_by_reference_keeps_its_parameters(client):
    package, _ = client(CASES / "opref_old.yaml")
    seen, answer = sent(package, "get_a", httpx.Response(200, json={"x": "y"}), id=1, q="z")
    assert str(seen[0].url) == "http://localhost/a/1?q=z"
    assert answer.parsed.x == "y"


PARTS = {
    "Q": {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}},
    "Text": {"schema": {"type": "object", "properties": {"x": {"type": "string"}}}},
    "Names": {"x": {"type": "string"}, "y": {"type": "integer"}},
}


@pytest.mark.parametrize(
    "operation",
    [
        {"parameters": {"$ref": "#/components/x-parts/List"}},
        {"requestBody": {"content": {"$ref": "#/components/x-parts/Content"}}},
        {"requestBody": {"content": {"application/json": {"$ref": "#/components/x-parts/Text"}}}},
        {"responses": {"$ref": "#/components/x-parts/Responses"}},
        {"responses": {"200": {"description": "d", "content": {"$ref": "#/components/x-parts/Content"}}}},
        {
            "requestBody": body(
                "application/json", {"type": "object", "properties": {"$ref": "#/components/x-parts/Names"}}
            )
        },
    ],
)
def test_references_outside_of_the_standard_are_followed(client, operation):
    described = api(method="post", **operation)
    described["components"]["x-parts"] = {
        **PARTS,
        "List": [PARTS["Q"]],
        "Content": {"application/json": PARTS["Text"]},
        "Responses": {"200": {"description": "d", "content": {"application/json": PARTS["Text"]}}},
    }
    _, report = client(described)
    counts = {line[:22].strip(): line.split()[-3] for line in report.splitlines()[-6:]}
    assert sum(int(counts[kind]) for kind in ("parameters", "properties")) > 0


def test_component_maps_by_reference_are_followed(client):
    described = api(
        responses={
            "200": {
                "description": "d",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}},
            }
        }
    )
    described["components"] = {"schemas": {"$ref": "#/x-all"}}
    described["x-all"] = {"A": {"type": "object", "properties": {"x": {"type": "string"}}}}
    package, _ = client(described)
    _, answer = sent(package, "do_a", httpx.Response(200, json={"x": "y"}))
    assert answer.parsed.x == "y"


@pytest.mark.parametrize("reference", ["#/$defs/x", "thing.json#/$defs/x", "https://example.org/text.json"])
def test_a_reference_by_the_id_of_a_schema_is_followed(client, reference):
    schemas = {
        "Thing": {
            "$id": "https://example.org/thing.json",
            "type": "object",
            "properties": {"x": {"$ref": reference}},
            "$defs": {"x": {"type": "string"}},
        },
        "Text": {"$id": "https://example.org/text.json", "type": "string"},
    }
    package, _ = client(api(schemas=schemas, responses=answered({"$ref": "#/components/schemas/Thing"})))
    _, answer = sent(package, "do_a", httpx.Response(200, json={"x": "y"}))
    assert answer.parsed.x == "y"


def test_references_in_unknown_keywords_are_ignored(client):
    schema = {"type": "object", "properties": {"x": {"type": "string"}}, "ours": {"$ref": "gone.yaml#/x"}}
    package, _ = client(api(responses=answered(schema | {"x-ours": {"$ref": "#/gone"}})))
    _, answer = sent(package, "do_a", httpx.Response(200, json={"x": "y"}))
    assert answer.parsed.x == "y"


def test_document_with_webhooks_only_has_no_operations(client):
    described = api()
    described["webhooks"] = described.pop("paths") | {"x": {"post": {"responses": DONE}}}
    del described["components"]
    _, report = client(described)
    assert "the code has 0 operations" in report
    assert "webhook x POST" in report


def test_relative_files_become_one_client(tmp_path, client):
    folder = tmp_path / "several"
    (folder / "parts").mkdir(parents=True)
    (folder / "api.yaml").write_text(
        yaml.safe_dump(api(item={"$ref": "parts/paths.yaml#/a"})), encoding="utf-8"
    )
    (folder / "parts" / "paths.yaml").write_text(
        yaml.safe_dump(
            {"a": {"get": {"operationId": "doA", "responses": {"200": {"$ref": "../answers.json#/Good"}}}}}
        ),
        encoding="utf-8",
    )
    schema = {"content": {"application/json": {"schema": {"$ref": "parts/Thing.yaml"}}}, "description": "d"}
    (folder / "answers.json").write_text(json.dumps({"Good": schema}), encoding="utf-8")
    (folder / "parts" / "Thing.yaml").write_text(
        yaml.safe_dump({"type": "object", "properties": {"next": {"$ref": "#"}, "x": {"type": "string"}}}),
        encoding="utf-8",
    )
    package, _ = client(folder / "api.yaml")
    _, answer = sent(package, "do_a", httpx.Response(200, json={"x": "y", "next": {"x": "z"}}))
    assert type(answer.parsed).__name__ == "Thing"
    assert answer.parsed.next_.x == "z"


@pytest.mark.parametrize("order", [("paths", "components"), ("components", "paths")])
def test_references_are_resolved_against_their_own_file(tmp_path, client, order):
    folder = tmp_path / "several"
    (folder / "parts").mkdir(parents=True)
    described = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}}
    named = {"paths": {"$ref": "parts/paths.yaml"}, "components": {"$ref": "parts/all.json"}}
    described |= {name: named[name] for name in order}
    (folder / "api.yaml").write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")
    get = {"operationId": "doA", "responses": {"$ref": "../api.yaml#/components/x-answers/all"}}
    (folder / "parts" / "paths.yaml").write_text(yaml.safe_dump({"/a": {"get": get}}), encoding="utf-8")
    content = {
        "schemas": {"Thing": {"type": "object", "properties": {"x": {"$ref": "#/x-texts/one"}}}},
        "x-texts": {"one": {"type": "string"}},
        "x-answers": {
            "all": {**answered({"$ref": "#/schemas/Thing"}), "404": {"$ref": "#/x-answers/none"}},
            "none": {"description": "d"},
        },
    }
    (folder / "parts" / "all.json").write_text(json.dumps(content), encoding="utf-8")
    package, _ = client(folder / "api.yaml")
    _, answer = sent(package, "do_a", httpx.Response(200, json={"x": "y"}))
    assert (type(answer.parsed).__name__, answer.parsed.x) == ("Thing", "y")


@pytest.mark.parametrize("reference", ["https://example.org/a.yaml#/A", "../outside.yaml#/A", "gone.yaml"])
def test_unresolvable_file_references_are_reported(client, reference):
    described = api(requestBody=body("application/json", {"$ref": reference}))
    with pytest.raises(DescriptionError, match=r"cannot be resolved|outside the document"):
        client(described)


def test_escapes_in_paths_are_kept(client):
    package, _ = client(api(path="/a%20b/{id}"))
    seen, _ = sent(package, "do_a", id="1")
    assert seen[0].url.raw_path == b"/a%20b/1"


@pytest.mark.parametrize("empty", [[], None])
def test_empty_php_arrays_are_read_as_empty_mappings(client, empty):
    described = api(
        responses={"200": {"description": "d", "headers": empty, "content": empty}}, callbacks=empty
    )
    described |= {"webhooks": empty, "components": empty}
    _, report = client(described)
    assert "1 operations" in report


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"responses": {"200": "ok"}}, "responses/200 is not an object"),
        ({"parameters": {"name": "q"}}, "parameters is not a list"),
        ({"requestBody": {"content": ["application/json"]}}, "content is not a mapping"),
        ({"requestBody": body("application/json", "string")}, "schema is not an object"),
    ],
)
def test_members_of_a_wrong_type_are_reported(client, place, message):
    with pytest.raises(DescriptionError, match=message):
        client(api(**place))


def test_unknown_fields_are_reported(client):
    _, report = client(api(produces=["application/json"]))
    assert "/paths/~1a/get/produces: `produces`" in report


# --- OpenAPI 3.2 ------------------------------------------------------------------------------------------------------


def test_the_methods_of_openapi_3_2_are_sent(client):
    package, _ = client(CASES / "q32_old.yaml")
    model = importlib.import_module(f"{package.__name__}.models").SearchBody
    seen, _ = sent(package, "search", httpx.Response(200, json={}), body=model(a="b"))
    assert (seen[0].method, seen[0].content) == ("QUERY", b'{"a":"b"}')
    seen, _ = sent(package, "copy_a")
    assert seen[0].method == "COPY"


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (
            {
                "responses": {
                    "200": {"description": "d", "content": {"text/event-stream": {"itemSchema": {}}}}
                }
            },
            "itemSchema",
        ),
        ({"parameters": [{"name": "q", "in": "querystring", "content": {}}]}, "querystring"),
        ({"parameters": [{"name": "q", "in": "cookie", "style": "cookie", "schema": {}}]}, "style: cookie"),
        (
            {"parameters": [{"name": "q", "in": "header", "allowReserved": True, "schema": {}}]},
            "allowReserved",
        ),
        (
            {
                "requestBody": body(
                    "multipart/form-data",
                    {"type": "object", "properties": {"a": {}}},
                    encoding={"a": {"style": "tabDelimited"}},
                )
            },
            "tabDelimited",
        ),
        ({"requestBody": body("multipart/mixed", {}, itemEncoding={})}, "itemEncoding"),
        (
            {
                "requestBody": body(
                    "application/json",
                    {"oneOf": [{}], "discriminator": {"propertyName": "a", "defaultMapping": "b"}},
                )
            },
            "defaultMapping",
        ),
    ],
)
def test_unsupported_parts_of_openapi_3_2_are_named(client, operation, name):
    with pytest.raises(DescriptionError, match=rf"{name}.*not supported"):
        client(api(openapi="3.2.0", **operation))


# --- on the wire ------------------------------------------------------------------------------------------------------

LIST = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("parameter", "one", "other"),
    [
        ({"explode": False}, b"q=a%2Cb,c", b"q=a,b,c"),
        ({"style": "pipeDelimited", "explode": False}, b"q=a%2Cb|c", b"q=a|b|c"),
        ({"style": "spaceDelimited", "explode": False}, b"q=a%2Cb%20c", b"q=a%20b%20c"),
    ],
)
def test_delimiters_are_escaped_in_values_only(client, parameter, one, other):
    package, _ = client(api(parameters=[{"name": "q", "in": "query", "schema": LIST, **parameter}]))
    for values, wanted in ((["a,b", "c"], one), (["a", "b", "c"], other)):
        seen, _ = sent(package, "do_a", q=values)
        assert seen[0].url.query == wanted
    seen, _ = sent(package, "do_a", q=["a b", "a|b"])
    written = seen[0].url.query
    assert len({written, sent(package, "do_a", q=["a", "b", "a", "b"])[0][0].url.query}) == 2


def test_reserved_characters_are_kept_where_allowed(client):
    parameter = {"name": "q", "in": "query", "allowReserved": True, "schema": {"type": "string"}}
    package, _ = client(api(parameters=[parameter]))
    seen, _ = sent(package, "do_a", q="a/b?c:@d&e%20f g")
    assert seen[0].url.query == b"q=a/b?c:@d%26e%20f%20g"


FORM = {
    "type": "object",
    "properties": {
        "ids": LIST,
        "card": {"type": "object", "properties": {"number": {"type": "string"}}},
        "items": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "string"}}}},
    },
}


@pytest.mark.parametrize(
    ("encoding", "values", "wanted"),
    [
        ({"ids": {"style": "form", "explode": False}}, {"ids": ["a,b", "c"]}, "ids=a%2Cb,c"),
        ({"ids": {"style": "deepObject", "explode": True}}, {"ids": ["a", "b"]}, "ids%5B%5D=a&ids%5B%5D=b"),
        ({"ids": {"contentType": "application/json"}}, {"ids": ["a"]}, "ids=%5B%22a%22%5D"),
    ],
)
def test_the_fields_of_a_form_are_encoded_as_described(client, encoding, values, wanted):
    package, _ = client(
        api(method="post", requestBody=body("application/x-www-form-urlencoded", FORM, encoding=encoding))
    )
    models = importlib.import_module(f"{package.__name__}.models")
    seen, _ = sent(package, "do_a", body=models.DoABody(**values))
    assert seen[0].content.decode() == wanted
    assert seen[0].headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_form_with_an_object(client):
    package, _ = client(CASES / "wire.yaml")
    models = importlib.import_module(f"{package.__name__}.models")
    form = models.PostFormBody(ids=["1,2", "3"], card=models.PostFormBodyCard(number="4"), tags=["x", "y"])
    seen, _ = sent(package, "post_form", body=form)
    assert seen[0].content == b"tags=x&tags=y&ids=1%2C2,3&card%5Bnumber%5D=4"


def test_the_parts_of_a_multipart_form_are_encoded_as_described(client):
    package, _ = client(CASES / "wire.yaml")
    models = importlib.import_module(f"{package.__name__}.models")
    types = importlib.import_module(f"{package.__name__}.types")
    form = models.PostMultiBody(xml="<a/>", file=types.File(b"data", headers={"X-Rate": "3"}))
    seen, _ = sent(package, "post_multi", body=form)
    xml, file = seen[0].content.split(b"\r\n--")[:2]
    assert b"Content-Type: application/xml\r\n\r\n<a/>" in xml
    assert b'name="file"; filename="file"\r\nX-Rate: 3\r\nContent-Type: image/png\r\n\r\ndata' in file


@pytest.mark.parametrize("media", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_objects_are_not_sent_in_unsupported_media_types(client, media):
    form = body(media, FORM, encoding={"card": {"contentType": "application/xml"}})
    package, _ = client(api(method="post", requestBody=form))
    models = importlib.import_module(f"{package.__name__}.models")
    with pytest.raises(TypeError, match="card` is an object, which cannot be sent as application/xml"):
        sent(package, "do_a", body=models.DoABody(card=models.DoABodyCard(number="4")))


def test_an_empty_multipart_form_is_a_form(client):
    package, _ = client(CASES / "wire.yaml")
    models = importlib.import_module(f"{package.__name__}.models")
    seen, _ = sent(package, "post_multi", body=models.PostMultiBody())
    assert seen[0].headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert seen[0].content.endswith(b"--\r\n")


def test_caller_chooses_from_a_range_of_media_types(client):
    package, _ = client(CASES / "wild_img.yaml")
    seen, _ = sent(package, "put_x", body=b"PNG", body_media_type="image/png")
    assert (seen[0].headers["Content-Type"], seen[0].content) == ("image/png", b"PNG")


@pytest.mark.parametrize("content", [b"", b"<html>Bad gateway</html>"])
def test_response_that_is_not_json_keeps_status_and_body(client, content):
    package, _ = client(CASES / "pathitem.yaml")
    _, answer = sent(package, "get_a", httpx.Response(200, content=content))
    assert (answer.status_code, answer.content, answer.parsed) == (200, content, None)


@pytest.mark.parametrize("mapping", [None, {"c": "#/components/schemas/Cat", "Dog": "Dog"}])
def test_a_discriminator_of_a_parent_is_followed(client, mapping):
    def pet(*names):
        properties = {name: {"type": "string"} for name in names}
        return {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"type": "object", "properties": properties}]}

    discriminator = {"propertyName": "kind", **({"mapping": mapping} if mapping else {})}
    schemas = {
        "Pet": {
            "type": "object",
            "discriminator": discriminator,
            "properties": {"kind": {"type": "string"}, "friend": {"$ref": "#/components/schemas/Pet"}},
        },
        "Cat": pet("lives"),
        "Dog": pet("lives"),
    }
    answer = {
        "description": "d",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
    }
    package, _ = client(api(schemas=schemas, responses={"200": answer}))
    cat = {"kind": "c" if mapping else "Cat", "lives": "9", "friend": {"kind": "Dog"}}
    _, read = sent(package, "do_a", httpx.Response(200, json=cat))
    assert [type(read.parsed).__name__, type(read.parsed.friend).__name__] == ["Cat", "Dog"]


def test_descriptions_of_one_letter_names_are_kept(client):
    package, _ = client(CASES / "oneletter.yaml")
    operation = importlib.import_module(f"{package.__name__}.api.default.get_a")
    model = importlib.import_module(f"{package.__name__}.models.get_a_response")
    assert "q: A search term that matters." in operation.sync.__doc__
    assert "The horizontal place." in Path(model.__file__).read_text(encoding="utf-8")


def test_case_files_are_unchanged(tmp_path):
    shutil.copytree(CASES, tmp_path / "cases")
    build(tmp_path / "cases" / "opref_old.yaml", tmp_path / "client")
    assert (tmp_path / "cases" / "opref_old.yaml").read_bytes() == (CASES / "opref_old.yaml").read_bytes()
