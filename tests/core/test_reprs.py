"""No repr shows anything about a person: reprs end in log files, tracebacks and error trackers."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import attrs
import pytest
from korus_api import models as generated
from korus_api.types import File, Response, Unset

import korus
from korus._booking.beneficiary_rows import BeneficiaryRow
from korus._http.pagination import Page
from korus.errors import Problem, Violation

CANARY = "Lovelace ada@example.org 1607709132476385"
MODELS = [
    getattr(generated, name) for name in generated.__all__ if attrs.has(getattr(generated, name))
]  # fmt: skip
# names under which something about a person, or raw JSON that may hold it, is kept
PERSONAL = frozenset(
    [
        "additional_properties",
        "answers",
        "barcode",
        "beneficiaries",
        "beneficiary",
        "body",
        "buyer",
        "content",
        "customer",
        "data",
        "date_of_birth",
        "details",
        "documents",
        "email",
        "entries",
        "firstname",
        "given",
        "headers",
        "lastname",
        "members",
        "name",
        "notes",
        "outcome",
        "params",
        "payload",
        "phone",
        "raw",
        "request_body",
        "response_body",
        "source",
        "unmatched",
        "temporary_url",
        "value",
        "values",
        "voucher",
    ]
)
# what the same names are harmless for
HARMLESS = {
    "Assumption.name": "a1 to a8",
    "FieldType.name": "the API's word for a kind of field",
    "FieldType.values": "Python types, in words",
    "PageRecord.content": "a digest",
    "_Chunk.entries": "of a catalogue, without their bodies",
    "_Found.entries": "of a catalogue, without their bodies",
    "Action.name": "book, order, recover or sweep",
    "BookingStep.outcome": "counts",
    "RawAnswers.answers": "statuses and times, which show no headers",
    "RawOperation.name": "the same for all",
    "BulkOutcome.unmatched": "models, which show no person",
    "Correlation.unmatched": "places in an answer",
    "BulkResult.unmatched": "models or facts, which show no person",
    "LineResult.entries": "places in an answer",
    "Page.members": "facts, which show no person",
    "_Listing.members": "facts, which show no person",
    "RequestedLine.answers": "a digest",
    "Catalog.name": "a catalogue's",
    "Kind.name": "a kind of resource's",
    "Line.documents": "names of files",
    "Mention.name": "a name in a description",
    "Asked.name": "the operation's",
    "_Named.name": "a product's or session's, as the catalogue has it",
    "_Reading.values": "how many values a file holds",
    "Operation.name": "the operation's",
}


def classes() -> list[type]:
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(korus.__path__, "korus.")
        # the sandbox holds invented people only
        if module.name.split(".")[1] not in {"sandbox", "testing"} and not module.name.endswith("__main__")
    ]
    return [
        thing
        for module in modules
        for thing in vars(module).values()
        if inspect.isclass(thing) and attrs.has(thing) and thing.__module__ == module.__name__
    ]


def shown(kind: type) -> list[str]:
    fields = [field.name for field in attrs.fields(kind) if field.repr]
    return [
        name for name in fields if name.strip("_") in PERSONAL and f"{kind.__name__}.{name}" not in HARMLESS
    ]


@pytest.mark.parametrize(
    "kind",
    classes(),
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_no_class_shows_a_field_that_may_be_personal(kind: type) -> None:
    assert shown(kind) == []


def of(model: type, value: Any) -> Any:
    if hasattr(model, "from_dict"):
        return model.from_dict({key: value for _, key in model._FIELDS} | {"unknown": value})
    return model(**{field.alias: value for field in attrs.fields(model) if field.init and field.alias != "additional_properties"})  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@pytest.mark.parametrize(
    "value",
    [CANARY, [CANARY], {"email": CANARY}, [{"email": CANARY, "@id": CANARY}], 1607709132476385],
    ids=["text", "list", "object", "list of objects", "number"],
)
def test_no_model_shows_a_value_that_may_be_personal(model: type, value: Any) -> None:
    made = of(model, value)
    written = f"{made!r} {made} {[made]} { ({'a': made}) }"
    assert type(made).__name__ in written
    assert not [part for part in CANARY.split() if part in written]


def test_a_model_shows_where_it_is_and_what_it_has() -> None:
    order = generated.Order.from_dict(
        {"@id": "/v1/booking/orders/019a57f7", "id": "019a57f7-0d80-7f8f-8d5c-000000000001", "status": "confirmed",
         "customer": {"email": "ada@example.org"}, "externalReference": None}
    )  # fmt: skip
    assert repr(order) == (
        "Order(iri='/v1/booking/orders/019a57f7', id='019a57f7-0d80-7f8f-8d5c-000000000001', customer=…, status=confirmed)"
    )
    assert repr(order.customer) == "OrderCustomer(email=…)"
    given = generated.BulkOrderInputCustomer(firstname="Ada", lastname="Lovelace", email="a@b", optin=True)
    assert repr(given) == "BulkOrderInputCustomer(firstname=…, lastname=…, email=…, optin=True)"
    assert isinstance(given.phone, Unset)


@pytest.mark.parametrize(
    "made",
    [
        File(payload=CANARY, file_name=CANARY),
        Response(status_code=200, content=CANARY.encode(), headers={"x": CANARY}, parsed=CANARY),
        BeneficiaryRow(1, CANARY, {"email": CANARY}),
        Page((generated.OrderCustomer.from_dict({"email": CANARY}),), 1, None, ""),
        Problem(title=CANARY, detail=CANARY, raw={"email": CANARY}),
        Violation("customer.email", CANARY),
    ],
    ids=lambda made: type(made).__name__,
)
def test_what_holds_people_does_not_show_them(made: object) -> None:
    assert not [part for part in CANARY.split() if part in repr(made)]
