"""Request body of a bulk order, with its customer (reference 4.12). No I/O."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from korus._core.raw_json import json_object, text
from korus.errors import InvalidArgument

__all__ = ["check_writable", "customer_body", "order_body"]

_REQUIRED: Final = ("firstname", "lastname", "email")
_BREAKS: Final = "\t\n\r"


def order_body(
    reservations: Iterable[str], customer: Mapping[str, Any], external_reference: str, notes: str | None
) -> dict[str, Any]:
    """Return the body of the request."""
    return {
        "reservations": list(reservations),
        "customer": dict(customer),
        "externalReference": external_reference,
        **({} if notes is None else {"notes": notes}),
    }


def customer_body(customer: object) -> dict[str, Any]:
    """Return the customer in the form in which it is sent.

    Raises:
        InvalidArgument: It is not a customer, or lacks a name or an email address.
    """
    source = json_object(customer)
    if source is None:
        raise InvalidArgument(
            "`customer` must be a korus.models.Customer, or a mapping with the API's field names."
        )
    body = dict(source)
    check_writable(body)
    missing = [name for name in _REQUIRED if not text(body, name) or not str(body[name]).strip()]
    if missing:
        raise InvalidArgument(f"`customer` must have {', '.join(missing)}.")
    return body


def check_writable(body: Mapping[str, Any]) -> None:
    """Check that a customer can be sent as JSON, before anything is held or logged."""
    for name, value in body.items():
        try:
            json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        except (TypeError, ValueError):
            raise InvalidArgument(f"`{name}` cannot be sent as JSON.") from None
        allowed = _BREAKS if name == "notes" else ""
        if any(unicodedata.category(letter) == "Cc" and letter not in allowed for letter in _letters(value)):
            raise InvalidArgument(f"`{name}` must not contain control characters.")


def _letters(value: object) -> Iterator[str]:
    """Return the characters of all strings in a JSON value."""
    if isinstance(value, str):
        yield from value
    elif isinstance(value, Mapping):
        for member in cast("Mapping[str, object]", value).values():
            yield from _letters(member)
    elif isinstance(value, list | tuple):
        for member in cast("Sequence[object]", value):
            yield from _letters(member)
