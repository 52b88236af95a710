"""Following CouchDB: what it has, this node's index gets, whoever wrote it.

`catch_up` reads everything that was acknowledged before it was called, by whichever node. It is called before
every decision of this node, and by a thread that waits for news.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, ClassVar

from sync.couchdb.adapter import Couch
from sync.couchdb.positions import Position
from sync.errors import Conflict, NotFound, PreconditionFailed, SyncError, Unavailable

_log = logging.getLogger("sync.couchdb")

# `_local` documents are not replicated: a copy of a database does not carry the mark of the original.
_MARK = ("_local", "tianwen-instance")
_LONGPOLL_S = 20
_PATIENCE_S = 60.0
_PAGE = 500
# News come in swarms, most of them this node's own: one look is enough for all of a moment.
_SWARM_S = 0.05
# After a failure, before the next look.
_PAUSE_S = 1.0


class Gone(Unavailable):
    """The CouchDB database that an index follows is not there."""

    def __init__(self) -> None:
        super().__init__("The database server does not have this database at the moment. Try again later.")


class Follower(ABC):
    """One CouchDB database, followed. Subclasses say what becomes of the changes."""

    # Parameters of `_changes`.
    params: ClassVar[dict[str, object]]

    def __init__(self, couch: Couch, name: str, recognise_every_s: float = 0.0) -> None:
        """`recognise_every_s`: how long it may go unseen that the database was replaced."""
        self._couch = couch
        self.name = name
        self._recognise_every_s = recognise_every_s
        self._recognised: tuple[float, str] | None = None
        self.ready = False
        # When the newest look that succeeded had begun (monotonic).
        self.fresh_at = float("-inf")
        self._lock = threading.Lock()
        # Ahead of the position in the index by changes that brought nothing: this node's own writes.
        self._at: Position | None = None

    @abstractmethod
    def position(self) -> Position | None: ...

    @abstractmethod
    def restart(self, instance: str) -> Position:
        """Forget what the index holds: CouchDB's database is not the one that was followed."""

    @abstractmethod
    def apply(self, rows: list[dict[str, Any]], to: Position) -> None:
        """Index a page of changes, and remember how far it leads, in one transaction.

        Where there is nothing to index the position may be kept for later: the page is then read once more.
        """

    def ensure(self) -> None:
        """Make the CouchDB database where there is none. For opening; a missing one later is an outage."""
        try:
            self._couch.get(self.name)
        except NotFound:
            with suppress(PreconditionFailed):  # another node was quicker
                self._couch.put(self.name)

    def catch_up(self) -> None:
        """Unavailable when CouchDB cannot be asked."""
        asked = time.monotonic()
        if not self._lock.acquire(timeout=_PATIENCE_S):
            raise Unavailable("This node is still reading what the database server has. Try again later.")
        try:
            # Somebody's look that began after this one was asked for has seen all that this one would.
            if self.ready and self.fresh_at >= asked:
                return
            began = time.monotonic()
            self._advance(self._recognise())
            self.fresh_at, self.ready = began, True
        finally:
            self._lock.release()

    def wait_for_news(self, couch: Couch) -> None:
        """Return when CouchDB has something new, or after a while. `couch` has the patience for it."""
        at = self._at or self.position()
        since = at.seq if at else "0"
        params = {"since": since, "feed": "longpoll", "timeout": _LONGPOLL_S * 1000, "limit": 1}
        try:
            couch.get(self.name, "_changes", **params)
        except NotFound:
            raise Gone from None

    def _recognise(self) -> Position:
        """Where to read on; from the beginning when the database was replaced."""
        instance, known = self._recent_instance(), self.position()
        if known is not None and known.instance == instance and (self.ready or not self._went_back(known)):
            return self._at if self._at is not None and self._at.instance == instance else known
        self.ready = False
        if known is not None:
            _log.warning("CouchDB's database %s was replaced: its index is made anew", self.name)
        self._at = None
        return self.restart(instance)

    def _recent_instance(self) -> str:
        now = time.monotonic()
        if self._recognised is None or now - self._recognised[0] >= self._recognise_every_s:
            self._recognised = None
            self._recognised = (now, self._instance())
        return self._recognised[1]

    def _instance(self) -> str:
        try:
            return str(self._couch.get(self.name, *_MARK)["instance"])
        except NotFound:
            pass
        try:
            with suppress(Conflict):  # another node was quicker
                self._couch.put(self.name, *_MARK, body={"instance": secrets.token_hex(16)})
            return str(self._couch.get(self.name, *_MARK)["instance"])
        except NotFound:
            raise Gone from None

    def _went_back(self, known: Position) -> bool:
        """Whether the database was put back to an older state: asked once, when the index is opened."""
        return _number(self._couch.get(self.name)["update_seq"]) < _number(known.seq)

    def _advance(self, at: Position) -> None:
        while True:
            try:
                page = self._couch.get(self.name, "_changes", since=at.seq, limit=_PAGE, **self.params)
                rows, last = page["results"], str(page["last_seq"])
            except NotFound:
                raise Gone from None
            except (KeyError, TypeError):
                raise Unavailable("The database server gave an answer that cannot be understood.") from None
            if not rows:
                return
            at = Position(at.instance, last)
            self.apply(rows, at)
            self._at = at
            if len(rows) < _PAGE:
                return


def _number(seq: object) -> int:
    """The part of a sequence that can be compared, "12" of "12-g1AAAA"."""
    head = str(seq).partition("-")[0]
    return int(head) if head.isdigit() else 0


class Watch:
    """A thread that keeps followers current between the requests."""

    def __init__(self, couch: Couch) -> None:
        """`couch`: for waiting; its time-out is longer than a longpoll. `stop` closes it."""
        self._couch = couch
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads: dict[Follower, threading.Thread] = {}

    @classmethod
    def patience_s(cls) -> float:
        return _LONGPOLL_S + 5.0

    def follow(self, follower: Follower) -> None:
        """Without effect when it is followed already."""
        with self._lock:
            if follower in self._threads or self._stopped.is_set():
                return
            name = f"following-{follower.name}"
            thread = threading.Thread(target=self._run, args=(follower,), name=name, daemon=True)
            self._threads[follower] = thread
        thread.start()

    def stop(self) -> None:
        """Whoever waits for news waits no longer."""
        with self._lock:
            self._stopped.set()
        self._couch.close()

    def join(self) -> None:
        for thread in list(self._threads.values()):
            thread.join()

    def _run(self, follower: Follower) -> None:
        said = ""
        while not self._stopped.is_set():
            try:
                follower.catch_up()
                said = ""
            except NotFound:
                # Dropped. One that is made again under its name has a follower of its own.
                return
            except Exception as error:
                if self._stopped.is_set():
                    return
                said = _say(follower.name, error, said)
                self._stopped.wait(_PAUSE_S)
                continue
            # A server may ignore the time-out (pouchdb-server), or be gone: the next look tells.
            with suppress(SyncError):
                follower.wait_for_news(self._couch)
            self._stopped.wait(_SWARM_S)


def _say(name: str, error: Exception, said: str) -> str:
    """Once for each outage, not once a second."""
    sentence = f"{type(error).__name__}: {error}"
    if sentence != said:
        _log.warning("%s cannot be followed: %s", name, sentence, exc_info=not isinstance(error, SyncError))
    return sentence


def leaves_of(row: dict[str, Any]) -> list[str]:
    """The leaf revisions that a row of `_changes` names."""
    return [str(change["rev"]) for change in row.get("changes", ())]
