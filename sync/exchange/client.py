"""A small HTTP client of the exchange, for simulators and benches. It needs httpx2, which servers do not."""

from __future__ import annotations

import gzip

import httpx2
import orjson

from sync.exchange.device import Device, Message


class Unanswered(Exception):
    """No answer, or one that is none: try again later. `status`: of the answer, None where none came."""

    def __init__(self, status: int | None, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class ExchangeClient:
    """Carries messages over HTTP, gzipped both ways.

    `url`: .../sync/exchange, or .../sync/exchange/<name> of a database.
    """

    def __init__(self, url: str, http: httpx2.AsyncClient, headers: dict[str, str] | None = None) -> None:
        self._url = url
        self._http = http
        self._headers = {"content-type": "application/json", **(headers or {})}

    async def send(self, message: Message) -> Message:
        """The answer. Unanswered for everything else."""
        content, headers = packed(message)
        try:
            answer = await self._http.post(self._url, content=content, headers={**self._headers, **headers})
        except httpx2.HTTPError as error:
            raise Unanswered(None, repr(error)) from error
        if answer.status_code != 200:
            raise Unanswered(answer.status_code, answer.text[:200])
        found: Message = orjson.loads(answer.content)
        return found

    async def sync(self, device: Device, *, budget: int = 64 * 1024, wait_s: int = 0) -> int:
        """Exchange until there is nothing more to do; how many requests it took.

        Unanswered at the first that fails: the device knows then what it does not know.
        """
        requests = 0
        while True:
            message = device.request(budget=budget, wait_s=wait_s)
            requests += 1
            try:
                answer = await self.send(message)
            except Unanswered:
                device.lost(message)
                raise
            if not device.take(message, answer):
                return requests


def packed(message: Message) -> tuple[bytes, dict[str, str]]:
    """A message as it goes over the wire, and the headers that say how."""
    body = orjson.dumps(message)
    if len(body) < 200:
        return body, {}
    return gzip.compress(body, 6, mtime=0), {"content-encoding": "gzip"}
