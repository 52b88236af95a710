"""What phones sent and the county could not take: kept whole, to be released or discarded (DESIGN.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from models.regions import within
from server.accounts import Person
from server.catalogue import has
from server.console import notices
from server.console.endpoint import for_roles
from server.console.forms import read_form
from server.console.page import county, deployment_of, render, say_for
from server.console.wording import Say
from sync.errors import Conflict, NotFound
from sync.store import Quarantined, State

PAGE = 50
VIEWS: tuple[State, ...] = ("held", "released", "discarded", "resent")
DECISIONS: dict[str, State] = {"release": "released", "discard": "discarded"}
# A list is walked in steps of so many until a page is full: other counties' documents are passed over.
STEP = 200


@dataclass(frozen=True)
class Held:
    """A refused document for the page: who sent it, what it says, why it was refused, what became of it."""

    receipt: str
    sender: str
    at: str
    kind: str
    words: str
    reason: str
    body: str
    state: str
    settled_by: str
    settled_reason: str
    settled_at: str


@for_roles("centre", "administrator")
async def quarantine(request: Request, person: Person) -> Response:
    return await _page(request, person)


async def _page(
    request: Request,
    person: Person,
    *,
    open_receipt: str = "",
    fault: str = "",
    reason: str = "",
    status: int = 200,
) -> Response:
    say, query = say_for(request), request.query_params
    view: State = next((name for name in VIEWS if name == query.get("state")), "held")
    found = await run_sync(_collect, request, person, view, query.get("after", ""))
    context = {
        "held": [_shown(request, one, say) for one in found[:PAGE]],
        "view": view,
        "views": [
            (name, say(f"quarantine.tab.{name}"), f"/console/quarantine?state={name}") for name in VIEWS
        ],
        "after": query.get("after", ""),
        "next_page": found[PAGE - 1].receipt if len(found) > PAGE else "",
        "open_receipt": open_receipt,
        "fault": fault,
        "reason": reason,
    }
    return render(request, "quarantine.html", context, person=person, status=status)


def _collect(request: Request, person: Person, view: State, after: str) -> list[Quarantined]:
    """One page and one more, of what people of this person's county sent."""
    database = deployment_of(request).database
    wanted: list[Quarantined] = []
    while len(wanted) <= PAGE:
        step = database.quarantined(state=view, limit=STEP, after=after or None)
        wanted += [one for one in step if _ours(request, person, one)]
        if len(step) < STEP:
            break
        after = step[-1].receipt
    return wanted[: PAGE + 1]


def _ours(request: Request, person: Person, one: Quarantined) -> bool:
    sender = deployment_of(request).accounts.person(one.owner)
    return sender is None or within(sender.region, county(person))


def _shown(request: Request, one: Quarantined, say: Say) -> Held:
    accounts = deployment_of(request).accounts
    sender = accounts.person(one.owner)
    settler = accounts.person(one.settled_by) if one.settled_by else None
    kind = str(one.body.get("type", ""))
    return Held(
        receipt=one.receipt,
        sender=sender.name if sender else say("actor.gone"),
        at=one.at,
        kind=say(f"document.{kind}") if has(f"document.{kind}") else say("document.unknown"),
        words=_words(one.body),
        reason=one.reason,
        body=json.dumps(_without_bytes(one.body), ensure_ascii=False, indent=2),
        state=one.state,
        settled_by=settler.name if settler else "",
        settled_reason=one.settled_reason or "",
        settled_at=one.settled_at or "",
    )


def _words(body: dict[str, Any]) -> str:
    """What a person wrote in it; a farmer's number is not repeated here."""
    return str(body.get("text") or body.get("reason") or body.get("caption") or "")[:200]


def _without_bytes(body: dict[str, Any]) -> dict[str, Any]:
    """The body without pieces of pictures and without protected data (MISSION S2.8)."""
    hidden = {"data", "phone", "name", "_attachments"}
    return {name: "…" if name in hidden else value for name, value in body.items()}


@for_roles("centre", "administrator")
async def settle(request: Request, person: Person) -> Response:
    """POST of a decision: release (store it as it is) or discard; both with a reason, both audited."""
    form, say = await read_form(request), say_for(request)
    receipt, state = request.path_params["receipt"], DECISIONS.get(form.get("decision", ""))
    reason = form.get("reason", "")
    if state is None or not reason:
        fault = say("quarantine.missing.reason") if state else say("quarantine.missing.decision")
        return await _page(request, person, open_receipt=receipt, fault=fault, reason=reason, status=422)
    deployment = deployment_of(request)
    try:
        one = await run_sync(deployment.database.quarantined_one, receipt)
        if not _ours(request, person, one):
            raise NotFound("missing")
        await run_sync(lambda: deployment.database.settle(receipt, state, by=person.id, reason=reason))
    except NotFound:
        return notices.redirect("/console/quarantine", "quarantine.gone")
    except Conflict:
        fault = say("quarantine.settled_already")
        return await _page(request, person, open_receipt=receipt, fault=fault, reason=reason, status=409)
    deployment.audit.record(person, f"quarantine_{state}", receipt, reason)
    return notices.redirect("/console/quarantine", f"quarantine.{state}")
