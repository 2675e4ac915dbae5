"""Every model a user meets, each imported when it is first used.

They are generated from the API's description; `Customer` and `Beneficiary` are short names for the two that
are written by hand most often. This module defines nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import korus_api.models as generated  # pyright does not read the `__all__` of what `from` imports

if TYPE_CHECKING:
    from korus_api.models import *  # noqa: F403 (all of them, by definition)
    from korus_api.models import BulkOrderInputCustomer as Customer
    from korus_api.models import PatchOrderItemTicketInputBeneficiary as Beneficiary

__all__ = ["Beneficiary", "Customer"]
__all__ += generated.__all__

_SHORT = {"Customer": "BulkOrderInputCustomer", "Beneficiary": "PatchOrderItemTicketInputBeneficiary"}


def __getattr__(name: str) -> Any:
    if name in __all__:
        found = getattr(generated, _SHORT.get(name, name))
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
