"""The two servers that are measured side by side: `tianwen serve`, and pouchdb-server from npm in memory."""

from __future__ import annotations

import asyncio
import hashlib
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fleet.county import County
from tests.fleet.process import ServerProcess
from tests.fleet.wire import Wire

POUCHDB_SERVER = Path(__file__).parents[2] / "sync" / "pouchdb_server"


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


@asynccontextmanager
async def pouchdb_server() -> AsyncIterator[int]:
    """The port of a pouchdb-server 4.2.0 with its in-memory store."""
    install()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="pouchdb-server-") as folder:
        main = POUCHDB_SERVER / "node_modules" / "pouchdb-server" / "lib" / "index.js"
        process = await asyncio.create_subprocess_exec(
            "node", "--unhandled-rejections=warn", str(main), "--in-memory", "--port", str(port),
            "--no-stdout-logs", "--dir", folder, cwd=folder,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await _answers(port, process)
            yield port
        finally:
            process.terminate()
            await process.wait()


async def _answers(port: int, process: asyncio.subprocess.Process) -> None:
    for _ in range(600):
        wire = Wire(port)
        try:
            if (await wire.ask("GET", "/")).status == 200:
                return
        except ConnectionError:
            assert process.returncode is None, "pouchdb-server ended at once"
        finally:
            wire.close()
        await asyncio.sleep(0.05)
    raise TimeoutError("pouchdb-server does not answer")


def install() -> None:
    """`npm ci` of pouchdb-server, once for each state of its lock file."""
    lock = hashlib.sha256((POUCHDB_SERVER / "package-lock.json").read_bytes()).hexdigest()
    stamp = POUCHDB_SERVER / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text() == lock:
        return
    if not (POUCHDB_SERVER / "node_modules" / "pouchdb-server").exists():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("The benches beside pouchdb-server need Node 20 and npm.")
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=POUCHDB_SERVER, check=True)
    stamp.write_text(lock)
