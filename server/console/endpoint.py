"""Turns a page function into an endpoint: who may open it, and what they read where they may not."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.accounts import Person
from server.console.page import render
from server.errors import LoginRequired, ServiceError, WrongRole
from server.sessions import current_person, require

log = logging.getLogger(__name__)

Page = Callable[[Request, Person], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
PASSWORD_PATH = "/console/password"
# Statuses with a sentence of their own in the catalogue.
KNOWN = (400, 403, 404, 405, 413, 500, 503)


def for_roles(*roles: str, first_password_too: bool = False) -> Callable[[Page], Endpoint]:
    """An endpoint for people of these roles; for everybody who is logged in where none is named.

    Whoever must still change the first password (MISSION S1.9) is sent to do so, unless the page is one
    of those needed for it.
    """

    def decorate(page: Page) -> Endpoint:
        @wraps(page)
        async def endpoint(request: Request) -> Response:
            person = require(request, *roles)
            if person.must_change_password and not first_password_too:
                return RedirectResponse(PASSWORD_PATH, status_code=303)
            return await page(request, person)

        return guarded(endpoint)

    return decorate


def guarded(endpoint: Endpoint) -> Endpoint:
    """An endpoint whose refusals and faults read as pages in our look."""

    @wraps(endpoint)
    async def guard(request: Request) -> Response:
        try:
            return await endpoint(request)
        except LoginRequired:
            return to_login(request)
        except WrongRole:
            return refused(request)
        except ServiceError as refusal:
            return failed(request, refusal.status, refusal.reason)
        except HTTPException as fault:
            return failed(request, fault.status_code)
        except Exception:
            log.exception("console page %s failed", request.url.path)
            return failed(request, 500)

    return guard


def to_login(request: Request) -> Response:
    """To the login page, and from there back here. A form that was sent meanwhile leads to its page."""
    path = request.url.path
    if request.method == "GET" and request.url.query:
        path = f"{path}?{request.url.query}"
    target = f"?{urlencode({'next': path})}" if request.method == "GET" and path != "/console/" else ""
    return RedirectResponse(f"/console/login{target}", status_code=303)


def refused(request: Request) -> Response:
    """403: says which role the person has and where they can go."""
    person = _visitor(request)
    return render(request, "refused.html", {"staff": _is_staff(person)}, person=person, status=403)


def failed(request: Request, status: int, reason: str = "") -> Response:
    """Any other refusal or fault as a page with one sentence and the next step."""
    known = status if status in KNOWN else 400 if status < 500 else 500
    # After a fault of ours nothing is read any more: the same fault would meet the error page too.
    person = _visitor(request) if status < 500 else None
    context = {"status": known, "reason": reason}
    return render(request, "failed.html", context, person=person, status=status)


def _visitor(request: Request) -> Person | None:
    """Whoever is logged in; nobody where the very credentials are what is wrong."""
    try:
        return current_person(request)
    except ServiceError:
        return None


def _is_staff(person: Person | None) -> bool:
    return person is not None and person.role in ("centre", "administrator")
