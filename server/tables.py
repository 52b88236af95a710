"""The service's own SQLite files (accounts, read model, audit): opened, migrated and shared by threads."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

BUSY_S = 10.0
AGAIN_S = 0.02


class Tables:
    """One SQLite file behind one lock.

    `migrations` are SQL scripts; `PRAGMA user_version` counts those that have run, each in a transaction.
    With `durable` every commit is on disk when it returns; a read model that can be rebuilt does without.
    """

    def __init__(self, path: Path, migrations: Sequence[str], durable: bool = True) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, timeout=BUSY_S, check_same_thread=False, isolation_level=None
        )
        self._connection.row_factory = sqlite3.Row
        try:
            self._write_ahead()
            self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            for number, script in enumerate(migrations, start=1):
                self._migrate(number, script)
        except BaseException:
            self._connection.close()
            raise

    def _write_ahead(self) -> None:
        """Turn write-ahead logging on. SQLite does not wait for another process that does the same."""
        for _ in range(int(BUSY_S / AGAIN_S)):
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as fault:
                if "locked" not in str(fault):
                    raise
                time.sleep(AGAIN_S)
        raise sqlite3.OperationalError("database is locked")

    def _migrate(self, number: int, script: str) -> None:
        """Run a migration unless it has run. Counted inside the transaction: another process may be at it."""
        with self.transaction() as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] >= number:
                return
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={number}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction, rolled back when the block raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk ends the transaction by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        found = self.rows(query, *values)
        return found[0] if found else None

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; `executescript` would commit the transaction around it."""
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \n;"):
                yield statement
            statement = ""
