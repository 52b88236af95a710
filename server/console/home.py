"""The first page of each role, and 我: what this browser should look like."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.accounts import Person
from server.catalogue import LANGUAGES
from server.console import notices
from server.console.endpoint import for_roles
from server.console.forms import read_form
from server.console.page import TEXT_SIZES, THEMES, render

FIRST_PAGE = {"centre": "/console/triage", "administrator": "/console/index"}
STAFF = tuple(FIRST_PAGE)
A_YEAR = 365 * 24 * 3600


@for_roles(*STAFF)
async def home(_request: Request, person: Person) -> Response:
    """To the page that the role begins with. Everybody else reads that their work is on the phone."""
    return RedirectResponse(FIRST_PAGE[person.role], status_code=303)


@for_roles(*STAFF)
async def me(request: Request, person: Person) -> Response:
    """Text size, theme and language of this browser, kept in cookies; password; log out."""
    if request.method != "POST":
        return render(request, "me.html", person=person)
    form = await read_form(request)
    response = notices.redirect("/console/me", "me.saved")
    for name, choices in (("text_size", TEXT_SIZES), ("theme", THEMES), ("language", LANGUAGES)):
        if form.get(name) in choices:
            response.set_cookie(
                name, form[name], max_age=A_YEAR, path="/console", httponly=True, samesite="lax"
            )
    return response
