"""The routes of /api."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from server.api import people
from server.api.media import media
from server.api.pack import pack
from server.api.programme import programme
from server.api.request import api
from server.api.similar import similar
from server.errors import NotFound, WrongMethod


@api
async def unknown(request: Request) -> Response:
    if any(route.matches(request.scope)[0] is Match.PARTIAL for route in routes):
        raise WrongMethod(f"{request.url.path[:80]} 这个地址不能用 {request.method}。")
    raise NotFound(f"没有 {request.url.path[:80]} 这个地址。")


routes: list[BaseRoute] = [
    Route("/login", people.login, methods=["POST"]),
    Route("/password", people.password, methods=["POST"]),
    Route("/profile", people.profile, methods=["PUT"]),
    Route("/me", people.me),
    Route("/logout", people.logout, methods=["POST"]),
    Route("/programme", programme),
    Route("/similar", similar, methods=["POST"]),
    Route("/similar/pack", pack),
    Route("/media/{media}", media),
    Route("/{rest:path}", unknown, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
]
