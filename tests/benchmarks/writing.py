"""Row 4: from the objects of a bulk reservation to bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from korus._http import encode
from korus.models import (
    BulkReservationInput,
    BulkReservationInputItem,
    BulkReservationInputItemTicketSession,
    BulkReservationInputItemTicketSessionFormData,
    BulkReservationInputItemTicketSessionFormDataField,
)
from tests.benchmarks import payloads, peers
from tests.benchmarks.measuring import CPU, Row, at_most, race, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

_KORUS, _STANDARD = "korus with korus-sdk[fast]", "korus, standard library"
_OBJECTS = "korus-sdk[fast], from the raw client's objects"
_LINES = (2, 50)


def request(lines: list[dict[str, Any]]) -> BulkReservationInput:
    """Build the request's objects of plain lines."""
    return BulkReservationInput(
        items=[
            BulkReservationInputItem(
                offer=line["offer"],
                quantity=line["quantity"],
                ticket_sessions=[_session(session) for session in line["ticketSessions"]],
            )
            for line in lines
        ]
    )


def _session(session: dict[str, Any]) -> BulkReservationInputItemTicketSession:
    return BulkReservationInputItemTicketSession(
        ticket=session["ticket"],
        session=session["session"],
        form_data=BulkReservationInputItemTicketSessionFormData(
            form=session["formData"]["form"],
            fields=[
                BulkReservationInputItemTicketSessionFormDataField(
                    field=answer["field"], value=answer["value"]
                )
                for answer in session["formData"]["fields"]
            ],
        ),
    )


def _contestants(lines: list[dict[str, Any]], absent: dict[str, str]) -> dict[str, Callable[[], Any]]:
    plain = {"items": lines}
    mine = request(lines)
    assert json.loads(encode.encode_json(mine.to_dict())) == plain

    def standard() -> bytes:
        encode._Encoders.fast, encode._Encoders.looked_up = None, True
        try:
            return encode.encode_json(plain)
        finally:
            encode._Encoders.looked_up = False

    found: dict[str, Callable[[], Any]] = {
        # a booking holds its prepared lines as they are sent; pydantic, msgspec and the others hold objects
        _KORUS: lambda: encode.encode_json(plain),
        _STANDARD: standard,
        _OBJECTS: lambda: encode.encode_json(mine.to_dict()),
    }
    if peers.PYDANTIC not in absent:
        pydantic = peers.module(peers.PYDANTIC).BulkReservationInput.model_validate(plain)
        found["pydantic v2"] = lambda: pydantic.model_dump_json(by_alias=True, exclude_none=True).encode()
    if peers.MSGSPEC not in absent:
        import msgspec

        struct = msgspec.convert(plain, peers.module(peers.MSGSPEC).BulkReservationInput)
        found["msgspec"] = lambda: msgspec.json.encode(struct)
    if peers.BARE not in absent:
        bare = peers.module(f"{peers.BARE}.models").BulkReservationInput.from_dict(
            peers.renamed(plain, "BulkReservationInput")
        )
        found["generator's own"] = lambda: json.dumps(bare.to_dict()).encode()
    if peers.JAVA not in absent:
        java = peers.module(f"{peers.JAVA}.models").BulkReservationInput.from_dict(plain)
        found["openapi-generator"] = lambda: java.to_json().encode()
    return found


def run(rounds: int, absent: dict[str, str]) -> Row:
    """Measure calls of 2 lines and of 50, the most that are sent at once."""
    times: dict[str, list[float]] = {}
    figures, sizes = [], []
    for count in _LINES:
        lines = payloads.bulk_lines(count)
        raced = race(_contestants(lines, absent), rounds, clock=CPU)
        if "pydantic v2" in raced:
            figures += [
                ratio(f"{count} lines: {name} / pydantic v2", raced[name], raced["pydantic v2"], **aim)
                for name, aim in ((_KORUS, at_most(0.3)), (_OBJECTS, at_most(0.9)), (_STANDARD, {}))
            ]
        times.update((f"{name}, {count} lines", values) for name, values in raced.items())
        sizes.append(f"{count} lines: {len(encode.encode_json({'items': lines})):,} bytes")
    return Row(
        4,
        "write a bulk reservation with answers",
        "µs",
        times,
        figures,
        [
            *sizes,
            "processor time; the standard library's own encoder is the limit of what is shown without an aim",
        ],
    )
