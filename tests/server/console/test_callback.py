"""Calling back: outcome, verdict, category; not reached; the next call (MISSION S2.2, S1.8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[..., Any]
Words = Callable[[Any], str]

GOOD = {"reached": "reached", "outcome": "solved", "verdict": "valid", "category": "施肥"}


@pytest.fixture
def centre(staff: Callable[[str], Any]) -> Any:
    return staff("centre")


@pytest.fixture
def solved(ask: Ask) -> Any:
    story = ask("玉米叶子从尖上往里黄", contact=("刘德贵", "138-0000-0007"))
    story.solved(minutes_ago=60)
    return story


class TestList:
    def test_empty_says_so(self, centre: Any, words: Words) -> None:
        assert "都访完了" in words(centre.get("/console/callback"))
        assert "没有打不通的" in words(centre.get("/console/callback?tab=missed"))
        assert "还没有访过" in words(centre.get("/console/callback?tab=done"))

    def test_a_finished_consultation_waits_for_a_week(self, centre: Any, solved: Any, words: Words) -> None:
        page = words(centre.get("/console/callback"))
        assert "玉米叶子从尖上往里黄" in page
        assert "6 天" in page

    def test_an_unknown_tab_is_the_first(self, centre: Any) -> None:
        assert centre.get("/console/callback?tab=x").status_code == 200


class TestSheet:
    def test_shows_the_answer_and_the_masked_number(self, centre: Any, solved: Any, words: Words) -> None:
        page = words(centre.get(f"/console/callback?id={solved.id}"))
        assert "刘＊贵 138-****-0007" in page
        assert "缺氮 追尿素 沟施盖土" in page
        assert "0000" not in page

    def test_without_a_number_names_the_informant(self, centre: Any, ask: Ask, words: Words) -> None:
        story = ask()
        story.solved()
        assert "可以问信息员周演示" in words(centre.get(f"/console/callback?id={story.id}"))

    def test_one_that_needs_no_call_says_so(self, centre: Any, ask: Ask, words: Words) -> None:
        page = centre.get(f"/console/callback?id={ask().id}")
        assert "现在不用回访" in words(page)
        assert 'name="outcome"' not in page.text


class TestReached:
    def test_records_outcome_verdict_category_and_words(self, centre: Any, solved: Any, words: Words) -> None:
        answer = centre.post(
            f"/console/callback/{solved.id}", **GOOD, disease="缺氮", text="新叶转绿了", seen="5"
        )
        assert "记下了" in words(centre.after(answer))
        event = solved.last()
        assert (event["kind"], event["outcome"], event["verdict"], event["category"]) == (
            "called_back", "solved", "valid", "施肥",
        )  # fmt: skip
        assert event["text"] == "病虫：缺氮\n新叶转绿了"
        assert solved.state() == "closed"
        assert "有价值" in words(centre.get("/console/callback?tab=done"))

    def test_goes_on_to_the_next_call(self, centre: Any, solved: Any, ask: Ask) -> None:
        other = ask("母羊产后不吃草")
        other.solved()
        answer = centre.post(f"/console/callback/{solved.id}", **GOOD, seen="5", tab="due")
        assert answer.headers["location"] == f"/console/callback?tab=due&id={other.id}"

    @pytest.mark.parametrize("field", ["outcome", "verdict", "category"])
    def test_a_missing_answer_is_named_and_the_rest_kept(
        self, centre: Any, solved: Any, words: Words, field: str
    ) -> None:
        form = {**GOOD, field: "", "text": "新叶转绿了"}
        answer = centre.post(f"/console/callback/{solved.id}", **form, seen="5")
        assert answer.status_code == 422
        assert words(answer).count("还差一样") == 1
        assert 'value="新叶转绿了"' in answer.text
        assert solved.state() == "solved"

    def test_values_off_the_list_are_refused(self, centre: Any, solved: Any) -> None:
        for field in ("reached", "outcome", "verdict", "category"):
            answer = centre.post(f"/console/callback/{solved.id}", **{**GOOD, field: "made up"}, seen="5")
            assert answer.status_code == 422

    def test_the_second_click_writes_nothing_more(self, centre: Any, solved: Any) -> None:
        for _ in range(2):
            answer = centre.post(f"/console/callback/{solved.id}", **GOOD, seen="5")
            assert answer.status_code == 303
        thread = solved.deployment.consultations.documents(solved.id).thread
        assert [event["kind"] for event in thread].count("called_back") == 1

    def test_whoever_was_quicker_is_named_and_nothing_is_lost(
        self, centre: Any, solved: Any, words: Words
    ) -> None:
        solved.event("called_back", "centre", outcome="better", verdict="worthless", category="其他")
        answer = centre.post(f"/console/callback/{solved.id}", **GOOD, text="新叶转绿了", seen="5")
        assert answer.status_code == 409
        assert "杨演示已经办了：回访：好一些，无价值，其他" in words(answer)
        assert solved.last()["verdict"] == "worthless"


class TestNotReached:
    @pytest.mark.parametrize(("reason", "shown"), [("no_answer", "没人接"), ("wrong_number", "号码不对")])
    def test_waits_under_its_own_tab(
        self, centre: Any, solved: Any, words: Words, reason: str, shown: str
    ) -> None:
        answer = centre.post(f"/console/callback/{solved.id}", reached=reason, seen="5")
        assert answer.status_code == 303
        assert (solved.last()["kind"], solved.last()["reason"]) == ("call_missed", reason)
        assert "玉米叶子" not in words(centre.get("/console/callback"))
        assert "打过 1 次" in words(centre.get("/console/callback?tab=missed"))
        assert f"回访没打通：{shown}" in words(centre.get(f"/console/consultations/{solved.id}"))

    def test_can_be_called_again(self, centre: Any, solved: Any) -> None:
        centre.post(f"/console/callback/{solved.id}", reached="no_answer", seen="5")
        centre.post(f"/console/callback/{solved.id}", **GOOD, seen="6")
        assert solved.state() == "closed"
