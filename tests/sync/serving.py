"""A real server over real HTTP: in a thread, or as a process of its own that can be killed.

People log in by basic credentials: the name is a key of PEOPLE, the password is not looked at.
"""

from __future__ import annotations

import base64
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request

from sync.policy import Caller
from sync.protocol import couch_app, couch_mount
from sync.sqlite import SQLiteStore
from sync.store import Store
from tests.sync.conformance import POLICIES
from tests.sync.village import PEOPLE


async def by_name(request: Request) -> Caller | None:
    kind, _, credentials = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    return PEOPLE.get(base64.b64decode(credentials).decode().partition(":")[0])


def application(store: Store, **options: Any) -> Starlette:
    couch = couch_app(store, by_name, **options)
    app = Starlette(routes=[couch_mount("/sync", couch)])
    app.state.listeners = couch.state.listeners
    return app


class Server(uvicorn.Server):
    """Ends the waiting feeds first, as a server that shuts down must."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.listeners.stop()
        await super().shutdown(sockets)


def _server(app: Starlette, port: int = 0) -> tuple[Server, socket.socket]:
    listening = socket.create_server(("127.0.0.1", port))
    return Server(uvicorn.Config(app, log_level="warning", access_log=False)), listening


@contextmanager
def serving(store: Store, port: int = 0, **options: Any) -> Iterator[str]:
    """The address of /sync, served by a thread."""
    server, listening = _server(application(store, **options), port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/sync"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def client(address: str, name: str | None) -> httpx2.Client:
    """A client of one person; None: of nobody."""
    auth = (name, "secret") if name else None
    return httpx2.Client(base_url=address, auth=auth, timeout=60, trust_env=False)


def main(path: str) -> None:
    """Serve until killed; the first line of the output is the address."""
    with SQLiteStore(Path(path), POLICIES) as store:
        server, listening = _server(application(store))
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/sync", flush=True)
        server.run(sockets=[listening])


if __name__ == "__main__":
    main(sys.argv[1])
