"""Reads a posted form: plain texts, trimmed, bounded, checked against cross-site requests."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from server.errors import ServiceError, WrongRole
from server.sessions import check_csrf


class StaleForm(ServiceError):
    """A form without this session's token: it lay open too long, or another site sent it."""

    status = 403
    error = "stale_form"


class Fields(dict[str, str]):
    """What a form's fields held, or what is wrong with them; a field that is not there reads as empty."""

    def __missing__(self, _name: str) -> str:
        return ""


async def read_form(request: Request) -> dict[str, str]:
    """The form's fields by name; StaleForm where its token does not fit this session."""
    posted = await request.form(max_files=0, max_fields=50)
    try:
        await check_csrf(request, posted)
    except WrongRole as refusal:
        raise StaleForm(refusal.reason) from None
    return {name: value.strip() for name, value in posted.items() if isinstance(value, str)}


def missing(form: Mapping[str, str], *names: str) -> tuple[str, ...]:
    """Which of these fields are empty, in the order in which the page asks for them."""
    return tuple(name for name in names if not form.get(name))


def from_this_site(request: Request) -> bool:
    """Whether a form without a session (login) came from our own page. Browsers name the sender's origin."""
    origin = request.headers.get("origin")
    return origin in (None, f"{request.url.scheme}://{request.headers.get('host', '')}")


def local_path(path: str, otherwise: str) -> str:
    """A path to go on to after login; only our own console, never another site."""
    safe = path.startswith("/console/") and "\\" not in path and "//" not in path and "\n" not in path
    return path if safe and path.isprintable() else otherwise
