"""A new build beside the one in use, on the index page: compared, used, discarded (MISSION S2.1)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server.console.presenters.comparison import compared, verdict
from server.console.wording import say_in
from server.importing import import_history

pytest.importorskip("faiss", reason="find similar needs the extra `search`")

from search.comparison import Change, Comparison, Exam, First, Side
from search.metrics import Quality

Words = Callable[[Any], str]
QUESTIONS = ("玉米叶子从尖上往里黄", "洋芋叶子起黑斑背面有白毛", "小猪拉稀三天了")
FROZEN = "花椒树遭冻了，枝条一捏就断"
COUNTY = "510726000000"


@pytest.fixture
def finder(deployment: Any) -> Any:
    deployment.finder.open()
    return deployment.finder


@pytest.fixture
def administrator(staff: Callable[[str], Any]) -> Any:
    return staff("administrator")


def finish(finder: Any) -> None:
    for thread in list(finder._threads):
        if thread.name == "index-build":
            thread.join(60)
    assert finder.building is None


@pytest.fixture
def close(ask: Callable[..., Any]) -> Callable[[str], str]:
    """close("玉米黄"): the id of a consultation that may be found."""

    def write(question: str, **fields: Any) -> str:
        story = ask(question, **fields)
        story.solved()
        story.event("called_back", "centre", outcome="solved", verdict="valid", category="其他")
        return str(story.id)

    return write


@pytest.fixture
def held(
    administrator: Any, deployment: Any, finder: Any, close: Callable[..., str], ask: Any, tmp_path: Path
) -> Any:
    """Build 1 in use, build 2 with an imported consultation more; a demand that only build 2 answers."""
    for question in QUESTIONS:
        close(question)
    administrator.post("/console/index/build")
    finish(finder)
    history = tmp_path / "history.jsonl"
    row = {"question": FROZEN, "answer": "剪掉冻枝", "crop": "花椒"}
    history.write_text(json.dumps(row, ensure_ascii=False), "utf-8")
    import_history(history, deployment.database, deployment.programme)
    ask("花椒枝条冻断了咋个办，打 138-0000-7777", crop="花椒", industry="其他")
    administrator.post("/console/index/build", use="hold")
    finish(finder)
    return finder


class TestChoosing:
    def test_without_an_index_nothing_is_chosen(self, administrator: Any, finder: Any) -> None:
        page = administrator.get("/console/index").text
        assert 'action="/console/index/build"' in page
        assert 'name="use"' not in page

    def test_with_one_in_use_comparing_comes_first(
        self, administrator: Any, finder: Any, close: Callable[..., str]
    ) -> None:
        close(QUESTIONS[0])
        administrator.post("/console/index/build")
        finish(finder)
        assert finder.status()["version"] == 1
        assert 'value="hold" checked' in administrator.get("/console/index").text
        administrator.post("/console/index/build")
        finish(finder)
        assert finder.status()["version"] == 1
        administrator.post("/console/index/build", use="at_once")
        finish(finder)
        assert finder.status()["version"] == 3


class TestComparing:
    def test_shows_both_side_by_side(self, administrator: Any, held: Any, words: Words) -> None:
        page = words(administrator.get("/console/index"))
        for text in ("第 2 版建好了", "新旧对比", "现用 第 1 版", "新 第 2 版", "第 1 条就对", "找一次用时"):
            assert text in page, text
        assert "判过的题只有 0 道，太少" in page

    def test_lists_what_is_answered_otherwise_without_personal_data(
        self, administrator: Any, held: Any, words: Words
    ) -> None:
        answer = administrator.get("/console/index")
        page = words(answer)
        assert "1 条的第 1 条变了" in page
        assert f"说“没有” 新的第 1 条 {FROZEN}" in page
        assert "7777" not in page
        assert answer.text.count('<a class="link" href="/console/consultations/') == 2

    def test_the_centre_looks_on(self, staff: Callable[[str], Any], held: Any, words: Words) -> None:
        answer = staff("centre").get("/console/index")
        assert "新旧对比" in words(answer)
        assert "由管理员定" in words(answer)
        assert 'method="post" action="/console/index/' not in answer.text

    def test_using_the_new_one(self, administrator: Any, held: Any, words: Words) -> None:
        page = words(administrator.after(administrator.post("/console/index/promote", version="2")))
        assert "换成第 2 版了" in page
        assert "正在用第 2 版" in page
        assert "新旧对比" not in page
        # The second click of a double click.
        assert administrator.post("/console/index/promote", version="2").status_code == 303

    def test_not_using_it(self, administrator: Any, held: Any, words: Words) -> None:
        page = words(administrator.after(administrator.post("/console/index/discard", version="2")))
        assert "第 2 版不要了" in page
        assert "新旧对比" not in page
        again = administrator.post("/console/index/discard", version="2")
        assert again.status_code == 422
        assert "第 2 版已经不在了" in words(again)

    def test_one_that_vanished_meanwhile(self, administrator: Any, held: Any, words: Words) -> None:
        held.discard(2)
        for verb in ("promote", "compare", "discard"):
            answer = administrator.post(f"/console/index/{verb}", version="2")
            assert answer.status_code == 422, verb
            assert "第 2 版" in words(answer)
        assert "正在用第 1 版" in words(administrator.get("/console/index"))

    def test_the_one_in_use_stays(self, administrator: Any, held: Any, words: Words) -> None:
        answer = administrator.post("/console/index/discard", version="1")
        assert answer.status_code == 409
        assert "正在用" in words(answer)

    @pytest.mark.parametrize("verb", ["promote", "compare", "discard"])
    @pytest.mark.parametrize("version", ["", "x", "-1", "1" * 10])
    def test_no_number_no_deed(
        self, administrator: Any, finder: Any, words: Words, verb: str, version: str
    ) -> None:
        answer = administrator.post(f"/console/index/{verb}", version=version)
        assert answer.status_code == 422
        assert "哪一版" in words(answer)

    def test_says_when_another_is_in_use_by_now(self, administrator: Any, held: Any, words: Words) -> None:
        held._finder.build(held.cases(), promote=False)
        held.promote(1)
        administrator.post("/console/index/compare", version="3")
        finish(held)
        held.promote(2)
        assert "这是和第 1 版比的" in words(administrator.get("/console/index"))

    def test_one_that_was_not_compared_can_be(self, administrator: Any, held: Any, words: Words) -> None:
        held._finder.builds.beside(2).unlink()
        page = words(administrator.get("/console/index"))
        assert "第 2 版建好了，还没有比过" in page
        assert "比一比" in page

    def test_addresses_of_forms_lead_back(self, administrator: Any, finder: Any) -> None:
        for verb in ("build", "promote", "discard", "compare"):
            answer = administrator.get(f"/console/index/{verb}")
            assert (answer.status_code, answer.headers["location"]) == (303, "/console/index")


def side(version: int, mrr: float, milliseconds: float = 2.0, spurned: int = 0) -> Side:
    exam = Exam(Quality(30, mrr, mrr, mrr, mrr, mrr), 0.1)
    return Side(version, 8566, "2026-06-12T00:00:00+00:00", 1.0, exam, exam, spurned, 3, milliseconds)


def found(new: Side, old: Side | None, judged: int = 30, changed: tuple[Change, ...] = ()) -> Comparison:
    return Comparison(
        "2026-06-12T00:00:00+00:00", new, old, judged, 4, 0 if judged >= 20 else 200, 300, changed
    )


class TestPresenting:
    SAY = staticmethod(say_in("zh-CN"))

    def lines(self, one: Comparison) -> dict[str, Any]:
        shown = compared(one, None, self.SAY)
        return {line.what: line for group in shown.groups for line in group.lines}

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [(0.6, 0.7, "better"), (0.7, 0.6, "worse"), (0.7, 0.702, "same"), (0.7, 0.7, "same")],
    )
    def test_a_verdict(self, old: float, new: float, expected: str) -> None:
        assert verdict(found(side(2, new), side(1, old))) == expected

    def test_no_verdict_without_another(self) -> None:
        assert verdict(found(side(2, 0.7), None)) == "unknown"

    def test_better_and_worse_in_words(self) -> None:
        lines = self.lines(found(side(2, 0.668, spurned=1), side(1, 0.612, spurned=3)))
        first = lines["第 1 条就对"]
        assert (first.old, first.new, first.difference, first.tone) == ("61.2%", "66.8%", "好 5.6", "better")
        assert (first.share, first.mark) == (66.8, 61.2)
        assert lines["说过没用，还排第 1（4 题）"].tone == "better"
        assert lines["库里的咨询"].difference == "一样"

    @pytest.mark.parametrize(
        ("old", "new", "tone", "difference"),
        [
            (18, 19, "", "差不多"),
            (1.0, 1.4, "", "差不多"),
            (18, 30, "worse", "差 12"),
            (30, 18, "better", "好 12"),
        ],
    )
    def test_time_is_only_worth_a_word_where_it_differs(
        self, old: float, new: float, tone: str, difference: str
    ) -> None:
        line = self.lines(found(side(2, 0.7, new), side(1, 0.7, old)))["找一次用时"]
        assert (line.tone, line.difference) == (tone, difference)

    def test_few_judged_questions_are_said_plainly(self) -> None:
        shown = compared(found(side(2, 0.7), side(1, 0.7), judged=3), None, self.SAY)
        assert [group.heading[:13] for group in shown.groups] == [
            "大家判过的 3 题",
            "判过的题只有 3 道，太少",
            "整个索引",
        ]

    def test_a_centre_sees_its_own_county_s_questions(self) -> None:
        first = First("c", "问")
        changes = (
            Change("a", COUNTY, "我们的", None, first),
            Change("b", "510727000000", "别县的", first, None),
        )
        one = found(side(2, 0.7), side(1, 0.7), changed=changes)
        assert [change.text for change in compared(one, COUNTY, self.SAY).changed] == ["我们的"]
        assert len(compared(one, None, self.SAY).changed) == 2

    def test_many_changes_are_folded(self) -> None:
        changes = tuple(Change(str(n), COUNTY, "问", None, None) for n in range(300))
        shown = compared(found(side(2, 0.7), side(1, 0.7), changed=changes), None, self.SAY)
        assert (len(shown.changed), len(shown.rest)) == (20, 280)
