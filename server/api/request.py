"""What every API endpoint shares: who asks, what they sent, and errors as JSON."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.accounts import Person
from server.deployment import Deployment
from server.errors import BadRequest, ServiceError, Unacceptable, Unavailable, WrongRole
from server.sessions import COOKIE, admitted, authenticated, csrf_token
from sync.errors import Unavailable as StoreUnavailable

log = logging.getLogger(__name__)

BODY_LIMIT = 256 * 1024
Form = TypeVar("Form", bound=BaseModel)
Endpoint = Callable[[Request], Awaitable[Response]]


def deployment_of(request: Request) -> Deployment:
    deployment: Deployment = request.app.state.deployment
    return deployment


def answer(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def api(endpoint: Endpoint) -> Endpoint:
    """An endpoint whose refusals and faults are {"error", "reason", ...} with their status."""

    @wraps(endpoint)
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ServiceError as fault:
            return refusal(fault)
        except HTTPException:
            raise
        except StoreUnavailable:
            log.exception("%s could not reach the store", request.url.path)
            return refusal(Unavailable("县里的机器这会儿存取不了，过一会儿再试，手机上的都还在。"))
        except Exception:
            log.exception("%s failed", request.url.path)
            return refusal(ServiceError("县里的机器出了点毛病，过一会儿再试，手机上的都还在。"))

    return guarded


def refusal(fault: ServiceError) -> Response:
    headers = {"retry-after": "5"} if fault.status == 503 else None
    return JSONResponse(fault.body(), fault.status, headers=headers)


async def asker(request: Request, *roles: str, first_password: bool = False) -> Person:
    """Whoever asks; the error that keeps them out otherwise.

    A browser sends the console's cookie by itself, from any page; a change through it must also carry the
    session's CSRF token.
    """
    person = admitted(await authenticated(request), *roles, first_password=first_password)
    through_cookie = not request.headers.get("authorization") and COOKIE in request.cookies
    changes = through_cookie and request.method not in ("GET", "HEAD")
    if changes and request.headers.get("x-csrf-token") != csrf_token(request):
        raise WrongRole("这一页放得太久了，刷新后再按一次。")
    return person


async def body_of(request: Request, form: type[Form]) -> Form:
    """The JSON body as `form`; BadRequest or Unacceptable with what is wrong."""
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > BODY_LIMIT:
            raise BadRequest("发来的内容太大了。")
    try:
        content = orjson.loads(bytes(raw) or b"{}")
    except orjson.JSONDecodeError:
        raise BadRequest("发来的内容不是 JSON。") from None
    try:
        return form.model_validate(content)
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "JSON"
        raise Unacceptable(f"“{place}”没有填，或者写得不对。", field=place) from None
