# Written by `python -m scripts.sync` from korus/_async/resources/_resource.py; edit that file instead.
"""Base class of all resources: reads one object and lists many, for any operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, cast

from korus._core.client_bound import ClientBound
from korus._http.endpoints import (
    endpoint,
    is_paged,
    model_of,
    request_for,
    warn_if_deprecated,
)
from korus._sync.http.pages import Pages, Source
from korus.iri import Kind, Reference, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from korus._http.answer import Answer
    from korus._http.pagination import Query
    from korus._sync.booking.session import Session
    from korus._sync.http.transport import Transport

__all__ = ["Resource"]


class _Model(Protocol):
    @classmethod
    def from_dict(cls, source: Mapping[str, Any], /) -> Self: ...


_ModelT = TypeVar("_ModelT", bound=_Model)


class Resource(ClientBound):
    """Base class of a client's methods for one kind of resource."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._session.name}>"

    @property
    def _transport(self) -> Transport:
        return self._session.transport

    @property
    def _base_url(self) -> str:
        return self._session.transport.config.base_url

    def _reference(self, value: object, *kinds: Kind, parent: Reference | None = None) -> Reference:
        return reference(value, *kinds, base_url=self._base_url, parent=parent)

    def _get(self, operation: str, model: Callable[[], type[_ModelT]], **arguments: Any) -> _ModelT:
        """Read one object."""
        module, build = endpoint(operation), model_of(operation, model).from_dict
        warn_if_deprecated(module, arguments)
        answer = self._transport.send(module.OPERATION, request_for(module, **arguments))
        return build(answer.object())

    def _list(
        self,
        operation: str,
        model: Callable[[], type[_ModelT]],
        *,
        page_size: int | None,
        prefetch: int,
        **arguments: Any,
    ) -> Pages[_ModelT]:
        """List objects lazily; the request is checked now and sent when the list is read."""
        module, build = endpoint(operation), model_of(operation, model).from_dict
        warn_if_deprecated(module, arguments)
        transport = self._transport
        request = request_for(module, **arguments)

        def read(query: Query, headers: Mapping[str, str] | None = None, *, fresh: bool = False) -> Answer:
            asked = {**request, "params": list(query)}
            if headers:
                asked["headers"] = {**(request.get("headers") or {}), **headers}
            return transport.send(module.OPERATION, asked, fresh=fresh)

        def item(member: Any) -> _ModelT:
            # a member that is not an object, such as an IRI, is returned as received
            return (
                build(cast("dict[str, Any]", member)) if isinstance(member, dict) else cast("_ModelT", member)
            )

        source = Source(
            operation=operation,
            url=transport.config.base_url + str(request["url"]),
            query=tuple((str(name), str(value)) for name, value in request.get("params") or ()),
            paged=is_paged(module),
            read=read,
            build=item,
            ahead=transport.ahead,
        )
        return Pages(source, page_size=page_size, prefetch=prefetch)
