"""The archive of consultations, and the whole history of one."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from models.workflow import workflow
from server.accounts import Person
from server.console.cases import find, present, unmask
from server.console.endpoint import for_roles
from server.console.forms import Fields, read_form
from server.console.page import county, deployment_of, render, say_for
from server.console.presenters.case import Contact
from server.console.presenters.queue import plain_mark

PAGE = 50
SEARCH_LENGTH = 60
STAFF = ("centre", "administrator")


@for_roles(*STAFF)
async def archive(request: Request, person: Person) -> Response:
    """All consultations of the county, newest first; by words and by state."""
    query, say = request.query_params, say_for(request)
    text = query.get("text", "").strip()[:SEARCH_LENGTH]
    state = query.get("state", "") if query.get("state", "") in workflow().states else ""
    after = query.get("after", "")
    consultations = deployment_of(request).consultations
    rows = consultations.archive(county(person), text or None, state or None, PAGE + 1, after)
    kept = {name: value for name, value in (("text", text), ("state", state)) if value}
    context = {
        "rows": [(row, plain_mark(row.state, say)) for row in rows[:PAGE]],
        "text": text,
        "state": state,
        "states": [(name, say(f"state.{name}")) for name in workflow().states if name != "sent"],
        "after": after,
        "first_page": f"/console/consultations?{urlencode(kept)}",
        "next_page": (
            f"/console/consultations?{urlencode({**kept, 'after': rows[PAGE - 1].id})}"
            if len(rows) > PAGE
            else ""
        ),
    }
    return render(request, "archive.html", context, person=person)


@for_roles(*STAFF)
async def consultation(request: Request, person: Person) -> Response:
    """Every event of one consultation with who and when; those that did not count are marked."""
    return await _page(request, person)


async def _page(
    request: Request,
    person: Person,
    revealed: Contact | None = None,
    fault: str = "",
    reason: str = "",
) -> Response:
    found = await find(request, person, request.path_params["demand"])
    context = {
        "case": await present(request, found),
        "revealed": revealed,
        "values": Fields(reason_to_see=reason),
        "faults": Fields(reason_to_see=fault),
    }
    return render(request, "consultation.html", context, person=person, status=422 if fault else 200)


@for_roles("centre")
async def contact(request: Request, person: Person) -> Response:
    """看号码 on the history page."""
    form = await read_form(request)
    found = await find(request, person, request.path_params["demand"])
    revealed, fault = unmask(request, person, found, form)
    return await _page(request, person, revealed, fault, form.get("reason_to_see", ""))


async def reopened(request: Request) -> Response:
    """GET of an address that only takes forms: back to the consultation."""
    return RedirectResponse(f"/console/consultations/{request.path_params['demand']}", status_code=303)
