"""Opening the file: one connection that writes, a pool of connections that read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import apsw

from sync.errors import Unavailable

_BUSY_MS = 10_000
_WRITER_CACHE_KIB = 64 * 1024
# There may be as many readers as threads that serve; the system keeps the file's pages for all of them.
_READER_CACHE_KIB = 2 * 1024


def open_writer(path: Path) -> apsw.Connection:
    """WAL and synchronous=FULL: a commit returns when the log has reached the disk."""
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_BUSY_MS)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "FULL")
    connection.pragma("cache_size", -_WRITER_CACHE_KIB)
    return connection


class Readers:
    """Read-only connections, lent one at a time; as many are kept as were ever needed at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[apsw.Connection] = []
        self._lock = Lock()
        self._closed = False

    @contextmanager
    def snapshot(self) -> Iterator[apsw.Connection]:
        """A connection inside a read transaction: every statement sees the same state."""
        connection = self._take()
        try:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")
        finally:
            self._give_back(connection)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> apsw.Connection:
        with self._lock:
            if self._closed:
                raise Unavailable("The store is closed.")
            if self._idle:
                return self._idle.pop()
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(_BUSY_MS)
        connection.pragma("query_only", True)
        connection.pragma("cache_size", -_READER_CACHE_KIB)
        return connection

    def _give_back(self, connection: apsw.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()
