"""People by role and township, to be looked up (registering them comes later, MISSION S1.9)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from models.regions import township_of
from server.accounts import Accounts, Person
from server.console.endpoint import for_roles
from server.console.page import county, deployment_of, render, say_for

ROLES = ("informant", "township_lead", "expert", "centre")
PAGE = 50
STEP = 500


@for_roles("centre", "administrator")
async def people(request: Request, person: Person) -> Response:
    """One role of the county, searched by name, place or the end of the phone number."""
    deployment, say, query = deployment_of(request), say_for(request), request.query_params
    role = query.get("role", "") if query.get("role", "") in ROLES else "informant"
    wanted, township = query.get("find", "").strip()[:40], query.get("township", "")
    here = county(person)
    counts, found = {}, []
    for name in ROLES:
        members = list(_everybody(deployment.accounts, name, here))
        counts[name] = len(members)
        if name == role:
            found = [one for one in members if _fits(request, one, wanted, township)]
    page = _number(query.get("page", ""))
    kept = {
        "role": role,
        **({"find": wanted} if wanted else {}),
        **({"township": township} if township else {}),
    }
    context = {
        "people": [
            (one, deployment.programme.region_name(one.region))
            for one in found[page * PAGE : (page + 1) * PAGE]
        ],
        "role": role,
        "roles": [
            (
                name,
                say("people.tab", role=say(f"role.{name}"), n=counts[name]),
                f"/console/people?role={name}",
            )
            for name in ROLES
        ],
        "find": wanted,
        "township": township,
        "first_page": f"/console/people?{urlencode(kept)}" if page else "",
        "next_page": f"/console/people?{urlencode({**kept, 'page': page + 1})}"
        if len(found) > (page + 1) * PAGE
        else "",
    }
    return render(request, "people.html", context, person=person)


def _everybody(accounts: Accounts, role: str, here: str) -> Iterator[Person]:
    after = ""
    while True:
        step = accounts.people(role=role, county=here, limit=STEP, after=after)
        yield from step
        if len(step) < STEP:
            return
        after = step[-1].id


def _fits(request: Request, one: Person, wanted: str, township: str) -> bool:
    if township and township_of(one.region) != township:
        return False
    place = deployment_of(request).programme.region_name(one.region)
    return not wanted or any(
        wanted in text for text in (one.name, place, one.title, one.phone_masked[-4:], *one.industries)
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 0
