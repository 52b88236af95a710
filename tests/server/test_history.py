"""server/history.py: a history of consultations from JSON Lines, CSV or XLSX."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from models.programme import Programme, load_programme
from server.history import Fault, HistoryReader, HistoryRow, UnreadableFile

GOOD = {"question": "洋芋叶子背面起白霉", "answer": "像是晚疫病，先把病叶摘了"}


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load_programme()


class Reading:
    """Everything that a file gives."""

    def __init__(self, path: Path, programme: Programme) -> None:
        reader = HistoryReader(path, programme)
        self.rows: list[HistoryRow] = list(reader.rows())
        self.faults: list[Fault] = reader.faults
        self.unknown: list[str] = reader.unknown_columns

    @property
    def fault_lines(self) -> list[int]:
        return [fault.line for fault in self.faults]


@pytest.fixture
def read(tmp_path: Path, programme: Programme) -> Any:
    """read("a.csv", bytes or text): the Reading of a file with that content."""

    def reading(name: str, content: bytes | str) -> Reading:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Reading(path, programme)

    return reading


@pytest.fixture
def read_sheet(tmp_path: Path, programme: Programme) -> Any:
    """read_sheet([[...], ...]): the Reading of a workbook with these rows."""

    def reading(rows: list[list[Any]]) -> Reading:
        workbook = Workbook()
        for row in rows:
            workbook.active.append(row)
        workbook.save(tmp_path / "a.xlsx")
        return Reading(tmp_path / "a.xlsx", programme)

    return reading


def lines(*rows: dict[str, Any]) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


class TestARow:
    def test_every_column_is_read(self, read: Any) -> None:
        row = {**GOOD, "industry": "粮油", "crop": "马铃薯", "region": "桂溪镇", "date": "2024-06-01",
               "verdict": "valid", "category": "病害"}  # fmt: skip
        [found] = read("a.jsonl", lines(row)).rows
        assert found == HistoryRow(
            GOOD["question"], GOOD["answer"], "粮油", "马铃薯", found.region, "2024-06-01", "valid", "病害"
        )
        assert len(found.region) == 12
        assert found.region.startswith("510726")

    def test_columns_may_have_chinese_names(self, read: Any) -> None:
        row = {"问题": "茶树起虫", "专家答复": "挂黄板", "品种": "茶", "乡镇": "桂溪镇", "有效性": "科普类",
               "咨询时间": "2023年4月5日"}  # fmt: skip
        [found] = read("a.jsonl", lines(row)).rows
        assert (found.question, found.answer, found.industry, found.crop) == (
            "茶树起虫",
            "挂黄板",
            "茶叶",
            "茶",
        )
        assert (found.verdict, found.date) == ("popular_science", "2023-04-05")

    def test_a_farmer_s_name_for_a_crop_becomes_the_programme_s(self, read: Any) -> None:
        [found] = read("a.jsonl", lines({**GOOD, "crop": "洋芋"})).rows
        assert (found.industry, found.crop) == ("粮油", "马铃薯")

    def test_what_the_programme_does_not_know_stays_as_it_is(self, read: Any) -> None:
        [found] = read("a.jsonl", lines({**GOOD, "crop": "榴莲", "industry": "热带果"})).rows
        assert (found.industry, found.crop) == ("热带果", "榴莲")

    def test_without_place_or_verdict_it_is_the_county_s_and_valid(
        self, read: Any, programme: Programme
    ) -> None:
        [found] = read("a.jsonl", lines(GOOD)).rows
        assert (found.region, found.verdict, found.date) == (programme.county, "valid", "")

    @pytest.mark.parametrize(
        ("written", "understood"),
        [
            ("2024-01-31", "2024-01-31"),
            ("2024/1/3", "2024-01-03"),
            ("2024.1.3", "2024-01-03"),
            ("2024年1月3日", "2024-01-03"),
            ("2024-01-31T10:00:00Z", "2024-01-31"),
            ("2024-1-3 08:30", "2024-01-03"),
        ],
    )
    def test_dates(self, read: Any, written: str, understood: str) -> None:
        [found] = read("a.jsonl", lines({**GOOD, "date": written})).rows
        assert found.date == understood

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"question": ""}, "没有问题"),
            ({"question": "   "}, "没有问题"),
            ({"answer": None}, "没有答复"),
            ({"question": "长" * 4001}, "超过 4000"),
            ({"answer": "长" * 4001}, "超过 4000"),
            ({"question": {"text": "x"}}, "不是文字"),
            ({"answer": ["x"]}, "不是文字"),
            ({"region": "哪里都不是"}, "不认识的乡镇"),
            ({"date": "去年"}, "看不懂的日期"),
            ({"date": "2024-02-30"}, "看不懂的日期"),
            ({"date": "1969-12-31"}, "看不懂的日期"),
            ({"date": "0000-01-01"}, "看不懂的日期"),
            ({"date": "9999-12-31"}, "看不懂的日期"),
            ({"verdict": "也许"}, "看不懂的有效性"),
        ],
    )
    def test_a_bad_one_is_told_with_its_reason(self, read: Any, change: dict[str, Any], reason: str) -> None:
        reading = read("a.jsonl", lines(GOOD, {**GOOD, **change}, GOOD))
        assert reading.fault_lines == [2]
        assert reason in reading.faults[0].reason
        assert len(reading.rows) == 2

    def test_unknown_columns_are_told_once(self, read: Any) -> None:
        reading = read("a.jsonl", lines({**GOOD, "价钱": 3}, {**GOOD, "价钱": 4, "x": 1}))
        assert reading.unknown == ["价钱", "x"]
        assert len(reading.rows) == 2


class TestJsonLines:
    def test_lines_that_are_no_rows_have_their_numbers(self, read: Any) -> None:
        good = lines(GOOD)
        reading = read("a.jsonl", "\n".join(["", good, "{", "[1]", '"x"', "", good, "nan"]))
        assert reading.fault_lines == [3, 4, 5, 8]
        assert len(reading.rows) == 2

    def test_a_line_that_is_too_large_costs_itself_only(self, read: Any) -> None:
        reading = read("a.jsonl", "\n".join([lines(GOOD), lines({**GOOD, "x": "长" * 400_000}), lines(GOOD)]))
        assert [(fault.line, fault.reason) for fault in reading.faults] == [(2, "这一行太大")]
        assert len(reading.rows) == 2

    def test_bytes_that_are_no_text_cost_their_line_only(self, read: Any) -> None:
        reading = read("a.jsonl", b"\xff\xfe\n" + lines(GOOD).encode() + b"\n" + b"[" * 100_000)
        assert reading.fault_lines == [1, 3]
        assert len(reading.rows) == 1

    def test_nul_and_lone_surrogates_are_left_out(self, read: Any) -> None:
        row = r'{"question": "a\u0000b\ud800c", "answer": "d\udfff", "\ud800x": "e"}'
        reading = read("a.jsonl", row)
        assert (reading.rows[0].question, reading.rows[0].answer) == ("abc", "d")
        assert "".join(reading.unknown).encode() == b"x"

    def test_a_byte_order_mark_does_no_harm(self, read: Any) -> None:
        assert len(read("a.jsonl", b"\xef\xbb\xbf" + lines(GOOD).encode()).rows) == 1


class TestCsv:
    HEAD = "问题,答复,作物\r\n"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    def test_in_every_encoding_that_spreadsheets_write(self, read: Any, encoding: str) -> None:
        [row] = read("a.csv", (self.HEAD + "洋芋起斑,先摘病叶,洋芋\r\n").encode(encoding)).rows
        assert (row.question, row.answer, row.crop) == ("洋芋起斑", "先摘病叶", "马铃薯")

    def test_faults_have_the_line_on_which_their_row_begins(self, read: Any) -> None:
        rows = '"一\n二\n三",答,茶\n\n,没有问题,茶\n"四\n五",,茶\n六,答,茶,多了\n七,答\n'
        reading = read("a.csv", self.HEAD + rows)
        assert [row.question for row in reading.rows] == ["一\n二\n三", "七"]
        assert [(fault.line, fault.reason) for fault in reading.faults] == [
            (6, "没有问题"),
            (7, "没有答复"),
            (9, "列比表头多"),
        ]

    def test_a_broken_quote_costs_one_row(self, read: Any) -> None:
        reading = read("a.csv", self.HEAD + '一,答,茶\n"二"x,答,茶\n三,答,茶\n')
        assert [row.question for row in reading.rows] == ["一", "三"]
        assert reading.fault_lines == [3]

    def test_a_quote_that_never_ends_is_told(self, read: Any) -> None:
        reading = read("a.csv", self.HEAD + '一,答,茶\n二,"答,茶\n')
        assert [row.question for row in reading.rows] == ["一"]
        assert reading.fault_lines == [3]

    def test_a_line_of_a_megabyte_costs_itself_only(self, read: Any) -> None:
        reading = read("a.csv", self.HEAD + f"一,答,茶\n{'长' * (1 << 20)},答,茶\n三,答,茶\n")
        assert [row.question for row in reading.rows] == ["一", "三"]
        assert reading.fault_lines == [3]

    @pytest.mark.parametrize("content", ["\n\n", ",,\n", " "])
    def test_one_without_a_head_says_what_to_write_there(self, read: Any, content: str) -> None:
        with pytest.raises(UnreadableFile, match="列名"):
            read("a.csv", content)


class TestXlsx:
    def test_rows_with_dates_and_numbers(self, read_sheet: Any) -> None:
        reading = read_sheet(
            [
                ["问题", "答复", "日期", "有效性", None, "备注"],
                ["洋芋起斑", "先摘病叶", date(2024, 5, 1), 1, "x", "y"],
                [None] * 6,
                ["茶树起虫", 12345, datetime(2024, 5, 2, 8), True],
                ["没有答复的", None, "2024-05-03"],
            ]
        )
        assert [(row.date, row.verdict, row.answer) for row in reading.rows] == [
            ("2024-05-01", "valid", "先摘病叶"),
            ("2024-05-02", "valid", "12345"),
        ]
        assert reading.unknown == ["备注"]
        assert reading.fault_lines == [5]

    def test_one_that_lies_about_its_size_is_read_whole(
        self, read_sheet: Any, tmp_path: Path, read: Any
    ) -> None:
        import zipfile

        read_sheet([["问题", "答复"], ["一", "答"], ["二", "答"]])
        source, wrong = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(wrong, "w") as new:
            for name in old.namelist():
                content = old.read(name).replace(b'<dimension ref="A1:B3"', b'<dimension ref="A1"')
                new.writestr(name, content)
        assert len(read("c.xlsx", wrong.read_bytes()).rows) == 2

    @pytest.mark.parametrize("content", [b"PK\x03\x04 no zip at all", b"question,answer\n"])
    def test_a_broken_one_gets_a_sentence(self, read: Any, content: bytes) -> None:
        with pytest.raises(UnreadableFile, match="打不开"):
            read("a.xlsx", content)

    def test_one_that_breaks_off_gives_what_came_before(
        self, read_sheet: Any, tmp_path: Path, read: Any
    ) -> None:
        import zipfile

        read_sheet([["问题", "答复"], *([f"第 {number} 个问题", "答"] for number in range(50))])
        with zipfile.ZipFile(tmp_path / "a.xlsx") as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name.endswith("sheet1.xml"):
                    content = content[: content.index(b'<row r="41"') + 20]
                new.writestr(name, content)
        reading = read("c.xlsx", (tmp_path / "b.xlsx").read_bytes())
        assert 0 < len(reading.rows) < 50
        assert "坏了" in reading.faults[-1].reason

    def test_an_empty_sheet_says_what_to_write_there(self, read_sheet: Any) -> None:
        with pytest.raises(UnreadableFile, match="列名"):
            read_sheet([])


class TestTheFile:
    @pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.xlsx"])
    def test_an_empty_one_is_told(self, read: Any, name: str) -> None:
        with pytest.raises(UnreadableFile, match="空的"):
            read(name, b"")

    @pytest.mark.parametrize("name", ["a.xls", "a.pdf", "history"])
    def test_another_kind_is_told(self, read: Any, name: str) -> None:
        with pytest.raises(UnreadableFile, match="只能导入"):
            read(name, b"x")

    @pytest.mark.parametrize("name", ["missing.csv", "folder.csv", "长" * 300 + ".csv"])
    def test_one_that_is_not_there_is_told(self, tmp_path: Path, programme: Programme, name: str) -> None:
        (tmp_path / "folder.csv").mkdir()
        with pytest.raises(UnreadableFile):
            Reading(tmp_path / name, programme)
