"""Reading documents of one database, as one caller, within one read transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import apsw
import orjson

from sync import revisions
from sync.errors import NotFound
from sync.policy import Doc, Scope
from sync.revisions import Rev, Tree
from sync.sqlite import attachments
from sync.sqlite.records import COLUMNS, Record, body_of, doc_of
from sync.store import PLAIN, AttachmentData, Leaf, Missing, Shown


class Snapshot:
    """What a caller confined to `scope` sees.

    `channels`: the keys of its channels as a JSON array; None: all.
    """

    def __init__(self, connection: apsw.Connection, database: int, scope: Scope) -> None:
        self.connection = connection
        self.database = database
        self.channel_keys = None if scope is None else _channel_keys(connection, database, scope)
        self.channels = None if self.channel_keys is None else orjson.dumps(self.channel_keys).decode()

    def find(self, identifier: str) -> Record | None:
        """The document, unless it is absent or unreadable: the two are never told apart."""
        row = self.connection.execute(
            f"SELECT {COLUMNS} FROM documents d WHERE database = ? AND id = ?", (self.database, identifier)
        ).get
        if row is None:
            return None
        record = Record.of(row)
        return record if self._readable(record.key) else None

    def _readable(self, key: int) -> bool:
        if self.channels is None:
            return True
        return bool(
            self.connection.execute(
                "SELECT EXISTS (SELECT 1 FROM feed WHERE document = ? AND removed = 0"
                " AND channel IN (SELECT value FROM json_each(?)))",
                (key, self.channels),
            ).get
        )

    def get(self, identifier: str, rev: str | None = None, shown: Shown = PLAIN) -> Doc:
        record = self.find(identifier)
        if record is None:
            raise NotFound
        if rev is None:
            if record.deleted:
                raise NotFound("deleted")
            return self.show(record, Rev.parse(record.rev), shown)
        doc = self._revision(record, Rev.parse(rev), shown)
        if doc is None:
            raise NotFound
        return doc

    def leaves(
        self, identifier: str, revs: Sequence[str] | Literal["all"], latest: bool, shown: Shown
    ) -> list[Leaf]:
        record = self.find(identifier)
        if record is None:
            if revs == "all":
                raise NotFound
            return [Leaf(rev, None) for rev in revs]
        if record.tree is None and (revs == "all" or list(revs) == [record.rev]):
            return [Leaf(record.rev, self._only_revision(record, shown))]
        tree = record.revision_tree()
        asked = revisions.leaves(tree) if revs == "all" else [Rev.parse(rev) for rev in revs]
        if latest:
            asked = [leaf for rev in asked for leaf in (revisions.latest(tree, rev) or [rev])]
        return [Leaf(str(rev), self._revision(record, rev, shown)) for rev in dict.fromkeys(asked)]

    def diff(self, asked: Mapping[str, Sequence[str]]) -> dict[str, Missing]:
        found: dict[str, Missing] = {}
        records = self._find_many(list(asked))
        for identifier, texts in asked.items():
            record = records.get(identifier)
            if record is not None and record.tree is None and list(texts) == [record.rev]:
                continue
            tree = record.revision_tree() if record else None
            absent = revisions.missing(tree, (Rev.parse(text) for text in texts))
            if absent:
                ancestors = revisions.possible_ancestors(tree, absent) if tree else []
                found[identifier] = Missing(tuple(map(str, absent)), tuple(map(str, ancestors)))
        return found

    def _find_many(self, identifiers: Sequence[str]) -> dict[str, Record]:
        """Those that are there and readable, without their bodies."""
        columns = COLUMNS.replace("d.body", "x''")
        rows = self.connection.execute(
            f"SELECT {columns} FROM documents d"
            " WHERE database = ? AND id IN (SELECT value FROM json_each(?))",
            (self.database, orjson.dumps(identifiers).decode()),
        )
        records = [Record.of(row) for row in rows.fetchall()]
        return {record.id: record for record in records if self._readable(record.key)}

    def attachment(self, identifier: str, name: str, rev: str | None) -> AttachmentData:
        stub: dict[str, Any] | None = self.get(identifier, rev).get("_attachments", {}).get(name)
        if stub is None:
            raise NotFound("Document is missing attachment")
        data = attachments.read(self.connection, stub["digest"])
        return AttachmentData(stub["content_type"], stub["digest"], data)

    def show(self, record: Record, rev: Rev, shown: Shown = PLAIN) -> Doc:
        """A stored revision with the members asked for."""
        doc = self._revision(record, rev, shown)
        assert doc is not None
        return doc

    def _only_revision(self, record: Record, shown: Shown) -> Doc:
        """The document of a record that has no other revisions: most have none."""
        doc = doc_of(record.id, record.rev, record.deleted, record.body)
        if shown.revs_info or shown.local_seq or (shown.attachments and "_attachments" in doc):
            return self.show(record, Rev.parse(record.rev), shown)
        if shown.revs:
            generation, _, name = record.rev.partition("-")
            doc["_revisions"] = {"start": int(generation), "ids": [name]}
        return doc

    def _revision(self, record: Record, rev: Rev, shown: Shown) -> Doc | None:
        body = body_of(self.connection, record, str(rev))
        if body is None:
            return None
        if shown is PLAIN and str(rev) == record.rev:
            return doc_of(record.id, record.rev, record.deleted, body)
        tree = record.revision_tree()
        doc = doc_of(record.id, str(rev), tree.nodes[rev].deleted, body)
        self._add_members(doc, record, tree, rev, shown)
        return doc

    def _add_members(self, doc: Doc, record: Record, tree: Tree, rev: Rev, shown: Shown) -> None:
        path = revisions.ancestry(tree, rev)
        if shown.revs:
            shorter = path[: self._revs_limit()] if len(path) > 1 else path
            doc["_revisions"] = {"start": rev.generation, "ids": [each.hash for each in shorter]}
        if shown.revs_info:
            doc["_revs_info"] = [
                {"rev": str(each), "status": self._status(record, tree, each)} for each in path
            ]
        losers = revisions.leaves(tree)[1:]
        if shown.conflicts and (alive := [str(leaf) for leaf in losers if not tree.nodes[leaf].deleted]):
            doc["_conflicts"] = alive
        if shown.deleted_conflicts and (dead := [str(leaf) for leaf in losers if tree.nodes[leaf].deleted]):
            doc["_deleted_conflicts"] = dead
        if shown.local_seq:
            doc["_local_seq"] = record.seq
        if shown.attachments and "_attachments" in doc:
            floor = _common_generation(path, shown.atts_since)
            names = [name for name, stub in doc["_attachments"].items() if stub["revpos"] > floor]
            attachments.inline(self.connection, doc, names)

    def _revs_limit(self) -> int:
        """A limit that was lowered holds at once, though trees are stemmed when they are next written."""
        sql = "SELECT revs_limit FROM databases WHERE key = ?"
        return int(self.connection.execute(sql, (self.database,)).get)

    def _status(self, record: Record, tree: Tree, rev: Rev) -> str:
        if body_of(self.connection, record, str(rev)) is None:
            return "missing"
        return "deleted" if tree.nodes[rev].deleted else "available"


def _channel_keys(connection: apsw.Connection, database: int, scope: frozenset[str]) -> list[int]:
    rows = connection.execute(
        "SELECT key FROM channels WHERE database = ? AND name IN (SELECT value FROM json_each(?))",
        (database, orjson.dumps(sorted(scope)).decode()),
    )
    return [key for (key,) in rows]


def _common_generation(path: Sequence[Rev], since: Sequence[str]) -> int:
    """The newest generation of `path` that the asking peer has already."""
    return max((rev.generation for rev in path if str(rev) in since), default=0)
