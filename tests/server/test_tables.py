"""server/tables.py: the service's own SQLite files."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from server.tables import Tables

FIRST = "CREATE TABLE things (name TEXT PRIMARY KEY) STRICT; INSERT INTO things VALUES ('a;b');"
SECOND = "ALTER TABLE things ADD COLUMN size INTEGER; UPDATE things SET size = 1;"


class TestMigrations:
    def test_each_runs_once(self, tmp_path: Path) -> None:
        for _ in range(2):
            tables = Tables(tmp_path / "t.sqlite3", [FIRST])
            assert [row["name"] for row in tables.rows("SELECT name FROM things")] == ["a;b"]
            tables.close()

    def test_later_ones_run_on_an_older_file(self, tmp_path: Path) -> None:
        Tables(tmp_path / "t.sqlite3", [FIRST]).close()
        tables = Tables(tmp_path / "t.sqlite3", [FIRST, SECOND])
        assert [tuple(row) for row in tables.rows("SELECT * FROM things")] == [("a;b", 1)]
        tables.close()

    def test_one_that_fails_leaves_nothing_behind(self, tmp_path: Path) -> None:
        broken = "CREATE TABLE half (name TEXT); INSERT INTO nowhere VALUES (1);"
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            Tables(tmp_path / "t.sqlite3", [FIRST, broken])
        tables = Tables(tmp_path / "t.sqlite3", [FIRST, SECOND])
        assert not tables.rows("SELECT name FROM sqlite_master WHERE name = 'half'")
        assert tables.rows("SELECT size FROM things")
        tables.close()

    def test_they_run_once_when_several_open_the_file_at_once(self, tmp_path: Path) -> None:
        start, counts = threading.Barrier(6), []

        def begin() -> None:
            start.wait()
            tables = Tables(tmp_path / "t.sqlite3", [FIRST, SECOND])
            counts.append(len(tables.rows("SELECT * FROM things")))
            tables.close()

        threads = [threading.Thread(target=begin) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counts == [1] * 6


class TestTransaction:
    @pytest.fixture
    def tables(self, tmp_path: Path) -> Tables:
        return Tables(tmp_path / "t.sqlite3", [FIRST])

    def test_it_is_rolled_back_when_the_block_raises(self, tables: Tables) -> None:
        def fail() -> None:
            with tables.transaction() as connection:
                connection.execute("INSERT INTO things VALUES ('b')")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert tables.row("SELECT * FROM things WHERE name = 'b'") is None

    def test_the_next_one_works_after_a_failure(self, tables: Tables) -> None:
        with pytest.raises(sqlite3.IntegrityError), tables.transaction() as connection:
            connection.execute("INSERT INTO things VALUES ('a;b')")
        with tables.transaction() as connection:
            connection.execute("INSERT INTO things VALUES ('c')")
        assert tables.row("SELECT * FROM things WHERE name = 'c'")

    def test_it_is_there_for_another_process_when_the_block_ends(
        self, tables: Tables, tmp_path: Path
    ) -> None:
        with tables.transaction() as connection:
            connection.execute("INSERT INTO things VALUES ('c')")
        other = sqlite3.connect(tmp_path / "t.sqlite3")
        assert other.execute("SELECT count(*) FROM things").fetchone() == (2,)
        other.close()

    def test_threads_take_turns(self, tables: Tables) -> None:
        def add(first: int) -> None:
            for number in range(first, first + 20):
                with tables.transaction() as connection:
                    connection.execute("INSERT INTO things VALUES (?)", (str(number),))

        threads = [threading.Thread(target=add, args=(begin,)) for begin in (0, 100, 200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        row = tables.row("SELECT count(*) AS n FROM things")
        assert row is not None
        assert row["n"] == 61

    def test_every_commit_is_on_disk_where_asked(self, tmp_path: Path) -> None:
        for durable, mode in ((True, 2), (False, 1)):
            tables = Tables(tmp_path / f"{mode}.sqlite3", [], durable)
            row = tables.row("PRAGMA synchronous")
            assert row is not None
            assert row[0] == mode
            tables.close()
