"""Consultations on the real store, and a member of staff who fills in forms."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from models import ids
from models.clock import next_stamp
from models.workflow import Doc, iso
from server.accounts import Person
from server.deployment import Deployment

Find = Callable[[str], Person]


@dataclass
class Story:
    """One consultation that tests write event by event, as phones and the centre would have."""

    deployment: Deployment
    person: Find
    id: str
    clocks: list[str] = field(default_factory=list)

    def event(self, kind: str, by: str, minutes_ago: float = 0, **payload: Any) -> str:
        """Write one event; its `_id`. `by` names one of PEOPLE, or the server."""
        at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        clock = next_stamp(int(at.timestamp() * 1000), self.clocks)
        self.clocks.append(clock)
        document = {
            "_id": ids.event_id(self.id, clock, ids.SERVER_DEVICE),
            "type": "event", "kind": kind, "demand": self.id, "clock": clock, "device": ids.SERVER_DEVICE,
            "by": ids.SERVER if by == ids.SERVER else self.person(by).id, "at": iso(at), **payload,
        }  # fmt: skip
        self.write([document])
        return str(document["_id"])

    def assigned(self, expert: str = "expert", minutes_ago: float = 0) -> None:
        who = self.person(expert)
        self.event("assigned", "centre", minutes_ago, expert=who.id, expert_name=who.name)

    def solved(self, minutes_ago: float = 0) -> None:
        """Assigned, answered, relayed, solved: ready to be called back."""
        self.assigned(minutes_ago=minutes_ago + 30)
        self.event("replied", "expert", minutes_ago + 20, diagnosis="缺氮", text="追尿素\n沟施盖土")
        self.event("relayed", "informant", minutes_ago + 10)
        self.event("solved", "informant", minutes_ago)

    def picture(self, media: str, content: bytes, chunks: int, arrived: int) -> None:
        """A described picture of which only the first chunks have arrived."""
        size = -(-len(content) // chunks)
        by, at = self.person("informant").id, iso(datetime.now(UTC))
        parts = [content[start : start + size] for start in range(0, len(content), size)]
        document: Doc = {
            "_id": ids.media_id(media), "type": "media", "demand": self.id, "by": by, "mime": "image/jpeg",
            "bytes": len(content), "chunks": len(parts), "sha256": hashlib.sha256(content).hexdigest(),
            "width": 8, "height": 8, "clock": self.clocks[0], "device": ids.SERVER_DEVICE, "at": at,
        }  # fmt: skip
        pieces: list[Doc] = [
            {
                "_id": ids.chunk_id(media, number), "type": "chunk", "demand": self.id, "media": media,
                "n": number, "data": base64.b64encode(part).decode(), "by": by, "device": ids.SERVER_DEVICE,
            }
            for number, part in enumerate(parts[:arrived])
        ]  # fmt: skip
        self.write([document, *pieces])

    def write(self, documents: list[Doc]) -> None:
        results = self.deployment.database.write(documents)
        assert not [result.error for result in results if result.error]
        self.deployment.consultations._wait_for(self.deployment.database.info().update_seq)

    def state(self) -> str:
        found = self.deployment.consultations.documents(self.id)
        assert found is not None
        return found.state

    def last(self) -> Doc:
        found = self.deployment.consultations.documents(self.id)
        assert found is not None
        return found.thread[-1]


@pytest.fixture
def ask(deployment: Deployment, person: Find) -> Callable[..., Story]:
    """ask("玉米叶子黄"): a demand of the informant that the county has received."""

    def write(text: str = "玉米心叶被虫吃成窗户纸", minutes_ago: float = 5, **fields: Any) -> Story:
        reporter = person(fields.pop("reporter", "informant"))
        contact = fields.pop("contact", None)
        at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        story = Story(deployment, person, ids.new_ulid(int(at.timestamp() * 1000)))
        clock = next_stamp(int(at.timestamp() * 1000))
        story.clocks.append(clock)
        stamped = {"clock": clock, "device": ids.SERVER_DEVICE, "at": iso(at)}
        demand = {
            "_id": ids.demand_id(story.id), "type": "demand", "reporter": reporter.id,
            "region": reporter.region, "industry": "粮油", "crop": "玉米", "text": text, **stamped, **fields,
        }  # fmt: skip
        story.write([demand])
        story.event("received", ids.SERVER, minutes_ago, reporter_name=reporter.name)
        if contact:
            name, phone = contact
            story.write(
                [
                    {
                        "_id": ids.contact_id(story.id), "type": "contact", "demand": story.id,
                        "region": reporter.region, "reporter": reporter.id, "name": name, "phone": phone,
                        "device": ids.SERVER_DEVICE, "at": iso(at),
                    }
                ]
            )  # fmt: skip
        return story

    return write


@dataclass
class Staff:
    """A member of staff at the console: opens pages and sends their forms with the page's own token."""

    client: TestClient

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def post(self, path: str, **fields: str) -> Any:
        return self.client.post(path, data={"csrf": self.token(), **fields})

    def token(self) -> str:
        page = self.client.get("/console/password")
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
        assert found, page.text
        return found[1]

    def after(self, answer: Any) -> Any:
        """The page that a 303 leads to."""
        assert answer.status_code == 303, words(answer)
        return self.client.get(answer.headers["location"])


@pytest.fixture
def staff(client_as: Callable[[str], TestClient]) -> Callable[[str], Staff]:
    return lambda name: Staff(client_as(name))


def words(answer: Response | Any) -> str:
    """What a reader of a page sees, without marks."""
    text = re.sub(r"<(script|style)\b.*?</\1>", "", answer.text, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text))).strip()


@pytest.fixture(name="words")
def words_fixture() -> Callable[[Any], str]:
    return words
