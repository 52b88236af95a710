"""The bad link of the whole fleet: a TCP proxy that decides for each connection after how many bytes it dies.

It cuts on the way up (the server never sees the request, or only part of it) and on the way down (the server
did what was asked, and nobody learns of it).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass

PIECE = 65536


@dataclass(frozen=True)
class Weather:
    """How bad the link is: the share of connections that die, and within how many bytes of either way."""

    cut: float = 0.35
    within_up: int = 6_000
    within_down: int = 12_000


POOR = Weather()
FAIR = Weather(cut=0.0)


class FleetLink:
    """Listens on `port`, passes on to `target`. `random_source` decides every fate."""

    def __init__(self, target: int, random_source: random.Random, weather: Weather) -> None:
        self.port = 0
        self.cuts = 0
        self.weather = weather
        self._target = target
        self._random = random_source
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0, backlog=2048)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await asyncio.sleep(0)

    def _fate(self) -> tuple[float, float]:
        """After how many bytes up and down this connection dies; infinity where it does not."""
        endless = float("inf")
        if self._random.random() >= self.weather.cut:
            return endless, endless
        if self._random.random() < 0.5:
            return self._random.randint(0, self.weather.within_up), endless
        return endless, self._random.randint(0, self.weather.within_down)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up, down = self._fate()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ways = [
            asyncio.ensure_future(self._pump(reader, far_writer, up)),
            asyncio.ensure_future(self._pump(far_reader, writer, down)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: float) -> None:
        """Pass on until the end, or until `left` bytes have gone: what still fits, and no more."""
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                if len(piece) > left:
                    self.cuts += 1
                    writer.write(piece[: int(left)])
                    await writer.drain()
                    return
                left -= len(piece)
                writer.write(piece)
                await writer.drain()
