"""A real deployment on a real disk, and clients who are logged in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.testclient import TestClient

from server.accounts import NewPerson, Person
from server.app import create_app
from server.deployment import Deployment, Settings

PASSWORD = "long enough"
COUNTY = "510726000000"

# Two villages of one township, one of another: what may be read across them is what most tests ask.
PEOPLE = {
    "informant": ("138-0000-9001", "informant", "510726105201", "周演示"),
    "neighbour": ("138-0000-9002", "informant", "510726105202", "吴演示"),
    "stranger": ("138-0000-9003", "informant", "510726107201", "郑演示"),
    "township_lead": ("138-0000-9004", "township_lead", "510726105000", "冯演示"),
    "expert": ("138-0000-9005", "expert", COUNTY, "王演示"),
    "other_expert": ("138-0000-9006", "expert", COUNTY, "褚演示"),
    "centre": ("138-0000-9007", "centre", COUNTY, "杨演示"),
    "administrator": ("138-0000-9008", "administrator", COUNTY, "尚演示"),
}


def register(deployment: Deployment) -> None:
    """The people of PEOPLE."""
    deployment.accounts.add(
        [
            NewPerson(
                login=phone, password=PASSWORD, name=name, role=role, region=region,
                title="演示", industries=("粮油",) if role == "expert" else (), must_change_password=False,
            )
            for phone, role, region, name in PEOPLE.values()
        ]
    )  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def _quick_hashing() -> Iterator[None]:
    """argon2 takes a tenth of a second on purpose; tests log in some hundred times."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr("server.accounts.PasswordHasher", cheap)
        yield


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Deployment]:
    """A deployment with the people of PEOPLE, without a server: nothing follows the store by itself."""
    with Deployment(Settings(tmp_path / "data")) as deployment:
        register(deployment)
        yield deployment


@pytest.fixture
def known(opened: Deployment) -> Callable[[str], Person]:
    """known("expert"): the account of that name in `opened`."""
    return lambda name: account(opened, name)


def account(deployment: Deployment, name: str) -> Person:
    found = deployment.accounts.by_login(PEOPLE[name][0])
    assert found is not None
    return found


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    """The application on an empty deployment with the people of PEOPLE."""
    application = create_app(Settings(tmp_path / "data"))
    register(application.state.deployment)
    return application


@pytest.fixture
def client(app: Starlette) -> Iterator[TestClient]:
    """A client without a session; the server's threads run as long as it does."""
    with TestClient(app, base_url="http://testserver") as started:
        yield started


@pytest.fixture
def deployment(app: Starlette, client: TestClient) -> Deployment:
    found: Deployment = app.state.deployment
    return found


@pytest.fixture
def person(deployment: Deployment) -> Callable[[str], Person]:
    """person("expert"): the account of that name in PEOPLE."""
    return lambda name: account(deployment, name)


@pytest.fixture
def client_as(app: Starlette, client: TestClient) -> Callable[[str], TestClient]:
    """client_as("centre"): another client, logged in on the console."""

    def log_in(name: str) -> TestClient:
        visitor = TestClient(app, base_url="http://testserver", follow_redirects=False)
        answer = visitor.post("/console/login", data={"phone": PEOPLE[name][0], "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return visitor

    return log_in


@pytest.fixture
def phone_as(app: Starlette, client: TestClient) -> Callable[[str], TestClient]:
    """phone_as("informant"): another client with that person's device token; `.device` in its headers."""

    def log_in(name: str) -> TestClient:
        visitor = TestClient(app, base_url="http://testserver", follow_redirects=False)
        answer = visitor.post("/api/login", json={"phone": PEOPLE[name][0], "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        visitor.headers["authorization"] = f"Bearer {answer.json()['token']}"
        visitor.headers["x-test-device"] = answer.json()["device"]
        return visitor

    return log_in
