"""The operations, parameters and tags of each version, against the tables of the reference."""

import re

from scripts.descriptions import FOLDER, versions
from scripts.descriptions.overlay import apply_file
from scripts.generate.prepare import prepare

ALL = ["1.0.4", "1.0.7", "1.0.10", "1.0.19", "1.0.38", "release"]
OLD = ALL[:2]
CATALOGS, ORDERS, RESERVATIONS = "/v1/ticketing/catalogs", "/v1/booking/orders", "/v1/booking/reservations"
OFFER = CATALOGS + "/{catalogId}/offers"

REFERENCE = (FOLDER / "REFERENCE.md").read_text()
ABBREVIATED = {
    "C": CATALOGS,
    "O": ORDERS,
    "R": RESERVATIONS,
    "aC": "api_v1ticketingcatalogs",
    "aO": "api_v1bookingorders",
    "aR": "api_v1bookingreservations",
}


def section(number):
    """Return a section of the reference, down to the next one of its level or above."""
    level = 2 + number.count(".")
    text = re.split(rf"^#{{{level}}} {re.escape(number)}\.? ", REFERENCE, flags=re.MULTILINE)[1]
    return re.split(rf"^#{{2,{level}}} ", text, flags=re.MULTILINE)[0]


def in_full(text):
    """Return a path or an operationId of the reference without its abbreviation."""
    return re.sub(r"^a?[COR](?=[/_]|$)", lambda found: ABBREVIATED[found[0]], text)


def versions_in(text):
    """Return the versions of a cell: "all", a range "1.0.19 → R", or a list."""
    named = ALL if text == "all" else text.replace("R", "release").split(", ")
    if " → " in text:
        first, last = named[0].split(" → ")
        named = ALL[ALL.index(first) : ALL.index(last) + 1]
    return named


def table():
    """Return the operations of section 2: method, path, operationId, tag, name and the versions that have each."""
    found = []
    for line in re.findall(r"^\| \d+ \|.*", section("2"), re.MULTILINE):
        _, _, operation, *_, opid, tag, _, held, name, _ = (cell.strip() for cell in line.split("|"))
        method, _, rest = operation.partition(" ")
        path = found[-1][1] if rest == "same path" else in_full(rest.split("`")[1])
        found.append(
            (method.lower(), path, in_full(opid.strip("`")), tag, name.strip("`"), versions_in(held))
        )
    return found


TABLE = table()
TAGS = re.findall(
    r"\b(?:Booking|Form|Ticketing)\w*",
    "\n".join(line.split("|")[1] for line in section("1.11").splitlines() if line.startswith("| ")),
)

DATES = ["after", "strictly_after", "before", "strictly_before"]
PAGING = ["page", "itemsPerPage"]
DATE = r"[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def filters(path, version):
    """Return the filters that a list has in a version, from section 3 of the reference; None if it may have others."""
    return {
        ORDERS: ["external_reference", "order[createdAt]", *(f"createdAt[{bound}]" for bound in DATES)],
        RESERVATIONS: ["order[createdAt]"],
        CATALOGS: ["order[createdAt]"],
        OFFER: [
            "order[date]",
            *(f"date[{bound}]" for bound in DATES),
            "product[]",
            *(["productBaseId"] if version == "release" else []),
            "session",
            *(["optionValuesContext[]"] if version == "release" else []),
        ],
        CATALOGS + "/{catalogId}/product_bases": ["withDisabled"] if version in {"1.0.38", "release"} else [],
    }.get(path)


def details(path):
    """Return what section 3 of the reference says of reading a path."""
    parts = section("3").split("\n### ")
    return "".join(
        part for part in parts if in_full(part.split("\n")[0].split("`GET ")[-1].strip("`")) == path
    )


def operations(document):
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_version_that_is_reconstructed_is_known_here():
    assert set(ALL) <= set(versions())


def test_a_version_has_the_operations_of_the_reference_and_no_others(version, document):
    expected = {
        (method, path): (opid, [tag]) for method, path, opid, tag, _, held in TABLE if version in held
    }
    found = {key: (one["operationId"], one["tags"]) for key, one in operations(document).items()}
    assert len(TABLE) >= 29
    assert found == expected, "openapi/REFERENCE.md, section 2, has a row for each operation"


def test_operations_get_the_python_names_of_the_reference(version, document):
    prepared = prepare(apply_file(document, FOLDER / "overlay.yaml")).document
    found = {one["operationId"] for item in prepared["paths"].values() for one in item.values()}
    # the overlay puts forms back where they are gone
    assert found == {name for *_, name, held in TABLE if version in held} | {"get_form"}


def test_tags_come_in_the_order_in_which_the_pages_print_them(version, document):
    used = {tag for *_, tag, _, held in TABLE if version in held}
    if "Form" in used:
        used |= {"FormField", "FormFieldChoice"}
    assert [tag["name"] for tag in document["tags"]] == [tag for tag in TAGS if tag in used], (
        "openapi/REFERENCE.md, section 1.11, has a row for each tag"
    )
    assert all(tag["description"] for tag in document["tags"])


def test_paths_are_sorted_by_tag_and_then_by_path(document):
    places = [tag["name"] for tag in document["tags"]]
    found = [
        (places.index(next(iter(item.values()))["tags"][0]), path) for path, item in document["paths"].items()
    ]
    assert found == sorted(found)


def test_query_parameters_have_the_exact_names_in_the_order_of_the_pages(version, document):
    for (method, path), operation in operations(document).items():
        found = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
        is_list = operation["operationId"].endswith("_get_collection")
        paging = PAGING if is_list and not path.endswith(("/documents", "/{offerId}/tickets")) else []
        assert found[: len(paging)] == paging, (method, path)
        own, known = found[len(paging) :], filters(path, version)
        assert known is None or own == known, (method, path)
        for name in own:
            text = f"openapi/REFERENCE.md has to name `{name}` in section 3, below the heading `GET {path}`"
            assert known or f"`{name}`" in details(path), text


def test_path_parameters_are_uuids_of_version_7_except_the_option_code(document):
    for (method, path), operation in operations(document).items():
        found = {one["name"]: one for one in operation["parameters"] if one["in"] == "path"}
        assert [f"{{{name}}}" for name in found] == [part for part in path.split("/") if part[:1] == "{"]
        for name, one in found.items():
            assert one["required"] is True, (method, path)
            assert (one["style"], one["explode"]) == ("simple", False)
            expected = (
                {"type": "string", "enum": ["seating_category", "zone", "price_type", "days_count"]}
                if name == "code"
                else {"type": "string", "pattern": UUID}
            )
            assert one["schema"] == expected


def test_the_schemas_of_query_parameters_are_those_of_the_reference(document):
    def without_marks(node):
        if isinstance(node, dict):
            return {key: without_marks(value) for key, value in node.items() if key != "x-evidence"}
        return node

    expected = {
        "page": {"type": "integer", "default": 1},
        "itemsPerPage": {"type": "integer", "default": 10, "minimum": 0, "maximum": 50},
        "external_reference": {"type": "string", "pattern": "^.{1,50}$"},
        "order[createdAt]": {"type": "string", "enum": ["asc", "desc"]},
        "order[date]": {"type": "string", "enum": ["asc", "desc"]},
        "product[]": {"type": "array", "items": {"type": "string"}},
        "productBaseId": {"type": "string"},
        "session": {"type": "string", "pattern": UUID},
        "optionValuesContext[]": {"type": "array", "items": {"type": "string"}},
        "withDisabled": {"type": "boolean", "pattern": "true|false"},
        **{
            f"{name}[{bound}]": {"type": "string", "pattern": DATE}
            for name in ("date", "createdAt")
            for bound in DATES
        },
    }
    for operation in operations(document).values():
        for one in operation["parameters"]:
            if one["in"] == "query":
                assert without_marks(one["schema"]) == expected.get(one["name"], one["schema"])
                assert one["required"] is False
                assert one["style"] == "form"
                # a list is sent by repeating its key
                assert one["explode"] is one["name"].endswith("[]")


def test_only_generation_a_documents_empty_parameters(version, document):
    query = [one for op in operations(document).values() for one in op["parameters"] if one["in"] == "query"]
    for one in query:
        assert ("allowEmptyValue" in one) is (version in OLD)
        assert ("allowReserved" in one) is (version in OLD)


def test_statuses_and_media_types_follow_the_kind_of_operation(version, document):
    for (method, path), operation in operations(document).items():
        is_list = operation["operationId"].endswith("_get_collection")
        expected = {
            "post": ["200", "400", "403", "422"],
            "patch": ["200", "400", "403", "404", "422"],
            "get": ["200", "403"] if is_list else ["200", "403", "404"],
        }[method]
        assert list(operation["responses"]) == expected, path
        for answer in operation["responses"].values():
            assert list(answer["content"]) == ["application/ld+json"]
        if method == "get":
            assert "requestBody" not in operation
        else:
            media_type = {"post": "application/ld+json", "patch": "application/merge-patch+json"}[method]
            assert operation["requestBody"]["required"] is True
            assert list(operation["requestBody"]["content"]) == [media_type]


def test_servers_and_the_one_security_scheme_are_those_of_the_api(document):
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "KorusTicket API"
    assert "license" not in document["info"]
    assert document["servers"] == [
        {"url": "https://api.demo.korusticket.com", "description": "Demo server"},
        {"url": "https://api.korusticket.com", "description": "Production server"},
    ]
    schemes = document["components"]["securitySchemes"]
    assert list(schemes) == ["JWT"]
    assert {key: schemes["JWT"][key] for key in ("type", "in", "name")} == {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
    }
    assert document["security"] == [{"JWT": []}]


def test_every_operation_has_a_summary_and_a_description(document):
    for operation in operations(document).values():
        assert operation["summary"]
        assert operation["description"]
