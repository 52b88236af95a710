"""One database in the SQLite file: each method is a read transaction, or a job for the writer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Lock
from threading import local as local_to_thread
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import apsw
import orjson

from sync import messages
from sync.documents import Edit, check_id, encode, parse_edit
from sync.errors import BadRequest, Conflict, QuarantineFull, SyncError, TooLarge, no_database
from sync.policy import Caller, Doc, Policy, Scope, scope_of
from sync.revisions import Rev
from sync.sqlite import feeds, listing, local, quarantine
from sync.sqlite.memory import DatabaseMemory, docs_of_group
from sync.sqlite.purging import Purge
from sync.sqlite.snapshot import Snapshot
from sync.sqlite.transaction import MAX_DOCUMENT_BYTES, Rejected, Transaction, Written
from sync.store import (
    PLAIN,
    AttachmentData,
    Changes,
    Database,
    Info,
    Leaf,
    Missing,
    Notice,
    Quarantined,
    Range,
    Rows,
    Shown,
    State,
    Unsubscribe,
    Wanted,
    WriteResult,
)

if TYPE_CHECKING:
    from sync.sqlite.store import SQLiteStore

T = TypeVar("T")


class SQLiteDatabase(Database):
    """See the contract in `sync.store`."""

    def __init__(self, store: SQLiteStore, key: int, name: str, uuid: str, policy: Policy) -> None:
        self.name = name
        self.uuid = uuid
        self.policy = policy
        self.key = key
        self._store = store
        self._listeners: list[Callable[[Notice], None]] = []
        self._lock = Lock()
        self._held = local_to_thread()

    # -- writing

    def write(
        self, docs: Sequence[Doc], *, caller: Caller | None = None, new_edits: bool = True
    ) -> list[WriteResult]:
        edits = [self._edit(doc, caller, new_edits) for doc in docs]
        written = self._store.writer.do(lambda c: self._transact(c, edits, caller), self._notify)
        return told(written.results)

    def _edit(self, doc: Doc, caller: Caller | None, new_edits: bool) -> Edit | Rejected:
        confined = scope_of(caller, self.policy) is not None
        try:
            edit = parse_edit(doc, new_edits=new_edits)
        except SyncError as error:
            if new_edits or not confined or not isinstance(doc, dict):
                raise
            return _rejected(doc, error)
        if len(edit.body) > MAX_DOCUMENT_BYTES and not confined:
            raise TooLarge(edit.id, "document_too_large")
        return edit

    def _transact(
        self, connection: apsw.Connection, edits: Sequence[Edit | Rejected], caller: Caller | None
    ) -> Written:
        memory = self._store.memory
        quota = self._store.quota
        return Transaction(connection, memory, self._memory(connection), self.policy, caller, quota).run(
            edits
        )

    def _memory(self, connection: apsw.Connection) -> DatabaseMemory:
        found = self._store.memory.database(connection, self.key)
        if found is None:
            raise no_database()
        return found

    def _notify(self, written: Written) -> None:
        notice = Notice(self.name, written.seq, written.channels)
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(notice)

    # -- reading

    @contextmanager
    def reading(self) -> Iterator[None]:
        if hasattr(self._held, "snapshots"):
            yield
            return
        with self._store.readers.snapshot() as connection:
            self._held.connection, self._held.snapshots = connection, {}
            try:
                yield
            finally:
                del self._held.connection, self._held.snapshots

    def _read(self, caller: Caller | None, read: Callable[[Snapshot], T]) -> T:
        with self.reading():
            scope = scope_of(caller, self.policy)
            snapshots: dict[Scope, Snapshot] = self._held.snapshots
            if scope not in snapshots:
                snapshots[scope] = self._snapshot(self._held.connection, scope)
            return read(snapshots[scope])

    def _snapshot(self, connection: apsw.Connection, scope: Scope) -> Snapshot:
        if not connection.execute("SELECT 1 FROM databases WHERE key = ?", (self.key,)).get:
            raise no_database()
        return Snapshot(connection, self.key, scope)

    def info(self, caller: Caller | None = None) -> Info:
        def read(snapshot: Snapshot) -> Info:
            alive, dead = feeds.counts(snapshot)
            pages: int = snapshot.connection.pragma("page_count")
            size = pages * int(snapshot.connection.pragma("page_size")) if snapshot.channels is None else 0
            return Info(
                self.name,
                self.uuid,
                alive,
                dead,
                feeds.current_seq(snapshot),
                size,
                self._setting(snapshot, "purge_seq"),
            )

        return self._read(caller, read)

    def get(
        self, id: str, *, rev: str | None = None, caller: Caller | None = None, shown: Shown = PLAIN
    ) -> Doc:
        return self._read(caller, lambda snapshot: snapshot.get(id, rev, shown))

    def get_leaves(
        self,
        id: str,
        revs: Sequence[str] | Literal["all"] = "all",
        *,
        latest: bool = False,
        caller: Caller | None = None,
        shown: Shown = PLAIN,
    ) -> list[Leaf]:
        return self._read(caller, lambda snapshot: snapshot.leaves(id, revs, latest, shown))

    def attachment(
        self, id: str, name: str, *, rev: str | None = None, caller: Caller | None = None
    ) -> AttachmentData:
        return self._read(caller, lambda snapshot: snapshot.attachment(id, name, rev))

    def revs_diff(
        self, revs: Mapping[str, Sequence[str]], *, caller: Caller | None = None
    ) -> dict[str, Missing]:
        return self._read(caller, lambda snapshot: snapshot.diff(revs))

    def all_docs(
        self, within: Range, *, caller: Caller | None = None, include_docs: bool = False, shown: Shown = PLAIN
    ) -> Rows:
        return self._read(caller, lambda snapshot: listing.all_docs(snapshot, within, include_docs, shown))

    def changes(self, wanted: Wanted, *, caller: Caller | None = None) -> Changes:
        return self._read(caller, lambda snapshot: feeds.changes(snapshot, wanted))

    def group_docs(self, group: str) -> list[Doc]:
        def read(snapshot: Snapshot) -> list[Doc]:
            row = snapshot.connection.execute(
                "SELECT key FROM groups WHERE database = ? AND name = ?", (self.key, group)
            ).get
            return list(docs_of_group(snapshot.connection, row, self.policy.outline).values()) if row else []

        return self._read(None, read)

    # -- listening

    def subscribe(self, callback: Callable[[Notice], None]) -> Unsubscribe:
        with self._lock:
            self._listeners.append(callback)

        def unsubscribe() -> None:
            with self._lock:
                if callback in self._listeners:
                    self._listeners.remove(callback)

        return unsubscribe

    def wait(self, since: int, channels: Scope, timeout_s: float) -> bool:
        news = Event()

        def listen(notice: Notice) -> None:
            if channels is None or not channels.isdisjoint(notice.channels):
                news.set()

        unsubscribe = self.subscribe(listen)
        try:
            with self._store.readers.snapshot() as connection:
                if feeds.current_seq(Snapshot(connection, self.key, channels)) > since:
                    return True
            return news.wait(timeout_s)
        finally:
            unsubscribe()

    # -- local documents

    def local_get(self, owner: str, id: str) -> Doc:
        return self._read(None, lambda snapshot: local.get(snapshot.connection, self.key, owner, id))

    def local_put(self, owner: str, id: str, doc: Doc) -> str:
        return self._store.writer.do(lambda c: local.put(c, self.key, owner, id, doc))

    def local_delete(self, owner: str, id: str, rev: str | None = None) -> None:
        self._store.writer.do(lambda c: local.delete(c, self.key, owner, id, rev))

    def local_list(self, owner: str) -> list[Doc]:
        return self._read(None, lambda snapshot: local.listed(snapshot.connection, self.key, owner))

    # -- quarantine

    def quarantined(
        self,
        owner: str | None = None,
        *,
        state: State | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> list[Quarantined]:
        return self._read(
            None,
            lambda snapshot: quarantine.listed(snapshot.connection, self.key, owner, state, limit, after),
        )

    def quarantine_counts(self) -> dict[State, int]:
        return self._read(None, lambda snapshot: quarantine.counts(snapshot.connection, self.key))

    def quarantined_one(self, receipt: str) -> Quarantined:
        return self._read(None, lambda snapshot: quarantine.one(snapshot.connection, self.key, receipt))

    def settle(self, receipt: str, state: State, *, by: str, reason: str = "") -> Quarantined:
        nothing = Written([], 0, frozenset())

        def job(connection: apsw.Connection) -> tuple[Quarantined, Written]:
            case, changed = quarantine.settle(connection, self.key, receipt, state, by, reason)
            release = changed and state == "released"
            return case, self._release(connection, case) if release else nothing

        return self._store.writer.do(job, lambda outcome: self._notify(outcome[1]))[0]

    def _release(self, connection: apsw.Connection, case: Quarantined) -> Written:
        edit = quarantine.edit_of(case)
        written = self._transact(connection, [edit], None)
        if written.results[0].error:
            raise Conflict
        return written

    def take_over(self, case: Quarantined) -> None:
        self._store.writer.do(lambda connection: quarantine.take_over(connection, self.key, case))

    # -- upkeep

    def revs_limit(self) -> int:
        sql = "SELECT revs_limit FROM databases WHERE key = ?"
        return self._read(None, lambda s: int(s.connection.execute(sql, (self.key,)).get))

    def set_revs_limit(self, limit: int) -> None:
        if limit < 1:
            raise BadRequest("`revs_limit` must be a positive integer")

        def job(connection: apsw.Connection) -> None:
            memory = self._memory(connection)
            memory.revs_limit = limit
            memory.save(connection)

        self._store.writer.do(job)

    def compact(self) -> None:
        from sync.sqlite.compaction import compact

        self._store.writer.do(lambda connection: compact(connection, self.key))

    def purge(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        asked = {identifier: [Rev.parse(rev) for rev in each] for identifier, each in revs.items()}

        def job(connection: apsw.Connection) -> tuple[dict[str, list[str]], Written]:
            memory = self._store.memory
            return Purge(connection, memory, self._memory(connection), self.policy, None).purge(asked)

        return self._store.writer.do(job, lambda outcome: self._notify(outcome[1]))[0]

    def _setting(self, snapshot: Snapshot, column: str) -> Any:
        sql = f"SELECT {column} FROM databases WHERE key = ?"
        return snapshot.connection.execute(sql, (self.key,)).get

    def _set(self, column: str, value: object) -> None:
        def job(connection: apsw.Connection) -> None:
            self._memory(connection)
            connection.execute(f"UPDATE databases SET {column} = ? WHERE key = ?", (value, self.key))

        self._store.writer.do(job)

    def purged_infos_limit(self) -> int:
        return self._read(None, lambda snapshot: int(self._setting(snapshot, "purged_infos_limit")))

    def set_purged_infos_limit(self, limit: int) -> None:
        self._set("purged_infos_limit", limit)

    def security(self) -> Doc | None:
        text = self._read(None, lambda snapshot: self._setting(snapshot, "security"))
        return None if text is None else orjson.loads(text)

    def set_security(self, security: Doc) -> None:
        self._set("security", encode(security))


def told(results: list[WriteResult]) -> list[WriteResult]:
    """What a caller hears of a batch. QuarantineFull where something of it was neither stored nor kept."""
    for result in results:
        if result.error == QuarantineFull.error:
            raise QuarantineFull(str(result.reason))
    return results


def _rejected(doc: Doc, error: SyncError) -> Rejected:
    """Keep what cannot be stored as a document, as text where it is not even encodable."""
    identifier = doc.get("_id")
    check_id(identifier)
    try:
        encode(doc)
    except BadRequest:
        doc = {"_id": identifier, "text": json.dumps(doc)}
    return Rejected(str(identifier), doc, error.error, messages.MALFORMED)
