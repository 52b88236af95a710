"""server/sessions.py: cookies, device tokens, basic credentials, CSRF."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from server.accounts import Person
from server.deployment import Deployment
from server.errors import BadRequest, LoginRefused
from server.sessions import COOKIE, Sessions
from tests.server.conftest import PASSWORD, PEOPLE

PHONE = PEOPLE["informant"][0]


def basic(text: bytes) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(text).decode()}"}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def sessions(opened: Deployment) -> Sessions:
    return opened.sessions


def expire(opened: Deployment) -> None:
    with opened.accounts.tables.transaction() as connection:
        past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        connection.execute("UPDATE sessions SET expires = ?", (past,))


class TestTokens:
    def test_a_device_token_is_good_where_cookies_are_not(
        self, sessions: Sessions, known: Callable[[str], Person]
    ) -> None:
        token, device = sessions.begin(known("informant"), "device", "老手机")
        assert sessions.identify(bearer(token), {}) == known("informant")
        assert sessions.identify({"authorization": f"bearer  {token}"}, {}) == known("informant")
        assert sessions.identify({}, {COOKIE: token}) is None
        assert len(device) == 8
        assert int(device, 16) >= 0

    def test_a_cookie_is_no_device_token(self, sessions: Sessions, known: Callable[[str], Person]) -> None:
        token, _ = sessions.begin(known("centre"), "cookie")
        assert sessions.identify({}, {COOKIE: token}) == known("centre")
        assert sessions.identify(bearer(token), {}) is None
        assert sessions.identify({"authorization": "Digest x"}, {COOKIE: token}) is None

    def test_one_of_two_is_revoked(self, sessions: Sessions, known: Callable[[str], Person]) -> None:
        lost, _ = sessions.begin(known("informant"), "device")
        kept, _ = sessions.begin(known("informant"), "device")
        sessions.end(lost)
        assert sessions.identify(bearer(lost), {}) is None
        assert sessions.identify(bearer(kept), {}) is not None

    def test_all_others_end_and_only_this_person_s(
        self, sessions: Sessions, known: Callable[[str], Person]
    ) -> None:
        mine, _ = sessions.begin(known("informant"), "device")
        old, _ = sessions.begin(known("informant"), "cookie")
        other, _ = sessions.begin(known("neighbour"), "device")
        sessions.end_others(known("informant"), mine)
        assert sessions.identify(bearer(mine), {}) is not None
        assert sessions.identify({}, {COOKIE: old}) is None
        assert sessions.identify(bearer(other), {}) is not None

    def test_they_expire(
        self, opened: Deployment, sessions: Sessions, known: Callable[[str], Person]
    ) -> None:
        token, _ = sessions.begin(known("informant"), "device")
        expire(opened)
        assert sessions.identify(bearer(token), {}) is None

    def test_who_has_left_is_nobody(
        self, opened: Deployment, sessions: Sessions, known: Callable[[str], Person]
    ) -> None:
        token, _ = sessions.begin(known("informant"), "device")
        with opened.accounts.tables.transaction() as connection:
            connection.execute("UPDATE people SET active = 0")
        assert sessions.identify(bearer(token), {}) is None

    def test_the_database_does_not_hold_them(
        self, opened: Deployment, sessions: Sessions, known: Callable[[str], Person]
    ) -> None:
        token, _ = sessions.begin(known("informant"), "device")
        raw = b"".join(p.read_bytes() for p in opened.settings.folder.glob("accounts.sqlite3*"))
        assert token.encode() not in raw


class TestBasicCredentials:
    def test_they_log_in(self, sessions: Sessions, known: Callable[[str], Person]) -> None:
        assert sessions.identify(basic(f"{PHONE}:{PASSWORD}".encode()), {}) == known("informant")

    @pytest.mark.parametrize(
        "wrong", [b"138-0000-9001:wrong", b"138-0000-9999:x", b"no separator", b":", b""]
    )
    def test_wrong_ones_are_refused(self, sessions: Sessions, wrong: bytes) -> None:
        with pytest.raises(LoginRefused):
            sessions.identify(basic(wrong), {})

    @pytest.mark.parametrize("value", ["Basic !!!", "Basic é", "Basic /w==", "Basic abc", "basic \xff\xfe"])
    def test_what_is_not_base64_of_a_text(self, sessions: Sessions, value: str) -> None:
        with pytest.raises(BadRequest):
            sessions.identify({"authorization": value}, {})

    @pytest.mark.parametrize("path", ["/api/me", "/sync/db/tianwen"])
    def test_malformed_ones_get_a_sentence(self, client: TestClient, path: str) -> None:
        answer = client.get(path, headers={b"authorization": b"Basic \xe4\xb8\xad"})
        assert answer.status_code == 400
        assert "登录信息写坏了" in answer.json()["reason"]


class TestLoggedInOverHttp:
    def test_logging_out_ends_the_phone_s_session(self, phone_as: Callable[[str], TestClient]) -> None:
        phone, other = phone_as("informant"), phone_as("informant")
        assert phone.post("/api/logout").json() == {"ok": True}
        assert phone.get("/api/me").status_code == 401
        assert other.get("/api/me").status_code == 200

    def test_so_does_a_client_that_writes_bearer_small(self, phone_as: Callable[[str], TestClient]) -> None:
        phone = phone_as("informant")
        phone.headers["authorization"] = phone.headers["authorization"].replace("Bearer", "bearer")
        phone.post("/api/logout")
        assert phone.get("/api/me").status_code == 401

    def test_a_new_password_ends_every_other_session(self, phone_as: Callable[[str], TestClient]) -> None:
        phone, lost = phone_as("informant"), phone_as("informant")
        answer = phone.post("/api/password", json={"old": PASSWORD, "new": "another password"})
        assert answer.status_code == 200
        assert phone.get("/api/me").status_code == 200
        assert lost.get("/api/me").status_code == 401

    def test_the_cookie_is_not_for_scripts(
        self, client: TestClient, client_as: Callable[[str], TestClient]
    ) -> None:
        answer = client.post(
            "/console/login",
            data={"phone": PEOPLE["centre"][0], "password": PASSWORD},
            follow_redirects=False,
        )
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie


class TestRequestForgery:
    """A browser sends the console's cookie from any page; a change must carry the session's token."""

    def test_a_change_through_the_cookie_alone_is_refused(
        self, client_as: Callable[[str], TestClient]
    ) -> None:
        browser = client_as("centre")
        assert browser.get("/api/me").status_code == 200
        for headers in ({}, {"x-csrf-token": "0" * 64}, {"authorization": ""}):
            answer = browser.put("/api/profile", json={"village": "x"}, headers=headers)
            assert answer.status_code == 403, headers
        assert browser.post("/api/logout").status_code == 403

    def test_with_the_token_it_goes_through(self, client_as: Callable[[str], TestClient]) -> None:
        import hashlib
        import hmac

        browser = client_as("centre")
        cookie = browser.cookies[COOKIE]
        token = hmac.new(cookie.encode(), b"tianwen csrf", hashlib.sha256).hexdigest()
        answer = browser.put("/api/profile", json={"village": "x"}, headers={"x-csrf-token": token})
        assert answer.status_code == 200

    def test_one_session_s_token_is_not_another_s(self, client_as: Callable[[str], TestClient]) -> None:
        import hashlib
        import hmac

        one, two = client_as("centre"), client_as("centre")
        token = hmac.new(one.cookies[COOKIE].encode(), b"tianwen csrf", hashlib.sha256).hexdigest()
        answer = two.put("/api/profile", json={"village": "x"}, headers={"x-csrf-token": token})
        assert answer.status_code == 403
