"""An HTTP proxy between a node and its CouchDB that can fail in every way a network and a server can."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_BAD = b"<html>" + b"x" * 20_000 + b"</html>"

# status, headers, body
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    # Larger than python-couchdb reads at once.
    "error_500": (
        500,
        {"Content-Type": "application/json"},
        b'{"error":"x","reason":"' + b"y" * 9_000 + b'"}',
    ),
    "html_502": (502, {"Content-Type": "text/html"}, _BAD),
    "bare_503": (503, {}, b"no type at all"),
    "missing": (404, {"Content-Type": "application/json"}, b'{"error":"not_found","reason":"no_db_file"}'),
    "redirect": (302, {"Location": "http://127.0.0.1:9/elsewhere"}, b""),
}


class Gate(ThreadingHTTPServer):
    """`fault`: "refuse", "cut", "hang" or one of ANSWERS, for every request; None: requests pass.

    `lose_answers_to`: requests whose path has it pass, their answers do not. `refuse_documents`: documents
    with this id are answered as a design document's veto is. `watch` sees every request that passes: its
    first line, headers and body.
    """

    daemon_threads = True
    allow_reuse_address = True
    # Chromium-style suites open many at once.
    request_queue_size = 64

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = port
        self.port: int = self.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.fault: str | None = None
        self.lose_answers_to: bytes | None = None
        self.refuse_documents: str | None = None
        self.watch: Callable[[bytes], object] = lambda _request: None
        self.closing = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was cut on purpose is no news."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gate

    def log_message(self, *_args: object) -> None:
        """Nothing: the tests look at what comes out."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.fault
        if fault in ("refuse", "cut"):
            self._cut()
        elif fault == "hang":
            self.server.closing.wait(10)
            self._cut()
        elif fault is not None:
            self._answer(*ANSWERS[fault])
        else:
            self._pass(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _handle

    def _pass(self, body: bytes) -> None:
        head = f"{self.command} {self.path}\n{self.headers}".encode()
        self.server.watch(head + body)
        refused = self.server.refuse_documents
        if refused is not None and b"_bulk_docs" in head and f'"{refused}"'.encode() in body:
            row = {"id": refused, "error": "forbidden_by_design", "reason": "no"}
            return self._answer(201, {"Content-Type": "application/json"}, json.dumps([row]).encode())
        connection = HTTPConnection("127.0.0.1", self.server.behind, timeout=60)
        try:
            connection.request(self.command, self.path, body, _hop_free(dict(self.headers)))
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        lost = self.server.lose_answers_to
        if lost is not None and lost in self.path.encode():
            return self._cut()
        return self._answer(response.status, _hop_free(dict(response.getheaders())), data)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _hop_free(headers: dict[str, str]) -> dict[str, str]:
    hops = ("connection", "transfer-encoding", "content-length", "keep-alive", "host")
    return {name: value for name, value in headers.items() if name.lower() not in hops}


@contextmanager
def gate(port: int) -> Iterator[Gate]:
    """A gate before the server at `port`."""
    between = Gate(port)
    thread = threading.Thread(target=between.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield between
    finally:
        between.closing.set()
        between.shutdown()
        thread.join()
        between.server_close()
