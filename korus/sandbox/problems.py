"""Error answers of the sandbox: statuses and bodies.

The error object and the constraint violation list follow the reference's 4.19, the 401 its proposal P3, the
token endpoint's errors its proposal P2. Media types are the documented ones.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from korus.sandbox.ids import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "MOST_VIOLATIONS",
    "JsonObject",
    "Refusal",
    "Violation",
    "ViolationList",
    "error_body",
    "forbidden",
    "invalid",
    "malformed",
    "not_found",
    "unauthorized",
    "violation_code",
]

JsonObject = dict[str, Any]


def violation_code(kind: str) -> str:
    """Return the constant code of a kind of violation (a UUID, as the API's framework uses)."""
    text = digest_of("violation", kind)[:16].hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


@frozen
class Violation:
    """One violation in a request's body.

    Args:
        path: The place, such as ``items[0].ticketSessions[0].formData.fields[2].value``.
        message: What is wrong.
        kind: The rule, from which the violation's ``code`` is made.
    """

    path: str
    message: str
    kind: str = "invalid"

    def as_json(self) -> JsonObject:
        """Return the entry of ``violations``."""
        return {"propertyPath": self.path, "message": self.message, "code": violation_code(self.kind)}


class Refusal(Exception):
    """A request is refused with an error status."""

    def __init__(self, status: int, body: JsonObject, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def error_body(status: int, detail: str, title: str = "An error occurred") -> JsonObject:
    """Return the API's error object; null fields are left out as its framework does."""
    return {
        "@context": "/contexts/Error",
        "@id": f"/errors/{status}",
        "@type": "Error",
        "title": title,
        "detail": detail,
        "status": status,
        "type": f"/errors/{status}",
        "description": detail,
    }


def malformed(detail: str) -> Refusal:
    """Return the 400 for a request that cannot be read."""
    return Refusal(400, error_body(400, detail))


def unauthorized(message: str) -> Refusal:
    """Return the 401 of proposal P3."""
    return Refusal(
        401,
        {"code": 401, "message": message},
        {"WWW-Authenticate": "Bearer", "Content-Type": "application/json"},
    )


def forbidden(detail: str) -> Refusal:
    """Return the 403 for what exists but is not open to the caller."""
    return Refusal(403, error_body(403, detail))


def not_found(detail: str = "No such resource.") -> Refusal:
    """Return the 404."""
    return Refusal(404, error_body(404, detail))


def invalid(violations: Sequence[Violation]) -> Refusal:
    """Return the 422 that lists what is wrong with a body."""
    kinds = list(dict.fromkeys(violation_code(violation.kind) for violation in violations))
    lines = [
        f"{violation.path}: {violation.message}" if violation.path else violation.message
        for violation in violations
    ]
    detail = "\n".join(lines)
    identity = f"/validation_errors/{';'.join(kinds)}"
    return Refusal(
        422,
        {
            "@context": "/contexts/ConstraintViolation",
            "@id": identity,
            "@type": "ConstraintViolation",
            "status": 422,
            "violations": [violation.as_json() for violation in violations],
            "detail": detail,
            "description": detail,
            "type": identity,
            "title": "An error occurred",
        },
    )


MOST_VIOLATIONS = 1000
"""The most violations in one answer, so that it is not many times larger than the request."""


@frozen
class ViolationList:
    """Violations collected while a body is read, refused together at the end; the first `MOST_VIOLATIONS` of them."""

    found: list[Violation] = field(factory=list[Violation])

    def add(self, path: str, message: str, kind: str = "invalid") -> None:
        """Add one violation."""
        if len(self.found) < MOST_VIOLATIONS:
            self.found.append(Violation(path, message, kind))

    def extend(self, violations: Iterable[Violation]) -> None:
        """Add several violations."""
        self.found.extend(islice(violations, MOST_VIOLATIONS - len(self.found)))

    def raise_if_any(self) -> None:
        """Refuse the request if there is a violation."""
        if self.found:
            raise invalid(self.found)
