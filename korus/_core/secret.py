"""A text that never shows itself: not in a repr, a log line, a traceback with locals or a pickle.

It does not encrypt anything; it keeps a secret from being printed by accident.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any, NoReturn, final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MASK", "Secret", "redact", "without_userinfo"]

MASK = "***"

_TOO_SHORT = 3
_WITHOUT_USERINFO = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?:\[[0-9A-Fa-f:.%]*\]|[^/?#@:\\]*)(?::[0-9]*)?(?:[/?#].*)?", re.DOTALL
)
_UP_TO_HOST = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:/+)?.*(?=@)", re.DOTALL)


@final
class Secret:
    """A secret text.

    Args:
        value: The text; a `Secret` is taken as it is.

    Example:
        >>> Secret("hunter2")
        Secret('***')
        >>> Secret("hunter2").reveal()
        'hunter2'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | Secret) -> None:
        self._value: str = value.reveal() if isinstance(value, Secret) else value

    def reveal(self) -> str:
        """Return the text itself; do not keep it in a variable."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._value.encode(), other.reveal().encode()
        )

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never pickled; build the client in the process that uses it")


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Mask every one of ``secrets`` in a text that came from outside, such as the body of an error page.

    Secrets of one to three characters stay: they hide nothing, and half of the text would go with them.
    """
    for secret in secrets:
        if len(secret.reveal()) > _TOO_SHORT:
            text = text.replace(secret.reveal(), MASK)
    return text


def without_userinfo(address: object) -> Any:
    """Return an address with user name and password masked; anything but a text is returned as it is.

    A password may be written with any character, so where there may be one everything up to the last ``@`` goes.
    It cannot fail, so no traceback ever shows the frame in which the password still stands.
    """
    if not isinstance(address, str) or _WITHOUT_USERINFO.fullmatch(address.strip()):
        return address
    return _UP_TO_HOST.sub(rf"\g<1>{MASK}", address)
