"""`_all_docs`: documents in the order of their ids (bytes of UTF-8, as CouchDB sorts them)."""

from __future__ import annotations

from typing import Any

from sync.revisions import Rev
from sync.sqlite import feeds
from sync.sqlite.records import COLUMNS, Record
from sync.sqlite.snapshot import Snapshot
from sync.store import Range, Row, Rows, Shown


def all_docs(snapshot: Snapshot, within: Range, include_docs: bool, shown: Shown) -> Rows:
    total = feeds.counts(snapshot)[0]
    if within.keys is not None:
        rows = [_by_key(snapshot, key, include_docs, shown) for key in within.keys]
        if within.descending:
            rows.reverse()
        end = None if within.limit is None else within.skip + within.limit
        return Rows(rows[within.skip : end], total, 0)
    source, bindings = _source(snapshot, within)
    found = snapshot.connection.execute(
        f"SELECT {COLUMNS if include_docs else COLUMNS.replace('d.body', 'NULL')} {source}"
        f" ORDER BY d.id {'DESC' if within.descending else 'ASC'} LIMIT ? OFFSET ?",
        (*bindings, -1 if within.limit is None else within.limit, within.skip),
    )
    rows = [_row(snapshot, Record.of(row), include_docs, shown) for row in found]
    return Rows(rows, total, _offset(snapshot, within))


def _source(snapshot: Snapshot, within: Range) -> tuple[str, tuple[Any, ...]]:
    """FROM and WHERE for the bounds.

    A confined caller's list is drawn from their feed, never from the whole.
    """
    below, above = (within.end, within.start) if within.descending else (within.start, within.end)
    exact_below = within.inclusive_end or not within.descending
    exact_above = within.inclusive_end or within.descending
    clauses = ["NOT d.deleted"]
    bindings: list[Any] = []
    if below is not None:
        clauses.append(f"d.id {'>=' if exact_below else '>'} ?")
        bindings.append(below)
    if above is not None:
        clauses.append(f"d.id {'<=' if exact_above else '<'} ?")
        bindings.append(above)
    if snapshot.channels is None:
        where = f"FROM documents d WHERE d.database = ? AND {' AND '.join(clauses)}"
        return where, (snapshot.database, *bindings)
    # CROSS JOIN is SQLite's word for: in this order.
    where = (
        "FROM (SELECT DISTINCT document FROM feed WHERE removed = 0 AND channel IN"
        " (SELECT value FROM json_each(?))) f CROSS JOIN documents d ON d.key = f.document"
        f" WHERE {' AND '.join(clauses)}"
    )
    return where, (snapshot.channels, *bindings)


def _offset(snapshot: Snapshot, within: Range) -> int:
    """How many documents stand before the first row."""
    if within.start is None:
        return within.skip
    side = Range(start=within.start, descending=not within.descending)
    source, bindings = _source(snapshot, side)
    before = snapshot.connection.execute(
        f"SELECT count(*) {source} AND d.id <> ?", (*bindings, within.start)
    ).get
    return int(before) + within.skip


def _by_key(snapshot: Snapshot, key: str, include_docs: bool, shown: Shown) -> Row:
    record = snapshot.find(key)
    if record is None:
        return Row(key, error="not_found")
    if record.deleted:
        return Row(key, record.rev, deleted=True)
    return _row(snapshot, record, include_docs, shown)


def _row(snapshot: Snapshot, record: Record, include_docs: bool, shown: Shown) -> Row:
    doc = snapshot.show(record, Rev.parse(record.rev), shown) if include_docs else None
    return Row(record.id, record.rev, doc=doc)
