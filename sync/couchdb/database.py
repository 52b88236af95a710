"""One database: documents in CouchDB, reads from the index, every commit of the index ratified by CouchDB."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import apsw

from sync.couchdb import outbox, positions
from sync.couchdb.following import Follower, Gone, leaves_of
from sync.couchdb.positions import Position
from sync.couchdb.pushing import Declined, Overtaken
from sync.documents import Edit, parse_edit
from sync.errors import Conflict, NotFound, NotImplementedHere, SyncError, Unavailable, no_database
from sync.policy import Caller, Doc, OpenPolicy, Policy
from sync.revisions import Rev, next_revision
from sync.sqlite.database import SQLiteDatabase, told
from sync.sqlite.records import Record
from sync.sqlite.snapshot import Snapshot
from sync.sqlite.transaction import Rejected, Transaction, Written
from sync.store import Notice, Quarantined, State, Unsubscribe, WriteResult

if TYPE_CHECKING:
    from sync.couchdb.store import CouchStore

T = TypeVar("T")

_log = logging.getLogger("sync.couchdb")

_ATTEMPTS = 5
_AT_ONCE = 100
# A position is worth a commit of its own only from time to time.
_SKIPPED_AT_MOST = 1000


class CouchDatabase(SQLiteDatabase):
    """The contract of `sync.store`, over CouchDB.

    A write looks first at what other nodes wrote, is decided in a transaction of the index, goes to CouchDB,
    and is committed and answered when CouchDB has acknowledged it. Reads are answered by the index: with what
    other nodes wrote up to a moment ago in a database that has rules, with all of it in a plain one. A node
    that has not heard from CouchDB for `stale_after_s` and cannot reach it answers Unavailable: it cannot
    know who may still read.
    """

    _store: CouchStore

    def __init__(self, store: CouchStore, key: int, name: str, uuid: str, policy: Policy) -> None:
        super().__init__(store, key, name, uuid, policy)
        self.plain = isinstance(policy, OpenPolicy)
        self.follower = DocumentFollower(self)

    @property
    def couch_name(self) -> str:
        return self._store.address.database(self.name)

    # -- writing

    def write(
        self, docs: Sequence[Doc], *, caller: Caller | None = None, new_edits: bool = True
    ) -> list[WriteResult]:
        edits = [self._edit(doc, caller, new_edits) for doc in docs]

        def once(again: bool) -> list[WriteResult]:
            def job(connection: apsw.Connection) -> Written:
                return self._transaction(connection, caller, again).run(edits)

            return self._store.writer.do(job, self._notify).results

        return told(self._decide(once, [edit.id for edit in edits]))

    def _transaction(
        self, connection: apsw.Connection, caller: Caller | None, again: bool = False
    ) -> Deciding:
        memory = self._store.memory
        known = self._memory(connection)
        deciding = Deciding(connection, memory, known, self.policy, caller, self._store.quota)
        deciding.consequences = self._store.pusher.consequences
        deciding.again = again
        return deciding

    def _transact(
        self, connection: apsw.Connection, edits: Sequence[Edit | Rejected], caller: Caller | None
    ) -> Written:
        return self._transaction(connection, caller).run(edits)

    def _decide(self, once: Callable[[bool], T], ids: Sequence[str] = ()) -> T:
        """Decide on what is current, and again when another node was quicker."""
        for attempt in range(_ATTEMPTS):
            self._look()
            # Quotas are counted over all nodes, from time to time; an overtaken decision needs it at once.
            ledger = self._store.ledger
            if attempt or time.monotonic() - ledger.fresh_at > self._store.recognise_every_s:
                ledger.catch_up()
            try:
                return once(attempt > 0)
            except Overtaken:
                continue
            except Declined as declined:
                mine = [declined.refused[each] for each in ids if each in declined.refused]
                if mine:
                    raise mine[0] from None
        raise Unavailable("Other nodes write the same documents at this moment. Try again later.")

    def _look(self) -> None:
        try:
            self.follower.catch_up()
        except Gone:
            # Another node may have dropped the database.
            self._store.ledger.catch_up()
            with self._store.readers.snapshot() as connection:
                if not connection.execute("SELECT 1 FROM databases WHERE key = ?", (self.key,)).get:
                    raise no_database() from None
            raise

    def local_put(self, owner: str, id: str, doc: Doc) -> str:
        return self._settled(lambda: super(CouchDatabase, self).local_put(owner, id, doc))

    def local_delete(self, owner: str, id: str, rev: str | None = None) -> None:
        self._settled(lambda: super(CouchDatabase, self).local_delete(owner, id, rev))

    def settle(self, receipt: str, state: State, *, by: str, reason: str = "") -> Quarantined:
        self._look()
        return self._settled(lambda: super(CouchDatabase, self).settle(receipt, state, by=by, reason=reason))

    def take_over(self, case: Quarantined) -> None:
        self._settled(lambda: super(CouchDatabase, self).take_over(case))

    def _settled(self, change: Callable[[], T]) -> T:
        """A change of the ledger, decided on what is current there."""
        for _ in range(_ATTEMPTS):
            self._store.ledger.catch_up()
            try:
                return change()
            except Overtaken:
                continue
        raise Conflict

    # -- reading

    @contextmanager
    def reading(self) -> Iterator[None]:
        if not hasattr(self._held, "snapshots"):
            self._ensure_current()
        with super().reading():
            yield

    def _ensure_current(self) -> None:
        if self._store.closed:
            raise Unavailable("The store is closed.")
        if self.plain:
            self._look()
        elif not self.follower.ready:
            raise Unavailable("This node is still reading what the database server has. Try again later.")
        elif time.monotonic() - self.follower.fresh_at > self._store.stale_after_s:
            self._look()

    def local_get(self, owner: str, id: str) -> Doc:
        self._store.ledger.catch_up()
        return super().local_get(owner, id)

    def local_list(self, owner: str) -> list[Doc]:
        self._store.ledger.catch_up()
        return super().local_list(owner)

    def quarantined(
        self,
        owner: str | None = None,
        *,
        state: State | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> list[Quarantined]:
        self._store.ledger.catch_up()
        return super().quarantined(owner, state=state, limit=limit, after=after)

    def quarantined_one(self, receipt: str) -> Quarantined:
        self._store.ledger.catch_up()
        return super().quarantined_one(receipt)

    def subscribe(self, callback: Callable[[Notice], None]) -> Unsubscribe:
        """What other nodes write is news, too: a thread waits for it from the first listener on."""
        self._store.watch.follow(self.follower)
        return super().subscribe(callback)

    # -- upkeep

    def set_revs_limit(self, limit: int) -> None:
        super().set_revs_limit(limit)
        try:
            self._store.couch.put(self.couch_name, "_revs_limit", body=limit)
        except SyncError as error:
            # Not every server can; the index keeps to the limit whatever CouchDB keeps.
            _log.info("%s: CouchDB keeps its own limit of revisions: %s", self.couch_name, error)

    def compact(self) -> None:
        super().compact()
        self._store.couch.post(self.couch_name, "_compact")

    def purge(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        raise NotImplementedHere("A database in CouchDB is not purged: other nodes would not learn of it.")

    def purged_infos_limit(self) -> int:
        raise NotImplementedHere("A database in CouchDB is not purged: other nodes would not learn of it.")

    def set_purged_infos_limit(self, limit: int) -> None:
        raise NotImplementedHere("A database in CouchDB is not purged: other nodes would not learn of it.")

    # -- following CouchDB

    def position(self) -> Position | None:
        with self._store.readers.snapshot() as connection:
            uuid = connection.execute("SELECT uuid FROM databases WHERE key = ?", (self.key,)).get
            if uuid is None:
                raise no_database()
            # Another process with the same index may have made it anew.
            self.uuid = uuid
            return positions.position(connection, self.couch_name)

    def unknown(self, rows: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
        """Which leaves of a page of changes the index does not have."""
        found = []
        with self._store.readers.snapshot() as connection:
            snapshot = Snapshot(connection, self.key, None)
            for row in rows:
                identifier = str(row["id"])
                try:
                    diff = snapshot.diff({identifier: leaves_of(row)})
                except SyncError as error:
                    _log.error("%s of %s cannot be indexed: %s", identifier, self.couch_name, error)
                    continue
                if identifier in diff:
                    found += [(identifier, rev) for rev in diff[identifier].missing]
                else:
                    found += self._without_body(snapshot, identifier, leaves_of(row))
        return found

    def _without_body(
        self, snapshot: Snapshot, identifier: str, revs: Sequence[str]
    ) -> list[tuple[str, str]]:
        """Leaves of CouchDB that the index knows only by name, as ancestors of another."""
        record = snapshot.find(identifier)
        nodes = record.revision_tree().nodes if record else {}
        return [(identifier, rev) for rev in revs if not nodes[Rev.parse(rev)].stored]

    def index(self, docs: Sequence[Doc], to: Position) -> None:
        """Take documents of CouchDB into the index: nobody is asked, nothing follows."""
        edits = [edit for doc in docs if (edit := self._parsed(doc)) is not None]
        try:
            self._take_over(edits, to)
        except Unavailable:
            raise
        except Exception:
            # One document that cannot be indexed must not stop the feed of all others.
            for edit in edits:
                self._take_over_alone(edit)
            self._take_over([], to)

    def _take_over(self, edits: Sequence[Edit], to: Position | None) -> None:
        def job(connection: apsw.Connection) -> tuple[Written, bool]:
            with outbox.paused(connection):
                memory = self._memory(connection)
                before = memory.last_seq
                indexing = Indexing(connection, self._store.memory, memory, self.policy, None)
                written = indexing.run(edits)
                if to is not None:
                    positions.move(connection, self.couch_name, to)
                return written, written.seq > before

        def committed(outcome: tuple[Written, bool]) -> None:
            if outcome[1]:
                self._notify(outcome[0])

        self._store.writer.do(job, committed)

    def _take_over_alone(self, edit: Edit) -> None:
        try:
            self._take_over([edit], None)
        except Unavailable:
            raise
        except Exception as error:
            _log.error("%s of %s cannot be indexed", edit.id, self.couch_name, exc_info=error)

    def _parsed(self, doc: Doc) -> Edit | None:
        # CouchDB's digest is that of the compressed bytes; those it sends are not.
        for attachment in doc.get("_attachments", {}).values():
            attachment.pop("digest", None)
        try:
            return parse_edit(doc, new_edits=False)
        except SyncError as error:
            if doc.pop("_revisions", None) is not None:
                # A history that cannot be (pouchdb-server mixes up equal hashes): better none than no doc.
                return self._parsed(doc)
            _log.error("%s of %s cannot be indexed: %s", doc.get("_id"), self.couch_name, error)
            return None

    def start_anew(self, instance: str) -> Position:
        """Empty the index of this database.

        Sequence numbers go on from where they were, so that who follows within this process sees every
        document again; the new uuid tells all others that what they counted means nothing any more.
        """
        at = Position(instance, "0")
        uuid = secrets.token_hex(16)

        def job(connection: apsw.Connection) -> None:
            self._store.memory.forget()
            for statement in _EMPTY.strip().split("\n"):
                connection.execute(statement, (self.key,))
            connection.execute("UPDATE databases SET uuid = ? WHERE key = ?", (uuid, self.key))
            positions.move(connection, self.couch_name, at)

        if not self.plain:
            self._store.set_aside("SELECT EXISTS (SELECT 1 FROM documents WHERE database = ?)", self.key)
        self._store.writer.do(job)
        self.uuid = uuid
        return at


_EMPTY = """
DELETE FROM feed WHERE channel IN (SELECT key FROM channels WHERE database = ?1);
DELETE FROM revisions WHERE document IN (SELECT key FROM documents WHERE database = ?1);
DELETE FROM documents WHERE database = ?1;
DELETE FROM groups WHERE database = ?1;
UPDATE databases SET doc_count = 0, doc_del_count = 0 WHERE key = ?1;
"""


class Deciding(Transaction):
    """A node's own transaction."""

    consequences: set[str]
    again = False
    _depth = 0

    def _follow_up(self, edit: Edit) -> None:
        self._depth += 1
        super()._follow_up(edit)
        self._depth -= 1

    def _store(self, edit: Edit, path: Sequence[Rev], record: Record | None) -> None:
        if self._depth:
            self.consequences.add(edit.id)
        super()._store(edit, path, record)

    def _continue(self, record: Record | None, edit: Edit) -> tuple[Rev, ...]:
        """When it is tried again, an edit that CouchDB has already from the last time is no conflict."""
        try:
            return super()._continue(record, edit)
        except SyncError:
            rev = next_revision(edit.rev, deleted=edit.deleted, digest=edit.digest)
            if not self.again or record is None or not self._knows(record, (rev,)):
                raise
            return (rev,) if edit.rev is None else (rev, edit.rev)


class Indexing(Transaction):
    """The transaction that takes over what CouchDB has: its consequences are there, or on their way."""

    def _follow_up(self, edit: Edit) -> None:
        return None


class DocumentFollower(Follower):
    params: ClassVar = {"style": "all_docs"}

    def __init__(self, database: CouchDatabase) -> None:
        # Plain databases come and go by any node; those with rules are there for good.
        every_s = 0.0 if database.plain else database._store.recognise_every_s
        super().__init__(database._store.couch, database.couch_name, every_s)
        self._database = database
        self._skipped = 0

    def position(self) -> Position | None:
        return self._database.position()

    def restart(self, instance: str) -> Position:
        return self._database.start_anew(instance)

    def apply(self, rows: list[dict[str, Any]], to: Position) -> None:
        wanted = self._database.unknown(rows)
        self._skipped += len(rows)
        if not wanted and self._skipped < _SKIPPED_AT_MOST:
            return
        docs: list[Doc] = []
        for start in range(0, len(wanted), _AT_ONCE):
            docs += self._fetch(wanted[start : start + _AT_ONCE])
        self._database.index(self._before_deletions(docs) + docs, to)
        self._skipped = 0

    def _before_deletions(self, docs: Sequence[Doc]) -> list[Doc]:
        """What was deleted: a tombstone does not say to which group it belonged, and so who must learn of it.

        After a compaction CouchDB does not know either; then only administrators see the deletion.
        """
        deletions = [doc for doc in docs if doc.get("_deleted") and len(doc["_revisions"]["ids"]) > 1]
        parents = [
            (doc["_id"], f"{doc['_revisions']['start'] - 1}-{doc['_revisions']['ids'][1]}")
            for doc in deletions
        ]
        return self._fetch(parents) if parents else []

    def _fetch(self, wanted: Sequence[tuple[str, str]]) -> list[Doc]:
        """The documents that CouchDB still has; one that was overtaken meanwhile is in a later change."""
        body = {"docs": [{"id": identifier, "rev": rev} for identifier, rev in wanted]}
        try:
            answer = self._couch.post(self.name, "_bulk_get", body=body, revs="true", attachments="true")
        except NotFound:
            raise Unavailable("The database server does not have this database at the moment.") from None
        found = [each for result in answer["results"] for each in result["docs"]]
        return [each["ok"] for each in found if "ok" in each]
