"""A build that waits: compared, kept, decided about; by the console's service and by another process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from server import comparing
from server.accounts import Person
from server.deployment import Deployment, Settings
from server.errors import ActionRefused, Unacceptable
from tests.server.conftest import account, register
from tests.server.stories import Story
from tests.server.test_finding import ASKED, HISTORY, Waiting, load_history

pytest.importorskip("faiss", reason="find similar needs the extra `search`")

FROZEN = "花椒树遭冻了，枝条一捏就断"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Deployment]:
    """A deployment with people, a history and build 1 in use; nothing runs by itself."""
    with Deployment(Settings(tmp_path / "data")) as deployment:
        register(deployment)
        load_history(deployment, tmp_path)
        deployment.finder.build_now()
        yield deployment


@pytest.fixture
def boss(opened: Deployment) -> Person:
    return account(opened, "administrator")


def finish(opened: Deployment) -> None:
    """Return when the job under way has ended."""
    for thread in list(opened.finder._threads):
        thread.join(60)
    assert opened.finder.building is None


def hold(opened: Deployment) -> None:
    opened.finder.start_build(account(opened, "administrator"), hold=True)
    finish(opened)


def say(opened: Deployment, text: str, case: str, helpful: bool = True) -> None:
    told = Story(account(opened, "informant"), text=text)
    opened.database.write([told.feedback(case, helpful)])
    opened.consultations.catch_up()


class TestQuestions:
    def asked(self, opened: Deployment) -> list[Any]:
        return comparing.questions(opened.consultations, opened.programme)

    def test_are_the_marks_then_the_newest_demands(self, opened: Deployment) -> None:
        told = Story(account(opened, "informant"), text=ASKED)
        opened.database.write([told.demand()])
        say(opened, "玉米黄了", "c1")
        marked, demand, *history = self.asked(opened)
        assert (marked.text, marked.case, marked.circumstances.region) == ("玉米黄了", "c1", "桂溪镇")
        assert (demand.id, demand.text, demand.case) == (told.id, ASKED, "")
        assert (demand.circumstances.crop, demand.circumstances.region) == ("玉米", "桂溪镇")
        assert demand.county == "510726000000"
        assert len(history) == len(HISTORY)

    def test_what_was_said_last_counts(self, opened: Deployment) -> None:
        told = Story(account(opened, "informant"), text="玉米黄了")
        opened.database.write([told.feedback("c1", True), told.feedback("c1", False)])
        opened.consultations.catch_up()
        [marked] = [one for one in self.asked(opened) if one.case]
        assert not marked.helpful


class TestHolding:
    def test_leaves_the_old_one_in_use_until_somebody_decides(self, opened: Deployment) -> None:
        say(opened, ASKED, next(opened.consultations.cases()))
        hold(opened)
        assert opened.finder.status()["version"] == 1
        waiting = opened.finder.waiting()
        assert waiting is not None
        found = opened.finder.comparison(waiting.version)
        assert found is not None
        assert found.old is not None
        assert (found.new.version, found.old.version, found.judged) == (2, 1, 1)
        opened.finder.promote(2)
        assert opened.finder.status()["version"] == 2
        assert opened.finder.waiting() is None

    def test_and_going_back_makes_it_wait_again(self, opened: Deployment) -> None:
        hold(opened)
        opened.finder.promote(2)
        opened.finder.promote(1)
        waiting = opened.finder.waiting()
        assert waiting is not None
        assert waiting.version == 2

    def test_or_it_is_discarded(self, opened: Deployment) -> None:
        hold(opened)
        opened.finder.discard(2)
        assert opened.finder.waiting() is None
        assert opened.finder.comparison(2) is None
        with pytest.raises(Unacceptable, match="已经不在了"):
            opened.finder.discard(2)
        with pytest.raises(Unacceptable, match="不在了"):
            opened.finder.promote(2)

    def test_the_one_in_use_cannot_be_discarded(self, opened: Deployment) -> None:
        with pytest.raises(ActionRefused, match="正在用"):
            opened.finder.discard(1)

    def test_another_process_shows_it_too(self, opened: Deployment) -> None:
        hold(opened)
        with Deployment(opened.settings) as other:
            other.finder.open()
            assert other.finder.comparison(2) == opened.finder.comparison(2) is not None

    def test_without_an_index_in_use_there_is_nothing_to_wait_for(self, tmp_path: Path) -> None:
        with Deployment(Settings(tmp_path / "empty")) as deployment:
            register(deployment)
            load_history(deployment, tmp_path)
            deployment.finder.open()
            hold(deployment)
            assert deployment.finder.status()["version"] == 1


class TestComparingAgain:
    def test_after_a_kill_between_build_and_comparison(self, opened: Deployment, boss: Person) -> None:
        opened.finder.open().build(opened.finder.cases(), promote=False)
        assert opened.finder.comparison(2) is None
        opened.finder.start_compare(boss, 2)
        finish(opened)
        assert opened.finder.comparison(2) is not None

    @pytest.mark.parametrize("version", [1, 9])
    def test_only_of_a_build_that_waits(self, opened: Deployment, boss: Person, version: int) -> None:
        with pytest.raises(Unacceptable):
            opened.finder.start_compare(boss, version)
        assert opened.finder.building is None

    def test_that_fails_says_so_and_keeps_the_build(self, opened: Deployment, boss: Person) -> None:
        opened.finder.open().build(opened.finder.cases(), promote=False)
        (opened.settings.folder / "index" / "0002" / "rows.jsonl").write_bytes(b"")
        opened.finder.start_compare(boss, 2)
        finish(opened)
        assert "damaged" in opened.finder.compare_fault
        assert opened.finder.status()["state"] == "ready"

    def test_one_thing_at_a_time(
        self, opened: Deployment, boss: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go_on, questions = threading.Event(), comparing.questions

        def waiting(*values: Any) -> Any:
            go_on.wait(30)
            return questions(*values)

        monkeypatch.setattr(comparing, "questions", waiting)
        opened.finder.open().build(opened.finder.cases(), promote=False)
        opened.finder.start_compare(boss, 2)
        for act in (
            lambda: opened.finder.start_build(boss),
            lambda: opened.finder.start_compare(boss, 2),
            lambda: opened.finder.promote(2),
            lambda: opened.finder.discard(2),
        ):
            with pytest.raises(ActionRefused):
                act()
        opened.finder.cancel_build()
        go_on.set()
        finish(opened)
        assert opened.finder.comparison(2) is None
        assert opened.finder.compare_fault == ""


class TestCircumstances:
    """Two cases that say the same but for a word, one of the asker's township."""

    def close(self, deployment: Deployment, name: str, text: str) -> str:
        told = Story(account(deployment, name), text=text, crop="花椒", industry="其他")
        expert, centre = account(deployment, "expert"), account(deployment, "centre")
        deployment.database.write(
            [
                told.demand(),
                told.event("assigned", centre, expert=expert.id, expert_name=expert.name),
                told.event("replied", expert, diagnosis="冻害", text="剪枝"),
                told.event("solved", told.reporter),
                told.event("called_back", centre, outcome="solved", verdict="valid", category="栽培"),
            ]
        )
        deployment.consultations.catch_up()
        return told.id

    @pytest.fixture
    def two(self, opened: Deployment) -> tuple[str, str]:
        """(of 桂溪镇, of another township)."""
        ours = self.close(opened, "informant", FROZEN + "，上面挂霜")
        theirs = self.close(opened, "stranger", FROZEN + "，下面挂霜")
        opened.finder.build_now()
        return ours, theirs

    @pytest.fixture
    def phone(self, opened: Deployment, two: tuple[str, str]) -> Iterator[Callable[..., Any]]:
        from server.app import create_app

        app = create_app(opened.settings)
        with TestClient(app) as client:
            Waiting(app.state.deployment).ready()

            def ask(login: str = "138-0000-9001", **circumstances: str) -> Any:
                token = client.post("/api/login", json={"phone": login, "password": "long enough"}).json()
                return client.post(
                    "/api/similar",
                    json={"text": FROZEN, "k": 2, "circumstances": circumstances},
                    headers={"authorization": f"Bearer {token['token']}"},
                )

            yield ask

    def first(self, answer: Any) -> str:
        """Two that say nearly the same are shown once: the better of them."""
        return str(answer.json()["results"][0]["id"])

    def test_the_asker_s_own_township_comes_first(
        self, phone: Callable[..., Any], two: tuple[str, str]
    ) -> None:
        assert self.first(phone("138-0000-9001")) == two[0]
        assert self.first(phone("138-0000-9003")) == two[1]

    @pytest.mark.parametrize("region", ["510726105201", "510726105000", "桂溪镇"])
    def test_or_the_one_that_is_named(
        self, phone: Callable[..., Any], two: tuple[str, str], region: str
    ) -> None:
        assert self.first(phone("138-0000-9003", region=region)) == two[0]

    @pytest.mark.parametrize(
        ("circumstances", "field"),
        [
            ({"region": "没有镇"}, "circumstances.region"),
            ({"region": "长" * 41}, "circumstances.region"),
            ({"date": "2026-02-30"}, "circumstances.date"),
            ({"date": "last spring"}, "circumstances.date"),
        ],
    )
    def test_that_make_no_sense_are_refused(
        self, phone: Callable[..., Any], circumstances: dict[str, str], field: str
    ) -> None:
        answer = phone(**circumstances)
        assert (answer.status_code, answer.json()["field"]) == (422, field)

    def test_beside_a_demand_those_of_the_demand(self, opened: Deployment, two: tuple[str, str]) -> None:
        for name, first in (("informant", two[0]), ("stranger", two[1])):
            told = Story(account(opened, name), text=FROZEN, crop="花椒", industry="其他")
            opened.database.write([told.demand()])
            opened.consultations.catch_up()
            found = opened.consultations.documents(told.id)
            assert found is not None
            opened.finder._serve(found)
            written = opened.consultations.documents(told.id)
            assert written is not None
            assert written.similar is not None
            assert written.similar["results"][0]["id"] == first
