"""Triage: what came in, whose turn it is, who should answer (MISSION S1.7, S2.2: within an hour)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from starlette.exceptions import HTTPException
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
from server.console.presenters.candidates import Candidate, Question, matching, rank
from server.console.presenters.case import Contact, declined_by
from server.console.presenters.queue import triage_queue
from server.console.stale import overtaken, repeated
from server.errors import ActionRefused, Unacceptable

QUEUE_LENGTH = 50
SUGGESTED = 3
REASONS = ("popular_science", "irrelevant", "worthless", "duplicate", "other")
# The side sheets of the page, and the verb that each of them sends.
SHEETS = {"ask": "query", "visit": "dispatch", "visited": "visited", "reject": "reject"}


@dataclass(frozen=True)
class Attempt:
    """A form that did not go through: what was typed, what is wrong with it, and why it was refused."""

    sheet: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""
    revealed: Contact | None = None
    status: int = 200


@for_roles("centre")
async def triage(request: Request, person: Person) -> Response:
    """The queue; with `id` that consultation, otherwise the first one (on a phone only the queue)."""
    query = request.query_params
    demand, sheet = query.get("id", ""), query.get("do", "")
    if demand and await look_up(request, person, demand) is None:
        return notices.redirect("/console/triage", "triage.gone")
    return await _page(request, person, demand, Attempt(sheet=sheet if sheet in SHEETS else ""))


async def _page(request: Request, person: Person, demand: str, attempt: Attempt) -> Response:
    deployment, say, query = deployment_of(request), say_for(request), request.query_params
    after = query.get("after", "")
    rows = deployment.consultations.triage(county(person), QUEUE_LENGTH + 1, after)
    shown = demand or (rows[0].id if rows else "")
    limit = timedelta(minutes=deployment.programme.limits.triage_minutes)
    queue = triage_queue(rows[:QUEUE_LENGTH], datetime.now(UTC), limit, say, shown)
    consultation = await look_up(request, person, shown) if shown else None
    case = await present(request, consultation) if consultation else None
    all_experts = "all" in query or attempt.sheet == "visit"
    candidates = _candidates(request, person, consultation) if consultation else ()
    context = {
        "pane": "case" if demand else "queue",
        "queue": queue,
        "count": deployment.consultations.counts(county(person)).get("triage", len(rows)),
        "next_page": due_cursor(rows[QUEUE_LENGTH - 1]) if len(rows) > QUEUE_LENGTH else "",
        "after": after,
        "case": case,
        "candidates": _shown(candidates, query.get("find", ""), all_experts),
        "all_experts": all_experts,
        "find": query.get("find", ""),
        "everybody": candidates,
        "reasons": [(name, say(f"reject.{name}")) for name in REASONS],
        "attempt": attempt,
        "verb": SHEETS.get(attempt.sheet, ""),
        "values": Fields(attempt.values),
        "faults": Fields(attempt.faults),
    }
    return render(request, "triage.html", context, person=person, status=attempt.status)


def _candidates(request: Request, person: Person, consultation: Consultation) -> tuple[Candidate, ...]:
    deployment, demand = deployment_of(request), consultation.demand
    question = Question(
        industry=str(demand.get("industry", "")),
        region=str(demand["region"]),
        township_name=deployment.programme.township_name(demand["region"]),
        declined=declined_by(consultation.thread),
        current=consultation.expert or "",
    )
    experts = deployment.accounts.experts(county(person))
    return rank(experts, deployment.consultations.expert_load, question, say_for(request))


def _shown(candidates: tuple[Candidate, ...], wanted: str, everybody: bool) -> tuple[Candidate, ...]:
    if wanted:
        return matching(candidates, wanted)
    return candidates if everybody else candidates[:SUGGESTED]


# -- what the centre does -----------------------------------------------------------------------------

Act = Callable[[Request, Person, str, Mapping[str, str]], Awaitable[str]]


@dataclass(frozen=True)
class Verb:
    """One thing that the centre does: the event it writes, its sheet, its fields, how it is done."""

    kind: str
    sheet: str
    needs: tuple[str, ...]
    act: Act


async def _assign(request: Request, person: Person, demand: str, form: Mapping[str, str]) -> str:
    await deployment_of(request).actions.assign(person, demand, form["expert"])
    return _expert_name(request, form)


async def _query(request: Request, person: Person, demand: str, form: Mapping[str, str]) -> str:
    await deployment_of(request).actions.query(person, demand, form["text"])
    return ""


async def _dispatch(request: Request, person: Person, demand: str, form: Mapping[str, str]) -> str:
    await deployment_of(request).actions.dispatch(person, demand, form["expert"], form["text"])
    return _expert_name(request, form)


async def _visited(request: Request, person: Person, demand: str, form: Mapping[str, str]) -> str:
    await deployment_of(request).actions.visited(person, demand, form["text"])
    return ""


async def _reject(request: Request, person: Person, demand: str, form: Mapping[str, str]) -> str:
    reason, words = form["reason"], form.get("text", "")
    named = "" if reason == "other" else say_for(request)(f"reject.{reason}")
    await deployment_of(request).actions.reject(
        person, demand, "：".join(part for part in (named, words) if part)
    )
    return ""


def _expert_name(request: Request, form: Mapping[str, str]) -> str:
    expert = deployment_of(request).accounts.person(form["expert"])
    return expert.name if expert else ""


VERBS = {
    "assign": Verb("assigned", "", ("expert",), _assign),
    "query": Verb("queried", "ask", ("text",), _query),
    "dispatch": Verb("dispatched", "visit", ("expert", "text"), _dispatch),
    "visited": Verb("visited", "visited", ("text",), _visited),
    "reject": Verb("rejected", "reject", ("reason",), _reject),
}


@for_roles("centre")
async def act(request: Request, person: Person) -> Response:
    """POST of one of VERBS: done (303 to the next in the queue), or the page again with what is wrong."""
    verb = VERBS.get(request.path_params["verb"])
    if verb is None:
        raise HTTPException(404)
    form = await read_form(request)
    consultation = await find(request, person, request.path_params["demand"])
    if repeated(consultation, person, verb.kind, form):
        return notices.redirect(
            "/console/triage", f"triage.done.{verb.kind}", expert=_expert_name_or_none(request, form)
        )
    attempt = await _checked(request, consultation, verb, form)
    if attempt is None:
        try:
            name = await verb.act(request, person, consultation.id, form)
        except (ActionRefused, Unacceptable) as refusal:
            attempt = Attempt(verb.sheet, form, refusal=refusal.reason, status=refusal.status)
        else:
            return notices.redirect("/console/triage", f"triage.done.{verb.kind}", expert=name)
    return await _page(request, person, consultation.id, attempt)


def _expert_name_or_none(request: Request, form: Mapping[str, str]) -> str:
    return _expert_name(request, form) if form.get("expert") else ""


async def _checked(
    request: Request, consultation: Consultation, verb: Verb, form: Mapping[str, str]
) -> Attempt | None:
    """None where the form may be acted on."""
    say = say_for(request)
    faults = {name: say(f"triage.missing.{name}") for name in verb.needs if not form.get(name)}
    if form.get("reason") and form["reason"] not in REASONS:
        faults["reason"] = say("triage.missing.reason")
    if form.get("reason") == "other" and not form.get("text"):
        faults["text"] = say("triage.missing.why")
    if faults:
        return Attempt(verb.sheet, form, faults, status=422)
    newer = overtaken(consultation, form, await present(request, consultation), say)
    return Attempt(verb.sheet, form, refusal=newer, status=409) if newer else None


@for_roles("centre")
async def contact(request: Request, person: Person) -> Response:
    """看号码: the farmer's number for thirty seconds, against a reason that goes into the audit log."""
    form = await read_form(request)
    consultation = await find(request, person, request.path_params["demand"])
    revealed, fault = unmask(request, person, consultation, form)
    attempt = Attempt(
        values=form, faults={"reason_to_see": fault}, revealed=revealed, status=422 if fault else 200
    )
    return await _page(request, person, consultation.id, attempt)


async def reopened(request: Request) -> Response:
    """GET of an address that only takes forms (a reload after an error): back to the consultation."""
    return RedirectResponse(f"/console/triage?id={request.path_params['demand']}", status_code=303)
