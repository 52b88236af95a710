"""Feeds: which documents stand in which channels.

Runs at the end of a transaction, over the groups it changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import apsw
import orjson

from sync.errors import BadRequest
from sync.policy import Policy
from sync.sqlite.memory import DatabaseMemory, Group
from sync.sqlite.records import Record

# What a policy raises over a document that its author did not think of.
NOT_FORESEEN = (LookupError, TypeError, ValueError, AttributeError)


class Unforeseen(BadRequest):
    """The policy failed after the document was taken in: the whole batch is rolled back."""

    error = "doc_validation"


@dataclass
class Touched:
    """What a transaction did to one group. `arrived`: its documents that were written, new or moved here."""

    group: Group
    arrived: list[Record] = field(default_factory=list)
    current: frozenset[str] | None = None

    def channels(self, policy: Policy) -> frozenset[str]:
        """The channels in which the group is readable now; asked again after every write to the group."""
        if self.current is None:
            try:
                self.current = policy.channels(self.group.name, self.group.listing())
            except NOT_FORESEEN as error:
                raise Unforeseen("The rules of this database do not know such a document.") from error
        return self.current


class Announcer:
    """Writes feed rows for one transaction and collects the channels that have news."""

    def __init__(self, connection: apsw.Connection, memory: DatabaseMemory) -> None:
        self._connection = connection
        self._memory = memory
        self._standing: list[tuple[int, int, int]] = []
        self._removed: list[tuple[int, int, int]] = []
        self.channels: set[str] = set()

    def announce(self, touched: Touched, policy: Policy) -> None:
        """Bring the group's feed rows in line with its channels.

        Written documents stand in every channel at their own sequence number. The group's other documents are
        announced in the channels gained, and as removed in those lost, each at a sequence number of its own.
        """
        group, before, after = touched.group, touched.group.channels, touched.channels(policy)
        gained, lost = after - before, before - after
        for record in touched.arrived:
            self._stand(record.key, record.seq, after)
            self.withdraw(record.key, record.seq, lost)
        if gained or lost:
            written = {record.key for record in touched.arrived}
            for key in self._others(group, written):
                seq = self._memory.next_seq()
                self._stand(key, seq, gained)
                self.withdraw(key, seq, lost)
            self._connection.execute(
                "UPDATE groups SET channels = ? WHERE key = ?",
                (orjson.dumps(sorted(after)).decode(), group.key),
            )
            group.channels = after

    def withdraw(self, document: int, seq: int, channels: Iterable[str]) -> None:
        """The document is no longer readable in `channels`.

        Without effect where it never was: its id is no news.
        """
        for name in channels:
            self._removed.append((seq, document, self._key(name)))

    def flush(self) -> None:
        """Removals first: a document that moved to another group may stand in the same channel again."""
        self._connection.executemany(
            "UPDATE feed SET seq = ?, removed = 1 WHERE document = ? AND channel = ?", self._removed
        )
        self._connection.executemany("INSERT OR REPLACE INTO feed VALUES (?, ?, ?, 0)", self._standing)

    def _stand(self, document: int, seq: int, channels: Iterable[str]) -> None:
        for name in channels:
            self._standing.append((self._key(name), seq, document))

    def _key(self, channel: str) -> int:
        self.channels.add(channel)
        return self._memory.channel_key(self._connection, channel)

    def _others(self, group: Group, written: set[int]) -> list[int]:
        rows: Iterable[tuple[int]] = self._connection.execute(
            "SELECT key FROM documents WHERE group_key = ? ORDER BY seq", (group.key,)
        )
        return [key for (key,) in rows if key not in written]
