"""A CouchDB-speaking server for the tests: pouchdb-server from npm, or the CouchDB at COUCHDB_URL.

pouchdb-server is installed on first use, into tests/sync/pouchdb_server/node_modules (about a minute).
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.sync import npm

HERE = Path(__file__).parent / "pouchdb_server"
MAIN = HERE / "node_modules" / "pouchdb-server" / "lib" / "index.js"
_START_S = 60


def install() -> Path:
    """The server's main file, installed where it is not there yet; see tests/sync/npm.py."""
    npm.install(HERE)
    return MAIN


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class PouchDBServer:
    """One process; with a `folder` for its data that outlives it, or in memory."""

    def __init__(self, scratch: Path, *, in_memory: bool = True) -> None:
        self.port = free_port()
        self._scratch = scratch
        self._in_memory = in_memory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        # Without the flag an unhandled rejection ends the server (filter=_selector).
        command = ["node", "--unhandled-rejections=warn", str(install()), "--port", str(self.port)]
        command += ["--no-stdout-logs", "--config", str(self._scratch / "config.json")]
        command += ["--in-memory"] if self._in_memory else ["--dir", str(self._scratch)]
        # It writes log.txt where it runs, and says hello on its output.
        self._process = subprocess.Popen(command, cwd=self._scratch, stdout=subprocess.DEVNULL)
        self._await()

    def _await(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_S
        with httpx2.Client(base_url=self.address, trust_env=False) as client:
            while True:
                try:
                    client.get("/").raise_for_status()
                    return
                except httpx2.HTTPError:
                    assert self._process.poll() is None, "pouchdb-server ended at once"
                    assert time.monotonic() < deadline, "pouchdb-server did not start"
                    time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def pouchdb_server(scratch: Path, *, in_memory: bool = True) -> Iterator[PouchDBServer]:
    server = PouchDBServer(scratch, in_memory=in_memory)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def store_address(url: str, name: str) -> str:
    """The --store address of a deployment on the server at `url` (http://user:password@host:port)."""
    scheme, _, rest = url.rstrip("/").partition("://")
    return f"{'couchdbs' if scheme == 'https' else 'couchdb'}://{rest}/{name}"


COUCHDB_URL = os.environ.get("COUCHDB_URL", "")
