"""HTTP/1.1 over one kept connection, small enough that a thousand phones fit into one process.

Counts what went over the wire, headers and all. Raises ConnectionError for whatever a bad link does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Wire:
    """One client of the server at `port`. Connects when it must; `close` in any case."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)
    sent: int = 0
    received: int = 0
    requests: int = 0
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request. `body`: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        given = {**self.headers, **(headers or {})}
        if body is not None:
            given.setdefault("Content-Type", "application/json")
            given["Content-Length"] = str(len(content))
        lines += [f"{name}: {value}" for name, value in given.items()]
        request = "\r\n".join([*lines, "", ""]).encode() + content
        self.requests += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._exchange(request)
        except (OSError, EOFError, TimeoutError, ValueError) as fault:
            self.close()
            raise ConnectionError(str(fault) or type(fault).__name__) from fault

    async def _exchange(self, request: bytes) -> Answer:
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # the server hung up in the meantime; nothing was sent on it
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        reader, writer = self._streams
        writer.write(request)
        self.sent += len(request)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        self.received += len(head)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await self._body(reader, headers)
        if headers.get("connection") == "close":
            self.close()
        return Answer(int(first.split(" ")[1]), headers, body)

    async def _body(self, reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.received += len(body)
            return body
        pieces = []
        while True:
            line = await reader.readuntil(b"\r\n")
            piece = await reader.readexactly(int(line, 16) + 2)
            self.received += len(line) + len(piece)
            if len(piece) == 2:
                return b"".join(pieces)
            pieces.append(piece[:-2])

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None
