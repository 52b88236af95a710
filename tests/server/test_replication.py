"""The protocol as the service mounts it: other pages, the root of the host, databases of an administrator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from server.app import create_app
from server.deployment import Settings

PAGE = "https://page.example"
CHIEF = ("chief", "a long password")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(tmp_path, administrator=":".join(CHIEF), cors=(PAGE,))
    with TestClient(create_app(settings)) as client:
        yield client


def test_the_pages_that_may_ask_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TIANWEN_CORS", "https://a.example, https://b.example")
    assert Settings.from_environment(tmp_path).cors == ("https://a.example", "https://b.example")
    monkeypatch.delenv("TIANWEN_CORS")
    assert Settings.from_environment(tmp_path).cors == ()


def test_a_named_page_may_ask_and_no_other(client: TestClient) -> None:
    for origin, allowed in ((PAGE, PAGE), ("https://other.example", None)):
        answer = client.get("/sync/db/", headers={"origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed


def test_the_root_of_the_host_has_no_session(client: TestClient) -> None:
    """CouchDB's replicator asks there first, and goes on with basic credentials when it is 404."""
    assert client.post("/_session", data={"name": "x", "password": "y"}).status_code == 404


def test_an_administrator_has_databases_to_play_in(client: TestClient) -> None:
    assert client.put("/sync/db/play", auth=CHIEF).status_code == 201
    assert client.put("/sync/db/play/a%0Ab", json={"n": 1}, auth=CHIEF).status_code == 201
    assert client.get("/sync/db/play/a%0Ab", auth=CHIEF).json()["n"] == 1
    assert client.delete("/sync/db/play", auth=CHIEF).json() == {"ok": True}
    assert client.delete("/sync/db/tianwen", auth=CHIEF).status_code == 403


def test_a_cookie_stands_for_credentials(client: TestClient) -> None:
    body = {"name": CHIEF[0], "password": CHIEF[1]}
    assert client.post("/sync/db/_session", json=body).json()["roles"][-1] == "_admin"
    assert client.get("/sync/db/_all_dbs").json() == ["tianwen"]
    assert client.post("/sync/db/_session", json={**body, "password": "wrong"}).status_code == 401
