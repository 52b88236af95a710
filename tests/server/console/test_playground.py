"""试一试: a question, what comes up, and what each score is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from server.console.presenters.explanation import explained, percent
from server.console.wording import say_in

pytest.importorskip("faiss", reason="find similar needs the extra `search`")

Words = Callable[[Any], str]
QUESTIONS = {
    "玉米叶子从尖上往里黄，下头的老叶先黄": "玉米",
    "洋芋叶子起黑斑背面有白毛": "马铃薯",
    "小猪拉稀三天了": "猪",
}
ASKED = "苞谷脚叶往上黄"
FAR = "拖拉机贷款找哪个部门盖章"


@pytest.fixture
def ids(deployment: Any, ask: Callable[..., Any]) -> list[str]:
    """An index of three consultations; their ids."""
    found = []
    for question, crop in QUESTIONS.items():
        story = ask(question, crop=crop)
        story.solved()
        story.event("called_back", "centre", outcome="solved", verdict="valid", category="其他")
        found.append(story.id)
    deployment.finder.build_now()
    return found


@pytest.fixture
def centre(staff: Callable[[str], Any]) -> Any:
    return staff("centre")


def address(**values: str) -> str:
    return f"/console/index/try?{urlencode(values)}"


class TestAsking:
    def test_begins_empty(self, centre: Any, words: Words) -> None:
        answer = centre.get("/console/index/try")
        assert answer.status_code == 200
        assert "写一个问题" in words(answer)

    def test_shows_what_comes_up_and_why(self, centre: Any, ids: list[str], words: Words) -> None:
        answer = centre.get(address(text=ASKED, crop="玉米"))
        page = words(answer)
        assert page.index(next(iter(QUESTIONS))) > 0
        for text in (
            "手机上会给看",
            "第 1 条",
            "意思像",
            "问题里的字词像",
            "作物一样",
            "对上的字词",
            "在问题里",
        ):
            assert text in page, text
        assert f'href="/console/consultations/{ids[0]}"' in answer.text
        assert "<script" not in answer.text.split("<main")[1]

    def test_says_why_it_is_silent(self, centre: Any, ids: list[str], words: Words) -> None:
        page = words(centre.get(address(text=FAR)))
        assert "手机上会说“没找到像的”" in page
        assert "才给看" in page

    def test_a_case_that_did_not_come_up_is_explained(
        self, centre: Any, ids: list[str], words: Words
    ) -> None:
        for written in (ids[2], f"demand:{ids[2]}", f"http://x/console/consultations/{ids[2]}"):
            page = words(centre.get(address(text=ASKED, case=written)))
            assert "您问的那一条" in page
            assert "小猪拉稀" in page

    def test_a_case_that_is_not_in_the_index(self, centre: Any, ids: list[str], words: Words) -> None:
        page = words(centre.get(address(text=ASKED, case="01J0000")))
        assert "库里没有编号是 01J0000 的咨询" in page

    def test_another_crop_is_told(self, centre: Any, ids: list[str], words: Words) -> None:
        page = words(centre.get(address(text="玉米叶子起黑斑背面有白毛", case=ids[1])))
        assert "说的是别的作物或牲口" in page

    def test_keeps_what_was_chosen(self, centre: Any, ids: list[str]) -> None:
        page = centre.get(address(text=ASKED, township="桂溪镇", date="2026-06-12", industry="粮油")).text
        assert "<option selected>桂溪镇</option>" in page
        assert "<option selected>粮油</option>" in page
        assert 'value="2026-06-12"' in page

    @pytest.mark.parametrize("date", ["2026-02-30", "yesterday", "9"])
    def test_a_date_that_is_none_counts_for_nothing(self, centre: Any, ids: list[str], date: str) -> None:
        assert centre.get(address(text=ASKED, date=date)).status_code == 200


class TestWhatCannotBeAsked:
    @pytest.mark.parametrize(("text", "status"), [("", 422), ("  ", 422), ("？？", 422)])
    def test_is_a_sentence(self, centre: Any, ids: list[str], text: str, status: int) -> None:
        answer = centre.get(address(text=text))
        assert answer.status_code == status
        assert 'role="alert"' in answer.text

    def test_without_an_index(self, centre: Any, deployment: Any, words: Words) -> None:
        deployment.finder.open()
        answer = centre.get(address(text=ASKED))
        assert answer.status_code == 503
        assert "找类似在修" in words(answer)

    def test_a_very_long_one_is_cut(self, centre: Any, ids: list[str]) -> None:
        assert centre.get(address(text="黄" * 5000)).status_code == 200

    def test_markup_stays_text(self, centre: Any, ids: list[str]) -> None:
        page = centre.get(address(text="<u>玉米</u>", case="<i>x</i>")).text
        assert "<u>玉米</u>" not in page
        assert "<i>x</i>" not in page


class TestPresenting:
    def test_the_parts_add_up_to_the_score(self, deployment: Any, ids: list[str]) -> None:
        from server.cases import Where

        where = Where("粮油", "玉米", "桂溪镇", "2026-06-12")
        for question in (ASKED, FAR, "玉米叶子起黑斑背面有白毛", "叶子黄"):
            for case in ids:
                found = deployment.finder.explain(question, case, where)
                shown = explained(found, say_in("zh-CN"))
                assert sum(float(part.value) for part in shown.parts) == pytest.approx(found.score, abs=0.005)
                assert sum(part.share for part in shown.parts) <= 100.5

    def test_what_is_below_the_cut_never_reads_as_if_it_were_not(self) -> None:
        assert percent(0.4999) == 49
        assert percent(0.29) == 29
