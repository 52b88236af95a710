"""The moment before a commit: what the transaction changed goes to CouchDB, or the commit does not happen.

The order makes every point at which a node may die harmless: cases of quarantine and `_local` documents, then
what the server writes in consequence (a receipt without its demand opens nothing, and is found when the
demand comes again; a demand without its receipt would wait for ever), then the documents, and last the cases
whose documents were released.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import apsw
import orjson

from sync.couchdb import ledger, outbox, positions
from sync.couchdb.adapter import Couch
from sync.errors import BadRequest, Forbidden, NotFound, SyncError, TooLarge, Unavailable
from sync.policy import Doc

# CouchDB takes 4 GB in one request, other servers less.
_REQUEST_BYTES = 4 * 1024 * 1024


class Overtaken(Unavailable):
    """Another node wrote the same thing first: look, and decide again."""

    def __init__(self) -> None:
        super().__init__("Another node writes the same document at this moment. Try again.")


class Declined(Unavailable):
    """CouchDB would not have some documents: `refused` says which, and why. The others may be stored."""

    def __init__(self, refused: dict[str, SyncError]) -> None:
        super().__init__("The database server did not take every document. Try again.")
        self.refused = refused


@dataclass
class Load:
    """What goes to CouchDB for one transaction; documents by the CouchDB database they go to."""

    cases: list[Doc] = field(default_factory=list)
    consequences: dict[str, list[Doc]] = field(default_factory=dict)
    documents: dict[str, list[Doc]] = field(default_factory=dict)
    released: list[Doc] = field(default_factory=list)


class Pusher:
    """Ratifies the transactions of one node. `consequences` are ids that the server wrote in this one."""

    def __init__(self, couch: Couch) -> None:
        self._couch = couch
        self.consequences: set[str] = set()

    def ratify(self, connection: apsw.Connection) -> None:
        try:
            changed = outbox.take(connection)
            if changed:
                self._push(connection, self._load(connection, changed))
        finally:
            self.consequences.clear()

    def _load(self, connection: apsw.Connection, changed: outbox.Changed) -> Load:
        keys: list[Any] = connection.execute("SELECT key, name FROM databases").fetchall()
        names: dict[int, str] = dict(keys)
        load = Load()
        for key in changed.databases:
            if (doc := ledger.changed_database(connection, key)) is not None:
                load.cases.append(doc)
        for database, *rest in changed.local:
            load.cases.append(ledger.changed_local(connection, names.get(database, ""), database, *rest))
        for database, *place in changed.cases:
            case = ledger.changed_case(connection, names.get(database, ""), database, *place)
            (load.released if case.get("state") == "released" else load.cases).append(case)
        for row in changed.documents:
            database, docs = outbox.revisions_of(connection, *row)
            if docs:
                following = docs[0]["_id"] in self.consequences
                group = load.consequences if following else load.documents
                group.setdefault(self._couch.address.database(names[database]), []).extend(docs)
        return load

    def _push(self, connection: apsw.Connection, load: Load) -> None:
        self._write_ledger(connection, load.cases)
        for group in (load.consequences, load.documents):
            for name, docs in group.items():
                self._write_documents(name, docs)
        self._write_ledger(connection, load.released)

    def _write_documents(self, name: str, docs: list[Doc]) -> None:
        refused: dict[str, SyncError] = {}
        for part in _in_parts(docs):
            try:
                answer = self._couch.post(name, "_bulk_docs", body={"new_edits": False, "docs": part})
            except NotFound:
                raise Unavailable("The database server has no such database at the moment.") from None
            except (BadRequest, TooLarge) as error:
                raise Declined({doc["_id"]: error for doc in part}) from None
            for row in _rows(answer):
                if "error" in row:
                    refused[str(row.get("id"))] = _refusal(row)
        if refused:
            raise Declined(refused)

    def _write_ledger(self, connection: apsw.Connection, docs: list[Doc]) -> None:
        """Overtaken when another node changed one of them since this node looked."""
        overtaken = False
        for doc in docs:
            if (rev := positions.ledger_rev(connection, doc["_id"])) is not None:
                doc["_rev"] = rev
        # A tombstone of what CouchDB never had says nothing.
        for part in _in_parts(doc for doc in docs if "_rev" in doc or not doc.get("_deleted")):
            try:
                answer = self._couch.post(self._couch.address.ledger, "_bulk_docs", body={"docs": part})
            except NotFound:
                raise Unavailable("The database server has no ledger at the moment.") from None
            for doc, row in zip(part, _rows(answer), strict=True):
                if row.get("error") == "conflict":
                    overtaken = True
                elif "error" in row:
                    raise Declined({str(doc.get("id", "")): _refusal(row)})
                else:
                    positions.know_ledger_rev(
                        connection, doc["_id"], None if doc.get("_deleted") else str(row["rev"])
                    )
        if overtaken:
            raise Overtaken


def _in_parts(docs: Iterable[Doc]) -> Iterator[list[Doc]]:
    part: list[Doc] = []
    size = 0
    for doc in docs:
        length = len(orjson.dumps(doc))
        if part and size + length > _REQUEST_BYTES:
            yield part
            part, size = [], 0
        part.append(doc)
        size += length
    if part:
        yield part


def _rows(answer: Any) -> list[dict[str, Any]]:
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise Unavailable("The database server gave an answer that cannot be understood.")
    return answer


def _refusal(row: dict[str, Any]) -> SyncError:
    """Why CouchDB would not have a document: a design document's rule, its size, its form."""
    error, reason = str(row["error"]), str(row.get("reason", ""))
    kinds = {"forbidden": Forbidden, "unauthorized": Forbidden, "document_too_large": TooLarge}
    kind = kinds.get(error, BadRequest)
    return kind(reason, error)
