"""Sandbox: a stand-in KorusTicket API with state, for trials, demonstrations and tests.

``with Sandbox() as sandbox:`` starts a real HTTP server on loopback. It serves every operation of the API's description
(``API_VERSION``) and the token endpoint, holds stock, lets reservations expire, fails bulk calls in part, issues real
PDF tickets, and injects faults on request (``sandbox.faults``). It has a clock of its own (``sandbox.clock``), and
``sandbox.inspect`` shows its requests and bookings.

It is **not the API**. Its offers are invented, and where the API's behaviour is not known it follows the
numbered proposals of the API reference: P1 and P2 at the token endpoint, P3 for 401, P6 and P7 for sessions
and options, P8 and P9 for filters, P11, P13, P14 and P16 for the shape of offers, seats and failed entries,
P17, P20 and P21 for forms. Needs the extra ``korus-sdk[sandbox]``; importing ``korus`` alone does not import
it.
"""

from __future__ import annotations

import korus.sandbox._needed  # noqa: F401 # pyright: ignore[reportUnusedImport] - first, to name a missing extra
from korus.sandbox.clock import Clock
from korus.sandbox.faults import KINDS, Fault, FaultKind, Faults
from korus.sandbox.inspection import Exchange, Inspection
from korus.sandbox.operations import API_VERSION
from korus.sandbox.sandbox import DEFAULT_OFFERS, Sandbox

__all__ = [
    "API_VERSION",
    "DEFAULT_OFFERS",
    "KINDS",
    "Clock",
    "Exchange",
    "Fault",
    "FaultKind",
    "Faults",
    "Inspection",
    "Sandbox",
]
