"""Who is asking: console cookies, device tokens of phones, and basic credentials under /api and /sync.

Cookies and device tokens are random; the database keeps only their SHA-256, so that a stolen backup logs
nobody in. Device tokens are revocable one by one (DESIGN.md, "Server").
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response

from server.accounts import Accounts, Person
from server.errors import BadRequest, LoginRefused, LoginRequired, PasswordRequired, WrongRole
from server.operations.requests import note_person
from server.tables import Tables

COOKIE = "tianwen_session"
COOKIE_LIFE = timedelta(hours=12)
DEVICE_LIFE = timedelta(days=400)

SESSIONS_SCHEMA = """
    CREATE TABLE IF NOT EXISTS sessions (
      digest TEXT PRIMARY KEY, kind TEXT NOT NULL, person TEXT NOT NULL, device TEXT NOT NULL,
      device_name TEXT NOT NULL, created TEXT NOT NULL, expires TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS sessions_by_person ON sessions(person);
"""


@dataclass(frozen=True)
class Session:
    """`kind` is "cookie" or "device"; `device` 8 hex digits, the name under which a phone writes."""

    digest: str
    kind: str
    person: str
    device: str


class Sessions:
    """The open sessions of a deployment, beside its accounts."""

    def __init__(self, tables: Tables, accounts: Accounts) -> None:
        self._tables = tables
        self._accounts = accounts
        with tables.transaction() as connection:
            for statement in SESSIONS_SCHEMA.split(";"):
                connection.execute(statement)

    def begin(self, person: Person, kind: str, device_name: str = "") -> tuple[str, str]:
        """(token, device) of a new session."""
        token, device = secrets.token_urlsafe(32), secrets.token_hex(4)
        life = COOKIE_LIFE if kind == "cookie" else DEVICE_LIFE
        now = datetime.now(UTC)
        with self._tables.transaction() as connection:
            connection.execute("DELETE FROM sessions WHERE expires < ?", (now.isoformat(),))
            connection.execute(
                "INSERT INTO sessions VALUES (?,?,?,?,?,?,?)",
                (_digest(token), kind, person.id, device, device_name[:80], now.isoformat(),
                 (now + life).isoformat()),
            )  # fmt: skip
        return token, device

    def find(self, token: str, kind: str) -> Session | None:
        row = self._tables.row(
            "SELECT * FROM sessions WHERE digest = ? AND kind = ? AND expires > ?",
            _digest(token), kind, datetime.now(UTC).isoformat(),
        )  # fmt: skip
        return Session(row["digest"], row["kind"], row["person"], row["device"]) if row else None

    def end(self, token: str) -> None:
        with self._tables.transaction() as connection:
            connection.execute("DELETE FROM sessions WHERE digest = ?", (_digest(token),))

    def end_others(self, person: Person, token: str) -> None:
        """After a new password: every other session of the person has ended."""
        with self._tables.transaction() as connection:
            connection.execute(
                "DELETE FROM sessions WHERE person = ? AND digest <> ?", (person.id, _digest(token))
            )

    def identify(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> Person | None:
        """Whoever these headers and cookies belong to; LoginRefused for wrong basic credentials."""
        person = self._whoever(headers, cookies)
        if person is not None:
            note_person(person.id)
        return person

    def _whoever(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> Person | None:
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            return self._basic(value)
        kind = "device" if scheme.lower() == "bearer" else "cookie"
        session = self.find(session_token(headers, cookies), kind)
        person = self._accounts.person(session.person) if session else None
        return person if person and person.active else None

    def _basic(self, value: str) -> Person:
        """ValueError is what b64decode and decode raise over anything that is not base64 of UTF-8."""
        try:
            login, separator, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            raise BadRequest("登录信息写坏了，请再登录一次。") from None
        if not separator:
            raise LoginRefused("手机号或密码不对。")
        return self._accounts.login(login, password)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def session_token(headers: Mapping[str, str], cookies: Mapping[str, str]) -> str:
    """The token of the session that a request belongs to; empty where it has none."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return "" if scheme else cookies.get(COOKIE, "")


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.deployment.sessions
    return sessions


def identify(request: Request) -> Person | None:
    """Blocking: the person behind a request. Routes use the awaitable twin below."""
    return _sessions(request).identify(request.headers, request.cookies)


async def authenticated(request: Request) -> Person | None:
    """The person behind a request, looked up once a request; argon2 runs beside the event loop."""
    if not hasattr(request.state, "person"):
        request.state.person = await anyio.to_thread.run_sync(identify, request)
    found: Person | None = request.state.person
    return found


def current_person(request: Request) -> Person | None:
    """The person behind a console request (its cookie)."""
    if not hasattr(request.state, "person"):
        request.state.person = identify(request)
    found: Person | None = request.state.person
    return found


def require(request: Request, *roles: str) -> Person:
    """The person behind a console request, who must have one of `roles` (any, where none is named).

    A first password that must be changed is the console's to lead on (server/console/endpoint.py).
    """
    return admitted(current_person(request), *roles, first_password=True)


def admitted(person: Person | None, *roles: str, first_password: bool = False) -> Person:
    """The person, or the error that keeps them out. `first_password` lets a first password in."""
    if person is None:
        raise LoginRequired
    if person.must_change_password and not first_password:
        raise PasswordRequired
    if roles and person.role not in roles:
        raise WrongRole
    return person


def begin_session(response: Response, person: Person, request: Request) -> None:
    """Log a person in on the console: an HttpOnly cookie, secure wherever the request was."""
    token, _device = _sessions(request).begin(person, "cookie", request.headers.get("user-agent", ""))
    response.set_cookie(
        COOKIE, token, max_age=int(COOKIE_LIFE.total_seconds()), httponly=True, samesite="lax",
        secure=request.url.scheme == "https", path="/",
    )  # fmt: skip


def end_session(response: Response, request: Request) -> None:
    token = request.cookies.get(COOKIE)
    if token:
        _sessions(request).end(token)
    response.delete_cookie(COOKIE, path="/")


def csrf_token(request: Request) -> str:
    """The token that every form of this session carries: an HMAC of the cookie, so nothing is stored."""
    token = request.cookies.get(COOKIE, "")
    return hmac.new(token.encode(), b"tianwen csrf", hashlib.sha256).hexdigest() if token else ""


async def check_csrf(request: Request, form: Mapping[str, Any]) -> None:
    """Raise unless the form carries this session's token (header X-CSRF-Token for scripts)."""
    given = str(form.get("csrf") or request.headers.get("x-csrf-token", ""))
    wanted = csrf_token(request)
    if not wanted or not hmac.compare_digest(given, wanted):
        raise WrongRole("这一页放得太久了。请回到上一页，刷新后再按一次。")
