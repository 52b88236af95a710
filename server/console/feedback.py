"""What informants and experts said of the answers they were shown, and the same as a file for development."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from server.accounts import Person
from server.console.endpoint import for_roles
from server.console.index import tabs
from server.console.page import county, deployment_of, render, say_for
from server.console.wording import Say
from server.deployment import Deployment
from server.feedback import Mark, cursor, stripped

PAGE = 50
VIEWS: dict[str, bool | None] = {"all": None, "yes": True, "no": False}


@dataclass(frozen=True)
class Line:
    """A mark as the list shows it, without personal data. `link` opens the consultation that the case is,
    `asked_link` the one that it was adopted for; empty where there is none that this person may open."""

    id: str
    question: str
    asked_link: str
    case: str
    link: str
    helpful: bool
    adopted: bool
    offline: bool
    who: str
    at: datetime


@for_roles("centre", "administrator")
async def feedback(request: Request, person: Person) -> Response:
    """Newest first; `state` is one of VIEWS."""
    deployment, say, query = deployment_of(request), say_for(request), request.query_params
    view = query.get("state", "") if query.get("state", "") in VIEWS else "all"
    after, area = query.get("after", ""), _area(person)
    marks = deployment.consultations.feedback
    rows = marks.page(area, VIEWS[view], PAGE + 1, after)
    counts = marks.counts(area)
    numbers = {"all": counts["helpful"] + counts["not"], "yes": counts["helpful"], "no": counts["not"]}
    context = {
        "view": view,
        "views": [
            (name, say(f"feedback.tab.{name}", n=numbers[name]), f"/console/index/feedback?state={name}")
            for name in VIEWS
        ],
        "lines": [_line(deployment, mark, area, say) for mark in rows[:PAGE]],
        "after": after,
        "next_page": cursor(rows[PAGE - 1]) if len(rows) > PAGE else "",
        "any": numbers["all"] > 0,
        "tabs": tabs(say),
    }
    return render(request, "feedback.html", context, person=person)


@for_roles("centre", "administrator")
async def export(request: Request, person: Person) -> Response:
    """JSON lines of {id, query, question, case, helpful}, stripped of personal data; a county's for its
    centre."""
    marks = deployment_of(request).consultations.feedback
    return StreamingResponse(
        _lines(marks.every(_area(person))),
        media_type="application/x-ndjson",
        headers={
            "Content-Disposition": 'attachment; filename="tianwen-feedback.jsonl"',
            "Cache-Control": "no-store",
        },
    )


def _lines(marks: Iterator[Mark]) -> Iterator[bytes]:
    for mark in marks:
        yield orjson.dumps(stripped(mark), option=orjson.OPT_APPEND_NEWLINE)


def _area(person: Person) -> str | None:
    """The county whose marks this person reads; None: all."""
    return None if person.role == "administrator" else county(person)


def _line(deployment: Deployment, mark: Mark, area: str | None, say: Say) -> Line:
    row = stripped(mark)
    person = deployment.accounts.person(mark.person)
    role = say(f"role.{person.role}") if person else say("actor.gone")
    readable = mark.case_county and area in (None, mark.case_county)
    return Line(
        id=mark.id,
        question=str(row["query"]),
        asked_link=f"/console/consultations/{mark.consultation}" if mark.consultation else "",
        case=str(row["question"]),
        link=f"/console/consultations/{mark.case}" if readable else "",
        helpful=mark.helpful,
        adopted=bool(mark.consultation),
        offline=mark.offline,
        who=" · ".join(part for part in (role, mark.township_name) if part),
        at=mark.at,
    )
