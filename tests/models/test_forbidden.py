"""Text with forbidden words is refused (MISSION S3.7), and nobody's honest question is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.forbidden import WRITTEN, ForbiddenWords
from models.programme import load_programme

WORDS = ForbiddenWords(["代开发票", "ABC网", "发票"])
DEMO = Path(__file__).parents[2] / "server" / "demo"


class TestFinding:
    @pytest.mark.parametrize(
        "text",
        ["代开发票", "这里代开发票，便宜", "代 开-发。票", "代\n开发票"],
    )
    def test_a_word_also_where_it_is_taken_apart(self, text: str) -> None:
        assert WORDS.find({"text": text}) == "代开发票"

    @pytest.mark.parametrize("text", ["abc网", "ＡＢＣ网", "a b c 网"])
    def test_in_other_case_and_full_width(self, text: str) -> None:
        assert WORDS.find({"text": text}) == "ABC网"

    @pytest.mark.parametrize("field", WRITTEN)
    def test_in_every_field_that_people_write(self, field: str) -> None:
        assert WORDS.find({field: "发票"}) == "发票"

    def test_not_in_what_is_no_text(self) -> None:
        assert WORDS.find({"text": None, "reason": 7, "data": "发票", "media": ["发票"]}) is None

    @given(st.text())
    def test_an_empty_list_forbids_nothing(self, text: str) -> None:
        assert ForbiddenWords().find({"text": text}) is None

    def test_a_word_without_letters_is_a_mistake_in_the_list(self) -> None:
        with pytest.raises(ValueError, match="letters"):
            ForbiddenWords(["。"])


class TestProgramme:
    def test_has_a_list(self) -> None:
        assert load_programme().forbidden.find({"text": "专业代开发票"}) == "代开发票"

    @pytest.mark.parametrize(
        "text",
        ["专门卖淫羊藿的，价钱咋样", "预约炮制附子", "买了一套现在用不起", "这龟儿子虫咬得凶", "彩叶草烂根"],
    )
    def test_lets_farmers_talk(self, text: str) -> None:
        assert load_programme().forbidden.find({"text": text}) is None

    def test_stands_in_no_question_and_no_answer_of_the_demonstration(self) -> None:
        forbidden = load_programme().forbidden
        for path in DEMO.glob("*.jsonl"):
            for line in path.read_text("utf-8").splitlines():
                row = json.loads(line)
                for name in ("question", "answer"):
                    assert forbidden.find({"text": row[name]}) is None, row[name]
