"""`tianwen serve` as a process that is killed with SIGKILL, and started again on the same data and port."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from pathlib import Path

from tests.fleet.wire import Wire

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


class ServerProcess:
    """`kills` counts them; what the server says goes to server.log in the data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.kills = 0
        self.restart_s: list[float] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        begun = time.monotonic()
        command = [sys.executable, "-m", "server.cli", "serve", "--data", str(self.data)]
        with (self.data / "server.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, "--port", str(self.port), stdout=asyncio.subprocess.DEVNULL, stderr=log, cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        while True:
            wire = Wire(self.port)
            try:
                if (await wire.ask("GET", "/healthz")).status == 200:
                    break
            except ConnectionError:
                assert self._process.returncode is None, f"the server ended at once:\n{self.log()}"
                assert time.monotonic() - begun < PATIENCE_S, "the server does not answer"
                await asyncio.sleep(0.02)
            finally:
                wire.close()
        self.restart_s.append(time.monotonic() - begun)

    async def kill(self) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
            self.kills += 1
        await self._process.wait()

    async def stop(self) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        await asyncio.wait_for(self._process.wait(), PATIENCE_S)

    def memory_mb(self) -> float:
        """What the server holds now (VmRSS); 0 where the system does not tell."""
        assert self._process is not None
        try:
            text = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return 0.0
        return next(int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmRSS"))

    def log(self) -> str:
        return (self.data / "server.log").read_text(errors="replace")[-4000:]
