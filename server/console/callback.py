"""Calling back within a week: was it solved, does it count, which category (MISSION S2.2, S1.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from models.workflow import Consultation
from server.accounts import Person
from server.console import notices
from server.console.cases import find, look_up, present, unmask
from server.console.endpoint import for_roles
from server.console.forms import Fields, read_form
from server.console.page import county, deployment_of, render, say_for
from server.console.paging import due_cursor
from server.console.presenters.case import Contact
from server.console.stale import overtaken, repeated
from server.console.wording import limit_clock
from server.errors import ActionRefused, Unacceptable

PAGE = 50
TABS = ("due", "missed", "done")
REACHED = ("reached", "no_answer", "wrong_number")
OUTCOMES = ("solved", "better", "unsolved")
VERDICTS = ("valid", "popular_science", "irrelevant", "worthless")


@dataclass(frozen=True)
class Attempt:
    """A call's form that did not go through."""

    values: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""
    revealed: Contact | None = None
    status: int = 200


@for_roles("centre")
async def callback(request: Request, person: Person) -> Response:
    """The list of a tab; with `id` the side sheet of one call."""
    demand = request.query_params.get("id", "")
    if demand and await look_up(request, person, demand) is None:
        return notices.redirect("/console/callback", "triage.gone")
    return await _page(request, person, demand, Attempt())


async def _page(request: Request, person: Person, demand: str, attempt: Attempt) -> Response:
    deployment, say, query = deployment_of(request), say_for(request), request.query_params
    chosen = query.get("tab") or attempt.values.get("tab") or "due"
    tab = chosen if chosen in TABS else "due"
    after = query.get("after", "")
    rows = deployment.consultations.callbacks(county(person), PAGE + 1, after, tab)
    limit, now = timedelta(days=deployment.programme.limits.callback_days), datetime.now(UTC)
    consultation = await look_up(request, person, demand) if demand else None
    context = {
        "tab": tab,
        "rows": [(row, limit_clock(row.due_at, now, limit, say, bare=True)) for row in rows[:PAGE]],
        "after": after,
        "next_page": due_cursor(rows[PAGE - 1]) if len(rows) > PAGE else "",
        "case": await present(request, consultation) if consultation else None,
        "callable": consultation is not None and consultation.state in ("solved", "adopted"),
        "categories": deployment.programme.categories,
        "reached": [(name, say(f"callback.{name}")) for name in REACHED],
        "outcomes": [(name, say(f"outcome.{name}")) for name in OUTCOMES],
        "verdicts": [(name, say(f"verdict.{name}")) for name in VERDICTS],
        "tabs": [(name, say(f"callback.tab.{name}"), f"/console/callback?tab={name}") for name in TABS],
        "attempt": attempt,
        "values": Fields(attempt.values),
        "faults": Fields(attempt.faults),
    }
    return render(request, "callback.html", context, person=person, status=attempt.status)


@for_roles("centre")
async def record(request: Request, person: Person) -> Response:
    """POST of a call: reached, with outcome, verdict and category; or not reached, with the reason."""
    form = await read_form(request)
    consultation = await find(request, person, request.path_params["demand"])
    reached = form.get("reached", "")
    kind = "called_back" if reached == "reached" else "call_missed"
    if repeated(consultation, person, kind, form):
        return _next(request, person, consultation.id, form, reached)
    attempt = await _checked(request, consultation, form)
    if attempt is None:
        try:
            await _act(request, person, consultation.id, form)
        except (ActionRefused, Unacceptable) as refusal:
            attempt = Attempt(form, refusal=refusal.reason, status=refusal.status)
        else:
            return _next(request, person, consultation.id, form, reached)
    return await _page(request, person, consultation.id, attempt)


async def _act(request: Request, person: Person, demand: str, form: Mapping[str, str]) -> None:
    actions, say = deployment_of(request).actions, say_for(request)
    if form["reached"] != "reached":
        await actions.call_missed(person, demand, form["reached"])
        return
    disease, words = form.get("disease", ""), form.get("text", "")
    named = say("callback.disease_is", disease=disease) if disease else ""
    text = "\n".join(part for part in (named, words) if part)
    await actions.call_back(person, demand, form["outcome"], form["verdict"], form["category"], text)


async def _checked(request: Request, consultation: Consultation, form: Mapping[str, str]) -> Attempt | None:
    """None where the form may be acted on."""
    say = say_for(request)
    wanted: dict[str, tuple[str, ...]] = {"reached": REACHED}
    if form.get("reached") == "reached":
        categories = deployment_of(request).programme.categories
        wanted |= {"outcome": OUTCOMES, "verdict": VERDICTS, "category": categories}
    faults = {
        name: say(f"callback.missing.{name}")
        for name, choices in wanted.items()
        if form.get(name) not in choices
    }
    if faults:
        return Attempt(form, faults, status=422)
    newer = overtaken(consultation, form, await present(request, consultation), say)
    return Attempt(form, refusal=newer, status=409) if newer else None


def _next(request: Request, person: Person, demand: str, form: Mapping[str, str], reached: str) -> Response:
    """记下，打下一个: the next call of the same tab, or the list where none is left."""
    tab = form.get("tab") if form.get("tab") in TABS else "due"
    rows = deployment_of(request).consultations.callbacks(county(person), 2, tab=str(tab))
    waiting = [row.id for row in rows if row.id != demand] if tab != "done" else []
    query = {"tab": str(tab), **({"id": waiting[0]} if waiting else {})}
    done = "callback.done" if reached == "reached" else "callback.done_missed"
    return notices.redirect(f"/console/callback?{urlencode(query)}", done)


@for_roles("centre")
async def contact(request: Request, person: Person) -> Response:
    """看号码 on the call's sheet; what is already filled in stays."""
    form = await read_form(request)
    consultation = await find(request, person, request.path_params["demand"])
    revealed, fault = unmask(request, person, consultation, form)
    faults = {"reason_to_see": fault} if fault else {}
    attempt = Attempt(form, faults, revealed=revealed, status=422 if fault else 200)
    return await _page(request, person, consultation.id, attempt)


async def reopened(request: Request) -> Response:
    """GET of an address that only takes forms: back to the call."""
    return RedirectResponse(f"/console/callback?id={request.path_params['demand']}", status_code=303)
