from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.cases import Case, read_cases, write_cases
from search.errors import BadCase

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)
FILLED = TEXT.filter(lambda text: bool(text.strip()))


class TestRows:
    @given(st.builds(Case, FILLED, FILLED, TEXT, TEXT, TEXT, TEXT, TEXT))
    def test_come_back_as_they_were(self, case: Case) -> None:
        assert Case.from_row(case.to_row()) == case

    @pytest.mark.parametrize(
        "row", [{}, {"id": "1"}, {"id": "1", "question": " "}, {"id": 1, "question": "玉米"}]
    )
    def test_bad_rows(self, row: dict[str, object]) -> None:
        with pytest.raises(BadCase):
            Case.from_row(row)

    def test_unknown_and_missing_keys(self) -> None:
        assert Case.from_row({"id": "1", "question": "玉米", "answer": None, "extra": 3}) == Case("1", "玉米")


class TestFiles:
    def test_come_back_as_they_were(self, tmp_path: Path, cases: tuple[Case, ...]) -> None:
        assert write_cases(tmp_path / "cases.jsonl", cases) == len(cases)
        assert tuple(read_cases(tmp_path / "cases.jsonl")) == cases

    def test_broken_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "cases.jsonl"
        path.write_text('{"id": "1", "question": "玉米"}\n\n[]\n{"id"\n{"id": "2"}\n', "utf-8")
        broken: list[str] = []
        assert [case.id for case in read_cases(path, broken)] == ["1"]
        assert [text.split(":")[0] for text in broken] == [f"cases.jsonl line {n}" for n in (3, 4, 5)]
        with pytest.raises(BadCase, match="line 3"):
            list(read_cases(path))
