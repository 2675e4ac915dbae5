# Written by `python -m scripts.generate`. Do not edit: it is written anew.
"""What requests and answers share: values that are not sent, files, operations and answers."""

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
    """The type of `UNSET`: a value that is not sent at all, unlike None, which is sent as null.

    There is one instance; copies and unpickled instances are it. It is false.
    """

    __slots__ = ()
    _instance: Unset | None = None

    def __new__(cls) -> Unset:
        """Give the one instance."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __bool__(self) -> Literal[False]:
        """Be false, so that `value or default` works."""
        return False

    def __eq__(self, other: object) -> bool:
        """Equal any other instance."""
        return isinstance(other, Unset)

    def __hash__(self) -> int:
        """Hash by type."""
        return hash(Unset)

    def __repr__(self) -> str:
        """Show as the name it is imported by."""
        return "UNSET"

    def __copy__(self) -> Unset:
        """Be its own copy."""
        return self

    def __deepcopy__(self, memo: object) -> Unset:
        """Be its own copy."""
        return self

    def __reduce__(self) -> str:
        """Unpickle to the one instance."""
        return "UNSET"


UNSET: Final = Unset()
"""Not sent."""


@frozen
class File:
    """A file to send in a form.

    Attributes:
        payload: Its content: bytes, text or a binary stream.
        file_name: The name to send it under.
        mime_type: Its media type.
        headers: Further headers of its part.
    """

    payload: FileContent = field(repr=False)
    file_name: str | None = field(default=None, repr=False)
    mime_type: str | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)

    def to_tuple(self) -> FileTypes:
        """Give the tuple that httpx takes."""
        if self.headers:
            return self.file_name, self.payload, self.mime_type, dict(self.headers)
        return self.file_name, self.payload, self.mime_type


@frozen(kw_only=True)
class Operation:
    """One operation of the API as its description has it.

    Attributes:
        name: The operation's name here, which is also its module's.
        operation_id: Its `operationId` in the description.
        method: The HTTP method, in capitals.
        path: The path with its parameters in braces, as in the description.
        tag: The tag it is listed under.
        accept: What is sent as `Accept`.
        request_media_types: The media types that its body can be sent as; empty when it has none.
        responses: The documented statuses (`200`, `4XX`, `default`) and the media type of each, None without a body.
        deprecated: Whether the description advises against it.
        deprecated_parameters: The arguments of `build_request` that the description advises against.
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
    """An answer.

    Attributes:
        status_code: Its status, also one that no standard knows.
        content: Its body as it came.
        headers: Its headers.
        parsed: Its body as an object, or None.
    """

    status_code: int
    content: bytes = field(repr=False)
    headers: MutableMapping[str, str] = field(repr=False)
    parsed: T | None = field(repr=False)


__all__ = ["UNSET", "File", "FileContent", "FileTypes", "Operation", "Response", "Unset"]
