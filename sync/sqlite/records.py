"""Rows of `documents` as the code handles them, and the trees that they imply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import apsw
import orjson

from sync import revisions
from sync.policy import Doc
from sync.revisions import Node, Rev, Tree

COLUMNS = "d.key, d.id, d.group_key, d.seq, d.rev, d.deleted, d.tree, d.body"


@dataclass(slots=True)
class Record:
    """One document: its place in the feed and its winning revision. `tree` None: `rev` is all there is."""

    key: int
    id: str
    group_key: int | None
    seq: int
    rev: str
    deleted: bool
    tree: bytes | None
    body: bytes

    @classmethod
    def of(cls, row: Any) -> Record:
        key, identifier, group_key, seq, rev, deleted, tree, body = row
        return cls(key, identifier, group_key, seq, rev, bool(deleted), tree, body)

    def revision_tree(self) -> Tree:
        if self.tree is not None:
            return revisions.from_bytes(self.tree)
        return Tree({Rev.parse(self.rev): Node(None, True, self.deleted)})


def doc_of(identifier: str, rev: str, deleted: bool, body: bytes) -> Doc:
    """A document from its stored body, with the members that every answer carries."""
    doc: Doc = {"_id": identifier, "_rev": rev}
    if deleted:
        doc["_deleted"] = True
    doc.update(orjson.loads(body))
    return doc


def winning_doc(record: Record) -> Doc:
    return doc_of(record.id, record.rev, record.deleted, record.body)


def body_of(connection: apsw.Connection, record: Record, rev: str) -> bytes | None:
    """The stored body of any revision; None when only its name is known."""
    if rev == record.rev:
        return record.body
    row = connection.execute(
        "SELECT body FROM revisions WHERE document = ? AND rev = ?", (record.key, rev)
    ).get
    return None if row is None else bytes(row)
