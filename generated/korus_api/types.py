# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Shared types of requests and responses: unset values, files, operations, responses."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import IO, Final, Generic, Literal, TypeVar

from attrs import field, frozen

FileContent = IO[bytes] | bytes | str
FileTypes = (
    tuple[str | None, FileContent, str | None]
    | tuple[str | None, FileContent, str | None, Mapping[str, str]]
)


class Unset:
    """Type of `UNSET`, a value that is not sent, unlike None, which is sent as null.

    It is a singleton, also when copied or unpickled, and is false.
    """

    __slots__ = ()
    _instance: Unset | None = None

    def __new__(cls) -> Unset:
        """Return the single instance."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __bool__(self) -> Literal[False]:
        """Return False, so that `value or default` works."""
        return False

    def __eq__(self, other: object) -> bool:
        """Return True for an instance."""
        return isinstance(other, Unset)

    def __hash__(self) -> int:
        """Return the hash of the type."""
        return hash(Unset)

    def __repr__(self) -> str:
        """Return the name under which it is imported."""
        return "UNSET"

    def __copy__(self) -> Unset:
        """Return the single instance."""
        return self

    def __deepcopy__(self, memo: object) -> Unset:
        """Return the single instance."""
        return self

    def __reduce__(self) -> str:
        """Return the name of the single instance for unpickling."""
        return "UNSET"


UNSET: Final = Unset()
"""The value of an argument that is not sent."""


@frozen
class File:
    """File to send in a form.

    Attributes:
        payload: The content: bytes, text or a binary stream.
        file_name: The file name in the request.
        mime_type: The media type.
        headers: Additional headers of its part.
    """

    payload: FileContent = field(repr=False)
    file_name: str | None = field(default=None, repr=False)
    mime_type: str | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)

    def to_tuple(self) -> FileTypes:
        """Return the tuple for httpx."""
        if self.headers:
            return self.file_name, self.payload, self.mime_type, dict(self.headers)
        return self.file_name, self.payload, self.mime_type


@frozen(kw_only=True)
class Operation:
    """Operation of the API as described.

    Attributes:
        name: The name of the operation and of its module.
        operation_id: The `operationId` in the description.
        method: The HTTP method, in capitals.
        path: The path with its parameters in braces, as in the description.
        tag: The tag in the description.
        accept: The `Accept` header.
        request_media_types: The possible media types of the body; empty if there is no body.
        responses: The documented statuses (`200`, `4XX`, `default`) and the media type of each, None without a body.
        deprecated: True if the description marks it as deprecated.
        deprecated_parameters: The deprecated arguments of `build_request`.
    """

    name: str
    operation_id: str
    method: str
    path: str
    tag: str
    accept: str
    request_media_types: tuple[str, ...] = ()
    responses: Mapping[str, str | None] = field(factory=dict)
    deprecated: bool = False
    deprecated_parameters: tuple[str, ...] = ()


T = TypeVar("T")


@frozen
class Response(Generic[T]):
    """Response of the API.

    Attributes:
        status_code: The status, which may be non-standard.
        content: The raw body.
        headers: The headers.
        parsed: The parsed body, or None.
    """

    status_code: int
    content: bytes = field(repr=False)
    headers: MutableMapping[str, str] = field(repr=False)
    parsed: T | None = field(repr=False)


__all__ = ["UNSET", "File", "FileContent", "FileTypes", "Operation", "Response", "Unset"]
