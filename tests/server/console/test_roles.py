"""Who may open what, and what the others read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from server.console import routes

FOR_CENTRE = ["/console/triage", "/console/callback"]
FOR_STAFF = [
    "/console/consultations",
    "/console/index",
    "/console/index/try",
    "/console/index/feedback",
    "/console/quarantine",
    "/console/people",
    "/console/me",
]
# What concerns only oneself, whatever the role.
OWN = {"/console/login", "/console/logout", "/console/password"}
SOMETHING = "01J00000000000000000000000"


def addresses(method: str) -> list[str]:
    """Every address below /console that takes a method."""
    return [
        "/console"
        + route.path.replace("{demand}", SOMETHING).replace("{receipt}", "x").replace("{verb}", "assign")
        for route in routes
        if isinstance(route, Route) and method in (route.methods or ()) and "rest" not in route.path
    ]


class TestStaff:
    @pytest.mark.parametrize("path", FOR_CENTRE + FOR_STAFF)
    def test_the_centre_opens_everything(self, staff: Callable[[str], Any], path: str) -> None:
        assert staff("centre").get(path).status_code == 200

    @pytest.mark.parametrize("path", FOR_STAFF)
    def test_an_administrator_opens_what_is_theirs(self, staff: Callable[[str], Any], path: str) -> None:
        assert staff("administrator").get(path).status_code == 200

    @pytest.mark.parametrize("path", FOR_CENTRE)
    def test_an_administrator_does_no_casework(
        self, staff: Callable[[str], Any], words: Callable[[Any], str], path: str
    ) -> None:
        answer = staff("administrator").get(path)
        assert answer.status_code == 403
        assert "您是管理员，这一页不归您管" in words(answer)

    def test_each_begins_with_their_own_page(self, staff: Callable[[str], Any]) -> None:
        assert staff("centre").get("/console/").headers["location"] == "/console/triage"
        assert staff("administrator").get("/console/").headers["location"] == "/console/index"


class TestPeopleOfThePhone:
    @pytest.mark.parametrize("role", ["informant", "township_lead", "expert"])
    def test_read_that_their_work_is_there(
        self, staff: Callable[[str], Any], words: Callable[[Any], str], role: str
    ) -> None:
        visitor = staff(role)
        for path in ["/console/", *FOR_CENTRE, *FOR_STAFF]:
            answer = visitor.get(path)
            assert answer.status_code == 403, path
            assert "您的事在手机上办" in words(answer)

    @pytest.mark.parametrize("path", sorted(set(addresses("POST")) - OWN))
    def test_can_send_no_form(self, staff: Callable[[str], Any], path: str) -> None:
        assert staff("expert").post(path).status_code == 403


class TestNobody:
    @pytest.mark.parametrize("path", sorted(set(addresses("GET") + addresses("POST")) - {"/console/login"}))
    def test_is_sent_to_the_login(self, client: TestClient, path: str) -> None:
        for method in ("GET", "POST"):
            answer = client.request(method, path, follow_redirects=False)
            if answer.status_code == 303 and not answer.headers["location"].startswith("/console/login"):
                # Addresses that take forms only lead back to their page, which asks for the login.
                answer = client.get(answer.headers["location"], follow_redirects=False)
            assert answer.status_code in (303, 404), path
            assert answer.status_code == 404 or answer.headers["location"].startswith("/console/login")


class TestForms:
    @pytest.mark.parametrize("path", [path for path in addresses("POST") if path != "/console/login"])
    @pytest.mark.parametrize("token", ["", "0" * 64])
    def test_without_the_page_s_token_nothing_happens(
        self, staff: Callable[[str], Any], path: str, token: str
    ) -> None:
        visitor = staff("administrator" if "/index/" in path else "centre")
        answer = visitor.client.post(path, data={"csrf": token, "reason": "x", "decision": "discard"})
        assert answer.status_code == 403
        assert "刷新后再按一次" in answer.text


class TestFaults:
    def test_an_unknown_page_reads_as_ours(
        self, staff: Callable[[str], Any], words: Callable[[Any], str]
    ) -> None:
        answer = staff("centre").get("/console/nowhere")
        assert answer.status_code == 404
        assert "没有这一页" in words(answer)

    def test_a_fault_shows_no_trace(
        self, staff: Callable[[str], Any], words: Callable[[Any], str], deployment: Any
    ) -> None:
        visitor = staff("centre")
        deployment.consultations._tables.close()
        answer = visitor.get("/console/triage")
        assert answer.status_code == 500
        assert "Traceback" not in answer.text
        assert "sqlite" not in answer.text.lower()

    def test_wrong_basic_credentials_are_a_page_too(self, client: Any, words: Callable[[Any], str]) -> None:
        answer = client.get("/console/triage", auth=("138-0000-9007", "wrong"))
        assert answer.status_code == 401
        assert "手机号或密码不对" in words(answer)

    def test_pages_are_not_kept_by_browsers(self, staff: Callable[[str], Any]) -> None:
        assert staff("centre").get("/console/people").headers["cache-control"] == "no-store"

    def test_no_script_or_style_in_the_page_itself(
        self, staff: Callable[[str], Any], ask: Callable[..., Any]
    ) -> None:
        ask()
        for path in FOR_CENTRE + FOR_STAFF:
            page = staff("centre").get(path).text
            assert "<script>" not in page
            assert " onclick=" not in page
            assert "<style" not in page
