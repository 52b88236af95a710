"""server/importing.py and `tianwen import`: a history becomes closed consultations, once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from server.deployment import Deployment
from server.history import UnreadableFile
from server.importing import import_history
from sync.store import Range, Wanted


def rows(count: int, first: int = 0) -> list[dict[str, str]]:
    return [
        {"question": f"第 {n} 块地的苞谷叶子发黄", "answer": f"第 {n} 块地追尿素", "crop": "玉米",
         "date": f"20{10 + n % 15}-05-01"}
        for n in range(first, first + count)
    ]  # fmt: skip


def write(path: Path, content: list[dict[str, str]]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in content), "utf-8")
    return path


class TestImporting:
    def test_a_row_becomes_a_closed_consultation(self, opened: Deployment, tmp_path: Path) -> None:
        history = [{**rows(1)[0], "verdict": "科普", "category": "施肥", "region": "桂溪镇"}]
        import_history(
            write(tmp_path / "a.jsonl", history), opened.database, opened.programme, source="旧系统"
        )
        opened.consultations.catch_up()
        [row] = opened.consultations.archive(opened.programme.county)
        assert (row.state, row.imported, row.verdict, row.category) == (
            "closed",
            True,
            "popular_science",
            "施肥",
        )
        assert (row.crop, row.industry, row.township_name) == ("玉米", "粮油", "桂溪镇")
        found = opened.consultations.documents(row.id)
        assert found is not None
        [imported] = found.thread
        assert (imported["text"], imported["source"]) == ("第 0 块地追尿素", "旧系统")

    def test_two_thousand_rows(self, opened: Deployment, tmp_path: Path) -> None:
        told: list[int] = []
        report = import_history(
            write(tmp_path / "a.jsonl", rows(2000)),
            opened.database,
            opened.programme,
            lambda so_far: told.append(so_far.imported),
        )
        opened.consultations.catch_up()
        assert (report.imported, report.doubled, report.faults) == (2000, 0, [])
        assert told == [500, 1000, 1500, 2000]
        assert opened.consultations.total() == 2000

    def test_twice_adds_nothing(self, opened: Deployment, tmp_path: Path) -> None:
        path = write(tmp_path / "a.jsonl", rows(600))
        import_history(path, opened.database, opened.programme)
        before = opened.database.info()
        again = import_history(path, opened.database, opened.programme)
        assert (again.imported, again.doubled) == (0, 600)
        assert opened.database.info().doc_count == before.doc_count == 1200
        assert opened.database.changes(Wanted(since=before.update_seq)).rows == []

    def test_files_that_overlap_add_what_is_new(self, opened: Deployment, tmp_path: Path) -> None:
        import_history(write(tmp_path / "a.jsonl", rows(30)), opened.database, opened.programme)
        report = import_history(write(tmp_path / "b.jsonl", rows(30, 20)), opened.database, opened.programme)
        assert (report.imported, report.doubled) == (20, 10)

    def test_a_row_that_stands_twice_in_a_file_counts_once(self, opened: Deployment, tmp_path: Path) -> None:
        path = write(tmp_path / "a.jsonl", rows(3) + rows(3))
        report = import_history(path, opened.database, opened.programme)
        assert (report.imported, report.doubled) == (3, 3)
        assert opened.database.info().doc_count == 6

    def test_the_same_rows_in_another_format_are_the_same_rows(
        self, opened: Deployment, tmp_path: Path
    ) -> None:
        table = "\n".join(",".join(row.values()) for row in rows(5))
        (tmp_path / "a.csv").write_text(f"问题,答复,作物,日期\n{table}\n", "gb18030")
        import_history(tmp_path / "a.csv", opened.database, opened.programme)
        report = import_history(write(tmp_path / "a.jsonl", rows(5)), opened.database, opened.programme)
        assert (report.imported, report.doubled) == (0, 5)

    def test_the_good_rows_of_a_bad_file_are_there(self, opened: Deployment, tmp_path: Path) -> None:
        path = write(tmp_path / "a.jsonl", rows(2))
        with path.open("a") as file:
            file.write('\n{"question": "只有问题"}\nnot json\n')
        report = import_history(path, opened.database, opened.programme)
        assert (report.imported, [fault.line for fault in report.faults]) == (2, [3, 4])

    def test_nothing_is_stored_of_what_cannot_be_read(self, opened: Deployment, tmp_path: Path) -> None:
        (tmp_path / "a.xlsx").write_bytes(b"PK no workbook")
        with pytest.raises(UnreadableFile):
            import_history(tmp_path / "a.xlsx", opened.database, opened.programme)
        assert opened.database.info().doc_count == 0

    def test_no_receipt_is_written_for_it(self, opened: Deployment, tmp_path: Path) -> None:
        import_history(write(tmp_path / "a.jsonl", rows(1)), opened.database, opened.programme)
        ids = [row.key for row in opened.database.all_docs(Range()).rows]
        assert [name.split(":")[0] for name in ids] == ["demand", "event"]


def tianwen_import(folder: Path, file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server.cli", "import", str(file), "--data", str(folder / "data")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class TestTheCommand:
    def test_it_tells_what_it_did(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.jsonl", [{**row, "价钱": "3"} for row in rows(3)])
        with path.open("a") as file:
            file.write("\nnot json\n")
        first = tianwen_import(tmp_path, path)
        assert (first.returncode, first.stderr) == (0, "")
        assert first.stdout.splitlines() == [
            "导入 3 条，已有 0 条，跳过 1 行。",
            "不认识的列，没有导入：价钱",
            "  第 4 行：不是 JSON",
            "找类似要看到新导入的，再运行：tianwen index build",
        ]
        again = tianwen_import(tmp_path, path)
        assert again.returncode == 0
        assert again.stdout.startswith("导入 0 条，已有 3 条，跳过 1 行。")

    def test_a_file_without_a_good_row_fails(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        path.write_text("not json\n" * 25, "utf-8")
        done = tianwen_import(tmp_path, path)
        assert done.returncode == 1
        assert "… 还有 5 行" in done.stdout

    def test_a_file_that_is_not_there_is_one_sentence(self, tmp_path: Path) -> None:
        done = tianwen_import(tmp_path, tmp_path / "missing.csv")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"没有这个文件：{tmp_path / 'missing.csv'}\n"
