"""The two servers that are measured side by side: `tianwen serve`, and pouchdb-server from npm in memory."""

from __future__ import annotations

import random
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fleet.county import County
from tests.fleet.process import ServerProcess
from tests.fleet.wire import Wire
from tests.sync.couchdb_server import pouchdb_server


@dataclass(frozen=True)
class Target:
    """A database to measure. `below`: the path of its server's root; `headers`: who asks."""

    name: str
    port: int
    below: str
    database: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return f"{self.below}/{self.database}"

    def wire(self) -> Wire:
        return Wire(self.port, self.headers)

    async def make(self) -> None:
        """Create the database."""
        wire = self.wire()
        answer = await wire.ask("PUT", self.path)
        wire.close()
        assert answer.status in (201, 202), answer


@asynccontextmanager
async def tianwen(phones: int = 10) -> AsyncIterator[tuple[County, ServerProcess]]:
    """A county, and its server running."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        county = County(Path(folder), phones, random.Random(1))
        server = ServerProcess(Path(folder))
        await server.start()
        try:
            yield county, server
        finally:
            await server.stop()


def plain(county: County, server: ServerProcess, database: str) -> Target:
    """A plain database of our server, as its administrator."""
    token = {"Authorization": f"Bearer {county.administrator.token}"}
    return Target("tianwen", server.port, "/sync/db", database, token)


@contextmanager
def pouchdb() -> Iterator[int]:
    """The port of a pouchdb-server 4.2.0 with its in-memory store."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, pouchdb_server(Path(folder)) as server:
        yield server.port
