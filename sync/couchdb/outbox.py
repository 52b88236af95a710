"""What a transaction of the index changed, and so must be said to CouchDB before it may commit.

Triggers on the writer's connection take note, so that every way of writing is covered, and what a rolled back
job changed is forgotten with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import apsw
import orjson

from sync.policy import Doc
from sync.revisions import EMPTY, Node, Rev, Tree, ancestry, from_bytes
from sync.sqlite import attachments
from sync.sqlite.records import COLUMNS, Record, body_of, doc_of

_TABLES = ("changed_documents", "changed_cases", "changed_local", "changed_databases")

# `rev`, `deleted`, `tree`: the document before the transaction; NULL where there was none.
_SETUP = """
CREATE TEMP TABLE outbox_paused (paused INTEGER NOT NULL);
INSERT INTO outbox_paused VALUES (0);
CREATE TEMP TABLE changed_documents (key INTEGER PRIMARY KEY, rev TEXT, deleted INTEGER, tree BLOB);
CREATE TEMP TABLE changed_cases (database INTEGER, owner TEXT, id TEXT, digest TEXT,
    PRIMARY KEY (database, owner, id, digest));
CREATE TEMP TABLE changed_local (database INTEGER, owner TEXT, id TEXT, PRIMARY KEY (database, owner, id));
CREATE TEMP TABLE changed_databases (key INTEGER PRIMARY KEY);

CREATE TEMP TRIGGER note_new_document AFTER INSERT ON main.documents
WHEN NOT (SELECT paused FROM outbox_paused) BEGIN
    INSERT OR IGNORE INTO changed_documents VALUES (new.key, NULL, NULL, NULL);
END;
CREATE TEMP TRIGGER note_document AFTER UPDATE OF rev, deleted, tree ON main.documents
WHEN NOT (SELECT paused FROM outbox_paused) BEGIN
    INSERT OR IGNORE INTO changed_documents VALUES (new.key, old.rev, old.deleted, old.tree);
END;
CREATE TEMP TRIGGER note_new_case AFTER INSERT ON main.quarantine
WHEN NOT (SELECT paused FROM outbox_paused) BEGIN
    INSERT OR IGNORE INTO changed_cases VALUES (new.database, new.owner, new.id, new.digest);
END;
CREATE TEMP TRIGGER note_case AFTER UPDATE ON main.quarantine
WHEN NOT (SELECT paused FROM outbox_paused) BEGIN
    INSERT OR IGNORE INTO changed_cases VALUES (new.database, new.owner, new.id, new.digest);
END;
CREATE TEMP TRIGGER note_dropped_case AFTER DELETE ON main.quarantine
WHEN NOT (SELECT paused FROM outbox_paused) BEGIN
    INSERT OR IGNORE INTO changed_cases VALUES (old.database, old.owner, old.id, old.digest);
END;
CREATE TEMP TRIGGER note_local AFTER INSERT ON main.local_documents
WHEN NOT (SELECT paused FROM outbox_paused) BEGIN
    INSERT OR IGNORE INTO changed_local VALUES (new.database, new.owner, new.id);
END;
CREATE TEMP TRIGGER note_dropped_local AFTER DELETE ON main.local_documents
WHEN NOT (SELECT paused FROM outbox_paused) BEGIN
    INSERT OR IGNORE INTO changed_local VALUES (old.database, old.owner, old.id);
END;
CREATE TEMP TRIGGER note_database AFTER UPDATE OF revs_limit, security ON main.databases
WHEN NOT (SELECT paused FROM outbox_paused)
    AND (new.revs_limit IS NOT old.revs_limit OR new.security IS NOT old.security) BEGIN
    INSERT OR IGNORE INTO changed_databases VALUES (new.key);
END;
"""


@dataclass(frozen=True)
class Changed:
    """The keys of what a transaction changed, as the index knows them."""

    documents: list[tuple[int, str | None, int | None, bytes | None]]
    cases: list[tuple[int, str, str, str]]
    local: list[tuple[int, str, str]]
    databases: list[int]

    def __bool__(self) -> bool:
        return bool(self.documents or self.cases or self.local or self.databases)


def set_up(connection: apsw.Connection) -> None:
    connection.execute(_SETUP)


@contextmanager
def paused(connection: apsw.Connection) -> Iterator[None]:
    """What is written inside came from CouchDB, and need not go there. A failure rolls the job back."""
    connection.execute("UPDATE outbox_paused SET paused = 1")
    yield
    connection.execute("UPDATE outbox_paused SET paused = 0")


def take(connection: apsw.Connection) -> Changed:
    """Everything that was noted in this transaction; it is noted no longer."""
    rows: list[Any] = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in _TABLES]
    documents, cases, local, databases = rows
    for table in _TABLES:
        connection.execute(f"DELETE FROM {table}")
    return Changed(documents, cases, local, [key for (key,) in databases])


def revisions_of(
    connection: apsw.Connection, key: int, rev: str | None, deleted: int | None, tree: bytes | None
) -> tuple[int, list[Doc]]:
    """The database of a changed document, and the revisions it gained, oldest first, as a peer sends them."""
    row = connection.execute(f"SELECT database, {COLUMNS} FROM documents d WHERE key = ?", (key,)).get
    if row is None:
        return 0, []
    database, *columns = row
    record = Record.of(columns)
    before = _tree_before(rev, deleted, tree)
    now = record.revision_tree()
    gained = [
        each
        for each, node in sorted(now.nodes.items())
        if node.stored and not (each in before and before.nodes[each].stored)
    ]
    return database, [_as_sent(connection, record, now, each) for each in gained]


def _tree_before(rev: str | None, deleted: int | None, tree: bytes | None) -> Tree:
    if rev is None:
        return EMPTY
    if tree is not None:
        return from_bytes(tree)
    return Tree({Rev.parse(rev): Node(None, True, bool(deleted))})


def _as_sent(connection: apsw.Connection, record: Record, tree: Tree, rev: Rev) -> Doc:
    body = body_of(connection, record, str(rev))
    assert body is not None
    doc = doc_of(record.id, str(rev), tree.nodes[rev].deleted, body)
    ids = [each.hash for each in ancestry(tree, rev)]
    doc["_revisions"] = {"start": rev.generation, "ids": ids}
    if "_attachments" in doc:
        # The bytes go along: whether CouchDB has those of a stub is more than this node can know.
        doc["_attachments"] = orjson.loads(orjson.dumps(doc["_attachments"]))
        attachments.inline(connection, doc, list(doc["_attachments"]))
        for attachment in doc["_attachments"].values():
            attachment.pop("digest", None)
    return doc
