"""Dropping what no reader can ask for any more: bodies of revisions that are not leaves."""

from __future__ import annotations

import apsw

from sync import revisions


def compact(connection: apsw.Connection, database: int) -> None:
    """Only documents with more than one revision have anything to drop."""
    rows = connection.execute(
        "SELECT key, tree FROM documents WHERE database = ? AND tree IS NOT NULL", (database,)
    )
    doomed: list[tuple[int, str]] = []
    for key, tree in rows:
        grown = revisions.from_bytes(tree)
        kept = set(revisions.leaves(grown))
        doomed += [(key, str(rev)) for rev, node in grown.nodes.items() if node.stored and rev not in kept]
    connection.executemany("DELETE FROM revisions WHERE document = ? AND rev = ?", doomed)
