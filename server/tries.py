"""Wrong passwords, counted for each login until it is locked for a while (MISSION S1.9).

Logins that nobody has are counted too: whoever guesses gets the same answers and learns nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from server.errors import LoginRefused
from server.tables import Tables

TRIES = 5
LOCK = timedelta(minutes=15)
# After a quiet day the count begins anew.
FORGOTTEN = timedelta(days=1)

TRIES_SCHEMA = """
    CREATE TABLE tries (
      login TEXT PRIMARY KEY, failures INTEGER NOT NULL, locked_until TEXT, at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE people DROP COLUMN failures;
    ALTER TABLE people DROP COLUMN locked_until;
"""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Tries:
    """The counts of a deployment. `login` is a blind index (server/vault.py)."""

    def __init__(self, tables: Tables, now: Callable[[], datetime] = utc_now) -> None:
        self._tables = tables
        self._now = now

    def refuse_while_locked(self, login: str) -> None:
        """LoginRefused with the minutes left while the login is locked."""
        row = self._tables.row("SELECT locked_until FROM tries WHERE login = ?", login)
        if row is None or row["locked_until"] is None:
            return
        left = datetime.fromisoformat(row["locked_until"]) - self._now()
        if left > timedelta(0):
            minutes = int(left.total_seconds() // 60) + 1
            raise LoginRefused(
                f"试得太多，先歇 {minutes} 分钟再登录。",
                locked_until=datetime.fromisoformat(row["locked_until"]),
            )

    def count(self, login: str) -> LoginRefused:
        """Count a wrong password; what to answer. Counted in one statement: guesses may come side by side."""
        now = self._now()
        with self._tables.transaction() as connection:
            connection.execute("DELETE FROM tries WHERE at < ?", ((now - FORGOTTEN).isoformat(),))
            # A count that led to a lock is used up when the lock ends.
            connection.execute(
                "DELETE FROM tries WHERE login = ? AND locked_until < ?", (login, now.isoformat())
            )
            failures: int = connection.execute(
                "INSERT INTO tries VALUES (?1, 1, NULL, ?2) ON CONFLICT (login) DO"
                " UPDATE SET failures = failures + 1, at = ?2 RETURNING failures",
                (login, now.isoformat()),
            ).fetchone()[0]
            until = now + LOCK if failures >= TRIES else None
            if until:
                connection.execute(
                    "UPDATE tries SET locked_until = ? WHERE login = ?", (until.isoformat(), login)
                )
        if until:
            return LoginRefused(f"试错了 {TRIES} 次，先歇 15 分钟再登录。", locked_until=until)
        left = TRIES - failures
        return LoginRefused(f"手机号或密码不对。还能试 {left} 次。", tries_left=left)

    def clear(self, login: str) -> None:
        """The right password was given, or set anew."""
        if self._tables.row("SELECT 1 FROM tries WHERE login = ?", login):
            with self._tables.transaction() as connection:
                connection.execute("DELETE FROM tries WHERE login = ?", (login,))
