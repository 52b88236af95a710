"""Log in, first password, profile, log out (MISSION S1.9)."""

from __future__ import annotations

from typing import Any

import anyio
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from models.programme import Programme
from server.accounts import Person
from server.api.request import answer, api, asker, body_of, deployment_of
from server.sessions import session_token


class LoginForm(BaseModel):
    phone: str = Field(min_length=1, max_length=60)
    password: str = Field(min_length=1, max_length=200)
    device_name: str = Field(default="", max_length=200)


class PasswordForm(BaseModel):
    old: str = Field(min_length=1, max_length=200)
    new: str = Field(max_length=1000)


class ProfileForm(BaseModel, extra="allow"):
    """The fields of the roster (MISSION S1.10); server/accounts.py knows which."""


def person_body(person: Person, programme: Programme) -> dict[str, Any]:
    """What a phone knows of its user."""
    return {
        "id": person.id, "name": person.name, "role": person.role, "region": person.region,
        "region_name": programme.region_name(person.region), "county": programme.county,
        "county_name": programme.county_name, "title": person.title, "industries": list(person.industries),
        "phone": person.phone_masked, "must_change_password": person.must_change_password,
        "profile_complete": person.profile_complete,
    }  # fmt: skip


@api
async def login(request: Request) -> Response:
    form = await body_of(request, LoginForm)
    deployment = deployment_of(request)
    person = await anyio.to_thread.run_sync(deployment.accounts.login, form.phone, form.password)
    token, device = await anyio.to_thread.run_sync(
        deployment.sessions.begin, person, "device", form.device_name
    )
    body = person_body(person, deployment.programme)
    return answer({"token": token, "device": device, "person": body})


@api
async def password(request: Request) -> Response:
    person = await asker(request, first_password=True)
    form = await body_of(request, PasswordForm)
    deployment = deployment_of(request)
    changed = await anyio.to_thread.run_sync(deployment.accounts.change_password, person, form.old, form.new)
    token = session_token(request.headers, request.cookies)
    await anyio.to_thread.run_sync(deployment.sessions.end_others, person, token)
    return answer({"person": person_body(changed, deployment.programme)})


@api
async def profile(request: Request) -> Response:
    person = await asker(request)
    form = await body_of(request, ProfileForm)
    deployment = deployment_of(request)
    fields = form.model_dump()
    changed = await anyio.to_thread.run_sync(deployment.accounts.complete_profile, person, fields)
    return answer({"person": person_body(changed, deployment.programme)})


@api
async def me(request: Request) -> Response:
    person = await asker(request, first_password=True)
    return answer(person_body(person, deployment_of(request).programme))


@api
async def logout(request: Request) -> Response:
    await asker(request, first_password=True)
    token = session_token(request.headers, request.cookies)
    await anyio.to_thread.run_sync(deployment_of(request).sessions.end, token)
    return answer({"ok": True})
