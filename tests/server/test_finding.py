"""server/finding.py: find similar inside the server, with a real index (MISSION S2.1)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from models.workflow import Doc
from server.accounts import Person
from server.app import create_app
from server.deployment import Deployment, Settings
from server.errors import ActionRefused, Unacceptable, Unavailable
from server.importing import import_history
from tests.server.conftest import account, register
from tests.server.stories import Story

HISTORY = [
    {"question": "玉米叶子从叶尖开始往里黄，下面的老叶先黄", "answer": "缺氮，追尿素", "crop": "玉米"},
    {"question": "马铃薯叶子背面长白霉，叶上有水渍斑", "answer": "晚疫病，喷烯酰吗啉", "crop": "马铃薯"},
    {"question": "茶树嫩芽卷曲，有小绿叶蝉", "answer": "挂黄板，早晚喷药", "crop": "茶"},
    {"question": "仔猪三天拉黄痢，站不起来", "answer": "补液，请兽医", "crop": "猪"},
    {"question": "蜂箱门口死蜂很多，旁边打了农药", "answer": "关巢门，喂糖水", "crop": "蜜蜂"},
    {"question": "猕猴桃果子没熟就落，果柄发黑", "answer": "查根，排水", "crop": "猕猴桃"},
]
ASKED = "玉米的老叶从叶尖往里发黄"
FAR = "拖拉机贷款找哪个部门盖章"


class Waiting:
    """Waits for what threads do, told by events of the store or of the finder; never by the clock."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    def until(self, true: Callable[[], Any]) -> Any:
        """What `true` gives once it gives something. Looks after each commit and each build."""
        changed = threading.Event()
        stop = self.deployment.database.subscribe(lambda _notice: changed.set())
        try:
            for _ in range(600):
                changed.clear()
                if found := true():
                    return found
                changed.wait(0.05)
        finally:
            stop()
        raise AssertionError("it did not come")

    def ready(self) -> None:
        self.until(lambda: self.deployment.finder.status()["state"] == "ready")

    def loaded(self) -> None:
        self.until(lambda: self.deployment.finder.status()["state"] != "loading")


def load_history(deployment: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in HISTORY), "utf-8")
    import_history(path, deployment.database, deployment.programme)
    deployment.consultations.catch_up()


@pytest.fixture
def indexed(tmp_path: Path) -> Path:
    """The folder of a deployment with people, a history and an index."""
    folder = tmp_path / "data"
    with Deployment(Settings(folder)) as deployment:
        register(deployment)
        load_history(deployment, tmp_path)
        assert deployment.finder.build_now().count == len(HISTORY)
    return folder


@pytest.fixture
def indexed_app(indexed: Path) -> Starlette:
    return create_app(Settings(indexed))


@pytest.fixture
def served(indexed_app: Starlette) -> Iterator[Deployment]:
    """That deployment behind a running server, its index loaded."""
    with TestClient(indexed_app):
        deployment: Deployment = indexed_app.state.deployment
        Waiting(deployment).ready()
        yield deployment


def similar_to(deployment: Deployment, story: Story) -> Doc | None:
    found = deployment.consultations.documents(story.id)
    return found.similar if found else None


def close(deployment: Deployment, story: Story, verdict: str = "valid") -> None:
    """The whole way of a consultation, up to the call."""
    expert, centre = account(deployment, "expert"), account(deployment, "centre")
    results = deployment.database.write(
        [
            story.demand(),
            story.event("assigned", centre, expert=expert.id, expert_name=expert.name),
            story.event("replied", expert, diagnosis="像是冻害", text="剪掉冻坏的\n培土"),
            story.event("solved", story.reporter),
            story.event("called_back", centre, outcome="solved", verdict=verdict, category="栽培"),
        ]
    )
    assert all(result.error is None for result in results)


class TestLoading:
    def test_it_says_loading_until_it_is_ready(self, opened: Deployment) -> None:
        assert opened.finder.status()["state"] == "loading"
        with pytest.raises(Unavailable) as caught:
            opened.finder.similar(ASKED)
        assert (caught.value.status, caught.value.error) == (503, "search_loading")
        assert "正在准备" in caught.value.reason

    def test_then_ready_with_what_it_holds(self, served: Deployment) -> None:
        status = served.finder.status()
        assert (status["state"], status["count"], status["version"]) == ("ready", len(HISTORY), 1)
        assert status["created"]

    def test_without_an_index_consultations_go_on(
        self, deployment: Deployment, phone_as: Callable[[str], TestClient], person: Callable[[str], Person]
    ) -> None:
        Waiting(deployment).loaded()
        assert deployment.finder.status()["state"] == "missing"
        phone = phone_as("informant")
        answer = phone.post("/api/similar", json={"text": ASKED})
        assert (answer.status_code, answer.json()["error"]) == (503, "search_missing")
        assert "照常请专家" in answer.json()["reason"]
        assert answer.headers["retry-after"]
        told = Story(person("informant"))
        answer = phone.post("/sync/db/tianwen/_bulk_docs", json={"docs": [told.demand()]})
        assert answer.json()[0]["ok"]
        assert phone.get(f"/sync/db/tianwen/demand:{told.id}").status_code == 200

    def test_those_who_open_it_at_once_get_the_same(self, opened: Deployment) -> None:
        """The server's own thread opens it, and whoever builds."""
        start, found = threading.Barrier(4), []

        def begin() -> None:
            start.wait()
            found.append(opened.finder.open())

        threads = [threading.Thread(target=begin) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(map(id, found))) == 1

    def test_a_broken_encoder_says_so_and_stops_nothing(self, tmp_path: Path) -> None:
        app = create_app(Settings(tmp_path / "data", encoder=str(tmp_path / "no-encoder-here")))
        with TestClient(app) as client:
            deployment: Deployment = app.state.deployment
            Waiting(deployment).loaded()
            assert deployment.finder.status()["state"] == "broken"
            assert client.get("/healthz").json() == {"ok": True}


class TestAsking:
    def test_the_nearest_case_comes_first(self, served: Deployment) -> None:
        found = served.finder.similar(ASKED, 3)
        assert not found.abstained
        assert found.results[0].answer == "缺氮，追尿素"
        assert found.results[0].crop == "玉米"
        assert found.results[0].region == "北川羌族自治县"

    def test_what_is_like_nothing_gets_nothing(self, served: Deployment) -> None:
        found = served.finder.similar(FAR)
        assert (found.abstained, found.results) == (True, ())

    @pytest.mark.parametrize("text", ["", "   ", "？！…", "\u200b"])
    def test_a_question_without_words(self, served: Deployment, text: str) -> None:
        with pytest.raises(Unacceptable):
            served.finder.similar(text)

    def test_only_of_an_industry(self, served: Deployment) -> None:
        found = served.finder.similar(ASKED, 5, industry="茶叶")
        assert {hit.industry for hit in found.results} <= {"茶叶"}


class TestBesideADemand:
    def test_what_is_similar_is_written_for_those_who_read_it(self, served: Deployment) -> None:
        told = Story(account(served, "informant"), text=ASKED)
        served.database.write([told.demand()])
        found = Waiting(served).until(lambda: similar_to(served, told))
        assert found["results"][0]["answer"] == "缺氮，追尿素"
        assert (found["abstained"], found["build"], found["device"]) == (False, 1, "server00")

    def test_also_that_nothing_is(self, served: Deployment) -> None:
        told = Story(account(served, "informant"), text=FAR, crop="", industry="其他")
        served.database.write([told.demand()])
        found = Waiting(served).until(lambda: similar_to(served, told))
        assert (found["abstained"], found["results"]) == (True, [])

    def test_what_arrived_before_there_was_an_index_gets_it_then(
        self, deployment: Deployment, tmp_path: Path, person: Callable[[str], Person]
    ) -> None:
        waiting = Waiting(deployment)
        waiting.loaded()
        told = Story(person("informant"), text=ASKED)
        deployment.database.write([told.demand()])
        load_history(deployment, tmp_path)
        deployment.finder.start_build(person("administrator"))
        assert waiting.until(lambda: similar_to(deployment, told))["build"] == 1

    def test_what_arrived_while_the_server_was_down_gets_it_at_the_next_start(self, indexed: Path) -> None:
        with Deployment(Settings(indexed)) as deployment:
            told = Story(account(deployment, "informant"), text=ASKED)
            deployment.database.write([told.demand()])
            deployment.consultations.catch_up()
        app = create_app(Settings(indexed))
        with TestClient(app):
            deployment = app.state.deployment
            assert Waiting(deployment).until(lambda: similar_to(deployment, told))


class TestClosedConsultations:
    QUESTION = "花椒树遭冻了，枝条一捏就断"

    def find(self, deployment: Deployment) -> list[str]:
        found = deployment.finder.similar(self.QUESTION, 3)
        return [hit.id for hit in found.results]

    def test_one_judged_valid_is_found_at_once_by_another_phone(
        self, served: Deployment, indexed_app: Starlette
    ) -> None:
        told = Story(account(served, "informant"), text=self.QUESTION, crop="花椒", industry="其他")
        close(served, told)
        Waiting(served).until(lambda: told.id in self.find(served))
        phone = TestClient(indexed_app)
        login = phone.post("/api/login", json={"phone": "138-0000-9003", "password": "long enough"}).json()
        answer = phone.post(
            "/api/similar",
            json={"text": self.QUESTION, "k": 1},
            headers={"authorization": f"Bearer {login['token']}"},
        )
        [hit] = answer.json()["results"]
        assert (hit["id"], hit["answer"]) == (told.id, "像是冻害\n剪掉冻坏的\n培土")
        assert hit["region"] == served.programme.township_name(told.reporter.region)

    def test_one_that_was_closed_just_before_a_crash_is_found_after_it(self, indexed: Path) -> None:
        """Closed and in the queues, but killed before it was added to the index."""
        with Deployment(Settings(indexed)) as deployment:
            told = Story(account(deployment, "informant"), text=self.QUESTION)
            close(deployment, told)
            deployment.consultations.catch_up()
        log = indexed / "index" / "fresh.jsonl"
        for _ in range(2):
            app = create_app(Settings(indexed))
            with TestClient(app):
                deployment = app.state.deployment
                Waiting(deployment).ready()
                Waiting(deployment).until(lambda here=deployment: told.id in self.find(here))
        assert len(log.read_text("utf-8").splitlines()) == 1

    @pytest.mark.parametrize("verdict", ["popular_science", "irrelevant", "worthless"])
    def test_one_judged_otherwise_is_not(self, served: Deployment, verdict: str) -> None:
        told = Story(account(served, "informant"), text=self.QUESTION)
        after = Story(account(served, "informant"), text=self.QUESTION + "，第二棵")
        close(served, told, verdict)
        close(served, after)
        Waiting(served).until(lambda: after.id in self.find(served))
        assert told.id not in self.find(served)

    def test_an_imported_history_waits_for_its_build(self, served: Deployment, tmp_path: Path) -> None:
        """Adding thousands one by one would take hours, and write a line each into the log of fresh cases."""
        path = tmp_path / "more.jsonl"
        rows = [{"question": f"第 {n} 问", "answer": "答", "verdict": "无效"} for n in range(5)]
        path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
        import_history(path, served.database, served.programme)
        told = Story(account(served, "informant"), text=self.QUESTION)
        close(served, told)
        Waiting(served).until(lambda: told.id in self.find(served))
        log = (served.settings.folder / "index" / "fresh.jsonl").read_text("utf-8").splitlines()
        assert len(log) == 1


class TestBuilding:
    def test_progress_is_told_until_it_is_done(self, served: Deployment) -> None:
        told: list[dict[str, Any]] = []

        async def watch() -> None:
            served.finder._loop = asyncio.get_running_loop()
            served.finder.start_build(account(served, "administrator"))
            async for state in served.finder.progress_events():
                told.append(state)
                if state["building"] is None and state["status"]["version"] == 2:
                    return

        asyncio.run(watch())
        assert told[0]["building"]["started_by"] == "尚演示"
        assert told[-1]["status"]["count"] == len(HISTORY)

    def test_a_second_one_is_refused(self, served: Deployment) -> None:
        served.finder._building = served.finder._building or _building()
        with pytest.raises(ActionRefused, match="甲正在建"):
            served.finder.start_build(account(served, "administrator"))
        with pytest.raises(ActionRefused):
            served.finder.promote(1)

    def test_there_is_nothing_to_cancel(self, served: Deployment) -> None:
        with pytest.raises(ActionRefused):
            served.finder.cancel_build()

    def test_going_back_to_an_older_one(self, served: Deployment) -> None:
        served.finder.build_now()
        assert served.finder.status()["version"] == 2
        served.finder.promote(1)
        assert served.finder.status()["version"] == 1
        with pytest.raises(Unacceptable):
            served.finder.promote(9)

    def test_that_of_another_process_is_taken_up(self, served: Deployment) -> None:
        folder = str(served.settings.folder)
        command = [sys.executable, "-m", "server.cli", "index", "build", "--data", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "建好第 2 版：6 条" in done.stdout
        Waiting(served).until(lambda: served.finder.status()["version"] == 2)
        assert not served.finder.similar(ASKED).abstained


def _building() -> Any:
    from datetime import UTC, datetime

    from server.finding import Building

    return Building("encode", 1, 2, datetime.now(UTC), "甲")
