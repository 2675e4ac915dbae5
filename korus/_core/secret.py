"""Secret text that is masked in reprs, log lines, tracebacks with locals and pickles.

It is not encrypted, only protected from being printed by accident.
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
        value: The text, or a `Secret`.

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
    """Mask all ``secrets`` in a text from outside, such as the body of an error page.

    Secrets of one to three characters are not masked: that would hide nothing, but remove much of the text.
    """
    for secret in secrets:
        if len(secret.reveal()) > _TOO_SHORT:
            text = text.replace(secret.reveal(), MASK)
    return text


def without_userinfo(address: object) -> Any:
    """Return an address with user name and password masked; other values are returned as they are.

    A password may contain any character, so everything up to the last ``@`` is masked. This cannot fail, so no
    traceback shows a frame with the password.
    """
    if not isinstance(address, str) or _WITHOUT_USERINFO.fullmatch(address.strip()):
        return address
    return _UP_TO_HOST.sub(rf"\g<1>{MASK}", address)
