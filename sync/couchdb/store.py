"""All databases of a deployment in one CouchDB, seen from one node."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, ClassVar

import apsw
import orjson

from sync.couchdb import ledger, outbox, positions
from sync.couchdb.adapter import TIMEOUT_S, Couch
from sync.couchdb.address import Address
from sync.couchdb.database import CouchDatabase
from sync.couchdb.following import Follower, Watch
from sync.couchdb.positions import Position
from sync.couchdb.pushing import Pusher
from sync.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from sync.policy import OpenPolicy, Policy
from sync.sqlite.store import SQLiteStore
from sync.sqlite.writer import Writer
from sync.store import Capability, Quota, check_database_name

_log = logging.getLogger("sync.couchdb")

STALE_AFTER_S = 60.0
RECOGNISE_EVERY_S = 1.0
_OPEN = OpenPolicy()


class CouchStore(SQLiteStore):
    """`index` is this node's file: it can be deleted at any time, and is then made anew from CouchDB.

    Opening blocks until the index has all that CouchDB has of the databases that have rules. Unavailable when
    CouchDB cannot be reached.
    """

    capabilities = frozenset[Capability]()

    def __init__(
        self,
        address: Address,
        index: Path | str,
        policies: Mapping[str, Policy] | None = None,
        quota: Quota = Quota(),
        *,
        timeout_s: float = TIMEOUT_S,
        stale_after_s: float = STALE_AFTER_S,
        recognise_every_s: float = RECOGNISE_EVERY_S,
    ) -> None:
        self.address = address
        self.stale_after_s = stale_after_s
        self.recognise_every_s = recognise_every_s
        self.closed = False
        self.couch = Couch(address, timeout_s)
        self.watch = Watch(Couch(address, max(timeout_s, Watch.patience_s())))
        self.pusher = Pusher(self.couch)
        self._path = Path(index)
        self.policies = frozenset(policies or ())
        super().__init__(index, policies, quota)
        self.ledger = LedgerFollower(self)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _writer(self, connection: apsw.Connection) -> Writer:
        positions.set_up(connection)
        outbox.set_up(connection)
        return Writer(connection, self.memory.forget, self.pusher.ratify)

    def _database(self, key: int, name: str, uuid: str) -> CouchDatabase:
        return CouchDatabase(self, key, name, uuid, self._policies.get(name, _OPEN))

    def _begin(self) -> None:
        self.ledger.ensure()
        self.ledger.catch_up()
        for name in self._policies:
            with suppress(PreconditionFailed):
                self._register(name)
            database = self.database(name)
            database.follower.ensure()
            database.follower.catch_up()
            self.watch.follow(database.follower)

    def database(self, name: str) -> CouchDatabase:
        try:
            found = super().database(name)
        except NotFound:
            self.ledger.catch_up()
            found = super().database(name)
        assert isinstance(found, CouchDatabase)
        return found

    def create(self, name: str) -> CouchDatabase:
        check_database_name(name)
        couch_name = self.address.database(name)
        try:
            self.couch.put(couch_name)
        except PreconditionFailed:
            # An empty one may be what an interrupted call left; whether it is ours the ledger decides.
            if int(self.couch.get(couch_name)["doc_count"]):
                raise _exists() from None
        self._register(name)
        return self.database(name)

    def _register(self, name: str) -> None:
        """PreconditionFailed file_exists when the deployment has it already."""
        doc = ledger.database_doc(name, 1000, None)
        try:
            self.couch.put(self.address.ledger, doc["_id"], body=doc)
        except Conflict:
            raise _exists() from None
        self.ledger.catch_up()

    def drop(self, name: str) -> None:
        if name in self._policies:
            raise Forbidden("This database belongs to the platform and cannot be deleted.")
        self.ledger.catch_up()
        key = self.database(name).key
        with suppress(NotFound):
            self.couch.delete(self.address.database(name))
        identifier = ledger.database_id(name)
        with suppress(NotFound):
            known = self.couch.get(self.address.ledger, identifier)
            tombstone = {"_id": identifier, "_rev": known["_rev"], "_deleted": True, "name": name}
            self.couch.post(self.address.ledger, "_bulk_docs", body={"docs": [tombstone]})
        self.writer.do(lambda connection: _empty_ledger(connection, key))
        self.ledger.catch_up()
        self.forget_database(name, key)

    def forget_database(self, name: str, key: int) -> None:
        """Take a dropped database out of the index."""

        def job(connection: apsw.Connection) -> None:
            with outbox.paused(connection):
                self._drop_rows(connection, key)
                positions.forget(connection, self.address.database(name))

        self.writer.do(job)
        with self._lock:
            self._open.pop(name, None)

    def names(self) -> list[str]:
        self.ledger.catch_up()
        return super().names()

    def close(self) -> None:
        self.closed = True
        self.watch.stop()
        super().close()
        self.couch.close()
        self.watch.join()

    def set_aside(self, question: str, *bindings: object) -> None:
        """Keep a copy of the index before something is emptied in it; `question`: is there anything?

        Where CouchDB lost what it had acknowledged (somebody deleted it, or put an old backup back), this is
        where it is still to be found: `tianwen store copy` brings it back.
        """
        with self.readers.snapshot() as connection:
            if not connection.execute(question, bindings).get:
                return
        aside = self._path.with_name(f"{self._path.stem}.replaced-{time.time_ns() // 1_000_000}.sqlite3")
        with closing(apsw.Connection(str(self._path))) as connection:
            connection.execute("VACUUM INTO ?", (str(aside),))
        _log.warning("What the index held before is kept in %s", aside)


def _exists() -> PreconditionFailed:
    return PreconditionFailed("The database could not be created, the file already exists.", "file_exists")


def _empty_ledger(connection: apsw.Connection, key: int) -> None:
    """Ratified, this takes a database's cases and `_local` documents out of the ledger."""
    connection.execute("DELETE FROM quarantine WHERE database = ?", (key,))
    connection.execute("DELETE FROM local_documents WHERE database = ?", (key,))


class LedgerFollower(Follower):
    """Takes quarantine, `_local` documents and the list of databases into the index."""

    params: ClassVar = {"include_docs": "true"}

    def __init__(self, store: CouchStore) -> None:
        super().__init__(store.couch, store.address.ledger)
        self._store = store

    def position(self) -> Position | None:
        with self._store.readers.snapshot() as connection:
            return positions.position(connection, self.name)

    def restart(self, instance: str) -> Position:
        at = Position(instance, "0")
        self._store.set_aside("SELECT EXISTS (SELECT 1 FROM quarantine)")

        def job(connection: apsw.Connection) -> None:
            with outbox.paused(connection):
                for table in ("quarantine", "local_documents", "ledger"):
                    connection.execute(f"DELETE FROM {table}")
                positions.move(connection, self.name, at)

        self._store.writer.do(job)
        for name, key in self.plain_databases():
            self._store.forget_database(name, key)
        return at

    def apply(self, rows: list[dict[str, Any]], to: Position) -> None:
        docs = [row["doc"] for row in rows if row.get("doc")]
        bodies = {doc["_id"]: self._large(doc) for doc in docs if "_attachments" in doc}

        def job(connection: apsw.Connection) -> list[tuple[str, int]]:
            with outbox.paused(connection):
                dropped = [gone for doc in docs if (gone := self._index(connection, doc, bodies))]
                positions.move(connection, self.name, to)
                return dropped

        for name, key in self._store.writer.do(job):
            self._store.forget_database(name, key)

    def plain_databases(self) -> list[tuple[str, int]]:
        with self._store.readers.snapshot() as connection:
            rows: list[Any] = connection.execute("SELECT name, key FROM databases").fetchall()
        return [(name, key) for name, key in rows if name not in self._store.policies]

    def _large(self, doc: dict[str, Any]) -> bytes:
        try:
            return self._couch.get_bytes(self.name, doc["_id"], ledger.BODY)
        except NotFound:
            return b"{}"

    def _index(
        self, connection: apsw.Connection, doc: dict[str, Any], bodies: Mapping[str, bytes]
    ) -> tuple[str, int] | None:
        """The database that is to be dropped, where that is what the document says."""
        kind, name = ledger.database_name(doc["_id"])
        deleted = bool(doc.get("_deleted"))
        positions.know_ledger_rev(connection, doc["_id"], None if deleted else doc["_rev"])
        key = connection.execute("SELECT key FROM databases WHERE name = ?", (name,)).get
        try:
            if kind == "database":
                return self._index_database(connection, doc, name, key)
            if key is not None and kind == "case":
                ledger.index_case(connection, key, doc, bodies.__getitem__)
            elif key is not None and kind == "local":
                ledger.index_local(connection, key, doc)
        except (KeyError, TypeError, apsw.ConstraintError) as error:
            _log.error("%s of the ledger cannot be indexed", doc["_id"], exc_info=error)
        return None

    def _index_database(
        self, connection: apsw.Connection, doc: dict[str, Any], name: str, key: int | None
    ) -> tuple[str, int] | None:
        if doc.get("_deleted"):
            return (name, key) if key is not None and name not in self._store.policies else None
        if key is None:
            connection.execute(
                "INSERT INTO databases (name, uuid) VALUES (?, lower(hex(randomblob(16))))", (name,)
            )
        security = None if doc["security"] is None else orjson.dumps(doc["security"])
        connection.execute(
            "UPDATE databases SET revs_limit = ?, security = ? WHERE name = ?",
            (int(doc["revs_limit"]), security, name),
        )
        self._store.memory.forget()
        return None
