"""server/api: what phones ask for beside sync. Bad input gets a sentence with the right status."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from server import api
from server.accounts import NewPerson, Person
from server.api.request import BODY_LIMIT
from server.deployment import Deployment
from tests.server.conftest import COUNTY, PASSWORD, PEOPLE
from tests.server.stories import Story

# method, path, a body that is well-formed
ENDPOINTS = [
    ("POST", "/api/login", {"phone": PEOPLE["informant"][0], "password": PASSWORD}),
    ("POST", "/api/password", {"old": PASSWORD, "new": "another password"}),
    ("PUT", "/api/profile", {"village": "青坪村三组"}),
    ("GET", "/api/me", None),
    ("POST", "/api/logout", None),
    ("GET", "/api/programme", None),
    ("POST", "/api/similar", {"text": "苞谷叶子发黄"}),
    ("GET", "/api/similar/pack", None),
    ("GET", "/api/media/{media}", None),
]
KNOWN_ONLY = [each for each in ENDPOINTS if each[1] != "/api/login"]
# Those that a first password opens: all that is needed to change it.
BEFORE_THE_CHANGE = {"/api/login", "/api/password", "/api/me", "/api/logout"}
WITH_BODY = [each for each in ENDPOINTS if each[2] is not None]
MEDIA = "01J00000000000000000000000"


def send(client: TestClient, method: str, path: str, body: Any = None, **more: Any) -> Any:
    return client.request(method, path.format(media=MEDIA), json=body, **more)


def sentence(answer: Any) -> str:
    """The Chinese sentence of a refusal; fails where there is none, or where it shows our insides."""
    reason = answer.json()["reason"]
    assert re.search(r"[\u4e00-\u9fff]", reason), reason
    assert answer.json()["error"]
    assert "Traceback" not in answer.text
    assert "server/" not in answer.text
    return str(reason)


def test_every_endpoint_is_listed_above() -> None:
    routes = {
        (method, f"/api{route.path}")
        for route in api.routes
        if isinstance(route, Route) and route.path != "/{rest:path}"
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert {(method, path) for method, path, _ in ENDPOINTS} == routes


class TestWhoAsks:
    @pytest.mark.parametrize(("method", "path", "body"), KNOWN_ONLY)
    def test_nobody_in_particular(self, client: TestClient, method: str, path: str, body: Any) -> None:
        answer = send(client, method, path, body)
        assert answer.status_code == 401
        assert "再登录一次" in sentence(answer)

    @pytest.mark.parametrize(("method", "path", "body"), KNOWN_ONLY)
    def test_with_wrong_credentials(self, client: TestClient, method: str, path: str, body: Any) -> None:
        for wrong in ("Bearer wrong", "Bearer ", "Digest x", "Basic MTM4LTAwMDAtOTAwMTp3cm9uZw=="):
            answer = send(client, method, path, body, headers={"authorization": wrong})
            assert answer.status_code == 401, wrong
            assert sentence(answer)

    @pytest.mark.parametrize(("method", "path", "body"), KNOWN_ONLY)
    def test_with_a_first_password(
        self, client: TestClient, deployment: Deployment, method: str, path: str, body: Any
    ) -> None:
        deployment.accounts.add([NewPerson("138-0000-8001", PASSWORD, "新人", "informant", "510726105201")])
        answer = send(client, method, path, body, auth=("138-0000-8001", PASSWORD))
        if path in BEFORE_THE_CHANGE:
            assert answer.status_code == 200
        else:
            assert (answer.status_code, answer.json()["error"]) == (403, "password_change_required")
            assert "换一个自己的密码" in sentence(answer)

    @pytest.mark.parametrize("name", PEOPLE)
    def test_every_role_sees_itself(self, phone_as: Callable[[str], TestClient], name: str) -> None:
        phone, role, region, spoken = PEOPLE[name]
        me = phone_as(name).get("/api/me").json()
        assert (me["name"], me["role"], me["region"], me["county"]) == (spoken, role, region, COUNTY)
        assert me["phone"] == f"138-****-{phone[-4:]}"

    def test_basic_credentials_will_do(self, client: TestClient) -> None:
        assert client.get("/api/me", auth=(PEOPLE["expert"][0], PASSWORD)).json()["role"] == "expert"


class TestBadInput:
    @pytest.mark.parametrize(("method", "path", "_body"), WITH_BODY)
    def test_what_is_not_json(
        self, phone_as: Callable[[str], TestClient], method: str, path: str, _body: Any
    ) -> None:
        phone = phone_as("informant")
        for raw in (b"{", b"\xff\xfe", b"nope", b'{"text": "\\ud800"}', b"[" * 3000, b"\x00"):
            answer = phone.request(method, path, content=raw)
            assert answer.status_code == 400, raw
            assert sentence(answer)

    @pytest.mark.parametrize(("method", "path", "_body"), WITH_BODY)
    def test_json_that_is_no_object(
        self, phone_as: Callable[[str], TestClient], method: str, path: str, _body: Any
    ) -> None:
        phone = phone_as("informant")
        for raw in (b"[]", b'"x"', b"3", b"null", b"true"):
            answer = phone.request(method, path, content=raw)
            assert answer.status_code == 422, raw
            assert sentence(answer)

    @pytest.mark.parametrize(
        ("method", "path", "body"), [each for each in WITH_BODY if each[1] != "/api/profile"]
    )
    def test_a_field_that_is_missing_is_named(
        self, phone_as: Callable[[str], TestClient], method: str, path: str, body: dict[str, Any]
    ) -> None:
        phone = phone_as("informant")
        for field in body:
            rest = {name: value for name, value in body.items() if name != field}
            answer = send(phone, method, path, rest)
            assert (answer.status_code, answer.json()["field"]) == (422, field)
            assert sentence(answer)

    @pytest.mark.parametrize(("method", "path", "body"), WITH_BODY)
    def test_a_field_of_another_kind(
        self, phone_as: Callable[[str], TestClient], method: str, path: str, body: dict[str, Any]
    ) -> None:
        phone = phone_as("informant")
        for field in body:
            for wrong in (None, 3, [], {}, "x" * 30_000):
                answer = send(phone, method, path, {**body, field: wrong})
                assert answer.status_code == 422, (field, wrong)
                assert sentence(answer)

    @pytest.mark.parametrize(("method", "path", "_body"), WITH_BODY)
    def test_what_is_too_large(
        self, phone_as: Callable[[str], TestClient], method: str, path: str, _body: Any
    ) -> None:
        answer = phone_as("informant").request(method, path, content=b"[" + b"1," * BODY_LIMIT + b"1]")
        assert answer.status_code in (400, 413)
        assert "太大" in sentence(answer)

    def test_an_address_that_is_not_there(self, client: TestClient) -> None:
        for path in ("/api/", "/api/nothing", "/api/media", "/api/../api/x", "/api/%00"):
            for method in ("GET", "POST", "PUT", "DELETE"):
                answer = client.request(method, path)
                assert answer.status_code == 404, (method, path)
                assert sentence(answer)

    def test_a_method_that_is_not_meant(self, client: TestClient) -> None:
        for _, path, _ in ENDPOINTS:
            answer = send(client, "DELETE", path)
            assert answer.status_code == 405, path
            assert sentence(answer)

    def test_a_fault_of_ours_is_a_sentence_too(
        self, app: Starlette, phone_as: Callable[[str], TestClient], caplog: pytest.LogCaptureFixture
    ) -> None:
        phone = phone_as("informant")
        app.state.deployment.store.close()
        answer = phone.get(f"/api/media/{MEDIA}")
        assert answer.status_code == 503
        assert "过一会儿再试" in sentence(answer)


class TestLogin:
    def test_it_gives_token_device_and_person(self, client: TestClient) -> None:
        body = {"phone": "138 0000 9001", "password": PASSWORD, "device_name": "红米"}
        found = client.post("/api/login", json=body).json()
        assert re.fullmatch(r"[0-9a-f]{8}", found["device"])
        assert found["person"]["name"] == "周演示"
        answer = client.get("/api/me", headers={"authorization": f"Bearer {found['token']}"})
        assert answer.json() == found["person"]

    def test_tries_are_counted_down_to_a_lock(self, client: TestClient) -> None:
        wrong = {"phone": PEOPLE["informant"][0], "password": "wrong"}
        answers = [client.post("/api/login", json=wrong) for _ in range(5)]
        assert [answer.json()["tries_left"] for answer in answers] == [4, 3, 2, 1, 0]
        assert [answer.status_code for answer in answers] == [401] * 4 + [429]
        assert client.get("/api/me", auth=(PEOPLE["informant"][0], PASSWORD)).status_code == 429

    def test_who_is_logged_in_stays_so_while_the_login_is_locked(
        self, client: TestClient, phone_as: Callable[[str], TestClient]
    ) -> None:
        phone = phone_as("informant")
        for _ in range(5):
            client.post("/api/login", json={"phone": PEOPLE["informant"][0], "password": "wrong"})
        assert phone.get("/api/me").status_code == 200


class TestPassword:
    def test_the_first_one_is_changed_and_everything_opens(
        self, client: TestClient, deployment: Deployment
    ) -> None:
        deployment.accounts.add([NewPerson("138-0000-8001", "first password", "新人", "expert", COUNTY)])
        login = client.post("/api/login", json={"phone": "13800008001", "password": "first password"}).json()
        assert login["person"]["must_change_password"]
        client.headers["authorization"] = f"Bearer {login['token']}"
        assert client.get("/sync/db/tianwen").status_code == 403
        body = {"old": "first password", "new": "second password"}
        assert not client.post("/api/password", json=body).json()["person"]["must_change_password"]
        assert client.get("/api/programme").status_code == 200
        assert client.get("/sync/db/tianwen").status_code == 200

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"old": PASSWORD, "new": "short"}, 422),
            ({"old": PASSWORD, "new": ""}, 422),
            ({"old": PASSWORD, "new": PASSWORD}, 422),
            ({"old": "wrong", "new": "another password"}, 401),
        ],
    )
    def test_what_will_not_do(
        self, phone_as: Callable[[str], TestClient], body: dict[str, str], status: int
    ) -> None:
        answer = phone_as("informant").post("/api/password", json=body)
        assert answer.status_code == status
        assert sentence(answer)


class TestProfile:
    def test_it_is_completed_and_kept_sealed(
        self, phone_as: Callable[[str], TestClient], deployment: Deployment, person: Callable[[str], Person]
    ) -> None:
        answer = phone_as("informant").put("/api/profile", json={"id_number": "510726198001011234"})
        assert answer.json()["person"]["profile_complete"]
        assert "510726198001011234" not in answer.text
        assert deployment.accounts.profile(person("informant")) == {"id_number": "510726198001011234"}

    @pytest.mark.parametrize(
        "fields", [{"role": "centre"}, {"region": COUNTY}, {"": "x"}, {"village": "x" * 101}]
    )
    def test_only_the_roster_s_fields(
        self, phone_as: Callable[[str], TestClient], fields: dict[str, str]
    ) -> None:
        phone = phone_as("informant")
        answer = phone.put("/api/profile", json=fields)
        assert answer.status_code == 422
        assert sentence(answer)
        assert phone.get("/api/me").json()["role"] == "informant"


class TestProgramme:
    def test_what_a_phone_keeps(self, phone_as: Callable[[str], TestClient]) -> None:
        found = phone_as("informant").get("/api/programme").json()
        assert (found["county"], len(found["townships"])) == (COUNTY, 22)
        assert found["hotline"]
        assert found["limits"]["triage_minutes"] == 60
        assert all(industry["crops"] for industry in found["industries"])
        assert "subsidy" not in found


class TestSimilar:
    def test_what_cannot_be_asked(self, phone_as: Callable[[str], TestClient]) -> None:
        phone = phone_as("informant")
        for body in (
            {"text": ""},
            {"text": " \n\t"},
            {"text": "x", "k": 0},
            {"text": "x", "k": 51},
            {"text": "x", "k": "many"},
            {"text": "x" * 20_001},
            {"text": "x", "industry": 3},
            {"text": "x", "crop": "长" * 41},
        ):
            answer = phone.post("/api/similar", json=body)
            assert answer.status_code == 422, body
            assert sentence(answer)


class TestMedia:
    PHOTO = os.urandom(60_000)

    def put(self, deployment: Deployment, story: Story, without: int | None = None, **change: Any) -> str:
        described, *chunks = story.photo(self.PHOTO)
        if without is not None:
            del chunks[without]
        chunks[0] |= change
        deployment.database.write([story.demand(), described, *chunks])
        return str(described["_id"]).removeprefix("media:")

    @pytest.fixture
    def story(self, person: Callable[[str], Person]) -> Story:
        return Story(person("informant"))

    @pytest.mark.parametrize("name", ["informant", "township_lead", "centre", "administrator"])
    def test_it_is_put_together_for_who_may_read_it(
        self, deployment: Deployment, story: Story, phone_as: Callable[[str], TestClient], name: str
    ) -> None:
        answer = phone_as(name).get(f"/api/media/{self.put(deployment, story)}")
        assert (answer.status_code, answer.content) == (200, self.PHOTO)
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"].startswith("private")
        assert answer.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize("name", ["stranger", "neighbour", "expert"])
    def test_for_others_it_is_not_there(
        self, deployment: Deployment, story: Story, phone_as: Callable[[str], TestClient], name: str
    ) -> None:
        phone = phone_as(name)
        foreign = phone.get(f"/api/media/{self.put(deployment, story)}")
        assert foreign.status_code == 404
        assert foreign.text == phone.get(f"/api/media/{MEDIA}").text

    def test_while_it_is_on_its_way(
        self, deployment: Deployment, story: Story, phone_as: Callable[[str], TestClient]
    ) -> None:
        answer = phone_as("informant").get(f"/api/media/{self.put(deployment, story, without=1)}")
        assert answer.status_code == 404
        assert "到了 2/3" in sentence(answer)

    @pytest.mark.parametrize("data", ["AAAA", "A", "AAAAA", "A="])
    def test_one_that_was_damaged(
        self, deployment: Deployment, story: Story, phone_as: Callable[[str], TestClient], data: str
    ) -> None:
        answer = phone_as("informant").get(f"/api/media/{self.put(deployment, story, data=data)}")
        assert answer.status_code == 404
        assert "坏了" in sentence(answer)

    @pytest.mark.parametrize("name", ["x", MEDIA.lower(), "demand:" + MEDIA, "%00", "长" * 200])
    def test_what_is_no_name_of_one(self, phone_as: Callable[[str], TestClient], name: str) -> None:
        assert phone_as("informant").get(f"/api/media/{name}").status_code == 404


class TestAnswers:
    def test_every_answer_is_guarded(self, client: TestClient) -> None:
        for path in ("/healthz", "/api/me", "/api/nothing", "/sync/db/", "/console/login", "/"):
            headers = client.get(path).headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert "frame-ancestors 'none'" in headers["content-security-policy"], path
            assert headers["referrer-policy"] == "same-origin", path
