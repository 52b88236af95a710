"""Connections for python-couchdb that cannot hang, leak or be led elsewhere.

Faults of python-couchdb 1.2 that end here: no time-out by default; error bodies that are large, chunked or
untyped raise TypeError and AttributeError; a small error body that is not JSON gives its connection back
twice; redirects take the credentials along to any host; failed requests leave their sockets open.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import orjson
from couchdb.http import ConnectionPool, Session

_ERROR_BYTES = 64 * 1024
_REASON_CHARACTERS = 1000


class ErrorResponse:
    """An answer that is not a success, in the one shape that python-couchdb reads without fault."""

    def __init__(self, response: HTTPResponse) -> None:
        text = response.read(_ERROR_BYTES)
        response.close()
        # A redirect is never followed: nobody moves a deployment's CouchDB without telling its nodes.
        self.status = response.status if response.status >= 400 else 502
        self.msg = response.msg
        self._body = orjson.dumps(_error_of(text, response.status))
        self._file = BytesIO(self._body)

    def getheader(self, name: str, default: Any = None) -> Any:
        return {"content-type": "application/json", "content-length": str(len(self._body))}.get(name, default)

    def read(self, size: int | None = None) -> bytes:
        return self._file.read(size)


def _error_of(text: bytes, status: int) -> dict[str, str]:
    try:
        said = orjson.loads(text)
        error, reason = str(said["error"]), str(said["reason"])
    except (ValueError, KeyError, TypeError):
        error, reason = f"status_{status}", text[:200].decode(errors="replace")
    return {"error": error[:_REASON_CHARACTERS], "reason": reason[:_REASON_CHARACTERS]}


class _Tamed:
    """What both kinds of connection do with an answer."""

    # Kept apart: of an answer after which the connection closes, http.client forgets the socket while the
    # body is still being read.
    reading: socket.socket | None = None
    pool: Pool

    def connect(self) -> None:
        """Also called by a retry, which must not outlive the pool."""
        super().connect()  # type: ignore[misc]
        with self.pool.lock:
            self.reading = self.sock  # type: ignore[attr-defined]
            if not self.pool.closed:
                return
        self.close()  # type: ignore[attr-defined]
        raise ConnectionAbortedError("the store is closed")

    def getresponse(self) -> Any:
        response: HTTPResponse = super().getresponse()  # type: ignore[misc]
        if response.status < 300 or response.status == 304:
            return response
        complete = ErrorResponse(response)
        # What was not read of a very long body must not be taken for the next answer.
        if not response.isclosed():
            self.close()  # type: ignore[attr-defined]
        return complete


class Plain(_Tamed, HTTPConnection):
    pass


class Secure(_Tamed, HTTPSConnection):
    pass


class Pool(ConnectionPool):  # type: ignore[misc]
    """Knows which connections are lent, so that failed ones are closed and waiting ones can be woken."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(timeout_s)
        self._lent: dict[Any, int] = {}
        self.closed = False

    def get(self, url: str) -> Any:
        scheme, host = urlsplit(url)[:2]
        with self.lock:
            idle = self.conns.setdefault((scheme, host), [])
            connection = idle.pop() if idle else None
        if connection is None:
            connection = (Secure if scheme == "https" else Plain)(host, timeout=self.timeout)
            connection.pool = self
        with self.lock:
            self._lent[connection] = threading.get_ident()
        return connection

    def release(self, url: str, connection: Any) -> None:
        scheme, host = urlsplit(url)[:2]
        with self.lock:
            known = self._lent.pop(connection, None) is not None
            if known and not self.closed:
                self.conns.setdefault((scheme, host), []).append(connection)
                return
        if known:
            connection.close()

    def drop(self) -> None:
        """Close what a failed request of this thread left lent."""
        me = threading.get_ident()
        with self.lock:
            left = [connection for connection, thread in self._lent.items() if thread == me]
            for connection in left:
                del self._lent[connection]
        for connection in left:
            connection.close()

    def shut(self) -> None:
        """Close the idle connections, and wake whoever waits on a lent one: its request fails."""
        with self.lock:
            self.closed = True
            idle = [connection for connections in self.conns.values() for connection in connections]
            self.conns.clear()
            lent = list(self._lent)
        for connection in idle:
            connection.close()
        for connection in lent:
            if connection.reading is not None:
                with suppress(OSError):
                    connection.reading.shutdown(socket.SHUT_RDWR)


class _NoCache:
    """Documents are cached in the node's index; answers are not kept a second time."""

    def get(self, url: str) -> None:
        return None

    def put(self, url: str, response: Any) -> None:
        return None

    def remove(self, url: str) -> None:
        return None


def open_session(timeout_s: float) -> Any:
    """A session whose reads end after `timeout_s` and which follows no redirects."""
    session = Session(timeout=timeout_s, max_redirects=-1)
    session.connection_pool = Pool(timeout_s)
    session.cache = _NoCache()
    return session
