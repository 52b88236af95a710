"""One batch of documents, applied to the database in one transaction: revisions, policy, groups, feeds."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import apsw
import orjson

from sync import messages, revisions
from sync.documents import Edit, parse_edit
from sync.errors import Conflict, Forbidden, QuarantineFull, SyncError
from sync.policy import Caller, Doc, OpenPolicy, Policy, Refused, scope_of
from sync.revisions import Rev, Tree
from sync.sqlite import attachments, quarantine
from sync.sqlite.announce import NOT_FORESEEN, Announcer, Touched, Unforeseen
from sync.sqlite.memory import DatabaseMemory, Group, Memory
from sync.sqlite.records import COLUMNS, Record, body_of, doc_of
from sync.store import Quota, WriteResult

_log = logging.getLogger("sync.sqlite")

MAX_DOCUMENT_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Written:
    """What a job hands to the commit: the fate of each document, and what to wake."""

    results: list[WriteResult]
    seq: int
    channels: frozenset[str]


@dataclass(frozen=True)
class Rejected:
    """An arriving document that could not even be read as one, but is kept because its sender would retry for
    ever.
    """

    id: str
    doc: Doc
    code: str
    reason: str


class Transaction:
    """The unit of work behind `Database.write`.

    Documents are changed in memory and written out by `finish`.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        memory: Memory,
        database: DatabaseMemory,
        policy: Policy,
        caller: Caller | None,
        quota: Quota = Quota(),
    ) -> None:
        self._connection = connection
        self._memory = memory
        self._database = database
        self._policy = policy
        self._caller = caller
        self._quota = quota
        self._scope = scope_of(caller, policy)
        self._grouped = not isinstance(policy, OpenPolicy)
        self._records: dict[str, Record | None] = {}
        self._new: list[Record] = []
        self._changed: dict[int, Record] = {}
        self._touched: dict[str, Touched] = {}
        self._groups_of: dict[int, Group | None] = {}
        self._purged: list[Record] = []
        self._announcer = Announcer(connection, database)

    def run(self, edits: Sequence[Edit | Rejected]) -> Written:
        self._load(edit.id for edit in edits)
        results = [self._fate(edit) for edit in edits]
        return self._finish(results)

    def _load(self, ids: Iterable[str]) -> None:
        unknown = [identifier for identifier in ids if identifier not in self._records]
        if not unknown:
            return
        self._records.update(dict.fromkeys(unknown))
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM documents d"
            " WHERE database = ? AND id IN (SELECT value FROM json_each(?))",
            (self._database.key, orjson.dumps(unknown).decode()),
        )
        for row in rows:
            record = Record.of(row)
            self._records[record.id] = record

    # -- one document

    def _fate(self, edit: Edit | Rejected) -> WriteResult:
        try:
            if isinstance(edit, Rejected):
                raise Refused(edit.code, edit.reason)
            return WriteResult(edit.id, str(self._apply(edit)))
        except Unforeseen:
            raise
        except Conflict as conflict:
            return WriteResult(edit.id, error=conflict.error, reason=conflict.reason)
        except Refused as refused:
            return self._quarantine(edit, refused)
        except SyncError as error:
            if self._scope is None or isinstance(edit, Rejected) or not edit.path:
                raise
            return self._quarantine(edit, Refused(error.error, messages.MALFORMED))

    def _quarantine(self, edit: Edit | Rejected, refused: Refused) -> WriteResult:
        rev = str(edit.rev) if isinstance(edit, Edit) and edit.rev else None
        try:
            receipt = self._keep(edit, rev, refused)
        except QuarantineFull as full:
            return WriteResult(edit.id, rev, full.error, full.reason)
        return WriteResult(edit.id, rev, Forbidden.error, refused.reason, receipt)

    def _keep(self, edit: Edit | Rejected, rev: str | None, refused: Refused) -> str:
        return quarantine.keep(
            self._connection,
            self._database.key,
            owner=self._caller.name if self._caller else "",
            identifier=edit.id,
            rev=rev,
            doc=edit.doc,
            refused=refused,
            new_edits=isinstance(edit, Edit) and not edit.path,
            quota=self._quota,
        )

    def _apply(self, edit: Edit) -> Rev:
        """Store one document; its revision. Refused or Conflict when it may not be stored."""
        record = self._records[edit.id]
        if record is not None and not self._readable(record):
            if edit.path and self._is_same(record, edit):
                # Said again after a lost answer: it ended the sender's own access. Nothing is told that the
                # sender did not say.
                return edit.path[0]
            # Never a conflict: that would tell that the document exists.
            raise Refused("not_readable", messages.NOT_READABLE)
        path = edit.path or self._continue(record, edit)
        if record is not None and edit.path and self._knows(record, path):
            return path[0]
        if self._caller is not None and self._scope is not None:
            self._ask(self._caller, edit, path[0], record)
        try:
            self._store(edit, path, record)
            if self._grouped and not edit.deleted:
                self._follow_up(edit)
        except NOT_FORESEEN as error:
            _log.warning("the policy failed over a document", exc_info=error)
            raise Unforeseen(f"The rules of this database do not know such a document: {edit.id}") from error
        return path[0]

    def _continue(self, record: Record | None, edit: Edit) -> tuple[Rev, ...]:
        """The path of a new edit: what it follows, if it may. Conflict otherwise."""
        parent = edit.rev
        if record is None:
            if parent is not None:
                raise Conflict
        elif parent is None:
            if not record.deleted:
                raise Conflict
            parent = Rev.parse(record.rev)
        elif parent not in revisions.leaves(record.revision_tree()):
            raise Conflict
        rev = revisions.next_revision(parent, deleted=edit.deleted, digest=edit.digest)
        return (rev,) if parent is None else (rev, parent)

    def _knows(self, record: Record, path: Sequence[Rev]) -> bool:
        """Whether this revision is stored already, so that a repeated request changes nothing."""
        node = record.revision_tree().nodes.get(path[0])
        return node is not None and node.stored

    def _is_same(self, record: Record, edit: Edit) -> bool:
        """Whether this very revision is stored with this very content."""
        node = record.revision_tree().nodes.get(edit.path[0])
        if node is None or not node.stored or node.deleted != edit.deleted or edit.attachments:
            return False
        body = body_of(self._connection, record, str(edit.path[0]))
        return body is not None and bool(orjson.loads(body) == edit.data)

    def _ask(self, caller: Caller, edit: Edit, rev: Rev, record: Record | None) -> None:
        """Refused when the policy says no, or fails over a document that it did not foresee."""
        if len(edit.body) > MAX_DOCUMENT_BYTES:
            raise Refused("too_large", messages.TOO_LARGE)
        doc: Doc = {"_id": edit.id, "_rev": str(rev), **edit.data}
        if edit.deleted:
            doc["_deleted"] = True
        if edit.attachments:
            doc["_attachments"] = edit.doc["_attachments"]
        try:
            if edit.deleted and record is not None:
                group = self._group_of(record)
            else:
                group = self._group_named(self._policy.group(doc))
            self._policy.may_write(caller, doc, group.listing() if group else ())
        except NOT_FORESEEN as error:
            _log.warning("the policy failed over a document of %s", caller.name, exc_info=error)
            raise Refused("malformed", messages.MALFORMED) from error

    def _store(self, edit: Edit, path: Sequence[Rev], record: Record | None) -> None:
        body = edit.body
        if edit.attachments:
            body = attachments.take(self._connection, edit, path, record)
        if record is None:
            fresh = self._insert(edit, path, body)
            if self._grouped:
                self._regroup(fresh, self._group_named(self._policy.group(edit.doc)))
        elif self._merge(record, edit, path, body) and self._grouped:
            self._regroup(record, self._group_by_winner(record))

    def _group_by_winner(self, record: Record) -> Group | None:
        """Where the document belongs now. A deletion stays where it was."""
        if record.deleted:
            return self._group_of(record)
        winning = doc_of(record.id, record.rev, False, record.body)
        return self._group_named(self._policy.group(winning))

    def _insert(self, edit: Edit, path: Sequence[Rev], body: bytes) -> Record:
        tree = None
        if len(path) > 1:
            whole = revisions.path_tree(path, deleted=edit.deleted)
            tree = revisions.to_bytes(revisions.stem(whole, self._database.revs_limit))
        key = self._memory.new_document_key(self._connection)
        seq = self._database.next_seq()
        record = Record(key, edit.id, None, seq, str(path[0]), edit.deleted, tree, body)
        self._count(record.deleted, 1)
        self._records[edit.id] = record
        self._new.append(record)
        self._groups_of[key] = None
        return record

    def _merge(self, record: Record, edit: Edit, path: Sequence[Rev], body: bytes) -> bool:
        """Graft the path onto the document's tree; False when the tree knew it all."""
        old = record.revision_tree()
        grown = revisions.merge(old, revisions.path_tree(path, deleted=edit.deleted))
        tree = revisions.stem(grown, self._database.revs_limit)
        if tree == old:
            return False
        if path[0] not in old or not old.nodes[path[0]].stored:
            self._keep_body(record, path[0], body)
        self._become(record, grown, tree)
        return True

    def _become(self, record: Record, grown: Tree, tree: Tree) -> None:
        """Give the document `tree`, which is what was kept of `grown`, at a new sequence number."""
        self._keep_body(record, Rev.parse(record.rev), record.body)
        winner = revisions.winner(tree)
        self._count(record.deleted, -1)
        record.body = self._take_body(record, winner)
        record.rev, record.deleted = str(winner), tree.nodes[winner].deleted
        self._count(record.deleted, 1)
        record.tree = revisions.to_bytes(tree) if len(tree.nodes) > 1 else None
        record.seq = self._database.next_seq()
        self._changed[record.key] = record
        self._drop_stemmed(record, grown, tree)

    def _keep_body(self, record: Record, rev: Rev, body: bytes) -> None:
        self._connection.execute(
            "INSERT INTO revisions VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (record.key, str(rev), body)
        )

    def _take_body(self, record: Record, rev: Rev) -> bytes:
        row = self._connection.execute(
            "DELETE FROM revisions WHERE document = ? AND rev = ? RETURNING body", (record.key, str(rev))
        ).get
        return bytes(row)

    def _drop_stemmed(self, record: Record, grown: Tree, kept: Tree) -> None:
        for rev in grown.nodes:
            if rev not in kept:
                self._connection.execute(
                    "DELETE FROM revisions WHERE document = ? AND rev = ?", (record.key, str(rev))
                )

    def _count(self, deleted: bool, by: int) -> None:
        if deleted:
            self._database.doc_del_count += by
        else:
            self._database.doc_count += by

    # -- groups

    def _group_of(self, record: Record) -> Group | None:
        if record.key not in self._groups_of:
            found = None
            if record.group_key is not None:
                found = self._database.group_by_key(self._connection, record.group_key, self._policy.outline)
            self._groups_of[record.key] = found
        return self._groups_of[record.key]

    def _readable(self, record: Record) -> bool:
        if self._scope is None:
            return True
        group = self._group_of(record)
        if group is None:
            return False
        touched = self._touched.get(group.name)
        channels = touched.channels(self._policy) if touched else group.channels
        return not self._scope.isdisjoint(channels)

    def _group_named(self, name: str | None) -> Group | None:
        return None if name is None else self._database.group(self._connection, name, self._policy.outline)

    def _regroup(self, record: Record, after: Group | None) -> None:
        """Put a written document where it belongs.

        A deletion stays in the group where the document was, so that its readers learn of it, and no others.
        """
        before = self._group_of(record)
        if before is not None and before is not after:
            before.remove(record.id)
            left = self._touch(before)
            left.arrived = [other for other in left.arrived if other is not record]
            self._announcer.withdraw(record.key, record.seq, before.channels)
        self._groups_of[record.key] = after
        if after is None:
            return
        touched = self._touch(after)
        if not any(other is record for other in touched.arrived):
            touched.arrived.append(record)
        if record.deleted:
            after.remove(record.id)
        else:
            after.put(self._policy.outline(doc_of(record.id, record.rev, False, record.body)))

    def _touch(self, group: Group) -> Touched:
        touched = self._touched.setdefault(group.name, Touched(group))
        touched.current = None
        return touched

    def _follow_up(self, edit: Edit) -> None:
        """Write, as the server, the consequences of a stored document, and theirs."""
        record = self._records[edit.id]
        group = self._group_of(record) if record else None
        docs = self._policy.consequences({"_id": edit.id, **edit.data}, group.listing() if group else ())
        for doc in docs:
            following = parse_edit(doc, new_edits=True)
            self._load([following.id])
            if self._records[following.id] is None:
                self._store(following, self._continue(None, following), None)
                self._follow_up(following)

    # -- the end

    def _finish(self, results: list[WriteResult]) -> Written:
        for touched in self._touched.values():
            self._save_group(touched.group)
        self._write_records()
        for touched in self._touched.values():
            self._announcer.announce(touched, self._policy)
        self._announcer.flush()
        self._delete_purged()
        if self._new or self._changed:
            self._database.save(self._connection)
        self._database.trim()
        return Written(results, self._database.last_seq, frozenset(self._announcer.channels))

    def _delete_purged(self) -> None:
        keys = [(record.key,) for record in self._purged]
        self._connection.executemany("DELETE FROM feed WHERE document = ?", keys)
        self._connection.executemany("DELETE FROM revisions WHERE document = ?", keys)
        self._connection.executemany("DELETE FROM documents WHERE key = ?", keys)

    def _save_group(self, group: Group) -> None:
        if not group.key:
            self._connection.execute(
                "INSERT INTO groups (database, name, channels) VALUES (?, ?, '[]')",
                (self._database.key, group.name),
            )
            group.key = self._connection.last_insert_rowid()

    def _write_records(self) -> None:
        for record in (*self._new, *self._changed.values()):
            group = self._groups_of.get(record.key)
            record.group_key = group.key if group else None
        database = self._database.key
        self._connection.executemany(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (r.key, database, r.id, r.group_key, r.seq, r.rev, r.deleted, r.tree, r.body)
                for r in self._new
            ],
        )
        fresh = {record.key for record in self._new}
        self._connection.executemany(
            "UPDATE documents SET group_key = ?, seq = ?, rev = ?, deleted = ?, tree = ?, body = ?"
            " WHERE key = ?",
            [
                (r.group_key, r.seq, r.rev, r.deleted, r.tree, r.body, r.key)
                for r in self._changed.values()
                if r.key not in fresh
            ],
        )
