"""The archive with search and paging, and the history of one consultation."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from models import ids
from models.clock import stamp
from models.workflow import Doc
from server.deployment import Deployment

Ask = Callable[..., Any]
Words = Callable[[Any], str]


@pytest.fixture
def centre(staff: Callable[[str], Any]) -> Any:
    return staff("centre")


def listed(page: Any) -> list[str]:
    return re.findall(r'class="cover" href="/console/consultations/(\w+)"', page.text)


def following(page: Any) -> str:
    found = re.search(r'rel="next" href="([^"]+)"', page.text)
    return found[1].replace("&amp;", "&") if found else ""


class TestArchive:
    def test_empty_says_so(self, centre: Any, words: Words) -> None:
        assert "还没有咨询" in words(centre.get("/console/consultations"))

    def test_newest_first(self, centre: Any, ask: Ask) -> None:
        old, new = ask("旧的", minutes_ago=60), ask("新的", minutes_ago=1)
        assert listed(centre.get("/console/consultations")) == [new.id, old.id]

    def test_finds_by_words_and_by_state(self, centre: Any, ask: Ask, words: Words) -> None:
        maize, bees = ask("玉米心叶被虫吃"), ask("蜂箱门口死蜂多", crop="蜜蜂")
        bees.solved()
        assert listed(centre.get("/console/consultations?text=心叶")) == [maize.id]
        assert listed(centre.get("/console/consultations?text=蜜蜂")) == [bees.id]
        assert listed(centre.get("/console/consultations?state=solved")) == [bees.id]
        nothing = centre.get("/console/consultations?text=没有这样的")
        assert "没找到" in words(nothing)
        assert 'value="没有这样的"' in nothing.text

    @pytest.mark.parametrize("text", ["%", "_", "\\", "'", '"><script>', "心" * 500])
    def test_odd_searches_find_nothing_and_break_nothing(self, centre: Any, ask: Ask, text: str) -> None:
        ask("玉米心叶")
        answer = centre.client.get("/console/consultations", params={"text": text})
        assert answer.status_code == 200
        assert listed(answer) == []
        assert "<script>" not in answer.text

    def test_another_county_s_is_not_listed(self, centre: Any, ask: Ask) -> None:
        ask(region="510727100201")
        assert listed(centre.get("/console/consultations")) == []

    @pytest.mark.slow
    def test_the_ten_thousandth_row_is_reached_page_by_page(
        self, centre: Any, deployment: Deployment, person: Callable[[str], Any]
    ) -> None:
        reporter = person("informant")
        demands = [_demand(number, reporter) for number in range(10_050)]
        for start in range(0, len(demands), 1000):
            deployment.database.write(demands[start : start + 1000])
        deployment.consultations._wait_for(deployment.database.info().update_seq)
        found, path = [], "/console/consultations"
        while path:
            page = centre.get(path)
            found += listed(page)
            path = following(page)
        assert len(found) == len(set(found)) == 10_050
        assert found == sorted(found, reverse=True)


def _demand(number: int, reporter: Any) -> Doc:
    moment = 1_760_000_000_000 + number * 1000
    return {
        "_id": ids.demand_id(ids.derived_ulid(moment, str(number))), "type": "demand",
        "reporter": reporter.id, "region": reporter.region, "industry": "粮油", "crop": "玉米",
        "text": f"第 {number} 条", "clock": stamp(moment), "device": ids.SERVER_DEVICE,
        "at": "2025-10-09T00:00:00.000Z",
    }  # fmt: skip


class TestHistory:
    def test_tells_every_event_with_who(self, centre: Any, ask: Ask, words: Words) -> None:
        story = ask("玉米叶子黄")
        story.event("queried", "centre", text="施过什么肥？")
        story.event("added", "informant", text="复合肥")
        story.solved()
        story.event("rated", "informant", stars=4)
        page = words(centre.get(f"/console/consultations/{story.id}"))
        order = [
            "玉米叶子黄", "县里收到", "收到了这条需求", "施过什么肥？", "复合肥", "分派给王演示",
            "缺氮", "追尿素", "转告农户了", "说解决了，完结", "评了 4 星",
        ]  # fmt: skip
        places = [page.index(part) for part in order]
        assert places == sorted(places)
        assert page.count("杨演示") >= 3

    def test_marks_what_did_not_count(self, centre: Any, ask: Ask) -> None:
        story = ask()
        story.assigned()
        ignored = story.event("declined", "other_expert", reason="不是我的")
        page = centre.get(f"/console/consultations/{story.id}").text
        assert ignored in story.deployment.consultations.documents(story.id).ignored
        assert "退回来换人：不是我的" in page
        assert page.count("没有算数") == 1

    def test_shows_what_the_system_found(self, centre: Any, ask: Ask, words: Words) -> None:
        story = ask()
        result = {
            "id": "1", "score": 0.8, "question": "心叶成窗孔", "answer": "喷氯虫苯甲酰胺", "region": "永安镇",
            "date": "2025-06-01",
        }  # fmt: skip
        found = {
            "_id": ids.similar_id(story.id), "type": "similar", "demand": story.id, "build": 1,
            "abstained": False, "results": [result], "device": ids.SERVER_DEVICE,
            "at": "2026-01-01T00:00:00.000Z",
        }  # fmt: skip
        story.write([found])
        page = words(centre.get(f"/console/consultations/{story.id}"))
        assert "心叶成窗孔 永安镇 · 2025-06-01" in page
        assert "喷氯虫苯甲酰胺" in page

    def test_an_administrator_reads_it_without_the_number(
        self, staff: Callable[[str], Any], ask: Ask
    ) -> None:
        story = ask(contact=("马德贵", "138-0000-0023"))
        page = staff("administrator").get(f"/console/consultations/{story.id}")
        assert page.status_code == 200
        assert "reason_to_see" not in page.text
        assert "138-0000-0023" not in page.text

    def test_unknown_foreign_and_absurd_addresses_read_alike(
        self, centre: Any, ask: Ask, words: Words
    ) -> None:
        foreign = ask(region="510727100201")
        pages = [
            centre.get(f"/console/consultations/{demand}")
            for demand in (foreign.id, ids.new_ulid(), "x" * 300)
        ]
        assert [page.status_code for page in pages] == [404, 404, 404]
        assert len({words(page) for page in pages}) == 1
