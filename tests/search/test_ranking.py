from collections.abc import Sequence

import pytest

from search.cases import Case
from search.concepts import concepts, standard_crop, subjects
from search.encoder import Encoder
from search.ranking import make_query, search
from search.segment import Segment, in_memory

NOTHING: frozenset[str] = frozenset()


@pytest.fixture
def segment(cases: tuple[Case, ...], encoder: Encoder) -> Segment:
    return in_memory(cases, encoder.encode([case.question for case in cases]))


def found(
    segments: Sequence[Segment],
    encoder: Encoder,
    text: str,
    industry: str | None = None,
    crop: str | None = None,
    hidden: Sequence[frozenset[str]] | None = None,
) -> list[str]:
    query = make_query(text, encoder, industry, crop)
    return [ranked.case.id for ranked in search(segments, query, 10, hidden or [NOTHING] * len(segments))]


class TestOrder:
    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("苞谷心心头有虫屎，叶子钻得稀烂", "m2"),
            ("洋芋叶子乌了背后起白毛", "p1"),
            ("柑子打开全是蛆", "o1"),
            ("猪儿隔奶过后屙稀", "s1"),
            ("鸡婆不生蛋了", "h1"),
            ("打田机打不燃", "w1"),
            ("晚疫病", "p1"),
            ("氯虫苯甲酰胺", "m2"),
        ],
    )
    def test_the_right_case_comes_first(
        self, segment: Segment, encoder: Encoder, text: str, first: str
    ) -> None:
        assert found([segment], encoder, text)[0] == first

    def test_a_case_asked_word_by_word_scores_highest(
        self, segment: Segment, encoder: Encoder, cases: tuple[Case, ...]
    ) -> None:
        for case in cases:
            best = search([segment], make_query(case.question, encoder), 1, [NOTHING])[0]
            assert best.case == case
            assert 0.7 < best.score < 1.2

    def test_scores_fall(self, segment: Segment, encoder: Encoder) -> None:
        ranked = search([segment], make_query("玉米发黄", encoder), 10, [NOTHING])
        assert [hit.score for hit in ranked] == sorted((hit.score for hit in ranked), reverse=True)


class TestFilters:
    def test_industry(self, segment: Segment, encoder: Encoder) -> None:
        assert set(found([segment], encoder, "怎么防治", industry="川果")) == {"o1", "k1"}

    def test_crop_by_any_of_its_names(self, segment: Segment, encoder: Encoder) -> None:
        for name in ("玉米", "苞谷", "包谷"):
            assert set(found([segment], encoder, "怎么办", crop=name)) == {"m1", "m2", "m3"}

    def test_both(self, segment: Segment, encoder: Encoder) -> None:
        assert found([segment], encoder, "怎么办", industry="川果", crop="玉米") == []

    def test_unknown(self, segment: Segment, encoder: Encoder) -> None:
        assert found([segment], encoder, "怎么办", industry="没有这个") == []


class TestFolding:
    def test_equal_questions_are_shown_once(self, cases: tuple[Case, ...], encoder: Encoder) -> None:
        twins = [*cases, Case("m1b", cases[0].question.replace("，", " ").replace("？", ""))]
        segment = in_memory(twins, encoder.encode([case.question for case in twins]))
        assert len({"m1", "m1b"} & set(found([segment], encoder, "玉米叶片发黄"))) == 1

    def test_nearly_equal_questions_are_shown_once(self, cases: tuple[Case, ...], encoder: Encoder) -> None:
        near = Case("h1b", "请问蛋鸡产蛋率突然下降是什么原因？")
        other = Case("m4", "玉米下部叶片发红，从叶尖向内枯红，是什么原因？")
        twins = [*cases, near, other]
        segment = in_memory(twins, encoder.encode([case.question for case in twins]))
        assert len({"h1", "h1b"} & set(found([segment], encoder, "蛋鸡产蛋率下降"))) == 1
        assert {"m1", "m4"} <= set(found([segment], encoder, "玉米下部叶片从叶尖枯"))


class TestShortQuestions:
    def test_the_animal_and_the_sign_decide(self, encoder: Encoder) -> None:
        texts = ("牛拉稀怎么治", "牛拉犁不听话怎么办", "猪拉稀怎么治", "拖拉机烧机油", "牛不吃草")
        rows = [Case(str(number), text) for number, text in enumerate(texts)]
        segment = in_memory(rows, encoder.encode(texts))
        assert found([segment], encoder, "牛拉稀")[0] == "0"
        assert found([segment], encoder, "牛屙稀")[0] == "0"

    def test_a_few_characters_of_a_reply_weigh_less_than_a_sentence_of_it(self, encoder: Encoder) -> None:
        rows = [Case("feed", "酒糟喂肥猪一顿给好多", "先少后多，喂急了猪拉稀，掺糠麸再喂。")]
        segment = in_memory(rows, encoder.encode([row.question for row in rows]))
        short, long = (
            search([segment], make_query(text, encoder), 1, [NOTHING])[0].evidence.reply
            for text in ("拉稀", "喂急了猪拉稀，掺糠麸")
        )
        assert short < long / 2


class TestSegments:
    def test_a_second_segment_is_ranked_as_if_it_were_one(
        self, cases: tuple[Case, ...], encoder: Encoder, segment: Segment
    ) -> None:
        base = in_memory(cases[:-2], encoder.encode([case.question for case in cases[:-2]]))
        rest = in_memory(cases[-2:], encoder.encode([case.question for case in cases[-2:]]), base)
        for text in ("鱼塘里鱼浮头", "微耕机打不燃", "玉米叶子黄"):
            assert found([base, rest], encoder, text)[0] == found([segment], encoder, text)[0]

    def test_hidden_cases_do_not_show(self, segment: Segment, encoder: Encoder) -> None:
        assert "m1" not in found([segment], encoder, "玉米下部叶片发黄", hidden=[frozenset({"m1"})])

    def test_none(self, encoder: Encoder) -> None:
        assert found([], encoder, "玉米") == []


class TestConcepts:
    def test_the_longest_name_wins(self) -> None:
        assert subjects(concepts("红萝卜和萝卜")) == {"胡萝卜", "萝卜"}

    def test_one_crop_has_many_names(self) -> None:
        assert {standard_crop(name) for name in ("洋芋", "土豆", "马铃薯", " 山药蛋 ")} == {"马铃薯"}

    def test_an_unknown_crop_stays(self) -> None:
        assert standard_crop(" 奇怪的东西 ") == "奇怪的东西"


class TestCommonWord:
    @pytest.mark.parametrize(
        ("text", "shares"),
        [("玉米心叶里有虫", True), ("NPK复合肥", True), ("鸡", False), ("PK", False)],
    )
    def test_of_both_questions(self, encoder: Encoder, text: str, shares: bool) -> None:
        case = Case("a", "玉米心叶怎么了，施过NPK")
        segment = in_memory([case], encoder.encode([case.question]))
        (best,) = search([segment], make_query(text, encoder), 1, [NOTHING])
        assert (best.evidence.common > 0) is shares
