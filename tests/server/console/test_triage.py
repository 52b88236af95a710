"""Triage: the queue, assigning, asking, sending somebody, rejecting (MISSION S1.7, S2.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from models.ids import new_ulid
from server.deployment import Deployment

Ask = Callable[..., Any]
Words = Callable[[Any], str]


@pytest.fixture
def centre(staff: Callable[[str], Any]) -> Any:
    return staff("centre")


def seen(page: Any) -> str:
    found = re.search(r'name="seen" value="(\d+)"', page.text)
    assert found
    return found[1]


class TestQueue:
    def test_empty_says_so(self, centre: Any, words: Words) -> None:
        assert "都分派完了" in words(centre.get("/console/triage"))

    def test_the_nearest_deadline_stands_first_with_its_clock(
        self, centre: Any, ask: Ask, words: Words
    ) -> None:
        ask("蜂箱门口死蜂多", minutes_ago=10)
        ask("小猪拉稀三天了", minutes_ago=72)
        ask("辣椒一片一片蔫", minutes_ago=51)
        page = words(centre.get("/console/triage"))
        queue = page[: page.index("上下")]
        assert re.search(
            r"小猪拉稀三天了.*超 1\d 分.*辣椒一片一片蔫.*剩 [89] 分.*蜂箱门口死蜂多.*剩 (49|50) 分", queue
        )
        assert "超时 1" in queue
        assert "3 条" in queue

    def test_what_an_expert_sent_back_stands_apart(self, centre: Any, ask: Ask, words: Words) -> None:
        story = ask("魔芋叶子发软倒苗")
        story.assigned()
        story.event("declined", "expert", reason="不熟这个，请换人")
        page = words(centre.get("/console/triage"))
        assert "退回来的 1" in page
        assert "不熟这个，请换人" in page

    def test_another_county_s_is_not_shown(self, centre: Any, ask: Ask, words: Words) -> None:
        ask("外县的事", region="510727100201")
        page = centre.get("/console/triage")
        assert "外县的事" not in words(page)

    def test_pages_through_a_long_queue_without_a_gap(self, centre: Any, ask: Ask) -> None:
        wanted = {ask(f"第{number}条", minutes_ago=number / 10).id for number in range(60)}
        first = centre.get("/console/triage")
        following = re.search(r'href="(/console/triage\?after=[^"]+)"', first.text)
        assert following
        second = centre.get(following[1])
        listed = [
            re.findall(r'class="row" href="/console/triage\?id=(\w+)"', page.text) for page in (first, second)
        ]
        assert [len(page) for page in listed] == [50, 10]
        assert set(listed[0] + listed[1]) == wanted

    def test_an_unknown_or_foreign_consultation_leads_to_the_queue(
        self, centre: Any, ask: Ask, words: Words
    ) -> None:
        foreign = ask("外县的事", region="510727100201")
        for demand in (new_ulid(), foreign.id, "../../etc/passwd"):
            answer = centre.get(f"/console/triage?id={demand}")
            assert "没有这条咨询" in words(centre.after(answer))


class TestCase:
    def test_shows_the_question_the_place_and_the_receipt(self, centre: Any, ask: Ask, words: Words) -> None:
        story = ask("玉米心叶被虫吃成窗户纸", part="心叶", urgent=True)
        page = words(centre.get(f"/console/triage?id={story.id}"))
        for part in ("玉米 · 心叶", "周演示", "信息员", "县里收到", "信息员说急"):
            assert part in page

    def test_shows_pictures_that_arrived_and_how_much_of_the_others(self, centre: Any, ask: Ask) -> None:
        whole, half, unknown = new_ulid(), new_ulid(), new_ulid()
        story = ask(media=[whole, half, unknown])
        story.picture(whole, b"12345678", chunks=2, arrived=2)
        story.picture(half, b"abcdefgh", chunks=4, arrived=3)
        page = centre.get(f"/console/triage?id={story.id}")
        assert f'src="/api/media/{whole}"' in page.text
        assert f'src="/api/media/{half}"' not in page.text
        assert "照片在路上 3/4" in page.text
        assert centre.get(f"/api/media/{whole}").content == b"12345678"

    def test_markup_in_a_question_stays_text(self, centre: Any, ask: Ask) -> None:
        story = ask("<script>alert(1)</script>苗黄")
        page = centre.get(f"/console/triage?id={story.id}")
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text

    def test_experts_of_the_industry_stand_first(
        self, centre: Any, ask: Ask, deployment: Deployment, words: Words
    ) -> None:
        story = ask(industry="茶叶", crop="茶")
        page = words(centre.get(f"/console/triage?id={story.id}"))
        assert "专长是粮油" in page
        assert "专长就是茶叶" not in page

    def test_one_that_is_taken_says_by_whom_and_suggests_another(
        self, centre: Any, ask: Ask, words: Words
    ) -> None:
        story = ask()
        story.assigned("expert")
        page = centre.get(f"/console/triage?id={story.id}")
        assert "专家在答：王演示" in words(page)
        assert re.search(r'data-name="褚演示" checked', page.text)
        assert "这条就在他手上" in words(page)

    def test_finds_an_expert_by_name(self, centre: Any, ask: Ask) -> None:
        story = ask()
        page = centre.get(f"/console/triage?id={story.id}&all=&find=褚")
        assert re.findall(r'data-name="([^"]+)"', page.text) == ["褚演示"]
        nobody = centre.get(f"/console/triage?id={story.id}&all=&find=没有这人")
        assert "没找到这样的专家" in nobody.text


class TestAssigning:
    def test_the_expert_is_asked_and_the_next_case_opens(
        self, centre: Any, ask: Ask, person: Callable[[str], Any], words: Words
    ) -> None:
        story = ask("玉米心叶")
        ask("下一条", minutes_ago=1)
        answer = centre.post(f"/console/triage/{story.id}/assign", expert=person("expert").id, seen="1")
        page = words(centre.after(answer))
        assert "分派给王演示了" in page
        assert "下一条" in page
        assert story.state() == "assigned"
        assert story.last()["due"] > story.last()["at"]

    def test_nobody_chosen_is_named(self, centre: Any, ask: Ask, words: Words) -> None:
        story = ask()
        answer = centre.post(f"/console/triage/{story.id}/assign", seen="1")
        assert answer.status_code == 422
        assert "还差一样：请谁？" in words(answer)
        assert story.state() == "received"

    @pytest.mark.parametrize("somebody", ["informant", "nobody"])
    def test_only_experts_can_be_asked(
        self, centre: Any, ask: Ask, person: Callable[[str], Any], words: Words, somebody: str
    ) -> None:
        story = ask()
        chosen = person("informant").id if somebody == "informant" else "x"
        answer = centre.post(f"/console/triage/{story.id}/assign", expert=chosen, seen="1")
        assert answer.status_code == 422
        assert "请换一位" in words(answer)

    def test_the_second_click_of_a_double_click_changes_nothing(
        self, centre: Any, ask: Ask, person: Callable[[str], Any]
    ) -> None:
        story = ask()
        form = {"expert": person("expert").id, "seen": seen(centre.get(f"/console/triage?id={story.id}"))}
        first = centre.post(f"/console/triage/{story.id}/assign", **form)
        second = centre.post(f"/console/triage/{story.id}/assign", **form)
        assert (first.status_code, second.status_code) == (303, 303)
        kinds = [event["kind"] for event in story.deployment.consultations.documents(story.id).thread]
        assert kinds.count("assigned") == 1

    def test_a_form_that_somebody_overtook_says_who_and_keeps_the_choice(
        self, centre: Any, ask: Ask, person: Callable[[str], Any], words: Words
    ) -> None:
        story = ask()
        form = {"expert": person("expert").id, "seen": seen(centre.get(f"/console/triage?id={story.id}"))}
        story.assigned("other_expert")
        answer = centre.post(f"/console/triage/{story.id}/assign", **form)
        assert answer.status_code == 409
        assert "杨演示已经办了：分派给褚演示" in words(answer)
        assert story.last()["expert"] == person("other_expert").id
        assert re.search(rf'value="{form["expert"]}"[^>]* checked', answer.text)

    def test_what_the_informant_adds_meanwhile_does_not_stand_in_the_way(
        self, centre: Any, ask: Ask, person: Callable[[str], Any]
    ) -> None:
        story = ask()
        form = {"expert": person("expert").id, "seen": seen(centre.get(f"/console/triage?id={story.id}"))}
        story.event("added", "informant", text="昨天还下了雨")
        assert centre.post(f"/console/triage/{story.id}/assign", **form).status_code == 303
        assert story.state() == "assigned"

    def test_a_withdrawn_demand_is_refused(self, centre: Any, ask: Ask, person: Callable[[str], Any]) -> None:
        story = ask()
        story.event("withdrawn", "informant")
        answer = centre.post(f"/console/triage/{story.id}/assign", expert=person("expert").id)
        assert answer.status_code == 409
        assert "撤回" in answer.text

    def test_another_county_s_is_not_found(self, centre: Any, ask: Ask, person: Callable[[str], Any]) -> None:
        story = ask(region="510727100201")
        answer = centre.post(f"/console/triage/{story.id}/assign", expert=person("expert").id, seen="1")
        assert answer.status_code == 404
        assert story.state() == "received"


class TestOtherVerbs:
    def test_asking_the_informant(self, centre: Any, ask: Ask, words: Words) -> None:
        story = ask()
        assert "问什么？" in words(centre.get(f"/console/triage?id={story.id}&do=ask"))
        centre.post(f"/console/triage/{story.id}/query", text="施过什么肥？", seen="1")
        assert (story.state(), story.last()["text"]) == ("clarifying", "施过什么肥？")

    def test_sending_somebody(
        self, centre: Any, ask: Ask, person: Callable[[str], Any], words: Words
    ) -> None:
        story = ask()
        path = f"/console/triage/{story.id}/dispatch"
        incomplete = centre.post(path, text="明天上午去看连片的", seen="1")
        assert incomplete.status_code == 422
        assert "还差一样：请谁？" in words(incomplete)
        assert "明天上午去看连片的" in incomplete.text, "what was typed stays"
        answer = centre.post(path, text="明天上午去看连片的", expert=person("expert").id, seen="1")
        assert "请王演示上门了" in words(centre.after(answer))
        assert story.state() == "dispatched"

    def test_recording_a_visit_for_an_expert_without_a_phone(
        self, centre: Any, ask: Ask, person: Callable[[str], Any], words: Words
    ) -> None:
        story = ask()
        assert "记下上门情况" not in words(centre.get(f"/console/triage?id={story.id}"))
        who = person("expert")
        story.event("dispatched", "centre", expert=who.id, expert_name=who.name, text="明天去看")
        assert "看到什么，怎么处理的？" in words(centre.get(f"/console/triage?id={story.id}&do=visited"))
        centre.post(f"/console/triage/{story.id}/visited", text="整块地都有虫", seen="2")
        assert (story.state(), story.last()["text"]) == ("visited", "整块地都有虫")

    def test_rejecting_with_a_reason_from_the_list(self, centre: Any, ask: Ask) -> None:
        story = ask()
        centre.post(
            f"/console/triage/{story.id}/reject", reason="popular_science", text="看看农技小册子", seen="1"
        )
        assert (story.state(), story.last()["reason"]) == ("rejected", "科普类：看看农技小册子")

    def test_rejecting_for_another_reason_needs_words(self, centre: Any, ask: Ask, words: Words) -> None:
        story = ask()
        path = f"/console/triage/{story.id}/reject"
        for form in ({}, {"reason": "made up"}, {"reason": "other"}):
            answer = centre.post(path, seen="1", **form)
            assert answer.status_code == 422
            assert "还差一样" in words(answer) or "请写一句" in words(answer)
        centre.post(path, reason="other", text="不是北川的地", seen="1")
        assert story.last()["reason"] == "不是北川的地"

    def test_an_unknown_verb_is_no_page(self, centre: Any, ask: Ask) -> None:
        assert centre.post(f"/console/triage/{ask().id}/explode").status_code == 404

    def test_the_address_of_a_form_leads_back_to_its_page(self, centre: Any, ask: Ask) -> None:
        story = ask()
        answer = centre.get(f"/console/triage/{story.id}/assign")
        assert answer.headers["location"] == f"/console/triage?id={story.id}"
