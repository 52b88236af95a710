"""/_session: who the server takes the caller for, and logging in by cookie.

A cookie stands for the credentials that were given, which stay in memory: they are checked anew at every
request, so an account that is closed is out at once. The phone and the console have logins of their own.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sync.errors import BadRequest, Forbidden, Unauthorized
from sync.policy import Caller
from sync.protocol.answers import answer
from sync.protocol.call import Call

Authenticate = Callable[[Request], Awaitable[Caller | None]]

COOKIE = "AuthSession"
LIFE_S = 600
_MOST = 1000
_PRIVATE = {"cache-control": "no-store"}


class Cookies:
    """The open cookie sessions: token -> (Authorization header, when it ends)."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def begin(self, authorization: str) -> str:
        token = secrets.token_urlsafe(32)
        self._open[token] = (authorization, time.monotonic() + LIFE_S)
        while len(self._open) > _MOST:
            self._open.popitem(last=False)
        return token

    def authorization(self, token: str) -> str | None:
        found, until = self._open.get(token, (None, 0.0))
        return found if time.monotonic() < until else None

    def end(self, token: str) -> None:
        self._open.pop(token, None)

    def applied(self, request: Request) -> Request:
        """The request as if its cookie's credentials had come with it. An Authorization header goes first."""
        token = request.cookies.get(COOKIE)
        if token is None or "authorization" in request.headers:
            return request
        found = self.authorization(token)
        return request if found is None else with_authorization(request, found)


def with_authorization(request: Request, value: str) -> Request:
    headers = [(name, each) for name, each in request.scope["headers"] if name != b"authorization"]
    return Request({**request.scope, "headers": [*headers, (b"authorization", value.encode("latin-1"))]})


def session(call: Call) -> Response:
    """Anonymous callers have no name."""
    info: dict[str, Any] = {"authentication_handlers": ["cookie", "default"]}
    if call.caller.name:
        info["authenticated"] = "default" if "authorization" in call.request.headers else "cookie"
    context = {"name": call.caller.name or None, "roles": _roles(call.caller)}
    return answer({"ok": True, "userCtx": context, "info": info}, headers=_PRIVATE)


async def log_in(call: Call, cookies: Cookies, authenticate: Authenticate) -> Response:
    name, password = _credentials(call)
    if call.request.headers.get("sec-fetch-site") == "cross-site" and not _is_json(call):
        # A form on another site would log its visitors in as whom it likes.
        raise Forbidden("Another site may log in with JSON only.")
    plain = f"{name}:{password}".encode()
    authorization = f"Basic {base64.b64encode(plain).decode()}"
    try:
        caller = await authenticate(with_authorization(call.request, authorization))
    except HTTPException as refused:
        if refused.status_code in (400, 401):
            caller = None
        else:
            raise
    if caller is None:
        raise Unauthorized("Name or password is incorrect.")
    said = answer({"ok": True, "name": caller.name, "roles": _roles(caller)}, headers=_PRIVATE)
    said.set_cookie(
        COOKIE,
        cookies.begin(authorization),
        max_age=LIFE_S,
        httponly=True,
        samesite="strict",
        path=_path(call),
        secure=call.request.url.scheme == "https",
    )
    return said


def log_out(call: Call, cookies: Cookies) -> Response:
    cookies.end(call.request.cookies.get(COOKIE, ""))
    said = answer({"ok": True}, headers=_PRIVATE)
    said.delete_cookie(COOKIE, path=_path(call))
    return said


def _path(call: Call) -> str:
    return f"{call.request.scope.get('root_path', '')}/db"


def _credentials(call: Call) -> tuple[str, str]:
    if _is_json(call):
        given: dict[str, Any] = call.json_object()
    else:
        try:
            pairs = parse_qs(call.body.decode(), keep_blank_values=True, max_num_fields=20)
        except ValueError as error:
            raise BadRequest("The body must be a form, or JSON.") from error
        given = {key: values[0] for key, values in pairs.items()}
    name, password = given.get("name", given.get("username")), given.get("password")
    if not isinstance(name, str) or not isinstance(password, str) or not name or ":" in name:
        raise BadRequest("request body must contain a username and a password")
    return name, password


def _is_json(call: Call) -> bool:
    kind = call.request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "application/json"


def _roles(caller: Caller) -> list[str]:
    return sorted(caller.roles) + (["_admin"] if caller.admin else [])
