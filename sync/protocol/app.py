"""The application: authentication, the body, the handler in a thread, errors in CouchDB's shape."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp

from sync.errors import MethodNotAllowed, SyncError, TooLarge, Unauthorized
from sync.exchange.answering import Bulky
from sync.exchange.endpoint import exchange
from sync.policy import Caller
from sync.protocol import changes, routing, session
from sync.protocol.answers import error_answer, http_error_answer
from sync.protocol.call import Call
from sync.protocol.listeners import Listeners
from sync.store import Store
from sync.unfolding import unfold

Authenticate = Callable[[Request], Awaitable[Caller | None]]

REQUEST_ID = "x-couch-request-id"
MAX_BODY_BYTES = 32 * 1024 * 1024
# Handlers share the interpreter's lock: more of them at once only wait for it (docs/benchmarks.md).
_THREADS = 16
_OVERRIDES = ("GET", "HEAD", "PUT", "DELETE", "COPY")
_NOBODY = Caller("", frozenset())

_log = logging.getLogger("sync.protocol")


def couch_app(
    store: Store,
    authenticate: Authenticate,
    *,
    max_body_bytes: int = MAX_BODY_BYTES,
    release_roles: Collection[str] = ("centre", "administrator"),
    bulky: Bulky = lambda identifier: False,
    cors_origins: Collection[str] = (),
) -> Starlette:
    """The application to mount at /sync: /db/ speaks CouchDB's protocol, /exchange pushes and pulls in one
    request, /quarantine lists what was refused.

    `authenticate` says who asks: None is answered 401, and a HTTPException it raises as it says. Callers who
    are not administrators open only databases that have a policy. `release_roles` may release from
    quarantine. `bulky` says of an id whether its document waits in the exchange until all others are told.
    Pages of `cors_origins` ("https://example.org", or "*" for all) may ask from browsers, with credentials.
    `app.state.listeners.stop()` ends the waiting feeds: call it when the server begins to shut
    down.
    """
    listeners = Listeners()
    front = Front(store, authenticate, listeners, max_body_bytes, frozenset(release_roles), bulky)
    app = Starlette(routes=[couch_mount("", front)])
    if cors_origins:
        app.add_middleware(CORSMiddleware, **_cors(cors_origins))
    app.state.listeners = listeners
    return app


def couch_mount(path: str, app: ASGIApp) -> Mount:
    """Where the application stands in another: Starlette's own Mount knows no id with a line break."""
    mount = Mount(path, app)
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def _cors(origins: Collection[str]) -> dict[str, Any]:
    """Always the asking origin itself, as CouchDB answers: browsers refuse "*" where credentials go along."""
    pattern = "|".join(".*" if origin == "*" else re.escape(origin) for origin in origins)
    return {
        "allow_origin_regex": pattern,
        "allow_credentials": True,
        "allow_methods": ["GET", "PUT", "POST", "HEAD", "DELETE", "COPY"],
        "allow_headers": ["*"],
        "expose_headers": ["etag", "location", "content-range", "accept-ranges", REQUEST_ID],
        "max_age": 600,
    }


class Front:
    """Takes a request to its handler. Handlers block (they call the store), so they run in threads."""

    def __init__(
        self,
        store: Store,
        authenticate: Authenticate,
        listeners: Listeners,
        max_body_bytes: int,
        release_roles: frozenset[str],
        bulky: Bulky,
    ) -> None:
        self._store = store
        self._authenticate = authenticate
        self._listeners = listeners
        self._max_body_bytes = max_body_bytes
        self._release_roles = release_roles
        self._bulky = bulky
        self._cookies = session.Cookies()
        self._threads: anyio.CapacityLimiter | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(_overridden(scope), receive)
        response = await self._answer(request)
        if _path_below_mount(request).startswith(b"/db"):
            response.headers[REQUEST_ID] = _request_id(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._handle(request)
        except SyncError as error:
            return error_answer(error)
        except HTTPException as error:
            return http_error_answer(error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            _log.exception("%s %s failed", request.method, request.url.path)
            return error_answer(SyncError("The server met an error that it did not expect."))

    async def _handle(self, request: Request) -> Response:
        route = routing.resolve(_path_below_mount(request))
        caller = await self._authenticate(self._cookies.applied(request))
        if caller is None and not route.anonymous:
            raise Unauthorized("You are not authorized to access this db.")
        call = Call(
            request=request,
            store=self._store,
            caller=caller or _NOBODY,
            body=await self._body(request),
            listeners=self._listeners,
            release_roles=self._release_roles,
            params=route.params,
        )
        if route.changes:
            if request.method not in ("GET", "HEAD", "POST"):
                raise MethodNotAllowed(["GET", "HEAD", "POST"])
            return await changes.changes(call, self._in_thread)
        if route.exchange:
            return await exchange(call, self._in_thread, self._bulky)
        if route.session and request.method == "POST":
            return await session.log_in(call, self._cookies, self._authenticate)
        if route.session and request.method == "DELETE":
            return session.log_out(call, self._cookies)
        response: Response = await self._in_thread(_handler(route, request.method), call)
        return response

    async def _in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(_THREADS)
        return await anyio.to_thread.run_sync(function, *args, limiter=self._threads)

    async def _body(self, request: Request) -> bytes:
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._max_body_bytes:
            raise TooLarge("the request entity is too large")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._max_body_bytes:
                raise TooLarge("the request entity is too large")
        encoding = request.headers.get("content-encoding", "")
        if encoding in ("", "identity"):
            return bytes(body)
        unfolded: bytes = await self._in_thread(unfold, bytes(body), encoding, self._max_body_bytes)
        return unfolded


def _handler(route: routing.Route, method: str) -> routing.Handler:
    handler = route.methods.get("GET" if method == "HEAD" else method)
    if handler is None:
        allowed = set(route.methods) | ({"HEAD"} if "GET" in route.methods else set())
        raise MethodNotAllowed(sorted(allowed))
    return handler


def _overridden(scope: Any) -> Any:
    """Clients that can only POST name the method that they mean in a header."""
    if scope["method"] == "POST":
        meant = Request(scope).headers.get("x-http-method-override", "").upper()
        if meant in _OVERRIDES:
            return {**scope, "method": meant}
    return scope


def _request_id(request: Request) -> str:
    """As the client numbered its request, or a number of our own."""
    given = request.headers.get(REQUEST_ID, "")
    return given if re.fullmatch(r"[\w-]{1,64}", given, re.ASCII) else secrets.token_hex(5)


def _path_below_mount(request: Request) -> bytes:
    """The path as it was sent, without the part where this application is mounted."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    mount: str = request.scope.get("root_path", "")
    return raw[len(mount.encode()) :]
