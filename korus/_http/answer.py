"""Successful answer of the API, and the decoding of its body. No I/O."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define, field

from korus._core.secret import redact
from korus._http.decode import decode_json, decode_object
from korus._http.error_responses import request_id_of
from korus.errors import DecodingFailed
from korus.iri import relative_iris

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from korus._core.secret import Secret
    from korus._http.identity import Identity

__all__ = ["Answer"]

_Decoded = TypeVar("_Decoded")


@define(eq=False)
class Answer:
    """An answer with a success status.

    Attributes:
        operation: The operation's name.
        status: The HTTP status.
        headers: The answer's headers.
        content: The body's bytes, without content encoding.
        secrets: The secrets that are masked in its request id, in case a header echoes them.
        identity: The requested resource.
        prefix: The path of the API's address, with which its IRIs may begin.
    """

    operation: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    identity: Identity | None = field(default=None, repr=False)
    prefix: str = field(default="", repr=False, kw_only=True)

    def __reduce__(self) -> tuple[Any, ...]:
        # the request id is masked first, since secrets are never pickled
        masked = {name: redact(value, self.secrets) for name, value in self.headers.items()}
        headers = self.headers if masked == dict(self.headers.items()) else masked
        made = partial(Answer, identity=self.identity, prefix=self.prefix)
        return made, (self.operation, self.status, headers, self.content)

    @property
    def request_id(self) -> str | None:
        """The API's id of the request, if it sent one."""
        return request_id_of(self.headers, self.secrets)

    def json(self) -> Any:
        """Decode the body.

        Raises:
            DecodingFailed: It is not JSON.
            AnswerMismatch: It is about another resource than the requested one.
        """
        return self._decoded(decode_json)

    def object(self) -> dict[str, Any]:
        """Decode the body, which has to be a JSON object.

        Raises:
            DecodingFailed: It is not a JSON object.
            AnswerMismatch: It is about another resource than the requested one.
        """
        return self._decoded(decode_object)

    def is_readable(self) -> bool:
        """Return True if the body is JSON, and about the requested resource."""
        try:
            self.json()
        except DecodingFailed:
            return False
        return True

    def _decoded(self, decode: Callable[..., _Decoded]) -> _Decoded:
        try:
            decoded = decode(
                self.content,
                self.headers.get("content-type"),
                operation=self.operation,
            )
            if self.identity is not None:
                self.identity.check(decoded, operation=self.operation)
        except DecodingFailed as error:
            error.status, error.request_id = self.status, self.request_id
            # without its frames, which hold the whole body
            raise error.with_traceback(None) from None
        return cast("_Decoded", relative_iris(decoded, self.prefix))
