"""The table of field types, and everything that follows from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import korus.forms
from korus._core.field_types import FIELD_TYPES, FieldType
from korus.errors import AnswersInvalid
from korus.forms import coerce_field, parse_field
from scripts.descriptions import FOLDER, find, load

ROOT = Path(__file__).parents[2]
SHAPED = [name for name, row in FIELD_TYPES.items() if not row.has_choices]
# the file, a text of the line where a type belongs, and what the file has of it
PLACES = (
    ("korus/forms.py", "field type     Python value", "{name} +.*"),
    ("openapi/overlay.yaml", "enum: [text,", r" +enum: \[(?=text,).*\b{name}\b.*"),
    ("openapi/REFERENCE.md", "| field type | text to send |", r"\| `{name}` \|.*"),
    ("generated/korus_api/models/form_field_type.py", "class FormFieldType", ' +[A-Z_]+ = .*"{name}".*'),
)
WITH_FORMS = ("1.0.4", "1.0.7", "1.0.10")


def enums_of_types(document: Any) -> list[list[str]]:
    """Return every list of field types in a document."""
    if isinstance(document, dict):
        own = [document["enum"]] if "multi_choice" in document.get("enum", ()) else []
        return own + [found for value in document.values() for found in enums_of_types(value)]
    return (
        [found for value in document for found in enums_of_types(value)] if isinstance(document, list) else []
    )


def lacking(name: str) -> list[str]:
    """Return the places that lack a type, each with the file and line where it belongs."""
    missing = []
    for file, beside, pattern in PLACES:
        lines = (ROOT / file).read_text().splitlines()
        if not any(re.fullmatch(pattern.format(name=name), line) for line in lines):
            number = next(number for number, line in enumerate(lines, 1) if beside in line)
            by = "; run `make generate`" if file.startswith("generated/") else ""
            missing.append(f"{file}:{number}: the type {name}{by}")
    return missing


@pytest.mark.parametrize("name", FIELD_TYPES)
def test_every_type_has_all_its_places(name: str) -> None:
    missing = lacking(name)
    assert not missing, "\n" + "\n".join(missing)


def test_what_a_new_type_lacks_is_listed_with_file_and_line() -> None:
    assert [line.split(":")[0] for line in lacking("colour")] == [file for file, *_ in PLACES]


def test_the_overlay_lists_the_types_of_the_table() -> None:
    path = FOLDER / "overlay.yaml"
    assert enums_of_types(load(path)) == [list(FIELD_TYPES)], f"{path}: the enum of field types"


@pytest.mark.parametrize("version", WITH_FORMS)
def test_a_description_lists_no_type_that_the_table_lacks(version: str) -> None:
    (listed,) = enums_of_types(load(find(version)))
    assert set(listed) <= set(FIELD_TYPES), f"{find(version)}: the enum of field types"


def test_the_documentation_has_the_rows_of_the_table() -> None:
    lines = [" ".join(line.split()) for line in (korus.forms.__doc__ or "").splitlines()]
    wanted = [f"{row.name} {row.values} {row.sent}" for row in FIELD_TYPES.values()]
    assert [line for line in lines if line in wanted] == wanted, (
        "the table in the docstring of korus/forms.py"
    )


@pytest.mark.parametrize("name", SHAPED)
def test_the_example_is_sent_as_its_text_and_read_back(name: str) -> None:
    row = FIELD_TYPES[name]
    assert coerce_field(name, row.example) == (row.text,)
    assert parse_field(name, row.text) == row.example


def test_a_type_of_texts_needs_a_row_only(monkeypatch: pytest.MonkeyPatch) -> None:
    colour = FieldType(
        "colour", "`str`", "``#ff0000``", "#ff0000", "#ff0000", re.compile("#[0-9a-f]{6}"), "#RRGGBB"
    )
    monkeypatch.setattr("korus.forms._TYPES", {**FIELD_TYPES, "colour": colour})
    assert coerce_field("colour", "#00ff00") == ("#00ff00",)
    assert parse_field("colour", "#00ff00") == "#00ff00"
    for attempt in (lambda: coerce_field("colour", "red"), lambda: parse_field("colour", "red")):
        with pytest.raises(AnswersInvalid, match="'red' is not of the form #RRGGBB"):
            attempt()
    with pytest.raises(AnswersInvalid, match="a str"):
        coerce_field("colour", 7)
