"""Reading a history of consultations from a file: JSON Lines, CSV or XLSX.

Columns go by their English or Chinese names. Unknown columns and bad rows are reported with their line
numbers and passed over; the rest is read. What a row becomes in the store is server/importing.py's.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import MAXYEAR, date, datetime
from pathlib import Path
from typing import Any

from models.documents import TEXT_LIMIT
from models.programme import Programme

COLUMNS: dict[str, tuple[str, ...]] = {
    "question": ("question", "q", "问题", "提问", "需求", "需求描述", "咨询内容", "text"),
    "answer": ("answer", "a", "答复", "回答", "回复", "专家答复", "reply"),
    "industry": ("industry", "行业", "产业"),
    "crop": ("crop", "作物", "品种", "对象"),
    "region": ("region", "地区", "乡镇", "区划", "township"),
    "date": ("date", "日期", "时间", "提问时间", "咨询时间"),
    "verdict": ("verdict", "有效性", "判定", "是否有效"),
    "category": ("category", "cat", "类别", "分类"),
}
VERDICTS: dict[str, tuple[str, ...]] = {
    "valid": ("", "valid", "有效", "有价值", "是", "true", "1", "yes"),
    "popular_science": ("popular_science", "科普", "科普类"),
    "irrelevant": ("irrelevant", "不相干", "无关"),
    "worthless": ("worthless", "无价值", "无效", "没有价值", "否", "false", "0", "no"),
}
DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
FIRST_YEAR = 1970
ROW_BYTES = 1 << 20
CELL_CHARACTERS = 1 << 30


class UnreadableFile(ValueError):
    """The file as a whole can't be read; the message says what to do."""


@dataclass(frozen=True)
class HistoryRow:
    """One past consultation. `region` is a 12-digit code, `date` ISO or empty, `verdict` one of VERDICTS."""

    question: str
    answer: str
    industry: str
    crop: str
    region: str
    date: str
    verdict: str
    category: str


@dataclass(frozen=True)
class Fault:
    """A row that was passed over: its line in the file (the first is 1), and why."""

    line: int
    reason: str


@dataclass
class HistoryReader:
    """Reads one file. After `rows` is exhausted, `faults` and `unknown_columns` tell what was left out."""

    path: Path
    programme: Programme
    faults: list[Fault] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[HistoryRow]:
        """Every good row. Raises UnreadableFile where the file is none of the three kinds."""
        try:
            for line, raw in self._raw_rows():
                row = raw if isinstance(raw, str) else self._row(raw)
                if isinstance(row, str):
                    self.faults.append(Fault(line, row))
                else:
                    yield row
        except OSError as fault:
            raise UnreadableFile(f"打不开 {self.path.name[:100]}：{fault.strerror or fault}") from None

    def _raw_rows(self) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        if not self.path.is_file():
            raise UnreadableFile(f"没有这个文件：{self.path}")
        readers = {".jsonl": _json_lines, ".ndjson": _json_lines, ".csv": _csv, ".xlsx": _xlsx}
        reader = readers.get(self.path.suffix.lower())
        if reader is None:
            raise UnreadableFile(
                f"只能导入 .jsonl、.csv 和 .xlsx，这个是 {self.path.suffix or '没有后缀的'}。"
            )
        if not self.path.stat().st_size:
            raise UnreadableFile("文件是空的。")
        return reader(self.path)

    def _row(self, raw: Mapping[str, Any]) -> HistoryRow | str:
        if any(isinstance(value, list | dict) for value in raw.values()):
            return "有一格里不是文字"
        values = self._named(raw)
        for name, spoken in (("question", "问题"), ("answer", "答复")):
            if not values[name]:
                return f"没有{spoken}"
            if len(values[name]) > TEXT_LIMIT:
                return f"{spoken}超过 {TEXT_LIMIT} 个字"
        region = self.programme.region_code(values["region"]) if values["region"] else self.programme.county
        if region is None:
            return f"不认识的乡镇：{values['region'][:40]}"
        day = _day(values["date"])
        if day is None:
            return f"看不懂的日期：{values['date'][:40]}"
        verdict = next((name for name, known in VERDICTS.items() if values["verdict"].lower() in known), None)
        if verdict is None:
            return f"看不懂的有效性：{values['verdict'][:40]}"
        industry, crop = self._kind(values["industry"], values["crop"])
        return HistoryRow(
            values["question"],
            values["answer"],
            industry,
            crop,
            region,
            day,
            verdict,
            values["category"][:40],
        )

    def _named(self, raw: Mapping[str, Any]) -> dict[str, str]:
        values = dict.fromkeys(COLUMNS, "")
        for column, value in raw.items():
            label = _text(column)[:40]
            name = _KNOWN.get(label.lower())
            if name is None:
                if label not in self.unknown_columns:
                    self.unknown_columns.append(label)
            elif value is not None and not values[name]:
                values[name] = _text(value)
        return values

    def _kind(self, industry: str, crop: str) -> tuple[str, str]:
        """Industry and crop under the programme's names where it knows them, else as they stand."""
        known = self.programme.crop(crop) if crop else None
        if known:
            return self.programme.industry(industry) or known[0], known[1]
        return (self.programme.industry(industry) or industry or "其他")[:40], crop[:40]


_KNOWN = {alias: name for name, aliases in COLUMNS.items() for alias in aliases}


def _text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    text = str(value).replace("\x00", "").replace("\r\n", "\n").strip()
    return text.encode("utf-8", "ignore").decode()


def _day(text: str) -> str | None:
    """ISO date; "" stays ""; None where it is no date, or one that clocks cannot hold (models/clock.py)."""
    if not text:
        return ""
    found = DATE.match(text)
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
    return day.isoformat() if day and FIRST_YEAR <= day.year < MAXYEAR else None


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if not raw.strip():
                continue
            if len(raw) > ROW_BYTES:
                yield number, "这一行太大"
                continue
            try:
                row = json.loads(raw.decode("utf-8-sig"))
            except (UnicodeDecodeError, ValueError, RecursionError):
                yield number, "不是 JSON"
                continue
            yield number, row if isinstance(row, dict) else "不是一条记录"


def _csv(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    lines = _csv_lines(_decoded(path.read_bytes()))
    head = next((cells for _, cells in lines if not isinstance(cells, str)), [])
    if not any(head):
        raise UnreadableFile("第一行要写列名：question,answer,…")
    for number, cells in lines:
        if isinstance(cells, str):
            yield number, cells
        elif len(cells) > len(head):
            yield number, "列比表头多"
        elif sum(map(len, cells)) > ROW_BYTES:
            yield number, "这一行太大"
        else:
            yield number, dict(zip(head, cells, strict=False))


def _decoded(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel on a Chinese Windows saves.
        return raw.decode("gb18030", errors="replace")


def _csv_lines(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """Each row that is not blank, with the line on which it begins; a fault costs one line."""
    csv.field_size_limit(CELL_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, "引号不配对"
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells


def _xlsx(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise UnreadableFile("读 .xlsx 要装 openpyxl：pip install 'tianwen[xlsx]'。") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            workbook = load_workbook(path, read_only=True, data_only=True)
        sheet = workbook.worksheets[0]
        # Some programs write the wrong size into the file; the rows themselves are right.
        sheet.reset_dimensions()
        rows = iter(sheet.iter_rows(values_only=True))
        head = next(rows, None)
    except Exception:
        # openpyxl raises whatever its parsers do; to the reader it is one thing.
        raise UnreadableFile("这个 .xlsx 打不开，另存一份再导。") from None
    with closing(workbook):
        if not head or not any(head):
            raise UnreadableFile("第一行要写列名：question,answer,…")
        names = [_text(name) if name is not None else "" for name in head]
        for number, cells in _sheet_rows(rows):
            if isinstance(cells, str):
                yield number, cells
                return
            row = {name: cell for name, cell in zip(names, cells, strict=False) if name}
            if any(cell not in (None, "") for cell in row.values()):
                yield number, row


def _sheet_rows(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[int, tuple[Any, ...] | str]]:
    """The rows below the head; where the file breaks off, that as the last one."""
    number = 1
    while True:
        number += 1
        try:
            yield number, next(rows)
        except StopIteration:
            return
        except Exception:
            yield number, "从这一行起文件坏了，读不下去"
            return
