"""Try a question on the index in use, and see what each score is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from server.accounts import Person
from server.cases import Where
from server.console.endpoint import for_roles
from server.console.forms import Fields
from server.console.index import tabs
from server.console.page import deployment_of, render, say_for
from server.console.presenters.explanation import Explained, explained, percent
from server.console.wording import Say
from server.errors import ServiceError
from server.finding import FinderService

if TYPE_CHECKING:
    from search.explain import Explanation

SHOWN = 10
LONGEST = 500
FIELDS = {"text": LONGEST, "industry": 40, "crop": 40, "township": 40, "date": 10, "case": 80}


@dataclass(frozen=True)
class Answer:
    """What came up. `speaks`: phones show it; `sentence` says how sure the first is. `asked` is the case
    that was asked for by its number, `missing` that number where the index has no such case."""

    found: tuple[Explained, ...]
    speaks: bool
    sentence: str
    asked: Explained | None
    missing: str


@for_roles("centre", "administrator")
async def playground(request: Request, person: Person) -> Response:
    """GET with `text`, and what narrows it: all in the address, so that it can be passed on."""
    deployment, say, query = deployment_of(request), say_for(request), request.query_params
    values = Fields({name: query.get(name, "").strip()[:most] for name, most in FIELDS.items()})
    answer, refusal, status = None, "", 200
    if values["text"]:
        try:
            answer = await run_sync(partial(_answer, deployment.finder, values, say))
        except ServiceError as fault:
            refusal, status = fault.reason, fault.status
    elif "text" in query:
        refusal, status = say("try.missing"), 422
    programme = deployment.programme
    context = {
        "values": values,
        "answer": answer,
        "refusal": refusal,
        "industries": [industry.name for industry in programme.industries],
        "crops": [crop.name for industry in programme.industries for crop in industry.crops],
        "townships": [township.name for township in programme.townships],
        "more": any(values[name] for name in FIELDS if name != "text"),
        "tabs": tabs(say),
    }
    return render(request, "try.html", context, person=person, status=status)


def _answer(finder: FinderService, values: Fields, say: Say) -> Answer:
    where = Where(values["industry"], values["crop"], values["township"], _day(values["date"]))
    ranked = finder.ranked(values["text"], where, SHOWN)
    found = [finder.explain(values["text"], one.case.id, where) for one in ranked]
    wanted = values["case"].rpartition("/")[2].removeprefix("demand:")
    asked = finder.explain(values["text"], wanted, where) if wanted else None
    shown = tuple(explained(one, say) for one in found if one)
    first = found[0] if found else None
    return Answer(
        shown,
        first is not None and first.shown,
        _sentence(first, say),
        explained(asked, say) if asked else None,
        wanted if wanted and asked is None else "",
    )


def _sentence(first: Explanation | None, say: Say) -> str:
    """Whether phones would show anything, and how near it was."""
    if first is None:
        return ""
    sure, cut = percent(first.confidence), percent(first.cut)
    return say("try.speaks" if first.shown else "try.silent", sure=sure, cut=cut)


def _day(text: str) -> str:
    """The date where it is one, else nothing."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
