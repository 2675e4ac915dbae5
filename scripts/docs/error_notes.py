"""Advice for each error, with an example that raises it in the sandbox; causes are in the docstrings."""

from __future__ import annotations

from attrs import frozen

__all__ = ["NOTES", "Note"]


@frozen
class Note:
    """Entry of one error on the errors page.

    Attributes:
        advice: The recommended action.
        example: Python code that the tests run with the names of the page's first block.
        cause: The cause, if the docstring does not have it.
    """

    advice: str
    example: str = ""
    cause: str | None = None


def _status(name: str, status: int, extra: str = "") -> str:
    return f"""
with failing("status", status={status}{extra}), pytest.raises({name}) as caught:
    korus.catalogs.list().first()
assert caught.value.status == {status}
"""


NOTES: dict[str, Note] = {
    "KorusError": Note(
        "Catch it around a whole task to report unexpected errors; catch the others where you can handle them."
    ),
    "ConfigurationError": Note(
        "Correct the settings that the message names; it lists all invalid settings.",
        """
with pytest.raises(ConfigurationError) as caught:
    Korus(client_id="shop", environment="production")
print(caught.value)
""",
    ),
    "InvalidArgument": Note(
        "Correct the call; the message names the argument. The cause is an error in the program, or "
        "input that was not checked.",
        """
with pytest.raises(InvalidArgument):
    korus.offers.list(catalog, after="tomorrow")
""",
    ),
    "InvalidIri": Note(
        "Pass the object, its IRI or its id, of the kind that the method expects.",
        """
with pytest.raises(InvalidIri):
    korus.orders.get(catalog.iri)
""",
    ),
    "AnswersInvalid": Note(
        "Show `problems` beside the fields of the form. In a booking the same problems are part of `BookingInvalid`.",
        """
form = {"@id": "/v1/forms/f", "fields": [{"code": "seats", "type": "integer", "required": True}]}
with pytest.raises(AnswersInvalid) as caught:
    print(FormAnswers(form, {"seats": "two"}).form_data)
print(caught.value.problems)
""",
    ),
    "BookingInvalid": Note(
        "Correct the lines; each entry of `problems` has line, ticket, field and reason. Nothing was sent.",
        """
booking = korus.reservations.bulk()
booking.add(offer, quantity=0)
with pytest.raises(BookingInvalid) as caught:
    booking.submit()
print(caught.value.problems)
""",
    ),
    "BeneficiaryInvalid": Note(
        "Ask the customer for the missing fields, which `problems` lists. `korus.tickets.required` "
        "returns the required fields in advance.",
        """
order = place(hold())
with pytest.raises(BeneficiaryInvalid) as caught:
    korus.tickets.set_beneficiary(order.items[0].tickets[0], {"shoe size": "38"})
print(caught.value.problems)
""",
    ),
    "ReservationUnusable": Note(
        "Reserve again: `retry_failed()`, or a new bulk reservation.",
        """
held = hold()
sandbox.clock.advance(timedelta(hours=1))
with pytest.raises(ReservationUnusable):
    korus.orders.create(held, customer=customer, external_reference="LATE-1")
""",
    ),
    "OperationUnavailable": Note(
        "Use a release of korus that was generated from a version of the API with the operation: see "
        "[versions](../concepts/versions.md).",
        """
with pytest.raises(OperationUnavailable):
    korus.offers.tickets(offer).first()  # older versions of the API had this list
""",
    ),
    "TransportError": Note(
        "Try again later. A read can be repeated; a booking was not processed if `sent` is False. A "
        "booking whose response was lost raises `OutcomeUnknown` or has an `unknown` line instead."
    ),
    "ConnectionFailed": Note(
        "Check host name, port, proxy and certificates: `korus doctor` checks each.",
        """
nowhere = korus.with_options(base_url="http://127.0.0.1:9")
with pytest.raises(ConnectionFailed) as caught:
    nowhere.catalogs.list().first()
assert not caught.value.sent
""",
    ),
    "ConnectionLost": Note(
        "Try again later. korus has repeated a read as often as `RetryPolicy` allows.",
        """
with failing("drop_after"), pytest.raises(ConnectionLost):
    korus.catalogs.list().first()
""",
    ),
    "TimedOut": Note(
        "Try again later, or allow more time: `timeout=`.",
        """
with failing("slow", seconds=1), pytest.raises(TimedOut):
    korus.with_options(timeout=0.2).catalogs.list().first()
""",
    ),
    "TokenUnavailable": Note(
        "Try again later, after `retry_after` seconds if it is set. The API request was not sent.",
        """
other = Korus(**settings, retry=RetryPolicy(attempts=1))  # has no token yet
with failing("status", operation="token", status=503), pytest.raises(TokenUnavailable):
    other.catalogs.list().first()
other.close()
""",
    ),
    "StatusError": Note(
        "Read `problem`, the API's description of the error. Quote `request_id` when you contact the API's operator."
    ),
    "BadRequest": Note(
        "Read `problem`; the API does not understand the request.",
        _status("BadRequest", 400),
        "The API answered with 400.",
    ),
    "AuthenticationFailed": Note(
        "Check the client id, the secret and the token URL.",
        """
other = Korus(**settings | {"client_secret": "wrong"})
with pytest.raises(AuthenticationFailed):
    other.catalogs.list().first()
other.close()
""",
    ),
    "PermissionDenied": Note(
        "Ask the API's operator for access to the catalogue.",
        _status("PermissionDenied", 403),
        "The API answered with 403.",
    ),
    "NotFound": Note(
        "Check the id and the account. A single 404 does not prove that a booking does not exist; "
        "korus never treats it as proof.",
        """
with pytest.raises(NotFound) as caught:
    korus.orders.get("01890000-0000-7000-8000-000000000000")
print(caught.value.request_id)
""",
        "The API answered with 404.",
    ),
    "Conflict": Note(
        "Read the resource again; it has changed in the meantime.",
        _status("Conflict", 409),
        "The API answered with 409.",
    ),
    "ValidationFailed": Note(
        "Correct the values that `violations` names: each has its location in the request, and the "
        "argument if it is known.",
        _status("ValidationFailed", 422),
    ),
    "RateLimited": Note(
        "Wait `retry_after` seconds. korus has waited and repeated within the deadline: see "
        "[rate limits](../howto/workers.md#rate-limits).",
        """
with failing("status", status=429, retry_after=30), pytest.raises(RateLimited) as caught:
    with Korus(**settings, timeout=5) as hasty:
        hasty.catalogs.list().first()
assert caught.value.retry_after == 30
""",
    ),
    "ServerError": Note(
        "Try again later. If it persists, report it with `request_id`.", _status("ServerError", 500)
    ),
    "DecodingFailed": Note(
        "Try again later; report it if it persists. `content_type` and `excerpt` show what was received.",
        """
with failing("not_json"), pytest.raises(DecodingFailed):
    korus.catalogs.list().first()
""",
    ),
    "AnswerMismatch": Note(
        "Stop, and check the proxies and caches between you and the API: the response belongs to "
        "another request.",
    ),
    "OutcomeUnknown": Note(
        "Do not book again. Call `resolve` later, or `korus.journal.recover()`: see "
        "[recover after a crash](../howto/recover.md).",
        """
held = hold()
hasty = korus.with_options(timeout=1)
sandbox.faults.add("status", operation="get_reservation", skip=1, status=503)
with failing("drop_after", operation="bulk_create_orders"), pytest.raises(OutcomeUnknown) as caught:
    hasty.orders.create(held, customer=customer, external_reference="LOST-1")
sandbox.faults.clear()
assert korus.orders.resolve(caught.value.intent).ok
""",
    ),
    "ItemFailed": Note(
        "Raised by `raise_for_failed()` only, in an `ExceptionGroup`: see [partial "
        "failures](../howto/partial-failures.md)."
    ),
    "ReservationFailed": Note(
        "Read the line's `reason` and `code`; offer the customer an alternative, or call `retry_failed()`.",
        """
with failing("fail_items", operation="bulk_create_reservations"):
    held = hold()
with pytest.raises(ExceptionGroup) as caught:
    held.raise_for_failed()
assert isinstance(caught.value.exceptions[0], ReservationFailed)
""",
    ),
    "OrderFailed": Note(
        "Read `reason` and `code`. Once the reservation has ended, `retry_failed()` reserves again.",
        """
held = hold()
with failing("fail_items", operation="bulk_create_orders"):
    placed = korus.orders.create(held, customer=customer, external_reference="FAIL-1")
with pytest.raises(ExceptionGroup) as caught:
    placed.raise_for_failed()
assert isinstance(caught.value.exceptions[0], OrderFailed)
""",
    ),
    "PriceChanged": Note(
        "Show the customer the prices in `changes`, and add the lines with the accepted prices: see "
        "[price changes](../howto/price-changes.md).",
        """
booking = korus.reservations.bulk()
booking.add(offer, price="0.01")
with pytest.raises(PriceChanged) as caught:
    booking.submit(max_price_change="2.00")
print(caught.value.changes)
""",
    ),
    "SoldOut": Note(
        "Offer a smaller quantity or an alternative; `shortages` has the number left for each line.",
        """
booking = korus.reservations.bulk()
booking.add(offer)
sandbox.catalog.restock(offer.iri, 0)
with pytest.raises(SoldOut) as caught:
    booking.submit()
print(caught.value.shortages)
sandbox.catalog.restock(offer.iri, 9)
""",
    ),
    "JournalFailed": Note(
        "Check that the database is reachable and writable. A booking that cannot be recorded is not sent.",
        """
with pytest.raises(JournalFailed):
    korus.with_options(journal="/dev/null/bookings.db").journal.list()
""",
    ),
    "MirrorFailed": Note(
        "Check that the database is reachable and writable. The next sweep continues where this one stopped.",
        """
with pytest.raises(MirrorFailed):
    Mirror("/dev/null/catalogue.db", korus).sync()
""",
    ),
    "DocumentsNotReady": Note(
        "Call it again later; `pending` has the IRIs. See [documents](../howto/documents.md).",
        """
order = place(hold())
with pytest.raises(DocumentsNotReady):
    korus.documents.download(order, to="tickets", timeout=0.01)
""",
    ),
    "DownloadFailed": Note(
        "Call `download` again: existing files are kept, and a file is never written in part.",
        """
with failing("html", operation="storage", status=200), pytest.raises(DownloadFailed):
    korus.documents.download(order, to="tickets")
""",
    ),
    "UnexpectedCount": Note(
        "Use `first()`, or a narrower filter.",
        """
with pytest.raises(UnexpectedCount):
    korus.offers.list(catalog).one()
""",
    ),
    "CollectionChanged": Note(
        "Read the list again if you need every item, or use [the mirror](../tutorial/mirror.md). See "
        "[paging and drift](../concepts/paging-and-drift.md#drift).",
    ),
}
