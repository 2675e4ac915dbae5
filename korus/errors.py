"""The errors of korus: one tree, by cause.

    KorusError
    ├── ConfigurationError          the client was set up wrongly; nothing was sent
    ├── InvalidArgument             a value that korus refuses; nothing was sent
    │   ├── InvalidIri              not an IRI of this API, or one of another kind of resource
    │   ├── AnswersInvalid          form answers that do not fit their form
    │   ├── BookingInvalid          lines of a bulk reservation that cannot be booked as they stand
    │   ├── BeneficiaryInvalid      beneficiary data that the ticket cannot take
    │   └── ReservationUnusable     ordering a hold that has ended, was released or is ordered already
    ├── OperationUnavailable        the description this korus was generated from has no such operation
    ├── TransportError              no usable answer came back
    │   ├── ConnectionFailed        the request never left: refused, DNS, TLS
    │   ├── ConnectionLost          the connection broke after the request may have been received
    │   ├── TimedOut                the deadline or a timeout passed
    │   └── TokenUnavailable        the token endpoint answered, but with no token; the request was not sent
    ├── StatusError                 the API answered with an error status
    │   ├── BadRequest              400
    │   ├── AuthenticationFailed    401, after the token was renewed once; or refused credentials
    │   ├── PermissionDenied        403
    │   ├── NotFound                404
    │   ├── Conflict                409
    │   ├── ValidationFailed        422, with its violations
    │   ├── RateLimited             429
    │   └── ServerError             5xx
    ├── DecodingFailed              the answer was not what its status promised
    │   └── AnswerMismatch          the answer is about another resource than was asked for
    ├── OutcomeUnknown              a write may or may not have happened; ask again with what it carries
    ├── ItemFailed                  one line of a bulk call that the API refused
    │   ├── ReservationFailed       an offer that could not be held
    │   └── OrderFailed             a reservation that could not be ordered
    ├── PriceChanged                the real-time price moved further than allowed; nothing was held
    ├── SoldOut                     there is not enough left; nothing was held
    ├── JournalFailed               the journal of bookings could not be read or written
    ├── MirrorFailed                the catalogue mirror's database could not be read or written
    ├── DocumentsNotReady           the order's documents were not ready before the deadline
    ├── DownloadFailed              a document could not be fetched or is not what it should be
    └── UnexpectedCount             a list that should have exactly one item has none, or more

    CollectionChanged (a warning)   a collection changed while its pages were read

Every error has ``operation``, ``status``, ``problem`` and ``request_id`` (None where they do not apply), can
be pickled and copied, and never carries a token or a secret. No httpx error and no bare ``KeyError`` leaves
korus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "AnswerMismatch",
    "AnswersInvalid",
    "AuthenticationFailed",
    "BadRequest",
    "BeneficiaryInvalid",
    "BookingInvalid",
    "CollectionChanged",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "ConnectionLost",
    "DecodingFailed",
    "DocumentsNotReady",
    "DownloadFailed",
    "InvalidArgument",
    "InvalidIri",
    "ItemFailed",
    "JournalFailed",
    "KorusError",
    "MirrorFailed",
    "NotFound",
    "OperationUnavailable",
    "OrderFailed",
    "OutcomeUnknown",
    "PermissionDenied",
    "PriceChanged",
    "Problem",
    "RateLimited",
    "ReservationFailed",
    "ReservationUnusable",
    "ServerError",
    "SoldOut",
    "StatusError",
    "TimedOut",
    "TokenUnavailable",
    "TransportError",
    "UnexpectedCount",
    "ValidationFailed",
    "Violation",
]


_EXCERPT_BYTES = 4


@frozen
class Problem:
    """The problem document of an error answer (reference 4.19), as far as one could be read.

    Attributes:
        title: Short and generic.
        detail: What happened this time.
        type: A URI naming the kind of problem.
        instance: A URI naming this occurrence.
        raw: The parsed JSON if the body was JSON, else None.
    """

    title: str | None = field(default=None, repr=False)
    detail: str | None = field(default=None, repr=False)
    type: str | None = None
    instance: str | None = None
    raw: Any = field(default=None, repr=False)


@frozen
class Violation:
    """One entry of a 422's ``violations``.

    Attributes:
        path: The API's property path, for example ``items[1].quantity``.
        message: The API's text.
        code: The API's code for the rule, if it sent one.
        argument: The Python argument or booking line that the path was traced to, if it could be.
        line: The number of the booking line, counted from 1, if the path lies in one.
        ticket: The IRI of the ticket, if the path lies in what the line says about one.
        field: The code, label or IRI of the form field, if the path lies in an answer.
    """

    path: str
    message: str = field(repr=False)
    code: str | None = None
    argument: str | None = None
    line: int | None = None
    ticket: str | None = None
    field: str | None = None


class KorusError(Exception):
    """The root of everything that korus raises.

    Attributes:
        operation: The name of the operation (``list_offers``) or None.
        status: The HTTP status or None.
        problem: The problem document or None.
        request_id: The API's id of the request, if it sent one.
    """

    operation: str | None
    status: int | None
    problem: Problem | None
    request_id: str | None

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        status: int | None = None,
        problem: Problem | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.status = status
        self.problem = problem
        self.request_id = request_id

    @property
    def message(self) -> str:
        """The text for the developer."""
        return str(self.args[0])

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # exceptions with keyword-only arguments do not survive the default protocol
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(kind: type[KorusError], args: tuple[Any, ...], state: dict[str, Any]) -> KorusError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(KorusError, ValueError):
    """The client was set up wrongly. Nothing was sent."""


class InvalidArgument(KorusError, ValueError):
    """A value that korus refuses before anything is sent."""


class InvalidIri(InvalidArgument):
    """Not an IRI of this API, or the IRI of another kind of resource than was asked for."""


class _Problems(InvalidArgument):
    """An error that lists all problems of an input at once."""

    problems: tuple[Any, ...]
    intro: ClassVar[str]

    def __init__(self, problems: Iterable[Any], *, operation: str | None = None) -> None:
        self.problems = tuple(problems)
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(f"{self.intro}{lines}", operation=operation)


class AnswersInvalid(_Problems):
    """Form answers that do not fit their form; ``problems`` has all of them."""

    intro = "the form answers cannot be sent:"


class BookingInvalid(_Problems):
    """Lines of a booking that cannot be sent; ``problems`` has all: line, ticket, field, reason."""

    intro = "the booking cannot be sent:"


class BeneficiaryInvalid(_Problems):
    """Beneficiary data that the ticket cannot take; ``problems`` has all of them."""

    intro = "the beneficiary cannot be set:"


class ReservationUnusable(_Problems):
    """Holds that cannot be ordered: ended, released or ordered already; ``problems`` names each."""

    intro = "these reservations cannot be ordered:"


class OperationUnavailable(KorusError, NotImplementedError):
    """The description that this korus was generated from lacks the operation or parameter."""


class TransportError(KorusError):
    """No usable answer came back.

    Attributes:
        sent: False when the request certainly never reached the API, so repeating it is safe.
    """

    sent: bool

    def __init__(self, message: str, *, sent: bool, operation: str | None = None) -> None:
        super().__init__(message, operation=operation)
        self.sent = sent


class ConnectionFailed(TransportError):
    """The request never left: connection refused, name not resolved, TLS failed."""


class ConnectionLost(TransportError):
    """The connection broke after the request may have been received."""


class TimedOut(TransportError):
    """A timeout or the total deadline passed."""


class TokenUnavailable(TransportError):
    """The token endpoint answered, but with no usable token. The API request itself was never sent.

    ``status`` is the token endpoint's, ``operation`` is ``token``, and ``sent`` is always False.

    Attributes:
        retry_after: Seconds that the token endpoint asked to wait, None if it did not say.
    """

    retry_after: float | None

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, sent=False, operation=operation)
        self.status = status
        self.retry_after = retry_after


class StatusError(KorusError):
    """The API answered with an error status.

    Attributes:
        headers: The answer's headers, without cookies and credentials.
        body: The first part of the body as text if it was JSON, else a description of the body: kind, length
            and the first four bytes.
    """

    headers: Mapping[str, str]
    body: str

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        status: int | None = None,
        problem: Problem | None = None,
        request_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: str = "",
    ) -> None:
        super().__init__(message, operation=operation, status=status, problem=problem, request_id=request_id)
        self.headers = dict(headers or {})
        self.body = body


class BadRequest(StatusError):
    """400."""


class AuthenticationFailed(StatusError):
    """401 although the token was renewed once, or the token endpoint answered with a 3xx or 4xx."""


class PermissionDenied(StatusError):
    """403."""


class NotFound(StatusError):
    """404."""


class Conflict(StatusError):
    """409."""


class ValidationFailed(StatusError):
    """422: the API refused the whole request. ``violations`` may be empty (reference 4.19)."""

    violations: tuple[Violation, ...]

    def __init__(self, message: str, *, violations: Iterable[Violation] = (), **details: Any) -> None:
        super().__init__(message, **details)
        self.violations = tuple(violations)


class RateLimited(StatusError):
    """429. ``retry_after`` is in seconds, None if the API did not say."""

    retry_after: float | None

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class ServerError(StatusError):
    """5xx. ``retry_after`` is in seconds, None if the API did not say."""

    retry_after: float | None

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class DecodingFailed(KorusError):
    """The answer was not what its status promised: not JSON, cut short, of another shape.

    Attributes:
        excerpt: The first four bytes of the body, which tell formats apart; never more, since nobody knows what
            an unreadable body holds.
        content_type: What the answer said it was.
    """

    excerpt: bytes
    content_type: str | None

    def __init__(
        self, message: str, *, excerpt: bytes = b"", content_type: str | None = None, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.excerpt = excerpt[:_EXCERPT_BYTES]
        self.content_type = content_type


class AnswerMismatch(DecodingFailed):
    """The answer names another resource of the same kind than was asked for.

    A proxy, a cache or a shared connection has mixed up answers, so this one may be somebody else's.
    """


class OutcomeUnknown(KorusError):
    """A write may or may not have happened, and asking the API did not settle it.

    Attributes:
        intent: Plain JSON with everything needed to ask again later; `korus.orders.resolve` and
            `korus.reservations.resolve` take this error or this value.
        candidates: Of a hold, the reservations that could be it where no journal is shared. They may be somebody
            else's: order none of them. Holding again is safe, since a hold that nobody orders ends by itself.
    """

    intent: Mapping[str, Any]
    candidates: tuple[Any, ...]

    def __init__(
        self, message: str, *, intent: Mapping[str, Any], candidates: Iterable[Any] = (), **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.intent = dict(intent)
        self.candidates = tuple(candidates)


class ItemFailed(KorusError):
    """One line of a bulk call that the API refused.

    Attributes:
        line: The number of its line, from 1; None if unknown.
        code: The API's code, if it sent one.
        raw: The failed entry exactly as the API sent it.
    """

    line: int | None
    code: str | None
    raw: Any

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        code: str | None = None,
        raw: Any = None,
        **details: Any,
    ) -> None:
        super().__init__(message, **details)
        self.line = line
        self.code = code
        self.raw = raw


class ReservationFailed(ItemFailed):
    """An offer that could not be held."""


class OrderFailed(ItemFailed):
    """A reservation that could not be ordered."""


class PriceChanged(KorusError):
    """The real-time price moved further than ``max_price_change`` allows. Nothing was held.

    Attributes:
        changes: One entry per line concerned.
    """

    changes: tuple[Any, ...]

    def __init__(self, message: str, *, changes: Iterable[Any] = (), **details: Any) -> None:
        super().__init__(message, **details)
        self.changes = tuple(changes)


class SoldOut(KorusError):
    """Less is left than was asked for. Nothing was held.

    Attributes:
        shortages: One entry per line concerned.
    """

    shortages: tuple[Any, ...]

    def __init__(self, message: str, *, shortages: Iterable[Any] = (), **details: Any) -> None:
        super().__init__(message, **details)
        self.shortages = tuple(shortages)


class JournalFailed(KorusError):
    """The journal of bookings could not be read or written; what is not written down is not sent."""


class MirrorFailed(KorusError):
    """The catalogue mirror's database could not be read or written."""


class DocumentsNotReady(KorusError):
    """The order's documents were not ready before the deadline; ``pending`` has their IRIs."""

    pending: tuple[str, ...]

    def __init__(self, message: str, *, pending: Iterable[str] = (), **details: Any) -> None:
        super().__init__(message, **details)
        self.pending = tuple(pending)


class DownloadFailed(KorusError):
    """A document could not be fetched, or what came is not the document."""


class UnexpectedCount(KorusError, LookupError):
    """A list that should have exactly one item has none, or more."""


class CollectionChanged(UserWarning):
    """A collection grew or shrank while its pages were read: items may be missing or repeated."""


def __dir__() -> list[str]:
    return sorted(__all__)
