"""_changes: the feed of what the caller reads, in CouchDB's four ways of giving it."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from starlette.responses import Response, StreamingResponse

from sync.errors import BadRequest, SyncError
from sync.protocol import filters
from sync.protocol.answers import HEADERS, MEDIA_TYPE
from sync.protocol.call import Call
from sync.protocol.listeners import Listener
from sync.sequences import to_number, to_text
from sync.store import Change, Changes, Database, Shown, Wanted

FEEDS = ("normal", "longpoll", "continuous", "eventsource")
PAGE = 1000
DEFAULT_TIMEOUT_MS = 60_000
_LONGEST_HEARTBEAT_S = 3600.0
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
    if kind == "live":
        kind = "continuous"
    if kind not in FEEDS:
        raise BadRequest("Supported `feed` types: normal, continuous, live, longpoll, eventsource")
    if call.request.method == "POST":
        call.require_json()
    epoch = call.epoch(database)
    timeout = call.number("timeout")
    heartbeat = _heartbeat(call)
    chosen = filters.asked(call)

    async def fetch(wanted: Wanted) -> Changes:
        found: Changes = await in_thread(lambda: database.changes(wanted, caller=caller))
        return found

    return Feed(
        call=call,
        database=database,
        kind=kind,
        wanted=_wanted(call, database, epoch, kind, chosen.doc_ids),
        epoch=epoch,
        timeout_s=(DEFAULT_TIMEOUT_MS if timeout is None else min(timeout, DEFAULT_TIMEOUT_MS)) / 1000,
        heartbeat_s=heartbeat,
        interval=_interval(call),
        fetch=filters.filtered(fetch, chosen),
    )


def _wanted(call: Call, database: Database, epoch: str, kind: str, doc_ids: tuple[str, ...] | None) -> Wanted:
    style = call.text("style") or "main_only"
    if style not in ("main_only", "all_docs"):
        raise BadRequest("Supported `style` values: main_only, all_docs")
    limit = call.number("limit")
    return Wanted(
        since=_since(call, database, epoch, kind),
        limit=1 if limit == 0 else limit,  # as CouchDB does
        style="all_docs" if style == "all_docs" else "main_only",
        descending=call.flag("descending"),
        doc_ids=doc_ids,
        include_docs=call.flag("include_docs"),
        removals=call.flag("removals"),
        shown=Shown(conflicts=call.flag("conflicts"), attachments=call.flag("attachments")),
    )


def _since(call: Call, database: Database, epoch: str, kind: str) -> int:
    """Where to read on from. A feed that is read backwards is read whole, as CouchDB does.

    A browser that takes up an event source again says where in a header, whatever its address says.
    """
    if call.flag("descending"):
        return 0
    text = call.text("since", "last-event-id") or "0"
    if kind == "eventsource":
        text = call.request.headers.get("last-event-id") or text
    if text == "0":
        return 0
    newest = database.changes(Wanted(limit=0), caller=call.caller).last_seq
    return newest if text == "now" else to_number(text, epoch, newest)


def _heartbeat(call: Call) -> float | None:
    text = call.text("heartbeat")
    if text is None or text == "false":
        return None
    if text == "true":
        return DEFAULT_TIMEOUT_MS / 1000
    milliseconds = _integer(text)
    if milliseconds is None:
        raise BadRequest("Invalid heartbeat value. Expecting a positive integer value (in milliseconds).")
    if milliseconds <= 0:
        raise BadRequest("The heartbeat value should be a positive integer (in milliseconds).")
    return min(max(milliseconds / 1000, 0.1), _LONGEST_HEARTBEAT_S)


def _interval(call: Call) -> int:
    text = call.text("seq_interval")
    interval = 1 if text is None else _integer(text)
    if interval is None or interval < 1:
        raise BadRequest("invalid_seq_interval")
    return interval


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else None


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
