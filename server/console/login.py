"""Logging in and out of the console, and the password (MISSION S1.9)."""

from __future__ import annotations

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.accounts import Person
from server.console import notices
from server.console.endpoint import PASSWORD_PATH, for_roles, guarded
from server.console.forms import StaleForm, from_this_site, local_path, read_form
from server.console.page import deployment_of, render, say_for
from server.errors import LoginRefused, Unacceptable
from server.sessions import COOKIE, begin_session, current_person, end_session

HOME = "/console/"


@guarded
async def login(request: Request) -> Response:
    """The form; whoever is logged in already goes on."""
    if request.method == "POST":
        return await _log_in(request)
    target = local_path(request.query_params.get("next", ""), HOME)
    if current_person(request) is not None:
        return RedirectResponse(target, status_code=303)
    return render(request, "login.html", {"next": target, "phone": "", "fault": ""})


async def _log_in(request: Request) -> Response:
    posted = await request.form(max_files=0, max_fields=10)
    say = say_for(request)
    if not from_this_site(request):
        raise StaleForm(say("login.foreign"))
    phone, password = str(posted.get("phone", "")).strip(), str(posted.get("password", ""))
    target = local_path(str(posted.get("next", "")), HOME)
    page = {"next": target, "phone": phone}
    if not phone or not password:
        fault = say("login.missing_phone") if not phone else say("login.missing_password")
        return render(request, "login.html", {**page, "fault": fault}, status=422)
    accounts = deployment_of(request).accounts
    try:
        person = await run_sync(accounts.login, phone, password)
    except LoginRefused as refusal:
        fault = (
            say("login.refused", reason=refusal.reason.rstrip("。")) if refusal.tries_left else refusal.reason
        )
        return render(request, "login.html", {**page, "fault": fault}, status=refusal.status)
    response = RedirectResponse(PASSWORD_PATH if person.must_change_password else target, status_code=303)
    begin_session(response, person, request)
    return response


@for_roles(first_password_too=True)
async def logout(request: Request, _person: Person) -> Response:
    """End this session. A form, because a link could be followed by somebody else's page."""
    await read_form(request)
    response = notices.redirect("/console/login", "login.out")
    end_session(response, request)
    return response


@for_roles(first_password_too=True)
async def password(request: Request, person: Person) -> Response:
    """Change the password; the first one must be changed before any other page opens."""
    if request.method != "POST":
        return render(request, "password.html", {"faults": _faults()}, person=person)
    await read_form(request)
    # Passwords are taken as they are: blanks at their ends count.
    posted = await request.form(max_files=0, max_fields=10)
    old, new, again = (str(posted.get(name, "")) for name in ("old", "new", "again"))
    faults = await _change(request, person, old, new, again)
    if any(faults.values()):
        return render(request, "password.html", {"faults": faults}, person=person, status=422)
    # Whoever knew the old password is out.
    deployment_of(request).sessions.end_others(person, request.cookies.get(COOKIE, ""))
    return notices.redirect(HOME, "password.changed")


async def _change(request: Request, person: Person, old: str, new: str, again: str) -> dict[str, str]:
    """Change it, or say for each field what is wrong."""
    say = say_for(request)
    if not old:
        return _faults(old=say("password.missing_old"))
    if new != again:
        return _faults(again=say("password.differ"))
    try:
        await run_sync(deployment_of(request).accounts.change_password, person, old, new)
    except LoginRefused as refusal:
        wrong = say("password.wrong_old", n=refusal.tries_left) if refusal.tries_left else refusal.reason
        return _faults(old=wrong)
    except Unacceptable as fault:
        return _faults(new=fault.reason)
    return _faults()


def _faults(old: str = "", new: str = "", again: str = "") -> dict[str, str]:
    return {"old": old, "new": new, "again": again}
