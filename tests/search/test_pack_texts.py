"""search/pack/texts.py: what is left of a case on the phone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.cases import Case
from search.pack.texts import ANSWER, MORE, QUESTION, maker, row_of, short

LONG = "先看叶背有没有白霉，有就是霜霉病。" * 12


class TestARow:
    def test_has_the_fields_in_order(self) -> None:
        case = Case("a1", "问", "答", "粮油", "玉米", "桂溪镇", "2026-05-01")
        assert row_of(case) == ("a1", "问", "答", "粮油", "玉米", "桂溪镇", "2026-05-01")

    def test_is_short(self) -> None:
        row = row_of(Case("a1", LONG, LONG, LONG, LONG, LONG, "2026-05-01T08:00:00Z"))
        assert len(row[1]) <= QUESTION
        assert len(row[2]) <= ANSWER
        assert all(len(text) <= 40 for text in row[3:6])
        assert row[6] == "2026-05-01"

    def test_holds_nothing_personal(self) -> None:
        case = Case("a1", "我叫王大明，玉米黄了，电话13812345678", "回电 139 1234 5678，李师傅在")
        text = "".join(row_of(case))
        assert not [secret for secret in ("王大明", "13812345678", "1234", "李师傅") if secret in text]

    @pytest.mark.parametrize("place", range(QUESTION - 14, QUESTION + 2))
    def test_a_number_across_the_cut_does_not_show_in_part(self, place: int) -> None:
        question = row_of(Case("a1", "苗" * place + "13812345678" + "黄" * 50))[1]
        assert "138" not in question


class TestShort:
    def test_what_fits_stays(self) -> None:
        assert short("叶" * 90, 90) == "叶" * 90

    def test_a_longer_one_ends_after_a_sentence(self) -> None:
        assert short("叶" * 70 + "。" + "苗" * 50, 90) == "叶" * 70 + MORE

    def test_or_at_a_pause(self) -> None:
        assert short("叶" * 70 + "，" + "苗" * 50, 90) == "叶" * 70 + MORE

    def test_or_where_there_is_no_room_left(self) -> None:
        assert short("叶" * 20 + "。" + "苗" * 100, 90) == "叶" * 20 + "。" + "苗" * 68 + MORE

    def test_spaces_are_collapsed_lines_stay(self) -> None:
        assert short(" 像是冻害  \r\n\n  剪掉 冻坏的 ", 90) == "像是冻害\n剪掉 冻坏的"

    @given(st.text(alphabet="叶苗。，\n 13a…😀", max_size=300), st.integers(10, 120))
    def test_never_longer_and_the_same_again(self, text: str, most: int) -> None:
        cut = short(text, most)
        assert len(cut) <= most
        assert short(cut, most) == cut


def test_rows_of_one_release_have_one_maker() -> None:
    assert maker() == maker()
    assert len(maker()) == 16
