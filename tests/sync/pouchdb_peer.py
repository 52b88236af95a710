"""Drives a stock PouchDB that runs under node (tests/sync/pouchdb/peer.mjs)."""

from __future__ import annotations

import json
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tests.sync import npm

FOLDER = Path(__file__).parent / "pouchdb"
PATIENCE_S = 60


class PeerError(Exception):
    """What PouchDB rejected with, as a dict."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("message"))
        self.error = error


def install() -> None:
    """Stock PouchDB under node; see tests/sync/npm.py."""
    npm.install(FOLDER)


class Peer:
    """One node process with PouchDB databases in memory. Orders run side by side; `order` gives a future."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", "peer.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._futures: dict[int, Future[Any]] = {}
        self._number = 0
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def order(self, do: str, **order: Any) -> Future[Any]:
        self._number += 1
        future = self._futures[self._number] = Future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"n": self._number, "do": do, **order}) + "\n")
        self._process.stdin.flush()
        return future

    def do(self, do: str, **order: Any) -> Any:
        """Give an order and wait for the answer. PeerError when PouchDB rejects it."""
        return self.order(do, **order).result(PATIENCE_S)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._listener.join()
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            future = self._futures.pop(answer["n"])
            if "error" in answer:
                future.set_exception(PeerError(answer["error"]))
            else:
                future.set_result(answer["ok"])
        for future in self._futures.values():
            future.set_exception(PeerError({"message": "node ended"}))
