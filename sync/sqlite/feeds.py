"""Reading feeds: the whole database in order of writing, or what stands in a caller's channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from sync import revisions
from sync.revisions import Rev
from sync.sqlite.records import COLUMNS, Record
from sync.sqlite.snapshot import Snapshot
from sync.store import Change, Changes, Wanted

# `pending` is for progress bars; counting further would cost more than the page itself.
PENDING_BOUND = 10_000
# SQLite takes at most 500 terms in one compound SELECT.
_CHANNELS_AT_ONCE = 200

# A document is told as removed only where no channel of the caller has it any more.
_GONE = """AND (f.removed = 0 OR NOT EXISTS (SELECT 1 FROM feed o WHERE o.document = f.document
    AND o.channel IN (SELECT value FROM json_each(?2)) AND o.removed = 0))"""


def changes(snapshot: Snapshot, wanted: Wanted) -> Changes:
    """One page of a feed."""
    limit = wanted.limit if wanted.limit is not None else -1
    rows = _rows(snapshot, wanted, limit)
    found = [_change(snapshot, row, wanted) for row in rows]
    full = limit >= 0 and len(found) >= limit
    if found and (full or wanted.descending):
        last_seq = found[-1].seq
    else:
        last_seq = max(wanted.since, current_seq(snapshot))
    pending = _pending(snapshot, last_seq) if full and not wanted.descending else 0
    return Changes(found, last_seq, pending)


def current_seq(snapshot: Snapshot) -> int:
    """The newest sequence number that the caller can see."""
    if snapshot.channels is None:
        sql, bindings = "SELECT last_seq FROM databases WHERE key = ?", (snapshot.database,)
        return int(snapshot.connection.execute(sql, bindings).get)
    row = snapshot.connection.execute(
        "SELECT max((SELECT max(seq) FROM feed WHERE channel = value)) FROM json_each(?)",
        (snapshot.channels,),
    ).get
    return int(row or 0)


def counts(snapshot: Snapshot) -> tuple[int, int]:
    """How many documents, and how many deleted ones, the caller can see."""
    if snapshot.channels is None:
        sql = "SELECT doc_count, doc_del_count FROM databases WHERE key = ?"
        alive, dead = snapshot.connection.execute(sql, (snapshot.database,)).get
        return alive, dead
    alive, dead = snapshot.connection.execute(
        "SELECT coalesce(sum(NOT deleted), 0), coalesce(sum(deleted), 0) FROM documents WHERE key IN"
        " (SELECT document FROM feed WHERE removed = 0 AND channel IN (SELECT value FROM json_each(?)))",
        (snapshot.channels,),
    ).get
    return alive, dead


def _rows(snapshot: Snapshot, wanted: Wanted, limit: int) -> list[Any]:
    """(seq, removed, document columns ...) in the order asked."""
    if wanted.doc_ids is not None:
        return _rows_of_ids(snapshot, wanted, limit)
    if snapshot.channel_keys is not None:
        return _rows_of_channels(snapshot, wanted, limit)
    order = "DESC" if wanted.descending else "ASC"
    return snapshot.connection.execute(
        f"SELECT d.seq, 0, {_columns(wanted)} FROM documents d"
        f" WHERE database = ? AND seq > ? ORDER BY seq {order} LIMIT ?",
        (snapshot.database, wanted.since, limit),
    ).fetchall()


def _columns(wanted: Wanted) -> str:
    """Bodies are read only when they are asked for: a page of chunks would be megabytes."""
    return COLUMNS if wanted.include_docs else COLUMNS.replace("d.body", "NULL")


def _rows_of_channels(snapshot: Snapshot, wanted: Wanted, limit: int) -> list[Any]:
    """Each document once in a page, at its last row there.

    One that was announced in two channels may come again on a later page. Leaving out the earlier row would
    not do: until the later one is read, its channel may be lost.
    """
    found: dict[int, Any] = {}
    after = wanted
    while limit < 0 or len(found) < limit:
        left = limit - len(found) if limit >= 0 else -1
        rows = _next_rows(snapshot, after, left)
        for row in rows:
            if wanted.descending:
                found.setdefault(row[2], row)
            else:
                found.pop(row[2], None)
                found[row[2]] = row
        if left < 0 or len(rows) < left or wanted.descending:
            break
        after = replace(wanted, since=rows[-1][0])
    return list(found.values())


def _next_rows(snapshot: Snapshot, wanted: Wanted, limit: int) -> list[Any]:
    keys = snapshot.channel_keys or []
    rows: list[Any] = []
    for start in range(0, len(keys), _CHANNELS_AT_ONCE):
        rows += _rows_of_some(snapshot, wanted, limit, keys[start : start + _CHANNELS_AT_ONCE])
    if len(keys) > _CHANNELS_AT_ONCE:
        rows.sort(key=lambda row: int(row[0]), reverse=wanted.descending)
    return rows if limit < 0 else rows[:limit]


def _rows_of_some(snapshot: Snapshot, wanted: Wanted, limit: int, keys: Sequence[int]) -> list[Any]:
    """Each channel gives its first rows by its own index, and these are sorted: it costs what it gives."""
    order = "DESC" if wanted.descending else "ASC"
    removed = _GONE if wanted.removals else "AND f.removed = 0"
    each = f"""SELECT * FROM (SELECT f.seq, f.removed, f.document FROM feed f
        WHERE f.channel = %d AND f.seq > ?1 {removed} ORDER BY f.seq {order} LIMIT ?3)"""
    union = " UNION ALL ".join(each % key for key in keys)
    return snapshot.connection.execute(
        f"SELECT u.seq, u.removed, {_columns(wanted)} FROM ({union}) u JOIN documents d ON d.key = u.document"
        f" WHERE ?2 IS NOT NULL ORDER BY u.seq {order} LIMIT ?3",
        (wanted.since, snapshot.channels, limit),
    ).fetchall()


def _rows_of_ids(snapshot: Snapshot, wanted: Wanted, limit: int) -> list[Any]:
    order = "DESC" if wanted.descending else "ASC"
    ids = orjson.dumps(wanted.doc_ids).decode()
    among = "d.database = ?1 AND d.id IN (SELECT value FROM json_each(?2))"
    if snapshot.channels is None:
        return snapshot.connection.execute(
            f"SELECT d.seq, 0, {_columns(wanted)} FROM documents d WHERE {among} AND d.seq > ?3"
            f" ORDER BY d.seq {order} LIMIT ?4",
            (snapshot.database, ids, wanted.since, limit),
        ).fetchall()
    return snapshot.connection.execute(
        f"SELECT max(f.seq) AS at, 0, {_columns(wanted)} FROM documents d JOIN feed f ON f.document = d.key"
        f" WHERE {among} AND f.removed = 0 AND f.channel IN (SELECT value FROM json_each(?5))"
        f" GROUP BY d.key HAVING at > ?3 ORDER BY at {order} LIMIT ?4",
        (snapshot.database, ids, wanted.since, limit, snapshot.channels),
    ).fetchall()


def _change(snapshot: Snapshot, row: Any, wanted: Wanted) -> Change:
    seq, removed, *columns = row
    record = Record.of(columns)
    if removed:
        return Change(seq, record.id, (), removed=True)  # its present revision is none of theirs
    revs: tuple[str, ...] = (record.rev,)
    if wanted.style == "all_docs" and record.tree is not None:
        revs = tuple(map(str, revisions.leaves(record.revision_tree())))
    doc = snapshot.show(record, Rev.parse(record.rev), wanted.shown) if wanted.include_docs else None
    return Change(seq, record.id, revs, record.deleted, doc=doc)


def _pending(snapshot: Snapshot, after: int) -> int:
    if snapshot.channels is None:
        source = "SELECT 1 FROM documents WHERE database = ?1 AND seq > ?2"
        bindings: tuple[Any, ...] = (snapshot.database, after, PENDING_BOUND)
    else:
        source = (
            "SELECT DISTINCT document FROM feed WHERE channel IN (SELECT value FROM json_each(?1))"
            " AND seq > ?2 AND removed = 0"
        )
        bindings = (snapshot.channels, after, PENDING_BOUND)
    sql = f"SELECT count(*) FROM (SELECT * FROM ({source}) LIMIT ?3)"
    return int(snapshot.connection.execute(sql, bindings).get)
