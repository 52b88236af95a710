"""Checks a store file against itself: trees, bodies, attachments, groups, feeds, counters. Reads only.

Everything derived (groups, feeds, counters) is computed again from the documents by the policy, and compared.
What no other copy vouches for, such as one changed letter inside a body that still is JSON, cannot be found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import apsw
import orjson

from sync import revisions
from sync.documents import digest_of
from sync.policy import Doc
from sync.revisions import Tree
from sync.sqlite import copying
from sync.sqlite.records import COLUMNS, Record, doc_of
from sync.sqlite.schema import MIGRATIONS

STATES = ("held", "resent", "discarded", "released")


class Grouping(Protocol):
    """The part of a policy that says who reads what (sync/policy.py)."""

    def group(self, doc: Doc) -> str | None: ...

    def outline(self, doc: Doc) -> Doc: ...

    def channels(self, group: str, docs: Sequence[Doc]) -> frozenset[str]: ...


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be.

    `kind` is for programs: file, tree, body, attachment, group, channels, feed_missing (a reader does not
    get it), feed_extra (a stranger gets it), feed_seq, counter, seq, quarantine, orphan. `id` names the
    document, group or receipt.
    """

    kind: str
    database: str
    id: str
    detail: str


@dataclass(frozen=True)
class Place:
    """One database in the file."""

    connection: apsw.Connection
    key: int
    name: str
    last_seq: int
    policy: Grouping | None


def verify(path: Path, policies: Mapping[str, Grouping]) -> Iterator[Finding]:
    """Every finding of the store file `path`; databases that `policies` does not name are plain.

    May run beside a server: all of it sees one moment.
    """
    found = copying.faults(path)
    yield from (Finding("file", "", path.name, fault) for fault in found)
    if found:
        return
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        connection.set_busy_timeout(10_000)
        connection.execute("BEGIN")
        version = connection.pragma("user_version")
        if version != len(MIGRATIONS):
            yield Finding("file", "", path.name, f"schema {version}, this program knows {len(MIGRATIONS)}")
            return
        yield from _attachments(connection)
        yield from _orphans(connection)
        for place in places(connection, policies):
            yield from _documents(place)
            yield from _counters(place)
            yield from _groups(place)
            yield from _quarantine(place)


def places(connection: apsw.Connection, policies: Mapping[str, Grouping]) -> list[Place]:
    rows = connection.execute("SELECT key, name, last_seq FROM databases ORDER BY key")
    return [Place(connection, key, name, seq, policies.get(name)) for key, name, seq in rows]


# -- documents


def _documents(place: Place) -> Iterator[Finding]:
    rows = place.connection.execute(
        f"SELECT {COLUMNS} FROM documents d WHERE database = ? ORDER BY key", (place.key,)
    )
    for row in rows:
        record = Record.of(row)
        for kind, detail in _document(place, record):
            yield Finding(kind, place.name, record.id, detail)


def _document(place: Place, record: Record) -> Iterator[tuple[str, str]]:
    if not 1 <= record.seq <= place.last_seq:
        yield "seq", f"its sequence number {record.seq} was never given out"
    try:
        tree = record.revision_tree()
        faults = list(_tree(record, tree))
    except Exception as error:
        yield "tree", f"its revision tree cannot be read: {error}"
        return
    yield from (("tree", fault) for fault in faults)
    if faults:
        return
    yield from _bodies(place, record, tree)
    yield from _membership(place, record)


def _tree(record: Record, tree: Tree) -> Iterator[str]:
    for rev, node in tree.nodes.items():
        if node.parent is not None and node.parent not in tree.nodes:
            yield f"{rev} follows {node.parent}, which is not in the tree"
    leaves = revisions.leaves(tree)
    if not leaves:
        yield "no revision is stored"
        return
    if str(leaves[0]) != record.rev:
        yield f"the winner is {leaves[0]}, but {record.rev} is shown"
    elif tree.nodes[leaves[0]].deleted != record.deleted:
        yield f"{record.rev} is {'not ' if record.deleted else ''}a deletion, shown as the contrary"


def _bodies(place: Place, record: Record, tree: Tree) -> Iterator[tuple[str, str]]:
    """Bodies of leaves must be there, those of ancestors may have been compacted; all of them parse."""
    stored = dict(
        place.connection.execute("SELECT rev, body FROM revisions WHERE document = ?", (record.key,))
    )
    stored[record.rev] = record.body
    for leaf in revisions.leaves(tree):
        if str(leaf) not in stored:
            yield "body", f"the body of {leaf} is missing"
    known = {str(rev) for rev in tree.nodes}
    for rev, body in stored.items():
        if rev not in known:
            yield "body", f"a body is stored for {rev}, which is not in the tree"
        yield from _body(place, rev, body)


def _body(place: Place, rev: str, body: bytes) -> Iterator[tuple[str, str]]:
    try:
        doc = orjson.loads(body)
        stubs: dict[str, Any] = doc.get("_attachments", {})
        named = [(name, stub["digest"], stub["length"]) for name, stub in stubs.items()]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        yield "body", f"the body of {rev} is no document: {error}"
        return
    for name, digest, length in named:
        sql = "SELECT length(data) FROM attachments WHERE digest = ?"
        found = place.connection.execute(sql, (digest,)).get
        if found is None:
            yield "attachment", f"{name} of {rev} is missing: {digest}"
        elif found != length:
            yield "attachment", f"{name} of {rev} has {found} bytes, not {length}"


def _membership(place: Place, record: Record) -> Iterator[tuple[str, str]]:
    """A deletion stays in the group where the document was, which only its past could tell."""
    kept = None
    if record.group_key is not None:
        sql = "SELECT name FROM groups WHERE key = ? AND database = ?"
        kept = place.connection.execute(sql, (record.group_key, place.key)).get
        if kept is None:
            yield "group", f"its group {record.group_key} is not there"
            return
    if record.deleted:
        return
    try:
        wanted = place.policy.group(_winning(record)) if place.policy else None
    except Exception as error:
        yield "group", f"the policy fails over it: {error!r}"
        return
    if kept != wanted:
        yield "group", f"it is kept in the group {kept}, and belongs to {wanted}"


def _winning(record: Record) -> Doc:
    return doc_of(record.id, record.rev, record.deleted, record.body)


# -- groups and feeds


def _groups(place: Place) -> Iterator[Finding]:
    """Channels and feed rows of each group, and of the documents that are in none."""
    keys = place.connection.execute(
        "SELECT key, name, channels FROM groups WHERE database = ? ORDER BY key", (place.key,)
    )
    for key, name, kept in keys:
        try:
            wanted = channels_now(place, key, name)
        except Exception as error:
            yield Finding("group", place.name, name, f"the policy fails over it: {error!r}")
            continue
        if set(orjson.loads(kept)) != wanted:
            detail = f"kept as readable in {kept}, by the policy in {sorted(wanted)}"
            yield Finding("channels", place.name, name, detail)
        yield from _feed(place, key, wanted)
    yield from _feed(place, None, frozenset())


def channels_now(place: Place, key: int, name: str) -> frozenset[str]:
    """The channels of a group, computed from its documents as they are."""
    if place.policy is None:
        return frozenset()
    rows = place.connection.execute(
        f"SELECT {COLUMNS} FROM documents d WHERE group_key = ? AND NOT deleted ORDER BY seq", (key,)
    )
    docs = [place.policy.outline(_winning(Record.of(row))) for row in rows]
    return place.policy.channels(name, docs)


def _feed(place: Place, group: int | None, wanted: frozenset[str]) -> Iterator[Finding]:
    """Every document of a group stands in exactly its channels, no earlier than it was last written."""
    where = "d.group_key = ?2" if group is not None else "d.group_key IS NULL AND ?2 IS NULL"
    documents = place.connection.execute(
        f"SELECT d.key, d.id, d.seq FROM documents d WHERE d.database = ?1 AND {where}", (place.key, group)
    )
    for key, identifier, written in documents:
        standing = standing_rows(place, key)
        for channel in sorted(wanted - standing.keys()):
            yield Finding("feed_missing", place.name, identifier, f"not announced in {channel}")
        for channel in sorted(standing.keys() - wanted):
            yield Finding("feed_extra", place.name, identifier, f"readable in {channel}, against the policy")
        for channel, seq in sorted(standing.items()):
            if not written <= seq <= place.last_seq:
                detail = f"stands at {seq} in {channel}; written at {written}, newest {place.last_seq}"
                yield Finding("feed_seq", place.name, identifier, detail)


def standing_rows(place: Place, document: int) -> dict[str, int]:
    """The channels in which a document is announced, each with its sequence number."""
    return dict(
        place.connection.execute(
            "SELECT c.name, f.seq FROM feed f JOIN channels c ON c.key = f.channel"
            " WHERE f.document = ? AND NOT f.removed",
            (document,),
        )
    )


# -- the rest


def _attachments(connection: apsw.Connection) -> Iterator[Finding]:
    for digest, data in connection.execute("SELECT digest, data FROM attachments"):
        if digest_of(data) != digest:
            yield Finding("attachment", "", digest, "its bytes do not have this digest")


_ORPHANS = {
    "a body of a document that is not there": (
        "SELECT document FROM revisions WHERE document NOT IN (SELECT key FROM documents)"
    ),
    "a feed row of a document that is not there": (
        "SELECT document FROM feed WHERE document NOT IN (SELECT key FROM documents)"
    ),
    "a feed row of a channel that is not there": (
        "SELECT channel FROM feed WHERE channel NOT IN (SELECT key FROM channels)"
    ),
    "a document of a database that is not there": (
        "SELECT id FROM documents WHERE database NOT IN (SELECT key FROM databases)"
    ),
    "a case of a database that is not there": (
        "SELECT receipt FROM quarantine WHERE database NOT IN (SELECT key FROM databases)"
    ),
}


def _orphans(connection: apsw.Connection) -> Iterator[Finding]:
    for detail, sql in _ORPHANS.items():
        for (identifier,) in connection.execute(sql):
            yield Finding("orphan", "", str(identifier), detail)


def _counters(place: Place) -> Iterator[Finding]:
    kept = place.connection.execute(
        "SELECT doc_count, doc_del_count FROM databases WHERE key = ?", (place.key,)
    ).get
    counted = place.connection.execute(
        "SELECT coalesce(sum(NOT deleted), 0), coalesce(sum(deleted), 0) FROM documents WHERE database = ?",
        (place.key,),
    ).get
    if kept != counted:
        detail = f"counted as (documents, deleted) {kept}, there are {counted}"
        yield Finding("counter", place.name, place.name, detail)
    rows = place.connection.execute(
        "SELECT d.id, f.seq FROM feed f JOIN documents d ON d.key = f.document"
        " WHERE d.database = ? AND f.removed AND NOT f.seq BETWEEN 1 AND ?",
        (place.key, place.last_seq),
    )
    for identifier, seq in rows:
        yield Finding("seq", place.name, identifier, f"withdrawn at {seq}, which was never given out")


def _quarantine(place: Place) -> Iterator[Finding]:
    rows = place.connection.execute(
        "SELECT receipt, state, body FROM quarantine WHERE database = ?", (place.key,)
    )
    for receipt, state, body in rows:
        if state not in STATES:
            yield Finding("quarantine", place.name, receipt, f"its state is {state}")
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError as error:
            yield Finding("quarantine", place.name, receipt, f"its body cannot be read: {error}")
