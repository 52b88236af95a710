"""The index of find similar: when, how many, how long; rebuild with progress; go back to an older build."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from server.accounts import Person
from server.console import notices
from server.console.endpoint import for_roles
from server.console.forms import read_form
from server.console.page import deployment_of, render, say_for
from server.console.presenters.builds import builds_of, progress_of
from server.console.wording import Say, duration_words
from server.errors import ServiceError
from server.finding import FinderService

STATES = ("ready", "loading", "missing", "broken", "stale")


@for_roles("centre", "administrator")
async def index(request: Request, person: Person) -> Response:
    """The page; without script it refreshes itself while a build runs."""
    return _page(request, person)


def _page(request: Request, person: Person, refusal: str = "", status: int = 200) -> Response:
    finder, say = deployment_of(request).finder, say_for(request)
    state = finder.status()
    known = state["state"] if state["state"] in STATES else "broken"
    building = finder.building
    context = {
        "status": {**state, "state": known},
        "progress": progress_of(building, datetime.now(UTC), say) if building else None,
        "builds": builds_of(finder.builds(), state),
        "may_build": person.role == "administrator",
        "refusal": refusal or (say("index.failed", fault=finder.build_fault) if finder.build_fault else ""),
        "took": lambda seconds: duration_words(seconds, say),
    }
    return render(request, "index.html", context, person=person, status=status)


@for_roles("administrator")
async def build(request: Request, person: Person) -> Response:
    await read_form(request)
    try:
        deployment_of(request).finder.start_build(person)
    except ServiceError as refusal:
        return _page(request, person, refusal.reason, refusal.status)
    return RedirectResponse("/console/index", status_code=303)


@for_roles("administrator")
async def cancel(request: Request, person: Person) -> Response:
    await read_form(request)
    try:
        deployment_of(request).finder.cancel_build()
    except ServiceError as refusal:
        return _page(request, person, refusal.reason, refusal.status)
    return notices.redirect("/console/index", "index.cancelled")


@for_roles("administrator")
async def promote(request: Request, person: Person) -> Response:
    """Use another build from now on, a newer or an older one."""
    form = await read_form(request)
    version = form.get("version", "")
    if not version.isdecimal() or len(version) > 9:
        return _page(request, person, say_for(request)("index.missing.version"), 422)
    try:
        deployment_of(request).finder.promote(int(version))
    except ServiceError as refusal:
        return _page(request, person, refusal.reason, refusal.status)
    return notices.redirect("/console/index", "index.promoted", version=version)


@for_roles("centre", "administrator")
async def events(request: Request, _person: Person) -> Response:
    """The progress of a build as server-sent events: {"progress": {...} or null}."""
    finder, say = deployment_of(request).finder, say_for(request)
    return StreamingResponse(
        _stream(finder, request, say),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(finder: FinderService, request: Request, say: Say) -> AsyncIterator[str]:
    """One event at once and one for every change; ends with the build, or when the reader has gone."""
    async for _change in finder.progress_events():
        building = finder.building
        progress = progress_of(building, datetime.now(UTC), say).as_event() if building else None
        yield f"data: {json.dumps({'progress': progress}, ensure_ascii=False)}\n\n"
        if building is None or await request.is_disconnected():
            return
