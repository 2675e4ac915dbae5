"""Advice for each error, with an example that raises it at the sandbox; causes are in the docstrings."""

from __future__ import annotations

from attrs import frozen

__all__ = ["NOTES", "Note"]


@frozen
class Note:
    """Entry of one error on the page of errors.

    Attributes:
        advice: The recommended action.
        example: Python code that the tests run with the names of the page's first block.
        cause: The cause, if it is not in the docstring.
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
        "Catch it around a whole task, to report what is left; catch the others where you can act."
    ),
    "ConfigurationError": Note(
        "Correct the settings that the message names; it lists all of them.",
        """
with pytest.raises(ConfigurationError) as caught:
    Korus(client_id="shop", environment="production")
print(caught.value)
""",
    ),
    "InvalidArgument": Note(
        "Correct the call; the message names the argument. It is a mistake in the program, or input "
        "that it passed on unchecked.",
        """
with pytest.raises(InvalidArgument):
    korus.offers.list(catalog, after="tomorrow")
""",
    ),
    "InvalidIri": Note(
        "Pass the object, its IRI or its id, of the kind that the method asks for.",
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
        "Correct the lines; `problems` has line, ticket, field and reason of each. Nothing was sent.",
        """
booking = korus.reservations.bulk()
booking.add(offer, quantity=0)
with pytest.raises(BookingInvalid) as caught:
    booking.submit()
print(caught.value.problems)
""",
    ),
    "BeneficiaryInvalid": Note(
        "Ask the customer for what is missing; `problems` has each field. `korus.tickets.required` "
        "says beforehand what is needed.",
        """
order = place(hold())
with pytest.raises(BeneficiaryInvalid) as caught:
    korus.tickets.set_beneficiary(order.items[0].tickets[0], {"shoe size": "38"})
print(caught.value.problems)
""",
    ),
    "ReservationUnusable": Note(
        "Hold again: `retry_failed()`, or a new bulk reservation.",
        """
held = hold()
sandbox.clock.advance(timedelta(hours=1))
with pytest.raises(ReservationUnusable):
    korus.orders.create(held, customer=customer, external_reference="LATE-1")
""",
    ),
    "OperationUnavailable": Note(
        "Use a korus that was generated from a version of the API that has the operation: see "
        "[versions](../concepts/versions.md).",
        """
with pytest.raises(OperationUnavailable):
    korus.offers.tickets(offer).first()  # older versions of the API had this list
""",
    ),
    "TransportError": Note(
        "Try later. A read may be repeated; of a booking nothing was done when `sent` is False. A "
        "booking whose answer was lost "
        "is `OutcomeUnknown` or an `unknown` line, not this."
    ),
    "ConnectionFailed": Note(
        "Check name, port, proxy and certificates: `korus doctor` looks at each.",
        """
nowhere = korus.with_options(base_url="http://127.0.0.1:9")
with pytest.raises(ConnectionFailed) as caught:
    nowhere.catalogs.list().first()
assert not caught.value.sent
""",
    ),
    "ConnectionLost": Note(
        "Try later. korus has repeated a read as often as `RetryPolicy` allows.",
        """
with failing("drop_after"), pytest.raises(ConnectionLost):
    korus.catalogs.list().first()
""",
    ),
    "TimedOut": Note(
        "Try later, or allow more time: `timeout=`.",
        """
with failing("slow", seconds=1), pytest.raises(TimedOut):
    korus.with_options(timeout=0.2).catalogs.list().first()
""",
    ),
    "TokenUnavailable": Note(
        "Try later, after `retry_after` seconds if it is set. The API request was not sent.",
        """
stranger = Korus(**settings, retry=RetryPolicy(attempts=1))  # has no token yet
with failing("status", operation="token", status=503), pytest.raises(TokenUnavailable):
    stranger.catalogs.list().first()
stranger.close()
""",
    ),
    "StatusError": Note(
        "Read `problem`, which is what the API said, and `request_id` when you ask its makers."
    ),
    "BadRequest": Note(
        "Read `problem`; the request is one that the API does not understand.",
        _status("BadRequest", 400),
        "The API answered with 400.",
    ),
    "AuthenticationFailed": Note(
        "Check the client id, the secret and the token address.",
        """
stranger = Korus(**settings | {"client_secret": "wrong"})
with pytest.raises(AuthenticationFailed):
    stranger.catalogs.list().first()
stranger.close()
""",
    ),
    "PermissionDenied": Note(
        "Ask the API's makers for access to the catalogue.",
        _status("PermissionDenied", 403),
        "The API answered with 403.",
    ),
    "NotFound": Note(
        "Check the id and the account. One 404 does not prove that a booking does not exist, and "
        "korus never takes it so.",
        """
with pytest.raises(NotFound) as caught:
    korus.orders.get("01890000-0000-7000-8000-000000000000")
print(caught.value.request_id)
""",
        "The API answered with 404.",
    ),
    "Conflict": Note(
        "Read the resource again; it has changed meanwhile.",
        _status("Conflict", 409),
        "The API answered with 409.",
    ),
    "ValidationFailed": Note(
        "Correct what `violations` names: each has the place in what was sent, and the argument if "
        "it could be traced.",
        _status("ValidationFailed", 422),
    ),
    "RateLimited": Note(
        "Wait `retry_after` seconds. korus has waited and repeated as far as the deadline allowed, see "
        "[rate limits](../howto/workers.md#rate-limits).",
        """
with failing("status", status=429, retry_after=30), pytest.raises(RateLimited) as caught:
    with Korus(**settings, timeout=5) as hasty:
        hasty.catalogs.list().first()
assert caught.value.retry_after == 30
""",
    ),
    "ServerError": Note(
        "Try later, and report it with `request_id` if it lasts.", _status("ServerError", 500)
    ),
    "DecodingFailed": Note(
        "Try later; report it if it lasts. `content_type` and the first bytes in `excerpt` tell what came instead.",
        """
with failing("not_json"), pytest.raises(DecodingFailed):
    korus.catalogs.list().first()
""",
    ),
    "AnswerMismatch": Note(
        "Stop, and look at the proxies and caches between you and the API: an answer that was "
        "somebody else's came back.",
    ),
    "OutcomeUnknown": Note(
        "Do not book again. Ask later with `resolve`, or let `korus.journal.recover()` do it: see "
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
        "Read the line's `reason` and `code`; offer the customer something else, or `retry_failed()`.",
        """
with failing("fail_items", operation="bulk_create_reservations"):
    held = hold()
with pytest.raises(ExceptionGroup) as caught:
    held.raise_for_failed()
assert isinstance(caught.value.exceptions[0], ReservationFailed)
""",
    ),
    "OrderFailed": Note(
        "Read `reason` and `code`. Once the reservation has ended, `retry_failed()` holds again.",
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
        "Show the customer the prices in `changes`, and add the lines with what was agreed: see "
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
        "Offer fewer, or something else; `shortages` says how many are left of each line.",
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
        "See that the database can be reached and written. What cannot be written down is not sent.",
        """
with pytest.raises(JournalFailed):
    korus.with_options(journal="/dev/null/bookings.db").journal.list()
""",
    ),
    "MirrorFailed": Note(
        "See that the database can be reached and written. The next sweep goes on where the last one stood.",
        """
with pytest.raises(MirrorFailed):
    Mirror("/dev/null/catalogue.db", korus).sync()
""",
    ),
    "DocumentsNotReady": Note(
        "Ask again later; `pending` has the IRIs. See [documents](../howto/documents.md).",
        """
order = place(hold())
with pytest.raises(DocumentsNotReady):
    korus.documents.download(order, to="tickets", timeout=0.01)
""",
    ),
    "DownloadFailed": Note(
        "Call `download` again: files that are there are kept, and none is ever half written.",
        """
with failing("html", operation="storage", status=200), pytest.raises(DownloadFailed):
    korus.documents.download(order, to="tickets")
""",
    ),
    "UnexpectedCount": Note(
        "Use `first()`, or filter more narrowly.",
        """
with pytest.raises(UnexpectedCount):
    korus.offers.list(catalog).one()
""",
    ),
    "CollectionChanged": Note(
        "Read the list again if every item counts, or use [the mirror](../tutorial/mirror.md). See "
        "[paging and drift](../concepts/paging-and-drift.md#drift).",
    ),
}
