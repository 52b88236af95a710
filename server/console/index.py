"""The index of find similar: rebuild with progress, compare the new build with the one in use, use it or
not, go back to an older one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from server.accounts import Person
from server.console import notices
from server.console.endpoint import for_roles
from server.console.forms import read_form
from server.console.page import county, deployment_of, render, say_for
from server.console.presenters.builds import builds_of, progress_of
from server.console.presenters.comparison import compared
from server.console.wording import Say, duration_words
from server.errors import ServiceError
from server.finding import FinderService

STATES = ("ready", "loading", "missing", "broken", "stale")
# What happens to a build once it is made: it waits to be compared and decided about, or is used.
USES = ("hold", "at_once")
TABS = {"builds": "/console/index", "try": "/console/index/try", "feedback": "/console/index/feedback"}


def tabs(say: Say) -> list[tuple[str, str, str]]:
    """The pages about find similar, for the tabs at the top of each."""
    return [(name, say(f"index.tab.{name}"), path) for name, path in TABS.items()]


@for_roles("centre", "administrator")
async def index(request: Request, person: Person) -> Response:
    """The page; without script it refreshes itself while a build runs."""
    return _page(request, person)


def _page(request: Request, person: Person, refusal: str = "", status: int = 200) -> Response:
    finder, say = deployment_of(request).finder, say_for(request)
    state = finder.status()
    known = state["state"] if state["state"] in STATES else "broken"
    building = finder.building
    waiting = finder.waiting()
    found = finder.comparison(waiting.version) if waiting else None
    context = {
        "status": {**state, "state": known},
        "progress": progress_of(building, datetime.now(UTC), say) if building else None,
        "builds": builds_of(finder.builds(), state),
        "waiting": waiting,
        "compared": compared(found, _county(person), say) if found else None,
        "tabs": tabs(say),
        "may_build": person.role == "administrator",
        "refusal": refusal or _fault(finder, say),
        "took": lambda seconds: duration_words(seconds, say),
    }
    return render(request, "index.html", context, person=person, status=status)


def _county(person: Person) -> str | None:
    """The county whose questions this person may read; None: all."""
    return None if person.role == "administrator" else county(person)


def _fault(finder: FinderService, say: Say) -> str:
    if finder.build_fault:
        return say("index.failed", fault=finder.build_fault)
    return say("index.compare_failed", fault=finder.compare_fault) if finder.compare_fault else ""


@for_roles("administrator")
async def build(request: Request, person: Person) -> Response:
    """Rebuild; `use` is one of USES, the first where nothing was chosen."""
    form = await read_form(request)
    try:
        deployment_of(request).finder.start_build(person, hold=form.get("use") != "at_once")
    except ServiceError as refusal:
        return _page(request, person, refusal.reason, refusal.status)
    return RedirectResponse("/console/index", status_code=303)


@for_roles("administrator")
async def cancel(request: Request, person: Person) -> Response:
    await read_form(request)
    finder = deployment_of(request).finder
    comparing = finder.building is not None and finder.building.stage == "compare"
    try:
        finder.cancel_build()
    except ServiceError as refusal:
        return _page(request, person, refusal.reason, refusal.status)
    return notices.redirect("/console/index", "index.compare_stopped" if comparing else "index.cancelled")


@for_roles("administrator")
async def promote(request: Request, person: Person) -> Response:
    """Use another build from now on, a newer or an older one."""
    return await _decide(request, person, deployment_of(request).finder.promote, "index.promoted")


@for_roles("administrator")
async def discard(request: Request, person: Person) -> Response:
    """Delete a build that is not in use."""
    return await _decide(request, person, deployment_of(request).finder.discard, "index.discarded")


@for_roles("administrator")
async def compare(request: Request, person: Person) -> Response:
    """Compare a build with the one in use, once more or after a kill."""
    start = deployment_of(request).finder.start_compare
    return await _decide(request, person, partial(start, person), "")


async def _decide(request: Request, person: Person, act: Callable[[int], None], notice: str) -> Response:
    """Do something with the build that the form names: a large one is checked first, which takes a moment."""
    form = await read_form(request)
    version = form.get("version", "")
    if not version.isdecimal() or len(version) > 9:
        return _page(request, person, say_for(request)("index.missing.version"), 422)
    try:
        await run_sync(act, int(version))
    except ServiceError as refusal:
        return _page(request, person, refusal.reason, refusal.status)
    return notices.redirect("/console/index", notice, version=version)


async def reopened(_request: Request) -> Response:
    """GET of an address that only takes forms: back to the page."""
    return RedirectResponse("/console/index", status_code=303)


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
