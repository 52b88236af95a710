"""Counts and logs every request, outside of everything else."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.operations.logs import log_request
from server.operations.metrics import FEEDS, Metrics
from server.operations.requests import Served, begin

# nginx's number for: who asked did not wait for the answer.
GONE = 499


class Observing:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        served = Served(scope["method"], scope["path"], _feed(scope))
        begin(served)
        self._metrics.begin(served)

        async def receiving() -> Message:
            message = await receive()
            served.received += len(message.get("body", b""))
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                served.status = message["status"]
            else:
                served.sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        except BaseException:
            served.status = served.status or 500
            raise
        finally:
            served.status = served.status or GONE
            self._metrics.end(served, waited=bool(scope.get("waited")))
            log_request(served)


def _feed(scope: Scope) -> str:
    """longpoll, continuous or eventsource, where a feed of changes is asked for; else empty."""
    if not scope["path"].endswith("/_changes"):
        return ""
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("feed", [""])[0]
    return asked if asked in FEEDS else ""
