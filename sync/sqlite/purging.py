"""Purging: a leaf is forgotten as if it had never been, in one transaction with its groups and feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync import revisions
from sync.revisions import Rev
from sync.sqlite.records import Record
from sync.sqlite.transaction import Transaction, Written


class Purge(Transaction):
    """The unit of work behind `Database.purge`."""

    def purge(self, asked: Mapping[str, Sequence[Rev]]) -> tuple[dict[str, list[str]], Written]:
        self._load(asked)
        purged = {
            identifier: self._forget(self._records[identifier], revs) for identifier, revs in asked.items()
        }
        return purged, self._finish([])

    def _forget(self, record: Record | None, revs: Sequence[Rev]) -> list[str]:
        if record is None:
            return []
        tree = record.revision_tree()
        standing = revisions.leaves(tree)
        gone = [rev for rev in dict.fromkeys(revs) if rev in standing]
        if not gone:
            return []
        self._connection.execute(
            "UPDATE databases SET purge_seq = purge_seq + 1 WHERE key = ?", (self._database.key,)
        )
        left = revisions.prune(tree, gone)
        if left.nodes:
            self._become(record, tree, left)
            if self._grouped:
                self._regroup(record, self._group_by_winner(record))
        else:
            self._vanish(record)
        return [str(rev) for rev in gone]

    def _vanish(self, record: Record) -> None:
        """Other documents of its group may lose a channel by it, as by a deletion."""
        self._count(record.deleted, -1)
        record.seq = self._database.next_seq()
        self._changed[record.key] = record
        self._purged.append(record)
        if self._grouped:
            self._regroup(record, None)
