"""The Starlette application: the phone's static files at /, console, API and sync beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.ids import is_chunk
from server import api, console
from server.deployment import Deployment, Settings
from server.errors import ServiceError
from server.operations.metrics import Metrics, metrics
from server.operations.observing import Observing
from server.policy import caller_of
from server.sessions import Sessions, admitted
from sync.policy import Caller
from sync.protocol import couch_app, couch_mount

HERE = Path(__file__).parent
PWA = HERE / "pwa_dist"

HEADERS = {
    b"content-security-policy": (
        b"default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline';"
        b" object-src 'none'; base-uri 'self'; frame-ancestors 'none'; form-action 'self'"
    ),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
}


class SecurityHeaders:
    """Adds HEADERS to every answer that does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in HEADERS.items() if name not in present),
                ]
            await send(message)

        await self.app(scope, receive, guarded if scope["type"] == "http" else send)


class Phone(StaticFiles):
    """The built PWA. Any other path is the application's own, so it gets the shell; the shell and the worker
    are asked for anew each time, named assets are kept for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as missing:
            if missing.status_code != 404 or path.startswith("assets/"):
                raise
            response = await super().get_response("index.html", scope)
        for_good = path.startswith("assets/")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if for_good else "no-cache"
        return response


def caller_in(sessions: Sessions) -> Callable[[Request], Awaitable[Caller | None]]:
    """Whoever replicates. ServiceErrors become the protocol's {"error", "reason"}."""

    async def caller(request: Request) -> Caller | None:
        # The application that is mounted at /sync is one of its own: `request.app` is not ours.
        try:
            person = await anyio.to_thread.run_sync(sessions.identify, request.headers, request.cookies)
            return caller_of(admitted(person))
        except ServiceError as fault:
            if fault.status == 401 and "authorization" not in request.headers:
                return None
            raise HTTPException(fault.status, detail=fault.reason) from None

    return caller


async def health(_request: Request) -> Response:
    return JSONResponse({"ok": True})


async def to_console(_request: Request) -> Response:
    return RedirectResponse("/console/", 308)


async def no_session(_request: Request) -> Response:
    """CouchDB's replicator asks for a session at the root of a host; told that there is none, it uses basic
    credentials. The protocol's own is /sync/db/_session.
    """
    return JSONResponse({"error": "not_found", "reason": "missing"}, 404)


async def unbuilt(_request: Request) -> Response:
    return PlainTextResponse("手机端还没有建好：在 pwa/ 里运行 npm ci && npm run build。", 503)


async def icon(_request: Request) -> Response:
    return (
        FileResponse(PWA / "icon-192.png") if (PWA / "icon-192.png").exists() else Response(status_code=404)
    )


def create_app(settings: Settings) -> Starlette:
    """The application of one deployment. Its files open here and close when the server stops.

    `app.state.stop_feeds()` ends the answers that wait for news: call it when the server begins to shut down.
    """

    def stop_feeds() -> None:
        replication.state.listeners.stop()
        deployment.finder.end_events()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with deployment:
            deployment.start()
            yield
            stop_feeds()

    deployment = Deployment(settings)
    replication = couch_app(
        deployment.store, caller_in(deployment.sessions), bulky=is_chunk, cors_origins=settings.cors
    )
    phone = Phone(directory=PWA, html=True) if (PWA / "index.html").exists() else unbuilt
    app = Starlette(
        lifespan=lifespan,
        routes=[
            Route("/healthz", health),
            Route("/metrics", metrics),
            Route("/favicon.ico", icon),
            Route("/_session", no_session, methods=["GET", "POST", "DELETE"]),
            Mount("/api", routes=api.routes),
            couch_mount("/sync", replication),
            Route("/console", to_console),
            Mount("/console", routes=console.routes),
            Mount("/static", StaticFiles(directory=HERE / "static")),
            Mount("/", phone) if isinstance(phone, Phone) else Route("/{rest:path}", unbuilt),
        ],
    )
    app.state.metrics = Metrics(deployment)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observing, metrics=app.state.metrics)
    app.state.deployment = deployment
    app.state.stop_feeds = stop_feeds
    return app
