"""_changes: the feed of what the caller reads, in CouchDB's four ways of giving it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from starlette.responses import Response, StreamingResponse

from sync.errors import BadRequest, NotImplementedHere, SyncError
from sync.protocol.answers import HEADERS, MEDIA_TYPE
from sync.protocol.call import Call, strings, whole_number
from sync.protocol.listeners import Listener
from sync.sequences import to_number, to_text
from sync.store import Change, Changes, Database, Shown, Wanted

FEEDS = ("normal", "longpoll", "continuous", "eventsource")
PAGE = 1000
DEFAULT_TIMEOUT_MS = 60_000
# Another process may write to the same store; nothing wakes us then, so a waiting feed looks by itself.
LOOK_AGAIN_S = 15.0

Fetch = Callable[[Wanted], Awaitable[Changes]]
InThread = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Feed:
    """What was asked for, and what to write with."""

    call: Call
    database: Database
    kind: str
    wanted: Wanted
    epoch: str
    timeout_s: float
    heartbeat_s: float | None
    interval: int
    fetch: Fetch
    sent: list[int] = field(default_factory=lambda: [0])

    def row(self, change: Change) -> bytes:
        """One row as JSON. With seq_interval only every n-th carries its sequence."""
        self.sent[0] += 1
        bare = self.interval > 1 and self.sent[0] % self.interval
        shape: dict[str, Any] = {
            "seq": None if bare else to_text(change.seq, self.epoch),
            "id": change.id,
            "changes": [{"rev": rev} for rev in change.revs],
        }
        for name in ("deleted", "removed"):
            if getattr(change, name):
                shape[name] = True
        if change.doc is not None:
            shape["doc"] = change.doc
        return orjson.dumps(shape)

    def end(self, last_seq: int, pending: int) -> dict[str, Any]:
        return {"last_seq": to_text(last_seq, self.epoch), "pending": pending}


async def changes(call: Call, in_thread: InThread) -> Response:
    feed = await in_thread(_asked, call, in_thread)
    if feed.kind == "continuous":
        return _stream(_lines(feed), MEDIA_TYPE)
    if feed.kind == "eventsource":
        return _stream(_events(feed), "text/event-stream")
    first = await feed.fetch(_page_of(feed.wanted))
    if feed.kind == "longpoll" and not first.rows:
        return _stream(_longpoll(feed), MEDIA_TYPE)
    if len(first.rows) < PAGE or _is_last(feed.wanted, first):
        return Response(_whole(feed, first), headers=HEADERS, media_type=MEDIA_TYPE)
    return _stream(_paged(feed, first), MEDIA_TYPE)


def _stream(content: AsyncIterator[bytes], media_type: str) -> StreamingResponse:
    return StreamingResponse(content, headers=HEADERS, media_type=media_type)


# -- what is asked


def _asked(call: Call, in_thread: InThread) -> Feed:
    """Read the parameters. Runs in a thread: `since=now` asks the store."""
    database, caller = call.database, call.caller
    kind = call.text("feed") or "normal"
    if kind not in FEEDS:
        raise BadRequest("Supported `feed` types: normal, continuous, longpoll, eventsource", "bad_request")
    if call.request.method == "POST":
        call.require_json()
    epoch = call.epoch(database)
    timeout = call.number("timeout")
    heartbeat = _heartbeat(call)

    async def fetch(wanted: Wanted) -> Changes:
        found: Changes = await in_thread(lambda: database.changes(wanted, caller=caller))
        return found

    return Feed(
        call=call,
        database=database,
        kind=kind,
        wanted=_wanted(call, database, epoch),
        epoch=epoch,
        timeout_s=(DEFAULT_TIMEOUT_MS if timeout is None else min(timeout, DEFAULT_TIMEOUT_MS)) / 1000,
        heartbeat_s=heartbeat,
        interval=call.number("seq_interval") or 1,
        fetch=fetch,
    )


def _wanted(call: Call, database: Database, epoch: str) -> Wanted:
    style = call.text("style") or "main_only"
    if style not in ("main_only", "all_docs"):
        raise BadRequest("Supported `style` values: main_only, all_docs")
    limit = call.number("limit")
    return Wanted(
        since=_since(call, database, epoch),
        limit=1 if limit == 0 else limit,  # as CouchDB does
        style="all_docs" if style == "all_docs" else "main_only",
        descending=call.flag("descending"),
        doc_ids=_doc_ids(call),
        include_docs=call.flag("include_docs"),
        removals=call.flag("removals"),
        shown=Shown(conflicts=call.flag("conflicts"), attachments=call.flag("attachments")),
    )


def _since(call: Call, database: Database, epoch: str) -> int:
    text = call.text("since") or call.request.headers.get("last-event-id") or "0"
    if text == "0":
        return 0
    newest = database.changes(Wanted(limit=0), caller=call.caller).last_seq
    return newest if text == "now" else to_number(text, epoch, newest)


def _doc_ids(call: Call) -> tuple[str, ...] | None:
    name = call.text("filter")
    if name is None:
        return None
    if name != "_doc_ids":
        raise NotImplementedHere("Of the filters only _doc_ids is supported.")
    given = call.json_of("doc_ids")
    if call.request.method == "POST" and call.body:
        given = call.json_object().get("doc_ids", given)
    if given is None:
        raise BadRequest("`doc_ids` filter parameter missing")
    return tuple(dict.fromkeys(strings("doc_ids", given)))


def _heartbeat(call: Call) -> float | None:
    text = call.text("heartbeat")
    if text is None or text == "false":
        return None
    if text == "true":
        return DEFAULT_TIMEOUT_MS / 1000
    milliseconds = whole_number("heartbeat", text)
    if milliseconds == 0:
        raise BadRequest("The heartbeat value should be a positive integer (in milliseconds).")
    return max(milliseconds / 1000, 0.1)


# -- reading in pages


def _page_of(wanted: Wanted) -> Wanted:
    """The next page. A descending feed has none after it: it is given whole."""
    if wanted.descending:
        return wanted
    return replace(wanted, limit=PAGE if wanted.limit is None else min(wanted.limit, PAGE))


def _is_last(wanted: Wanted, page: Changes) -> bool:
    return wanted.descending or (wanted.limit is not None and len(page.rows) >= wanted.limit)


def _after(wanted: Wanted, page: Changes) -> Wanted:
    left = None if wanted.limit is None else wanted.limit - len(page.rows)
    return replace(wanted, since=page.last_seq, limit=left)


def _whole(feed: Feed, page: Changes) -> bytes:
    return b'{"results":[\n' + _joined(feed, page.rows) + _tail(feed, page)


def _joined(feed: Feed, rows: Iterable[Change]) -> bytes:
    return b",\n".join(map(feed.row, rows))


def _tail(feed: Feed, page: Changes) -> bytes:
    return b"\n],\n" + orjson.dumps(feed.end(page.last_seq, page.pending))[1:] + b"\n"


async def _paged(feed: Feed, page: Changes) -> AsyncIterator[bytes]:
    """A long feed, page by page, so that its size is nobody's memory."""
    wanted = feed.wanted
    yield b'{"results":[\n' + _joined(feed, page.rows)
    while len(page.rows) >= PAGE and not _is_last(wanted, page):
        wanted = _after(wanted, page)
        page = await feed.fetch(_page_of(wanted))
        if page.rows:
            yield b",\n" + _joined(feed, page.rows)
    yield _tail(feed, page)


# -- waiting


async def _longpoll(feed: Feed) -> AsyncIterator[bytes]:
    yield b'{"results":[\n'
    page = Changes([], feed.wanted.since, 0)
    async with aclosing(_news(feed, feed.wanted)) as pages:
        async for news in pages:
            if news is None:
                yield b"\n"
                continue
            page = news
            if page.rows:
                break
    yield _joined(feed, page.rows) + _tail(feed, page)


async def _lines(feed: Feed) -> AsyncIterator[bytes]:
    wanted, last = feed.wanted, feed.wanted.since
    async for news in _news(feed, wanted):
        if news is None:
            yield b"\n"
            continue
        last = news.last_seq
        if news.rows:
            yield b"".join(feed.row(change) + b"\n" for change in news.rows)
    yield orjson.dumps(feed.end(last, 0)) + b"\n"


async def _events(feed: Feed) -> AsyncIterator[bytes]:
    async for news in _news(feed, feed.wanted):
        if news is None:
            yield b"event: heartbeat\ndata: \n\n"
            continue
        for change in news.rows:
            at = to_text(change.seq, feed.epoch).encode()
            yield b"data: " + feed.row(change) + b"\nid: " + at + b"\n\n"


async def _news(feed: Feed, wanted: Wanted) -> AsyncGenerator[Changes | None, None]:
    """Pages as they come, None where a heartbeat is due.

    Ends at the limit, the time-out, or the server's stop.

    The time-out counts from the last row; a heartbeat takes its place.
    """
    listeners = feed.call.listeners
    with listeners.listening(feed.database, feed.call.scope(feed.database)) as listener:
        deadline = time.monotonic() + feed.timeout_s
        while True:
            listener.expect()
            try:
                page = await feed.fetch(_page_of(wanted))
            except SyncError:  # the database was dropped, or the store closed: a feed can only end
                return
            yield page
            if _is_last(wanted, page):
                return
            wanted = _after(wanted, page)
            if page.rows:
                deadline = time.monotonic() + feed.timeout_s
            if len(page.rows) >= PAGE:
                continue
            async for _ in _quiet(feed, listener, deadline):
                yield None
            if listeners.stopped or (feed.heartbeat_s is None and time.monotonic() >= deadline):
                return


async def _quiet(feed: Feed, listener: Listener, deadline: float) -> AsyncIterator[None]:
    """Wait until there may be news; yields where a heartbeat is due."""
    look_again = time.monotonic() + LOOK_AGAIN_S
    while not feed.call.listeners.stopped:
        now = time.monotonic()
        if feed.heartbeat_s is not None:
            patience = feed.heartbeat_s
        else:
            patience = min(deadline, look_again) - now
            if patience <= 0:
                return
        if await listener.wait(patience):
            return
        if feed.heartbeat_s is not None:
            yield None
            if time.monotonic() >= look_again:
                return
