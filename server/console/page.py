"""Draws a console page: the Jinja environment, and what every page shows around its own content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from server.catalogue import DEFAULT_LANGUAGE, LANGUAGES
from server.console import notices
from server.console.wording import Say, day_words, figure, moment_in, say_in
from server.sessions import csrf_token

if TYPE_CHECKING:
    from server.accounts import Person
    from server.deployment import Deployment

THEMES = ("light", "dark", "sun")
TEXT_SIZES = ("m", "l", "xl")


@dataclass(frozen=True)
class Destination:
    """One entry of the rail. `wide` ones move to 我 on a phone where the rail is too short."""

    path: str
    icon: str
    title: str
    roles: tuple[str, ...]
    count: str = ""
    wide: bool = False


RAIL = (
    Destination("/console/triage", "send", "nav.triage", ("centre",), "triage"),
    Destination("/console/callback", "phone", "nav.callback", ("centre",), "callbacks"),
    Destination("/console/consultations", "archive", "nav.archive", ("centre", "administrator")),
    Destination("/console/people", "people", "nav.people", ("centre", "administrator")),
    Destination("/console/index", "layers", "nav.index", ("centre", "administrator"), wide=True),
    Destination("/console/quarantine", "warning", "nav.quarantine", ("centre", "administrator"), wide=True),
)


# So many fit side by side at the foot of a phone.
NARROW_PLACES = 4


@cache
def environment() -> Environment:
    """The one Jinja environment: escapes everything, and an unknown name is a fault and not a blank."""
    made = Environment(
        loader=PackageLoader("server.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["figure"] = figure
    return made


def deployment_of(request: Request) -> Deployment:
    deployment: Deployment = request.app.state.deployment
    return deployment


def language_of(request: Request) -> str:
    """The language that this browser chose on 我; Chinese unless it did."""
    chosen = request.cookies.get("language", DEFAULT_LANGUAGE)
    return chosen if chosen in LANGUAGES else DEFAULT_LANGUAGE


def say_for(request: Request) -> Say:
    return say_in(language_of(request))


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    person: Person | None = None,
    status: int = 200,
) -> HTMLResponse:
    """The page as HTML. Never cached: it carries protected data. Shows and forgets a waiting notice."""
    say, now = say_for(request), datetime.now(UTC)
    deployment = deployment_of(request)
    values: dict[str, Any] = {
        "t": say,
        "language": language_of(request),
        "theme": _choice(request, "theme", THEMES),
        "text_size": _choice(request, "text_size", TEXT_SIZES),
        "csrf": csrf_token(request),
        "notice": notices.waiting(request, say),
        "when": moment_in(now, say),
        "day": lambda moment: day_words(moment, say),
        "person": person,
        "programme": deployment.programme,
        "rail": _rail(request, person),
        **(context or {}),
    }
    html = environment().get_template(template).render(values)
    response = HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})
    notices.forget(request, response)
    return response


def _choice(request: Request, name: str, choices: tuple[str, ...]) -> str:
    chosen = request.cookies.get(name, "")
    return chosen if chosen in choices else choices[0]


def _rail(request: Request, person: Person | None) -> list[dict[str, Any]]:
    """The destinations that this person may open, with what waits there."""
    if person is None:
        return []
    counts: Mapping[str, int] = {}
    if person.role == "centre":
        counts = deployment_of(request).consultations.counts(county(person))
    places = [place for place in RAIL if person.role in place.roles]
    return [
        {
            "path": place.path,
            "icon": place.icon,
            "title": place.title,
            "wide": place.wide and len(places) > NARROW_PLACES,
            "count": counts.get(place.count, 0),
            "here": request.url.path.startswith(place.path),
        }
        for place in places
    ]


def county(person: Person) -> str:
    """The 12-digit code of the county that a member of staff works for."""
    return person.region[:6].ljust(12, "0")
