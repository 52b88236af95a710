"""A bad link: a TCP proxy with delay, a rate shared by all connections, outages and cuts at a chosen byte.

Chromium's own throttling does not reach service workers, so the link is bad where links are bad: in between.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
PIECE = 1400
TURNS = 3


@dataclass(frozen=True)
class Quality:
    """`kbit` per second each way (0: as fast as it goes), `delay` in seconds each way."""

    kbit: float = 0.0
    delay: float = 0.0


GOOD = Quality()
VILLAGE = Quality(kbit=64, delay=0.4)


class BadLink:
    """Listens on `port` and passes everything on to `target`. Controlled from the test's thread."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.sent_up = self.sent_down = self.requests = 0
        self._quality = GOOD
        self._up = True
        self._cut_at: int | None = None
        self._cut = threading.Event()
        self._free = {"up": 0.0, "down": 0.0}
        self._live: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._ask(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def quality(self, quality: Quality) -> None:
        self._call(lambda: setattr(self, "_quality", quality))

    def down(self) -> None:
        """Cut every connection and refuse new ones."""
        self._call(self._break)

    def up(self) -> None:
        """Come back, and stay."""
        self._call(self._mend)

    def up_until(self, sent: int) -> None:
        """Come back, and go down by itself in the middle of what is being sent, `sent` bytes on."""
        self._cut.clear()

        def mend() -> None:
            self._mend()
            self._cut_at = self.sent_up + sent

        self._call(mend)

    def wait_for_cut(self, seconds: float) -> None:
        if not self._cut.wait(seconds):
            raise TimeoutError(f"only {self.sent_up} bytes went up: the cut never came")

    def close(self) -> None:
        self._call(self._break)
        self._ask(self._wind_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _wind_up(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # An aborted transport closes its socket in the loop's next turn: the loop must not stop before that.
        for _ in range(TURNS):
            await asyncio.sleep(0)

    # -- on the loop's thread --------------------------------------------------------------------

    def _ask(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _call(self, change: Callable[[], T]) -> T:
        async def run() -> T:
            return change()

        result: T = self._ask(run())
        return result

    def _break(self) -> None:
        self._up = False
        for writer in list(self._live):
            writer.transport.abort()
        self._live.clear()

    def _mend(self) -> None:
        self._up = True
        self._cut_at = None

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._up:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
            return
        self._live |= {writer, far_writer}
        ways = [
            asyncio.ensure_future(self._pump(reader, far_writer, "up")),
            asyncio.ensure_future(self._pump(far_reader, writer, "down")),
        ]
        try:
            await asyncio.gather(*ways)
        except (OSError, asyncio.CancelledError):
            pass  # The link is bad, or closing: both ends learn of it below.
        finally:
            for way in ways:
                way.cancel()
            self._live -= {writer, far_writer}
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        """Pieces leave at the rate and arrive after the delay; several are on their way at once."""
        flying: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        landing = asyncio.ensure_future(self._land(flying, writer))
        try:
            while piece := await reader.read(PIECE):
                leaves = await self._leave(len(piece), way)
                if way == "up":
                    self.requests += piece.count(b" HTTP/1.1\r\n")
                    self._count(len(piece))
                else:
                    self.sent_down += len(piece)
                await flying.put((leaves + self._quality.delay, piece))
            await flying.put((self._loop.time() + self._quality.delay, b""))
            await landing
        finally:
            landing.cancel()

    async def _leave(self, size: int, way: str) -> float:
        """Wait until the link is free for so many bytes; all connections of a direction share it."""
        rate = self._quality.kbit
        begins = max(self._loop.time(), self._free[way])
        self._free[way] = begins + (size * 8 / (rate * 1000) if rate else 0.0)
        await asyncio.sleep(self._free[way] - self._loop.time())
        return self._free[way]

    async def _land(self, flying: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            arrives, piece = await flying.get()
            await asyncio.sleep(arrives - self._loop.time())
            if not piece:
                if writer.can_write_eof() and not writer.transport.is_closing():
                    writer.write_eof()
                return
            writer.write(piece)
            await writer.drain()

    def _count(self, size: int) -> None:
        self.sent_up += size
        if self._cut_at is not None and self.sent_up >= self._cut_at:
            self._break()
            self._cut.set()
            raise ConnectionResetError
