"""The audit log: who saw or did what, and why (DESIGN.md "Server": every unmasking is in the audit log)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from server.accounts import Person
from server.tables import Tables

MIGRATIONS = [
    """
    CREATE TABLE entries (
      number INTEGER PRIMARY KEY, at TEXT NOT NULL, person TEXT NOT NULL, name TEXT NOT NULL,
      action TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL
    ) STRICT;
    """,
]


@dataclass(frozen=True)
class Entry:
    """`at` is ISO 8601 UTC; `subject` the id of the document or person concerned."""

    at: str
    person: str
    name: str
    action: str
    subject: str
    reason: str


class Audit:
    """Append-only, durable before the answer that it speaks of is sent."""

    def __init__(self, folder: Path) -> None:
        self._tables = Tables(folder / "audit.sqlite3", MIGRATIONS)

    def record(self, person: Person, action: str, subject: str, reason: str) -> None:
        with self._tables.transaction() as connection:
            connection.execute(
                "INSERT INTO entries (at, person, name, action, subject, reason) VALUES (?,?,?,?,?,?)",
                (datetime.now(UTC).isoformat(), person.id, person.name, action, subject, reason),
            )

    def recent(self, limit: int = 100) -> list[Entry]:
        rows = self._tables.rows(
            "SELECT at, person, name, action, subject, reason FROM entries ORDER BY number DESC LIMIT ?",
            limit,
        )
        return [Entry(**dict(row)) for row in rows]

    def close(self) -> None:
        self._tables.close()
