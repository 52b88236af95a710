"""Unsent work on a device whose access has ended arrives all the same: stored, or rescued to quarantine.

Over both roads: the exchange, and `_bulk_docs` as PouchDB's replication sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.workflow import Doc
from server.accounts import Person
from server.deployment import Deployment
from sync.exchange.device import Device
from tests.server.stories import Story

Phone = Callable[[str], TestClient]
Who = Callable[[str], Person]


def sync(phone: TestClient, device: Device) -> None:
    """By the exchange, to the end."""
    while True:
        message = device.request()
        answer = phone.post("/sync/exchange", json=message)
        assert answer.status_code == 200, answer.text
        if not device.take(message, answer.json()):
            return


def exchanged(phone: TestClient, documents: list[Doc]) -> list[Any]:
    answer = phone.post("/sync/exchange", json={"d": documents})
    assert answer.status_code == 200, answer.text
    return [[row[0], row[3]] for row in answer.json().get("f", [])]


def replicated(phone: TestClient, documents: list[Doc]) -> list[Any]:
    answer = phone.post("/sync/db/tianwen/_bulk_docs", json={"docs": documents, "new_edits": False})
    assert answer.status_code == 201, answer.text
    return [[row["id"], row["receipt"]] for row in answer.json()]


ROADS = pytest.mark.parametrize("bring", [exchanged, replicated])


def on_device(*documents: Doc) -> list[Doc]:
    """As a device has stored them: with revisions of its own making."""
    return [{**document, "_rev": f"1-{number:032x}"} for number, document in enumerate(documents)]


@pytest.fixture
def story(deployment: Deployment, person: Who) -> Story:
    """A consultation that the expert has been asked, as the server holds it."""
    story = Story(person("informant"))
    demand, expert = story.demand(), person("expert")
    asked = story.event("assigned", person("centre"), expert=expert.id, expert_name=expert.name, due=_later())
    deployment.database.write([demand, asked])
    return story


def _later() -> str:
    return "2026-04-01T10:00:00.000Z"


def hand_over(deployment: Deployment, story: Story, person: Who) -> None:
    """The expert hands it back from another of their devices, and somebody else is asked."""
    other = person("other_expert")
    declined = story.event("declined", person("expert"), device="0b0b0b0b", reason="不熟这个")
    asked = story.event("assigned", person("centre"), expert=other.id, expert_name=other.name, due=_later())
    deployment.database.write([declined, asked])


class TestAnExpertWhoWasReplacedMeanwhile:
    @ROADS
    def test_is_not_told_that_their_work_is_in_vain(
        self, bring: Any, deployment: Deployment, story: Story, person: Who, phone_as: Phone
    ) -> None:
        phone = phone_as("expert")
        question = story.event("asked", person("expert"), device=device_of(phone), text="下过雨没有?")
        hand_over(deployment, story, person)
        assert bring(phone, on_device(question)) == []
        assert deployment.database.get(question["_id"])["text"] == "下过雨没有?"
        assert bring(phone, on_device(question)) == [], "said again after a lost answer"
        assert deployment.database.quarantined() == []

    def test_ends_with_exactly_what_is_theirs(
        self, deployment: Deployment, story: Story, person: Who, phone_as: Phone
    ) -> None:
        phone, device = phone_as("expert"), Device()
        sync(phone, device)
        assert f"demand:{story.id}" in device.docs
        question = story.event("asked", person("expert"), device=device_of(phone), text="下过雨没有?")
        device.write(*on_device(question))
        hand_over(deployment, story, person)
        sync(phone, device)
        assert [name for name in device.docs if story.id in name] == []


class TestAnInformantWhoMovedMeanwhile:
    @ROADS
    def test_loses_nothing_of_a_report(
        self, bring: Any, deployment: Deployment, person: Who, phone_as: Phone
    ) -> None:
        phone = phone_as("informant")
        story = Story(person("informant"), device=device_of(phone))
        report = on_device(
            story.demand(media=[]), story.contact("何独秀", "138-0000-4321"), *story.photo(b"x")
        )
        move(deployment, person("informant"))
        refused = bring(phone, report)
        assert [row[0] for row in refused] == [document["_id"] for document in report]
        kept = {case.receipt: case.body for case in deployment.database.quarantined(person("informant").id)}
        assert [kept[receipt] for _, receipt in refused] == report
        assert bring(phone, report) == refused, "the same receipts, for an answer may be lost"

    @ROADS
    def test_can_still_say_what_became_of_an_old_one(
        self, bring: Any, deployment: Deployment, story: Story, person: Who, phone_as: Phone
    ) -> None:
        phone = phone_as("informant")
        word = story.event("added", person("informant"), device=device_of(phone), text="又下雨了")
        move(deployment, person("informant"))
        assert bring(phone, on_device(word)) == []


def device_of(phone: TestClient) -> str:
    return str(phone.headers["x-test-device"])


def move(deployment: Deployment, informant: Person) -> None:
    with deployment.accounts.tables.transaction() as connection:
        connection.execute("UPDATE people SET region = '510726107201' WHERE id = ?", (informant.id,))
