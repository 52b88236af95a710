"""Waking the feeds that wait: commits happen on the store's thread, waiting on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sync.policy import Scope
from sync.store import Database, Notice


class Listener:
    """One waiting feed."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._news = asyncio.Event()

    def concerns(self, notice: Notice) -> bool:
        return self._scope is None or not self._scope.isdisjoint(notice.channels)

    def wake(self) -> None:
        self._news.set()

    def expect(self) -> None:
        """From here on, news wakes `wait`. Called before reading, so that nothing falls between."""
        self._news.clear()

    async def wait(self, timeout_s: float) -> bool:
        """True when something may be new, False when the time is up."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True


class Listeners:
    """All waiting feeds of an application."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[Listener] = set()
        self.stopped = False

    @contextmanager
    def listening(self, database: Database, scope: Scope) -> Iterator[Listener]:
        self._loop = loop = asyncio.get_running_loop()
        listener = Listener(scope)

        def on_commit(notice: Notice) -> None:
            if listener.concerns(notice) and not loop.is_closed():
                loop.call_soon_threadsafe(listener.wake)

        unsubscribe = database.subscribe(on_commit)
        self._waiting.add(listener)
        try:
            yield listener
        finally:
            self._waiting.discard(listener)
            unsubscribe()

    def stop(self) -> None:
        """End every waiting feed, so that the server can shut down. From any thread, or a signal handler."""
        self.stopped = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for listener in self._waiting:
            listener.wake()
