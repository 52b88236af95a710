"""server/consultations.py: the read model of queues, deadlines and loads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.workflow import Consultation, iso
from server.accounts import Person
from server.consultations import Consultations, ExpertLoad, Row
from server.deployment import Deployment, Settings
from sync.store import Database
from tests.server.conftest import COUNTY, register
from tests.server.stories import Story

EXPERT = {"expert_name": "王演示", "expert_title": "演示"}
JUDGED = {"outcome": "solved", "verdict": "valid", "category": "施肥"}


class Clock:
    """The clock of receipts; it stands at eight unless a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Iterator[Deployment]:
    """Like conftest's, with that clock."""
    with Deployment(Settings(tmp_path / "data", now=clock)) as deployment:
        register(deployment)
        yield deployment


@pytest.fixture
def model(opened: Deployment) -> Consultations:
    return opened.consultations


@pytest.fixture
def story(known: Callable[[str], Person], clock: Clock) -> Callable[..., Story]:
    return lambda name="informant", **more: Story(known(name), moment=clock.moment, **more)


class Desk:
    """Plays consultations up to a state."""

    def __init__(self, opened: Deployment, known: Callable[[str], Person]) -> None:
        self.database: Database = opened.database
        self.known = known

    def play(self, story: Story, until: str) -> Story:
        reporter, expert, centre = story.reporter, self.known("expert"), self.known("centre")
        steps: list[tuple[str, Person, dict[str, Any]]] = [
            (
                "assigned",
                centre,
                {"expert": expert.id, **EXPERT, "due": iso(story.moment + timedelta(hours=3))},
            ),
            ("replied", expert, {"text": "追尿素"}),
            ("relayed", reporter, {}),
            ("solved", reporter, {}),
            ("called_back", centre, JUDGED),
        ]
        documents = [story.demand()]
        for kind, by, payload in steps if until != "received" else []:
            documents.append(story.event(kind, by, **payload))
            if kind == until:
                break
        assert all(result.error is None for result in self.database.write(documents))
        return story


@pytest.fixture
def desk(opened: Deployment, known: Callable[[str], Person]) -> Desk:
    return Desk(opened, known)


def paged(page: Callable[[str], list[Row]], cursor: Callable[[Row], str]) -> list[str]:
    """The ids of all pages, one after another."""
    found: list[str] = []
    after = ""
    while rows := page(after):
        found += [row.id for row in rows]
        after = cursor(rows[-1])
    return found


def by_due(row: Row) -> str:
    return f"{iso(row.due_at) if row.due_at else ''}|{row.id}"


class TestTriage:
    def test_the_nearest_deadline_comes_first(
        self, model: Consultations, desk: Desk, story: Callable[..., Story], clock: Clock
    ) -> None:
        ids = []
        for minutes in (50, 10, 30):
            clock.moment = datetime(2026, 5, 1, 8, minutes, tzinfo=UTC)
            ids.append(desk.play(story(), "received").id)
        model.catch_up()
        rows = model.triage(COUNTY)
        assert [row.id for row in rows] == [ids[1], ids[2], ids[0]]
        assert rows[0].due_at == datetime(2026, 5, 1, 9, 10, tzinfo=UTC)

    def test_a_row_says_what_a_list_shows(
        self, model: Consultations, desk: Desk, story: Callable[..., Story], opened: Deployment
    ) -> None:
        told = story(text="长" * 60)
        desk.database.write([told.demand(urgent=True, media=[told.id])])
        model.catch_up()
        [row] = model.triage(COUNTY)
        assert (row.title, row.crop, row.industry, row.urgent, row.media) == (
            "长" * 40,
            "玉米",
            "粮油",
            True,
            1,
        )
        assert row.reporter_name == "周演示"
        assert row.township_name == opened.programme.township_name("510726105000")
        assert row.village_name == opened.programme.village_name("510726105201")
        assert (row.state, row.turn, row.imported, row.expert) == ("received", "centre", False, None)

    def test_what_came_back_waits_again(
        self, model: Consultations, desk: Desk, story: Callable[..., Story], known: Callable[[str], Person]
    ) -> None:
        told = desk.play(story(), "assigned")
        model.catch_up()
        assert model.triage(COUNTY) == []
        desk.database.write([told.event("declined", known("expert"), reason="不是我这一行")])
        model.catch_up()
        [row] = model.triage(COUNTY)
        assert (row.state, row.returned, row.expert) == ("reopened", True, None)

    def test_another_county_sees_none_of_it(
        self, model: Consultations, desk: Desk, story: Callable[..., Story]
    ) -> None:
        desk.play(story(), "received")
        model.catch_up()
        assert model.triage("510727000000") == []
        assert model.counts("510727000000") == {"triage": 0, "late": 0, "callbacks": 0}

    def test_late_is_what_is_past_its_deadline(
        self, model: Consultations, desk: Desk, story: Callable[..., Story], clock: Clock
    ) -> None:
        now = datetime.now(UTC)
        for minutes in (61, 200, 59, 0):
            clock.moment = now - timedelta(minutes=minutes)
            desk.play(story(), "received")
        desk.play(story(), "assigned")
        desk.play(story(), "solved")
        model.catch_up()
        assert model.counts(COUNTY) == {"triage": 4, "late": 2, "callbacks": 1}


class TestThreeThousand:
    def test_pages_have_neither_gaps_nor_repetitions(
        self, model: Consultations, desk: Desk, story: Callable[..., Story], clock: Clock
    ) -> None:
        stories = []
        for number in range(3000):
            # Ten receipts of each moment: the deadline alone does not order them.
            clock.moment = datetime(2026, 5, 1, 8, tzinfo=UTC) + timedelta(minutes=number * 7 % 3000 // 10)
            stories.append(story())
            if number % 10 == 9:
                desk.database.write([each.demand() for each in stories[-10:]])
        model.catch_up()
        queue = paged(lambda after: model.triage(COUNTY, 97, after), by_due)
        assert len(queue) == len(set(queue)) == 3000
        assert queue == [row.id for row in model.triage(COUNTY, 5000)]
        archive = paged(lambda after: model.archive(COUNTY, limit=101, after=after), lambda row: row.id)
        assert archive == sorted((each.id for each in stories), reverse=True)


class TestCallbacks:
    def test_each_stands_under_one_tab(
        self, model: Consultations, desk: Desk, story: Callable[..., Story], known: Callable[[str], Person]
    ) -> None:
        due, missed, done = (desk.play(story(), "solved") for _ in range(3))
        desk.play(story(), "relayed")
        desk.database.write(
            [
                missed.event("call_missed", known("centre"), reason="no_answer"),
                done.event("called_back", known("centre"), **JUDGED),
            ]
        )
        model.catch_up()
        tabs = {
            tab: [row.id for row in model.callbacks(COUNTY, tab=tab)] for tab in ("due", "missed", "done")
        }
        assert tabs == {"due": [due.id], "missed": [missed.id], "done": [done.id]}
        assert model.callbacks(COUNTY, tab="missed")[0].missed_calls == 1
        [closed] = model.callbacks(COUNTY, tab="done")
        assert (closed.verdict, closed.category, closed.state) == ("valid", "施肥", "closed")

    def test_they_are_due_a_week_after_the_end(
        self, model: Consultations, desk: Desk, story: Callable[..., Story]
    ) -> None:
        told = desk.play(story(), "solved")
        model.catch_up()
        [row] = model.callbacks(COUNTY)
        assert row.due_at is not None
        assert row.closed_at is not None
        assert row.due_at - row.closed_at == timedelta(days=7)
        assert row.id == told.id

    def test_pages(self, model: Consultations, desk: Desk, story: Callable[..., Story]) -> None:
        ids = {desk.play(story(), "solved").id for _ in range(25)}
        model.catch_up()
        found = paged(lambda after: model.callbacks(COUNTY, 4, after), by_due)
        assert len(found) == 25
        assert set(found) == ids


class TestArchive:
    @pytest.fixture
    def texts(self, model: Consultations, desk: Desk, story: Callable[..., Story]) -> list[str]:
        texts = ["含氮100%的肥", "含氮1000的肥", "a_b 药", "axb 药", "反斜\\杠", "洋芋 50\\% 烂了"]
        for text in texts:
            desk.play(story(text=text), "received")
        model.catch_up()
        return texts

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ("100%", {"含氮100%的肥"}),
            ("a_b", {"a_b 药"}),
            ("\\", {"反斜\\杠", "洋芋 50\\% 烂了"}),
            ("\\%", {"洋芋 50\\% 烂了"}),
            ("药", {"a_b 药", "axb 药"}),
            ("'; DROP TABLE consultations; --", set()),
        ],
    )
    def test_what_is_searched_for_is_meant_literally(
        self, model: Consultations, texts: list[str], wanted: str, found: set[str]
    ) -> None:
        assert {row.title for row in model.archive(COUNTY, wanted)} == found
        assert len(model.archive(COUNTY)) == len(texts)

    def test_crops_are_found_too(self, model: Consultations, desk: Desk, story: Callable[..., Story]) -> None:
        told = desk.play(story(crop="猕猴桃"), "received")
        model.catch_up()
        assert [row.id for row in model.archive(COUNTY, "猕猴")] == [told.id]

    def test_by_state(self, model: Consultations, desk: Desk, story: Callable[..., Story]) -> None:
        told = desk.play(story(), "replied")
        desk.play(story(), "received")
        model.catch_up()
        assert [row.id for row in model.archive(COUNTY, state="replied")] == [told.id]


class TestExpertLoad:
    def test_open_answered_solved_and_the_usual_time(
        self, model: Consultations, desk: Desk, story: Callable[..., Story], known: Callable[[str], Person]
    ) -> None:
        for until in ("assigned", "replied", "solved", "called_back"):
            desk.play(story(), until)
        quick = desk.play(story(), "assigned")
        quick.moment += timedelta(minutes=60)
        desk.database.write([quick.event("replied", known("expert"), text="追尿素")])
        model.catch_up()
        load = model.expert_load(known("expert").id)
        assert load == ExpertLoad(open=1, answered=4, solved=2, median_reply_minutes=0)
        assert model.expert_load(known("other_expert").id) == ExpertLoad(0, 0, 0, None)


class TestRebuilding:
    def test_it_can_be_deleted_and_comes_back_the_same(
        self, opened: Deployment, desk: Desk, story: Callable[..., Story]
    ) -> None:
        for until in ("received", "assigned", "replied", "solved", "called_back"):
            desk.play(story(), until)
        opened.consultations.catch_up()
        before = opened.consultations.archive(COUNTY)
        assert len(before) == 5
        folder = opened.settings.folder
        opened.consultations.close()
        for path in folder.glob("consultations.sqlite3*"):
            path.unlink()
        again = Consultations(folder, opened.database, opened.programme)
        again.catch_up()
        assert again.archive(COUNTY) == before
        again.close()

    def test_it_starts_anew_beside_another_store(
        self, opened: Deployment, desk: Desk, story: Callable[..., Story]
    ) -> None:
        desk.play(story(), "received")
        opened.consultations.catch_up()
        with opened.consultations._tables.transaction() as connection:
            connection.execute("UPDATE followed SET uuid = 'another', seq = 1")
            connection.execute("UPDATE consultations SET id = '0'")
        again = Consultations(opened.settings.folder, opened.database, opened.programme)
        assert again.total() == 0
        again.catch_up()
        assert again.total() == 1
        again.close()

    def test_it_starts_anew_where_the_store_was_put_back(
        self, opened: Deployment, desk: Desk, story: Callable[..., Story]
    ) -> None:
        desk.play(story(), "received")
        opened.consultations.catch_up()
        with opened.consultations._tables.transaction() as connection:
            connection.execute("UPDATE followed SET seq = seq + 1000")
        again = Consultations(opened.settings.folder, opened.database, opened.programme)
        again.catch_up()
        later = desk.play(story(), "received")
        again.catch_up()
        assert later.id in {row.id for row in again.triage(COUNTY)}
        again.close()


class TestFollowing:
    def test_news_shows_without_asking(self, client: TestClient, deployment: Deployment, person: Any) -> None:
        told, seen = Story(person("informant")), threading.Event()
        deployment.consultations.listen(lambda consultation: seen.set())
        deployment.database.write([told.demand()])
        assert seen.wait(10)
        assert [row.id for row in deployment.consultations.triage(COUNTY)] == [told.id]

    def test_a_listener_that_fails_keeps_nobody_from_hearing(
        self, model: Consultations, desk: Desk, story: Callable[..., Story], caplog: pytest.LogCaptureFixture
    ) -> None:
        heard: list[str] = []

        def fail(consultation: Consultation) -> None:
            raise RuntimeError(consultation.id)

        model.listen(fail)
        model.listen(lambda consultation: heard.append(consultation.id))
        model.start()
        stories = [desk.play(story(), "received") for _ in range(3)]
        model._wait_for(desk.database.info().update_seq)
        model.close()
        assert heard == [told.id for told in stories]
        assert "a listener failed" in caplog.text

    def test_one_consultation_that_cannot_be_read_does_not_stop_the_others(
        self, model: Consultations, desk: Desk, story: Callable[..., Story], caplog: pytest.LogCaptureFixture
    ) -> None:
        """An administrator replicates whatever they like: here a demand without a text."""
        broken = story().demand()
        del broken["text"]
        desk.database.write([broken])
        told = desk.play(story(), "received")
        model.catch_up()
        assert [row.id for row in model.triage(COUNTY)] == [told.id]
        assert "cannot be read" in caplog.text


class TestReading:
    @pytest.mark.parametrize(
        ("name", "demand", "contact"),
        [
            ("informant", True, True),
            ("neighbour", False, False),
            ("stranger", False, False),
            ("township_lead", True, False),
            ("expert", True, False),
            ("other_expert", False, False),
            ("centre", True, True),
        ],
    )
    def test_each_reads_what_is_theirs(
        self,
        model: Consultations,
        desk: Desk,
        story: Callable[..., Story],
        known: Callable[[str], Person],
        name: str,
        demand: bool,
        contact: bool,
    ) -> None:
        told = desk.play(story(), "assigned")
        desk.database.write([told.contact("何大爷", "138-0000-4444")])
        found = model.read(known(name), told.id)
        assert (found is not None) == demand
        assert (found is not None and found.contact is not None) == contact

    def test_what_is_not_there(self, model: Consultations, known: Callable[[str], Person]) -> None:
        assert model.read(known("centre"), "nothing") is None
        assert model.read(known("centre"), "") is None
