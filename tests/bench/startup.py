"""Cold start of the server: from the command to the first answer of /healthz, find similar still loading.

The peer is the smallest uvicorn + Starlette program, started the same way.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median

from tests.bench.table import Measured

ROUNDS = 7
PEER = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
async def health(request): return JSONResponse({"ok": True})
uvicorn.run(Starlette(routes=[Route("/healthz", health)]), port=int(sys.argv[1]), log_level="warning")
"""


def measure() -> list[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        tianwen = Path(sys.executable).with_name("tianwen")
        serve = [str(tianwen), "serve", "--data", folder, "--port"]
        seconds(serve)  # Makes the files: a first start also writes them.
        ours = median(seconds(serve) for _ in range(ROUNDS))
    peer = median(seconds([sys.executable, "-c", PEER]) for _ in range(ROUNDS))
    return [Measured("cold start to the first answer", ours, "s", "bare uvicorn + Starlette", peer)]


def seconds(command: list[str]) -> float:
    """How long a server takes from its command line to its first answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.perf_counter()
    process = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                    return time.perf_counter() - begun
            except (urllib.error.URLError, ConnectionError):
                if process.poll() is not None:
                    raise RuntimeError(f"{command[0]} ended with {process.returncode}") from None
                time.sleep(0.005)
    finally:
        process.terminate()
        process.wait()
