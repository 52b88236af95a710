"""One sentence that outlives a redirect: 分派给王建国了.

It travels as a catalogue key with values in a short-lived cookie, so no server memory is needed. A cookie
that somebody wrote by hand can at most choose another of our own sentences for their own screen.
"""

from __future__ import annotations

import base64
import binascii
import json

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.catalogue import has
from server.console.wording import Say

COOKIE = "console_notice"


def redirect(path: str, notice: str = "", **values: str) -> RedirectResponse:
    """303 to a console page that will show the sentence once."""
    response = RedirectResponse(path, status_code=303)
    if notice:
        body = json.dumps([notice, values]).encode()
        cookie = base64.urlsafe_b64encode(body).decode()
        response.set_cookie(COOKIE, cookie, max_age=60, path="/console", httponly=True, samesite="lax")
    return response


def waiting(request: Request, say: Say) -> str:
    """The sentence that waits for this browser, or nothing."""
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return ""
    try:
        key, values = json.loads(base64.urlsafe_b64decode(cookie))
        return say(key, **values) if has(key) else ""
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, binascii.Error):
        return ""


def forget(request: Request, response: Response) -> None:
    """Take the sentence away once it has been shown."""
    if COOKIE in request.cookies:
        response.delete_cookie(COOKIE, path="/console")
