"""Base class of all resources: reads one object and lists many, for any operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, cast

from korus._async.http.pages import AsyncPages, Source
from korus._core.client_bound import ClientBound
from korus._http.endpoints import endpoint, is_paged, model_of, request_for, warn_if_deprecated
from korus.iri import Kind, Reference, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from korus._async.booking.session import AsyncSession
    from korus._async.http.transport import AsyncTransport
    from korus._http.answer import Answer
    from korus._http.pagination import Query

__all__ = ["AsyncResource"]


class _Model(Protocol):
    @classmethod
    def from_dict(cls, source: Mapping[str, Any], /) -> Self: ...


_ModelT = TypeVar("_ModelT", bound=_Model)


class AsyncResource(ClientBound):
    """Base class of a client's methods for one kind of resource."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._session.name}>"

    @property
    def _transport(self) -> AsyncTransport:
        return self._session.transport

    @property
    def _base_url(self) -> str:
        return self._session.transport.config.base_url

    def _reference(self, value: object, *kinds: Kind, parent: Reference | None = None) -> Reference:
        return reference(value, *kinds, base_url=self._base_url, parent=parent)

    async def _get(self, operation: str, model: Callable[[], type[_ModelT]], **arguments: Any) -> _ModelT:
        """Read one object."""
        module, build = endpoint(operation), model_of(operation, model).from_dict
        warn_if_deprecated(module, arguments)
        answer = await self._transport.send(module.OPERATION, request_for(module, **arguments))
        return build(answer.object())

    def _list(
        self,
        operation: str,
        model: Callable[[], type[_ModelT]],
        *,
        page_size: int | None,
        prefetch: int,
        **arguments: Any,
    ) -> AsyncPages[_ModelT]:
        """List objects lazily; the request is checked now and sent when the list is read."""
        module, build = endpoint(operation), model_of(operation, model).from_dict
        warn_if_deprecated(module, arguments)
        transport = self._transport
        request = request_for(module, **arguments)

        async def read(
            query: Query, headers: Mapping[str, str] | None = None, *, fresh: bool = False
        ) -> Answer:
            asked = {**request, "params": list(query)}
            if headers:
                asked["headers"] = {**(request.get("headers") or {}), **headers}
            return await transport.send(module.OPERATION, asked, fresh=fresh)

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
        return AsyncPages(source, page_size=page_size, prefetch=prefetch)
