"""A real server process with the demo county, and bad links to it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.link import BadLink

TIANWEN = Path(sys.executable).with_name("tianwen")


class Server:
    """`tianwen serve` as a process that tests may kill and start again on the same data and port."""

    def __init__(self, data: Path) -> None:
        self.data = data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(TIANWEN), "serve", "--data", str(self.data), "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                    return
            except (urllib.error.URLError, ConnectionError):
                assert self._process.poll() is None, "the server ended at once"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut would: SIGKILL."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=15)


@pytest.fixture(scope="session")
def demo_county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the demo county, loaded as `make run` does."""
    folder = tmp_path_factory.mktemp("county") / "data"
    subprocess.run([str(TIANWEN), "demo", "--data", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture
def server(demo_county: Path, tmp_path: Path) -> Iterator[Server]:
    """A running server on its own copy of the demo county."""
    data = tmp_path / "data"
    shutil.copytree(demo_county, data)
    running = Server(data)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def link(server: Server) -> Iterator[BadLink]:
    between = BadLink(server.port)
    yield between
    between.close()


@pytest.fixture
def other_link(server: Server) -> Iterator[BadLink]:
    between = BadLink(server.port)
    yield between
    between.close()
