"""Copies of SQLite files: made while others write, checked, and given a history of their own when put back.

Source: sqlite.org/backup.html, sqlite.org/wal.html.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import apsw

_PAGES_AT_ONCE = 2048
_BUSY_MS = 10_000

Progress = Callable[[int, int], None]


def copy(source: Path, target: Path, progress: Progress | None = None) -> None:
    """Copy a database that may be in use. `target` must not exist; it is one file without a log beside it.

    The source is read inside one read transaction: the copy is what was committed at its begin, however long
    it takes, and writers do not wait. `progress` is told (pages done, pages in all).
    """
    with (
        closing(apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)) as reading,
        closing(apsw.Connection(str(target))) as writing,
    ):
        reading.set_busy_timeout(_BUSY_MS)
        reading.pragma("query_only", True)
        reading.execute("BEGIN")
        # A transaction begins with its first read.
        reading.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        with writing.backup("main", reading, "main") as backup:
            while not backup.done:
                backup.step(_PAGES_AT_ONCE)
                if progress is not None:
                    progress(backup.page_count - backup.remaining, backup.page_count)
        reading.execute("COMMIT")
        # The copied header says WAL; a single file is what can be carried about.
        writing.pragma("journal_mode", "delete")


def faults(path: Path) -> list[str]:
    """What SQLite itself finds wrong with a file: pages, indexes, constraints. Empty: sound.

    Reads only. At most a hundred faults.
    """
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(100)")]
    except apsw.Error as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def in_use(path: Path) -> bool:
    """Whether another connection, of this process or another, has the WAL database `path` open."""
    if not path.exists():
        return False
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
        connection.set_busy_timeout(0)
        connection.pragma("locking_mode", "exclusive")
        try:
            connection.execute("BEGIN EXCLUSIVE; SELECT count(*) FROM sqlite_schema; COMMIT")
        except apsw.BusyError:
            return True
        except apsw.Error:
            return False  # damaged: nobody can be using it
        finally:
            with suppress(apsw.Error):
                connection.pragma("locking_mode", "normal")
    return False


def renew(path: Path) -> None:
    """Give a store that was put back to an older state a history of its own, before anybody opens it.

    Sequence numbers that devices have seen will be given out again for other documents. New uuids change
    every feed's epoch (sync/sequences.py), so that no `since` of before means anything here. Replication
    checkpoints (`_local` documents) go: where a device and the server both hold one of the same session, the
    replicator believes the device's, and would never send again what the server lost.
    """
    with closing(apsw.Connection(str(path))) as connection, connection:
        connection.execute("UPDATE deployment SET uuid = lower(hex(randomblob(16)))")
        connection.execute("UPDATE databases SET uuid = lower(hex(randomblob(16)))")
        connection.execute("DELETE FROM local_documents")
