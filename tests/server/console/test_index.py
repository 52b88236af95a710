"""The index page: when, how many, how long; rebuild, stop, go back (MISSION S2.1; issue 2, part 6)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from server.console.presenters.builds import STAGES, progress_of
from server.console.wording import say_in
from server.deployment import Deployment
from server.finding import Building, FinderService

pytest.importorskip("faiss", reason="find similar needs the extra `search`")

Words = Callable[[Any], str]
QUESTIONS = ("玉米叶子从尖上往里黄", "洋芋叶子起黑斑背面有白毛", "小猪拉稀三天了")


@pytest.fixture
def finder(deployment: Deployment) -> Any:
    """The loaded service; loading it here or on its own thread comes to the same."""
    deployment.finder.open()
    return deployment.finder


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Find similar goes on loading until the event is set. To be asked for before the application."""
    go_on, load = threading.Event(), FinderService.open

    def slowly(service: FinderService) -> Any:
        go_on.wait(30)
        return load(service)

    monkeypatch.setattr(FinderService, "open", slowly)
    return go_on


@pytest.fixture
def administrator(staff: Callable[[str], Any]) -> Any:
    return staff("administrator")


@pytest.fixture
def cases(ask: Callable[..., Any], finder: Any) -> None:
    """Three consultations that may be found."""
    for question in QUESTIONS:
        story = ask(question)
        story.solved()
        story.event("called_back", "centre", outcome="solved", verdict="valid", category="其他")


@pytest.fixture
def halted(finder: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A build that waits at its first case until the event is set."""
    go_on, cases = threading.Event(), finder.cases

    def waiting() -> Iterator[Any]:
        go_on.wait(30)
        yield from cases()

    monkeypatch.setattr(finder, "cases", waiting)
    yield go_on
    go_on.set()


def finish(finder: Any) -> None:
    """Return when the build under way has ended."""
    for thread in list(finder._threads):
        if thread.name == "index-build":
            thread.join(60)
    assert finder.building is None


class TestWithoutABuild:
    def test_says_so_and_offers_one(self, administrator: Any, finder: Any, words: Words) -> None:
        page = words(administrator.get("/console/index"))
        assert "还没有建过索引" in page
        assert "重新建" in page

    def test_the_centre_looks_on(self, staff: Callable[[str], Any], finder: Any, words: Words) -> None:
        page = staff("centre").get("/console/index")
        assert "请找管理员" in words(page)
        assert 'action="/console/index/build"' not in page.text

    @pytest.mark.parametrize("verb", ["build", "cancel", "promote", "compare", "discard"])
    def test_the_centre_changes_nothing(self, staff: Callable[[str], Any], finder: Any, verb: str) -> None:
        assert staff("centre").post(f"/console/index/{verb}", version="1").status_code == 403
        assert finder.building is None

    def test_while_loading_says_so(self, loading: threading.Event, administrator: Any, words: Words) -> None:
        try:
            assert "找类似正在准备" in words(administrator.get("/console/index"))
            answer = administrator.post("/console/index/build")
            assert answer.status_code == 503
            assert "过一会儿再试" in words(answer)
        finally:
            loading.set()


class TestRebuilding:
    def test_shows_when_how_many_and_how_long(
        self, administrator: Any, finder: Any, cases: None, words: Words
    ) -> None:
        assert administrator.post("/console/index/build").headers["location"] == "/console/index"
        finish(finder)
        page = words(administrator.get("/console/index"))
        assert "正在用第 1 版" in page
        assert "3 条咨询 · 用时" in page
        assert "今天" in page

    def test_shows_how_far_it_is_and_refreshes_without_script(
        self, administrator: Any, finder: Any, halted: threading.Event, words: Words
    ) -> None:
        administrator.post("/console/index/build")
        page = administrator.get("/console/index")
        assert "正在建新的一版" in words(page)
        assert 'role="progressbar"' in page.text
        assert '<noscript><meta http-equiv="refresh"' in page.text
        halted.set()
        finish(finder)
        assert "http-equiv" not in administrator.get("/console/index").text

    def test_one_at_a_time(
        self, administrator: Any, finder: Any, halted: threading.Event, words: Words
    ) -> None:
        administrator.post("/console/index/build")
        answer = administrator.post("/console/index/build")
        assert answer.status_code == 409
        assert "尚演示正在建" in words(answer)

    def test_can_be_stopped(
        self, administrator: Any, finder: Any, cases: None, halted: threading.Event, words: Words
    ) -> None:
        administrator.post("/console/index/build")
        answer = administrator.post("/console/index/cancel")
        assert "停下了" in words(administrator.after(answer))
        halted.set()
        finish(finder)
        assert finder.builds() == []
        refused = administrator.post("/console/index/cancel")
        assert refused.status_code == 409
        assert "现在没有在建的" in words(refused)

    def test_that_fails_says_so_until_one_succeeds(
        self, administrator: Any, finder: Any, cases: None, monkeypatch: pytest.MonkeyPatch, words: Words
    ) -> None:
        def unreadable() -> Iterator[Any]:
            raise OSError("the disk does not answer")

        with monkeypatch.context() as broken:
            broken.setattr(finder, "cases", unreadable)
            administrator.post("/console/index/build")
            finish(finder)
        page = words(administrator.get("/console/index"))
        assert "上次没建成" in page
        assert "the disk does not answer" in page
        administrator.post("/console/index/build")
        finish(finder)
        page = words(administrator.get("/console/index"))
        assert "上次没建成" not in page
        assert "3 条咨询 · 用时" in page


class TestGoingBack:
    def test_in_one_step_and_forth_again(
        self, administrator: Any, finder: Any, cases: None, words: Words
    ) -> None:
        for _ in range(2):
            administrator.post("/console/index/build", use="at_once")
            finish(finder)
        assert "退回这版" in words(administrator.get("/console/index"))
        answer = administrator.post("/console/index/promote", version="1")
        page = words(administrator.after(answer))
        assert "换成第 1 版了" in page
        assert "正在用第 1 版" in page
        assert "启用第 2 版" in page
        assert finder.status()["version"] == 1

    @pytest.mark.parametrize("version", ["", "9", "-1", "x", "9" * 40])
    def test_to_one_that_is_not_there_is_a_sentence(
        self, administrator: Any, finder: Any, cases: None, version: str
    ) -> None:
        administrator.post("/console/index/build")
        finish(finder)
        answer = administrator.post("/console/index/promote", version=version)
        assert answer.status_code == 422
        assert finder.status()["version"] == 1


class TestEvents:
    """Server-sent events, on the server's own event loop."""

    @pytest.fixture
    def reader(self, client: TestClient) -> TestClient:
        client.post("/console/login", data={"phone": "138-0000-9008", "password": "long enough"})
        return client

    def test_without_a_build_say_so_once_and_end(self, reader: TestClient, finder: Any) -> None:
        answer = reader.get("/console/index/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.text == 'data: {"progress": null}\n\n'

    def test_tell_of_a_build_until_it_ends(
        self, reader: TestClient, administrator: Any, finder: Any, cases: None, halted: threading.Event
    ) -> None:
        administrator.post("/console/index/build")
        told: list[str] = []
        listening = threading.Thread(target=lambda: told.append(reader.get("/console/index/events").text))
        listening.start()
        halted.set()
        listening.join(30)
        progress = [
            json.loads(line.removeprefix("data: "))["progress"] for line in told[0].split("\n\n") if line
        ]
        assert progress[-1] is None
        shares = [one["percent"] for one in progress[:-1]]
        assert shares == sorted(shares)

    def test_are_for_staff(self, staff: Callable[[str], Any]) -> None:
        assert staff("expert").get("/console/index/events").status_code == 403


class TestProgress:
    NOW = datetime(2026, 6, 12, tzinfo=UTC)

    def progress(self, stage: str, done: int, total: int, seconds: int = 60) -> Any:
        building = Building(stage, done, total, self.NOW - timedelta(seconds=seconds), "尚演示")
        return progress_of(building, self.NOW, say_in("zh-CN"))

    def test_never_goes_back(self) -> None:
        shares = [self.progress(stage, done, 10).percent for stage in STAGES for done in range(11)]
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0, 100)

    def test_guesses_what_is_left_once_there_is_something_to_go_by(self) -> None:
        assert self.progress("collect", 0, 10).left == ""
        assert self.progress("encode", 5, 13, seconds=450).left == "还要 9 分左右。"

    def test_marks_the_stages(self) -> None:
        stages = self.progress("encode", 5310, 8566).stages
        assert [stage.state for stage in stages] == ["done", "done", "now", "", ""]
        assert stages[2].words == "算向量 5,310"

    def test_a_stage_that_it_does_not_know_counts_as_the_first(self) -> None:
        assert self.progress("polish", 1, 2).percent <= STAGES["strip"]
