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


def run(rounds: int, absent: dict[str, str]) -> Row:
    """Measure 200 lines with answers."""
    lines = payloads.bulk_lines(200)
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
    times = race(found, rounds, clock=CPU)
    figures = []
    if "pydantic v2" in times:
        figures = [
            ratio(f"{_KORUS} / pydantic v2", times[_KORUS], times["pydantic v2"], **at_most(1.0)),
            ratio(f"{_OBJECTS} / pydantic v2", times[_OBJECTS], times["pydantic v2"], **at_most(1.0)),
            ratio(f"{_STANDARD} / pydantic v2", times[_STANDARD], times["pydantic v2"]),
        ]
    size = len(encode.encode_json(mine.to_dict()))
    return Row(
        4,
        "write a bulk reservation of 200 lines with answers",
        "µs",
        times,
        figures,
        [f"{size:,} bytes; processor time"],
    )
