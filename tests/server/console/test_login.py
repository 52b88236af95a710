"""Logging in and out, and the first password (MISSION S1.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from server.accounts import NewPerson
from server.deployment import Deployment

PHONE, PASSWORD = "138-0000-9007", "long enough"


def log_in(client: TestClient, phone: str = PHONE, password: str = PASSWORD, **more: str) -> Any:
    return client.post(
        "/console/login", data={"phone": phone, "password": password, **more}, follow_redirects=False
    )


class TestPassword:
    def test_right_leads_to_the_first_page_of_the_role(self, client: TestClient) -> None:
        answer = log_in(client)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
        assert client.get("/console/", follow_redirects=False).headers["location"] == "/console/triage"

    def test_wrong_says_how_many_tries_are_left(
        self, client: TestClient, words: Callable[[Any], str]
    ) -> None:
        answer = log_in(client, password="something else")
        assert answer.status_code == 401
        assert "手机号或密码不对。还能试 4 次，之后等 15 分钟。" in words(answer)
        assert f'value="{PHONE}"' in answer.text, "what was typed stays"
        assert "something else" not in answer.text

    def test_too_many_wrong_ones_lock_for_a_quarter_of_an_hour(
        self, client: TestClient, words: Callable[[Any], str]
    ) -> None:
        for _ in range(5):
            answer = log_in(client, password="something else")
        assert answer.status_code == 429
        assert "15 分钟" in words(answer)
        assert log_in(client).status_code == 429

    def test_an_empty_field_is_named(self, client: TestClient, words: Callable[[Any], str]) -> None:
        assert "还差一样：密码" in words(log_in(client, password=""))
        assert "还差一样：手机号" in words(log_in(client, phone=""))

    def test_from_another_site_is_refused(self, client: TestClient) -> None:
        answer = client.post(
            "/console/login",
            data={"phone": PHONE, "password": PASSWORD},
            headers={"origin": "https://elsewhere.example"},
            follow_redirects=False,
        )
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


class TestNext:
    def test_a_page_that_needs_a_login_is_returned_to(self, client: TestClient) -> None:
        answer = client.get("/console/consultations?text=玉米", follow_redirects=False)
        assert answer.status_code == 303
        page = client.get(answer.headers["location"])
        assert 'name="next" value="/console/consultations?text=' in page.text
        there = log_in(client, next="/console/consultations?text=x").headers["location"]
        assert there == "/console/consultations?text=x"

    @pytest.mark.parametrize(
        "target", ["https://elsewhere.example/", "//elsewhere.example", "/console/\\elsewhere", "/console//x"]
    )
    def test_another_site_is_not(self, client: TestClient, target: str) -> None:
        assert log_in(client, next=target).headers["location"] == "/console/"


class TestFirstPassword:
    @pytest.fixture
    def newcomer(self, app: Starlette, deployment: Deployment) -> TestClient:
        deployment.accounts.add(
            [NewPerson("138-0000-9100", "tianwen-demo", "新演示", "centre", "510726000000")]
        )
        visitor = TestClient(app, follow_redirects=False)
        assert log_in(visitor, "138-0000-9100", "tianwen-demo").headers["location"] == "/console/password"
        return visitor

    def change(self, visitor: TestClient, old: str, new: str, again: str | None = None) -> Any:
        token = visitor.get("/console/password").text.split('name="csrf" value="')[1].split('"')[0]
        fields = {"csrf": token, "old": old, "new": new, "again": new if again is None else again}
        return visitor.post("/console/password", data=fields)

    def test_every_other_page_leads_there(self, newcomer: TestClient) -> None:
        for path in ("/console/", "/console/triage", "/console/people", "/console/me"):
            assert newcomer.get(path).headers["location"] == "/console/password"

    def test_changed_opens_the_console(self, newcomer: TestClient) -> None:
        assert self.change(newcomer, "tianwen-demo", "harvest moon").headers["location"] == "/console/"
        assert newcomer.get("/console/triage").status_code == 200

    def test_faults_are_sentences(self, newcomer: TestClient, words: Callable[[Any], str]) -> None:
        assert "两遍不一样" in words(self.change(newcomer, "tianwen-demo", "harvest moon", "harvest"))
        assert "还差 3 位" in words(self.change(newcomer, "tianwen-demo", "short"))
        assert "现在的密码不对。还能试" in words(self.change(newcomer, "not that", "harvest moon"))
        assert newcomer.get("/console/triage").status_code == 303

    def test_ends_the_other_sessions(self, app: Starlette, newcomer: TestClient) -> None:
        other = TestClient(app, follow_redirects=False)
        log_in(other, "138-0000-9100", "tianwen-demo")
        self.change(newcomer, "tianwen-demo", "harvest moon")
        assert other.get("/console/password").headers["location"].startswith("/console/login")


class TestLoggingOut:
    def test_ends_the_session(self, staff: Callable[[str], Any]) -> None:
        centre = staff("centre")
        assert centre.post("/console/logout").headers["location"] == "/console/login"
        assert centre.get("/console/triage").headers["location"].startswith("/console/login")

    def test_needs_the_form(self, staff: Callable[[str], Any]) -> None:
        centre = staff("centre")
        assert centre.get("/console/logout").status_code == 404
        assert centre.client.post("/console/logout").status_code == 403
        assert centre.get("/console/triage").status_code == 200
