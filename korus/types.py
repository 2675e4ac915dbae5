"""The types of what korus returns and takes beside the API's own models, which are in `korus.models`.

Example:
    >>> from korus.types import LineOutcome
    >>> def describe(outcome: LineOutcome) -> str:
    ...     return f"{outcome.status}: {outcome.error or outcome.result.iri}"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._late_names import late_names as _late_names

if TYPE_CHECKING:
    from korus._booking.beneficiaries import Requirement
    from korus._booking.beneficiary_rows import BeneficiaryProblem, BeneficiaryRow
    from korus._booking.document_facts import Pending
    from korus._booking.facts import FailedEntry
    from korus._booking.lines import BookingLine, BookingProblem, TicketChoice
    from korus._booking.live_checks import LineCheck, PriceChange, Shortage
    from korus._booking.outcomes import BulkOutcome, ByLine, HoldLine, LineOutcome, OrderLine, Recovered
    from korus._core.cache_setting import Cache
    from korus._core.config import Config, Timeouts
    from korus._core.retry_policy import RetryPolicy
    from korus._http.answer import Answer
    from korus._http.pagination import Page
    from korus._http.raw_answers import RawAnswer, RawAnswers
    from korus._journal.database import JournalEntry
    from korus.errors import Problem, Violation

__all__ = [
    "Answer",
    "BeneficiaryProblem",
    "BeneficiaryRow",
    "BookingLine",
    "BookingProblem",
    "BulkOutcome",
    "ByLine",
    "Cache",
    "Config",
    "FailedEntry",
    "HoldLine",
    "JournalEntry",
    "LineCheck",
    "LineOutcome",
    "OrderLine",
    "Page",
    "Pending",
    "PriceChange",
    "Problem",
    "RawAnswer",
    "RawAnswers",
    "Recovered",
    "Requirement",
    "RetryPolicy",
    "Shortage",
    "TicketChoice",
    "Timeouts",
    "Violation",
]

_HOMES = {
    "Answer": "korus._http.answer",
    "BeneficiaryProblem": "korus._booking.beneficiary_rows",
    "BeneficiaryRow": "korus._booking.beneficiary_rows",
    "BookingLine": "korus._booking.lines",
    "BookingProblem": "korus._booking.lines",
    "BulkOutcome": "korus._booking.outcomes",
    "ByLine": "korus._booking.outcomes",
    "Cache": "korus._core.cache_setting",
    "Config": "korus._core.config",
    "FailedEntry": "korus._booking.facts",
    "HoldLine": "korus._booking.outcomes",
    "JournalEntry": "korus._journal.database",
    "LineCheck": "korus._booking.live_checks",
    "LineOutcome": "korus._booking.outcomes",
    "OrderLine": "korus._booking.outcomes",
    "Page": "korus._http.pagination",
    "Pending": "korus._booking.document_facts",
    "PriceChange": "korus._booking.live_checks",
    "Problem": "korus.errors",
    "RawAnswer": "korus._http.raw_answers",
    "RawAnswers": "korus._http.raw_answers",
    "Recovered": "korus._booking.outcomes",
    "Requirement": "korus._booking.beneficiaries",
    "RetryPolicy": "korus._core.retry_policy",
    "Shortage": "korus._booking.live_checks",
    "TicketChoice": "korus._booking.lines",
    "Timeouts": "korus._core.config",
    "Violation": "korus.errors",
}

if not TYPE_CHECKING:  # a type checker would take any name for one of the module's
    __getattr__, __dir__ = _late_names(__name__, _HOMES)
