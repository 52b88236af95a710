"""What the writer remembers between transactions, so that the common write needs few statements.

Only the writer's thread touches these. All of it can be forgotten at any time: it is read from the file
again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import apsw
import orjson

from sync.policy import Doc
from sync.sqlite.records import COLUMNS, Record, winning_doc

Outline = Callable[[Doc], Doc]

# Documents of recently written groups that are kept parsed, so that a batch of events does not read them
# again.
_KEPT_DOCUMENTS = 20_000


@dataclass
class Group:
    """A group: the channels in which it is announced, and its winning, undeleted documents by id.

    `key` 0: not on disk yet. A group that only refused documents named never gets there.
    """

    key: int
    name: str
    channels: frozenset[str]
    docs: dict[str, Doc]
    _listing: list[Doc] | None = None

    def listing(self) -> list[Doc]:
        if self._listing is None:
            self._listing = list(self.docs.values())
        return self._listing

    def put(self, doc: Doc) -> None:
        if self._listing is not None and doc["_id"] not in self.docs:
            self._listing = [*self._listing, doc]
        else:
            self._listing = None
        self.docs[doc["_id"]] = doc

    def remove(self, identifier: str) -> None:
        if self.docs.pop(identifier, None) is not None:
            self._listing = None


@dataclass
class DatabaseMemory:
    """The counters of one database, its channel keys, and recently used groups."""

    key: int
    last_seq: int
    doc_count: int
    doc_del_count: int
    revs_limit: int
    channel_keys: dict[str, int] = field(default_factory=dict)
    groups: OrderedDict[str, Group] = field(default_factory=OrderedDict)

    @classmethod
    def load(cls, connection: apsw.Connection, key: int) -> DatabaseMemory | None:
        row = connection.execute(
            "SELECT key, last_seq, doc_count, doc_del_count, revs_limit FROM databases WHERE key = ?", (key,)
        ).get
        return cls(*row) if row else None

    def save(self, connection: apsw.Connection) -> None:
        connection.execute(
            "UPDATE databases SET last_seq = ?, doc_count = ?, doc_del_count = ?, revs_limit = ?"
            " WHERE key = ?",
            (self.last_seq, self.doc_count, self.doc_del_count, self.revs_limit, self.key),
        )

    def next_seq(self) -> int:
        self.last_seq += 1
        return self.last_seq

    def channel_key(self, connection: apsw.Connection, name: str) -> int:
        key = self.channel_keys.get(name)
        if key is None:
            connection.execute(
                "INSERT INTO channels (database, name) VALUES (?, ?) ON CONFLICT DO NOTHING", (self.key, name)
            )
            found = connection.execute(
                "SELECT key FROM channels WHERE database = ? AND name = ?", (self.key, name)
            ).get
            key = self.channel_keys[name] = int(found)
        return key

    def group(self, connection: apsw.Connection, name: str, outline: Outline) -> Group:
        """The group called `name`, on disk or not."""
        group = self.groups.get(name)
        if group is None:
            group = _load_group(connection, self.key, name, outline) or Group(0, name, frozenset(), {})
            self.groups[name] = group
        self.groups.move_to_end(name)
        return group

    def group_by_key(self, connection: apsw.Connection, key: int, outline: Outline) -> Group:
        row = connection.execute("SELECT name FROM groups WHERE key = ?", (key,)).get
        return self.group(connection, row, outline)

    def trim(self) -> None:
        """Forget the groups that were not used for longest. Between transactions only."""
        kept = sum(len(group.docs) + 1 for group in self.groups.values())
        while kept > _KEPT_DOCUMENTS:
            _, group = self.groups.popitem(last=False)
            kept -= len(group.docs) + 1


class Memory:
    """Everything the writer remembers."""

    def __init__(self) -> None:
        self.databases: dict[int, DatabaseMemory] = {}
        self._next_document: int | None = None

    def forget(self) -> None:
        self.databases.clear()
        self._next_document = None

    def database(self, connection: apsw.Connection, key: int) -> DatabaseMemory | None:
        found = self.databases.get(key) or DatabaseMemory.load(connection, key)
        if found is not None:
            self.databases[key] = found
        return found

    def new_document_key(self, connection: apsw.Connection) -> int:
        if self._next_document is None:
            highest = connection.execute("SELECT max(key) FROM documents").get or 0
            self._next_document = highest + 1
        key = self._next_document
        self._next_document += 1
        return key


def _load_group(connection: apsw.Connection, database: int, name: str, outline: Outline) -> Group | None:
    row = connection.execute(
        "SELECT key, channels FROM groups WHERE database = ? AND name = ?", (database, name)
    ).get
    if row is None:
        return None
    key, channels = row
    return Group(key, name, frozenset(orjson.loads(channels)), docs_of_group(connection, key, outline))


def docs_of_group(connection: apsw.Connection, key: int, outline: Outline) -> dict[str, Doc]:
    """The winning, undeleted documents of a group, in outline (sync/policy.py)."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM documents d WHERE group_key = ? AND NOT deleted ORDER BY seq", (key,)
    )
    docs = (outline(winning_doc(Record.of(row))) for row in rows)
    return {doc["_id"]: doc for doc in docs}
