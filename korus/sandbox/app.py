"""The sandbox as an ASGI application: routing, the token check, faults, headers, problem documents.

The order of checks is that of the API's framework: path and method, then the token, the media types, the query and the
body.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from email.utils import format_datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from uuid import uuid4

from attrs import define, field
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, compile_path

from korus.sandbox.faults import Fault, Faults
from korus.sandbox.inspection import Exchange, Inspection
from korus.sandbox.operations import OPERATIONS, RELEASE, Call, Operation, Reply, World
from korus.sandbox.paging import Query
from korus.sandbox.problems import JsonObject, Refusal, error_body, not_found, unauthorized
from korus.sandbox.storage import DownloadRefused, Storage
from korus.sandbox.tokens import Client, TokenEndpoint, TokenRefusal
from korus.sandbox.vocabulary import documentation_link
from korus.sandbox.wire import Answer, Receive, Scope, Send, reset, send_answer, send_cut_short, send_padding

if TYPE_CHECKING:
    import re

    from korus.sandbox.clock import Clock

__all__ = ["TOKEN_PATH", "Service", "api_application", "peek", "storage_application"]

TOKEN_PATH = "/realms/korusticket/protocol/openid-connect/token"  # noqa: S105 - a path
"""The token endpoint's path, the published one (reference 1.3)."""

_OK, _NO_CONTENT, _UNAUTHORIZED, _METHOD_NOT_ALLOWED = 200, 204, 401, 405
_JSON_LD = "application/ld+json; charset=utf-8"
_ACCEPTED = frozenset({"application/ld+json", "application/*", "*/*"})
_ENUMERATED = frozenset({"status", "seatsArrangement", "universe", "title", "type"})


@define(eq=False)
class Service:
    """All parts of one running sandbox."""

    world: World
    clock: Clock
    tokens: TokenEndpoint
    faults: Faults
    inspect: Inspection
    latency: float = 0.0
    releases: bool = False
    extra_routes: Sequence[BaseRoute] = field(factory=tuple)

    @property
    def storage(self) -> Storage:
        """The storage host."""
        return self.world.storage


class _Key(Convertor[str]):
    """An id or code in a path: any text but ``_bulk``, which is a path of its own."""

    regex = "(?!_bulk(?:/|$))[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("key", _Key())

Work = Callable[[Request, bytes, Sequence[Fault]], "Answer"]


@define(eq=False)
class Endpoint:
    """One operation as an ASGI application: faults around the work."""

    service: Service
    operation: str
    work: Work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; it is logged before the first byte of the answer is sent."""
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        struck = self.service.faults.strike(self.operation, request.method)
        await asyncio.sleep(self.service.latency + _slowness(struck, done=False))
        answer = await self._answer(request, body, struck)
        self.service.inspect.note(
            Exchange(
                operation=self.operation,
                method=request.method,
                path=request.url.path,
                status=0 if answer is None else answer.status,
                faults=tuple(fault.kind for fault in struck),
                authorized="authorization" in request.headers,
                language=request.headers.get("accept-language"),
                moment=self.service.clock.now(),
            )
        )
        kinds = {fault.kind: fault for fault in struck}
        if answer is None:
            await reset(scope, receive)
        elif "padding" in kinds and answer.body:
            await send_padding(send, answer)
        elif "cut_short" in kinds:
            cut = kinds["cut_short"]
            await send_cut_short(scope, receive, send, answer, part=cut.at, chunked=cut.chunked)
        else:
            await send_answer(send, answer, method=request.method)

    async def _answer(self, request: Request, body: bytes, struck: Sequence[Fault]) -> Answer | None:
        """Run the operation, and apply the faults to its answer; None to drop the connection."""
        kinds = {fault.kind: fault for fault in reversed(struck)}
        if "drop_before" in kinds:
            return None
        if "revoke_token" in kinds:
            self.service.tokens.revoke(request.headers.get("authorization"))
        instead = next((fault for fault in struck if fault.kind in {"status", "html"}), None)
        if instead is not None and not instead.done:
            answer = _replaced(instead)
        else:
            answer = await self._worked(request, body, struck)
            await asyncio.sleep(_slowness(struck, done=True))
            if "drop_after" in kinds:
                return None
            if instead is not None:
                answer = _replaced(instead)
        answer = _garbled(answer, kinds)
        answer.headers.setdefault("X-Request-Id", uuid4().hex)
        if self.operation not in {"token", "storage"}:
            origin = f"{request.url.scheme}://{request.url.netloc}"
            answer.headers.setdefault("Link", documentation_link(origin))
        answer.headers.setdefault("Date", format_datetime(self.service.clock.now(), usegmt=True))
        return answer

    async def _worked(self, request: Request, body: bytes, struck: Sequence[Fault]) -> Answer:
        try:
            if self.operation == "storage":  # drawing a document takes long enough for a thread
                return await asyncio.to_thread(self.work, request, body, struck)
            return self.work(request, body, struck)
        except Refusal as refusal:
            return refused(refusal)


def _slowness(struck: Sequence[Fault], *, done: bool) -> float:
    return sum(fault.seconds for fault in struck if fault.kind == "slow" and fault.done is done)


def refused(refusal: Refusal) -> Answer:
    """Return the answer of a refusal."""
    text = json.dumps(refusal.body, ensure_ascii=False, separators=(",", ":"))
    return Answer(
        refusal.status,
        text.encode(),
        {"Content-Type": _JSON_LD, "Cache-Control": "private, no-store", **refusal.headers},
    )


def _replaced(fault: Fault) -> Answer:
    if fault.kind == "html":
        page = f"<html><head><title>{fault.status}</title></head><body><h1>Bad Gateway</h1></body></html>"
        return Answer(fault.status, page.encode(), {"Content-Type": "text/html"})
    if fault.body is not None:
        body = dict(fault.body)
    elif fault.status == _UNAUTHORIZED:
        return refused(unauthorized("Invalid JWT Token"))
    else:
        body = error_body(fault.status, "This fault was set in the sandbox.")
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    return refused(Refusal(fault.status, body, headers))


def _garbled(answer: Answer, faults: dict[Any, Fault]) -> Answer:
    """Return the answer with its body changed by the faults; one without a body, such as 304, stays as it is."""
    if not answer.body:
        return answer
    if "empty" in faults:
        answer.body = b""
    if "not_json" in faults:
        answer.body = b'{"@context": "/contexts/Broken", '
    if "unknown_enum" in faults and answer.status == _OK and answer.body[:1] == b"{":
        changed = _with_unknown(json.loads(answer.body), faults["unknown_enum"].value)
        answer.body = json.dumps(changed, ensure_ascii=False).encode()
    if "wrong_charset" in faults:
        answer.body = answer.body.decode("utf-8", "replace").encode("utf-16")
    return answer


def _with_unknown(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {
            key: text if key in _ENUMERATED and isinstance(inner, str) else _with_unknown(inner, text)
            for key, inner in value.items()  # pyright: ignore[reportUnknownVariableType] - any JSON
        }
    if isinstance(value, list):
        return [_with_unknown(inner, text) for inner in value]  # pyright: ignore[reportUnknownVariableType] - any JSON
    return value


# --- the API ------------------------------------------------------------------------------------------------


def _api_work(service: Service, operation: Operation) -> Work:
    def work(request: Request, body: bytes, struck: Sequence[Fault]) -> Answer:
        client = service.tokens.client_of(request.headers.get("authorization"))
        if isinstance(client, str):
            raise unauthorized(client)
        _check_media_types(request, operation)
        call = Call(
            world=service.world,
            client=client,
            path=request.url.path,
            ids=request.path_params,
            query=Query(tuple(parse_qsl(request.url.query, keep_blank_values=True))),
            body=body,
            accept_language=request.headers.get("accept-language"),
            faults=struck,
        )
        return _succeeded(operation.handler(call), request)

    return work


@cache
def _compiled() -> list[tuple[Operation, tuple[re.Pattern[str], str, dict[str, Convertor[Any]]]]]:
    return [(each, compile_path(each.path.replace("}", ":key}"))) for each in OPERATIONS]


def peek(service: Service, client: Client, path: str, query: str) -> str:
    """Return the API's answer to a GET by a client, without a token or faults, and without logging it.

    Raises:
        Refusal: The API would refuse it.
    """
    for operation, (pattern, _, convertors) in _compiled():
        match = pattern.match(path)
        if match is not None and operation.method == "GET":
            ids = {name: str(convertors[name].convert(value)) for name, value in match.groupdict().items()}
            pairs = tuple(parse_qsl(query, keep_blank_values=True))
            return operation.handler(Call(service.world, client, path, ids, Query(pairs), b"", None)).text
    raise not_found()


def _check_media_types(request: Request, operation: Operation) -> None:
    accepted = {
        part.split(";")[0].strip().lower() for part in request.headers.get("accept", "*/*").split(",")
    }
    if not accepted & _ACCEPTED:
        raise Refusal(406, error_body(406, "The API answers application/ld+json."))
    if operation.consumes is not None:
        sent = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if sent != operation.consumes:
            raise Refusal(
                415, error_body(415, f'The content-type "{sent}" is not supported: {operation.consumes} is.')
            )


def _succeeded(reply: Reply, request: Request) -> Answer:
    if reply.status == _NO_CONTENT:
        return Answer(reply.status, b"", {"Cache-Control": reply.cache})
    body = reply.text.encode()
    headers = {
        "Content-Type": _JSON_LD,
        "Vary": "Accept, Accept-Language, Authorization",
        "Cache-Control": reply.cache,
    }
    if reply.language is not None:
        headers["Content-Language"] = reply.language
    if reply.tagged:
        headers["ETag"] = f'"{blake2b(body, digest_size=16).hexdigest()}"'
        if reply.modified is not None:  # without the stock, which changes independently of the catalogue
            headers["Last-Modified"] = format_datetime(reply.modified, usegmt=True)
        if _unchanged(request, headers):
            del headers["Content-Type"]
            return Answer(304, b"", headers)
    return Answer(200, body, headers)


def _unchanged(request: Request, headers: dict[str, str]) -> bool:
    """Return True if the client has this answer; an entity tag takes precedence over a date (RFC 9110, 13.2.2)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return any(tag.strip().removeprefix("W/") in {headers["ETag"], "*"} for tag in tags.split(","))
    since = request.headers.get("if-modified-since")
    return since is not None and since == headers.get("Last-Modified")


def _token_work(service: Service) -> Work:
    def work(request: Request, body: bytes, _: Sequence[Fault]) -> Answer:
        headers = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}
        sent = request.headers.get("content-type", "").split(";")[0].strip().lower()
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            answer = service.tokens.token_request(sent, form, request.headers.get("authorization"))
        except TokenRefusal as refusal:
            if refusal.status == _UNAUTHORIZED:
                headers["WWW-Authenticate"] = 'Basic realm="korusticket"'
            return Answer(refusal.status, json.dumps(refusal.body).encode(), headers)
        return Answer(200, json.dumps(answer).encode(), headers)

    return work


def api_application(service: Service) -> Starlette:
    """Return the API's side of the sandbox: every operation and the token endpoint."""
    routes: list[BaseRoute] = [
        Route(
            operation.path.replace("}", ":key}"),
            Endpoint(service, operation.name, _api_work(service, operation)),
            methods=[operation.method],
            name=operation.name,
        )
        for operation in (*OPERATIONS, *((RELEASE,) if service.releases else ()))
    ]
    routes.append(
        Route(TOKEN_PATH, Endpoint(service, "token", _token_work(service)), methods=["POST"], name="token")
    )
    application = Starlette(
        routes=[*routes, *service.extra_routes],
        exception_handlers={HTTPException: _as_problem, Exception: _as_server_error},
    )
    application.router.redirect_slashes = False
    return application


async def _as_problem(request: Request, error: Exception) -> Response:
    """Answer an unknown path or method with the API's error object."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(getattr(error, "detail", "")) or "The sandbox failed."
    headers: dict[str, str] = {}
    if status == _METHOD_NOT_ALLOWED:
        detail = f"No route found for {request.method} {request.url.path}: Method Not Allowed"
        headers["Allow"] = ", ".join(_allowed(request))
    return _problem_response(status, error_body(status, detail), headers)


def _allowed(request: Request) -> list[str]:
    """Return the methods of every route that has the request's path."""
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.path_regex.match(request.url.path):
            methods |= route.methods or set()
    return sorted(methods)


async def _as_server_error(_: Request, error: Exception) -> Response:
    place = extract_tb(error.__traceback__)[-1]
    text = f"The sandbox itself failed: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
    return _problem_response(500, error_body(500, text), {})


def _problem_response(status: int, body: JsonObject, headers: dict[str, str]) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, headers, media_type="application/ld+json")


# --- the storage host ---------------------------------------------------------------------------------------


def storage_application(service: Service) -> Starlette:
    """Return the storage host's side: documents at signed addresses, on an origin of its own."""

    def work(request: Request, _: bytes, __: Sequence[Fault]) -> Answer:
        try:
            file = service.storage.read(request.url.path, request.query_params)
        except DownloadRefused as refusal:
            return Answer(
                refusal.status, refusal.xml.encode(), {"Content-Type": "application/xml; charset=UTF-8"}
            )
        return Answer(
            200,
            file,
            {
                "Content-Type": "application/pdf",
                "Cache-Control": "private, max-age=0",
                "ETag": f'"{blake2b(file, digest_size=16).hexdigest()}"',
            },
        )

    endpoint = Endpoint(service, "storage", work)
    return Starlette(routes=[Route("/{path:path}", endpoint, methods=["GET"], name="storage")])
