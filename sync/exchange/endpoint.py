"""POST /sync/exchange: the HTTP side of the exchange."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from sync.errors import BadRequest, MethodNotAllowed
from sync.exchange.answering import Bulky, answer
from sync.exchange.folding import fold
from sync.exchange.messages import Answer, Request
from sync.policy import OpenPolicy
from sync.protocol.call import Call
from sync.store import Database

# Another process may write to the same store; nothing wakes us then, so one who waits looks by itself.
_LOOK_AGAIN_S = 15.0
# Short words in place of the page's own security headers: every answer on a bad link counts.
_HEADERS = {
    "content-security-policy": "default-src 'none'",
    "referrer-policy": "no-referrer",
}

InThread = Callable[..., Awaitable[Any]]


async def exchange(call: Call, in_thread: InThread, bulky: Bulky) -> Response:
    """Push and pull, and wait for news when there is none and the device asked to."""
    if call.request.method != "POST":
        raise MethodNotAllowed(["POST"])
    call.require_json()
    request = Request.parse(call.json_object())
    database: Database = await in_thread(_database, call)

    async def ask() -> Answer:
        found: Answer = await in_thread(answer, database, call.caller, request, bulky)
        return found

    if request.wait_s and not request.docs:
        call.request.scope["waited"] = True  # whoever measures answers leaves this one out
        said = await _patiently(call, database, request.wait_s, ask)
    else:
        said = await ask()
    body, headers = fold(said.to_json(), call.request.headers.get("accept-encoding", ""))
    return Response(body, headers={**_HEADERS, **headers}, media_type="application/json")


async def _patiently(
    call: Call, database: Database, wait_s: float, ask: Callable[[], Awaitable[Answer]]
) -> Answer:
    """The first answer with news, or the last one when the time is up."""
    deadline = time.monotonic() + wait_s
    with call.listeners.listening(database, call.scope(database)) as listener:
        while True:
            listener.expect()
            said = await ask()
            patience = min(deadline - time.monotonic(), _LOOK_AGAIN_S)
            if said.is_news or patience <= 0 or call.listeners.stopped:
                return said
            if await call.request.is_disconnected():
                return said  # to nobody: the phone woke up and asks anew
            await listener.wait(patience)


def _database(call: Call) -> Database:
    """The database that the path names; without a name, the only one that has rules of its own."""
    if "database" in call.params:
        return call.database
    ruled = [
        found
        for found in map(call.store.database, call.store.names())
        if not isinstance(found.policy, OpenPolicy)
    ]
    if len(ruled) != 1:
        raise BadRequest("Name the database: POST /sync/exchange/<name>")
    return ruled[0]
