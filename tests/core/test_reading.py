"""Tolerant reading: whatever the API sends instead of what it promised, reading goes on and nothing is lost."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from korus_api.operations import OPERATIONS

from korus import models
from korus._http.endpoints import endpoint
from korus._http.pagination import read_envelope

SAMPLES = Path(__file__).parent.parent / "openapi" / "samples"
DOCUMENTS = {path.stem: json.loads(path.read_bytes()) for path in SAMPLES.rglob("*.json")}
READ = sorted(name for name in models.__all__ if hasattr(getattr(models, name), "from_dict"))
IRI = "/v1/ticketing/catalogs/019a4e61-e5b0-7246-801a-c1eb3bc7c567"
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(
        [IRI, "2026-04-18", "2026-04-18T10:00:00+00:00", "2026-99-99", "reserved", "teleported", "EUR"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def wire_keys(model: type[Any]) -> list[str]:
    return [wire for _, wire in model._FIELDS]


@st.composite
def disturbed(draw: st.DrawFn, document: Any) -> Any:
    """A document with some of it dropped, added, nulled, exchanged, embedded or turned into an IRI."""
    if isinstance(document, list):
        return [draw(disturbed(item)) for item in document]
    if not isinstance(document, dict):
        return draw(
            st.sampled_from([document, document, document, None, IRI, "teleported", {"@id": IRI}, [document]])
        )
    changed: dict[str, Any] = {}
    for key, value in document.items():
        what = draw(st.sampled_from(["keep"] * 6 + ["drop", "null", "iri", "prefix", "other", "deeper"]))
        if what == "drop":
            continue
        name = f"hydra:{key}" if what == "prefix" and not key.startswith("@") else key
        changed[name] = {
            "null": lambda: None,
            "iri": lambda: IRI,
            "other": lambda: draw(ANYTHING),
            "deeper": lambda value=value: draw(disturbed(value)),
        }.get(what, lambda value=value: value)()
    changed.update(draw(st.dictionaries(st.text(max_size=6), ANYTHING, max_size=2)))
    return changed


def assert_read_whole(model: type[Any], document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    found = model.from_dict(document)
    assert json.dumps(found.to_dict()) == json.dumps(before)  # texts, so that key order counts too
    assert document == before
    for attribute, _ in model._FIELDS:
        getattr(found, attribute)
    assert set(found.additional_properties) == set(before) - set(wire_keys(model))
    assert copy.deepcopy(found) == found
    assert isinstance(repr(found), str)


@pytest.mark.parametrize("name", READ)
@given(data=st.data())
@settings(max_examples=settings.default.max_examples // 4)
def test_every_model_reads_anything_under_its_keys(name: str, data: st.DataObject) -> None:
    model = getattr(models, name)
    keys = st.sampled_from(wire_keys(model)) | st.text(max_size=6)
    assert_read_whole(model, data.draw(st.dictionaries(keys, ANYTHING)))


@pytest.mark.parametrize("name", READ)
def test_every_model_reads_every_sample(name: str) -> None:
    for document in DOCUMENTS.values():
        assert_read_whole(getattr(models, name), document)


@pytest.mark.parametrize("sample", DOCUMENTS)
@given(data=st.data())
@settings(max_examples=settings.default.max_examples // 4)
def test_every_sample_is_read_however_disturbed(sample: str, data: st.DataObject) -> None:
    document = data.draw(disturbed(DOCUMENTS[sample]))
    if not isinstance(document, dict):
        return
    kind = str(DOCUMENTS[sample].get("@type", "")).removeprefix("Booking").removeprefix("Ticketing")
    likely = [name for name in READ if kind and name.startswith(kind)] or ["Order"]
    for name in likely:
        assert_read_whole(getattr(models, name), document)


COLLECTIONS = [
    name for name, document in DOCUMENTS.items() if isinstance(document, dict) and "member" in document
]


@pytest.mark.parametrize("sample", COLLECTIONS)
@given(data=st.data())
def test_every_list_is_read_with_or_without_the_hydra_prefix(sample: str, data: st.DataObject) -> None:
    document = DOCUMENTS[sample]
    prefixed = {
        (f"hydra:{key}" if not key.startswith("@") and data.draw(st.booleans()) else key): value
        for key, value in document.items()
    }
    found = read_envelope(prefixed, operation="list", url="https://api.test/v1/x")
    assert list(found.members) == document["member"]
    assert found.total == document["totalItems"]


def test_unknown_enum_value_is_kept_and_recognizable() -> None:
    order = models.Order.from_dict({"status": "teleported"})
    assert order.status == "teleported"
    assert order.status.is_known is False
    assert models.Order.from_dict({"status": "confirmed"}).status.is_known is True
    assert order.to_dict() == {"status": "teleported"}


def test_iri_instead_of_object_and_object_instead_of_iri_are_kept() -> None:
    offer = models.Offer.from_dict({"product": IRI, "price": None, "tickets": [IRI, {"@id": IRI}]})
    assert offer.product == IRI
    assert offer.tickets[0] == IRI
    assert offer.tickets[1].iri == IRI
    order = models.Order.from_dict({"catalog": {"@id": IRI, "name": "Lantern Park"}})
    assert order.to_dict() == {"catalog": {"@id": IRI, "name": "Lantern Park"}}


def test_every_operation_of_the_description_can_be_found() -> None:
    for name in OPERATIONS:
        assert endpoint(name).OPERATION.name == name
