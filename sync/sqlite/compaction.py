"""Dropping what no reader can ask for any more: bodies that are not leaves', and files that no body names."""

from __future__ import annotations

import apsw

from sync import revisions

# Attachments are shared by all databases. Few bodies name any: the others are told by a search for the word.
_NAMED = """SELECT json_extract(file.value, '$.digest') AS digest
    FROM {table}, json_each(CAST(body AS TEXT), '$._attachments') file
    WHERE instr(body, CAST('"_attachments":' AS BLOB))"""
_DROP_FILES = f"""DELETE FROM attachments WHERE digest NOT IN
    ({_NAMED.format(table="documents")} UNION ALL {_NAMED.format(table="revisions")})"""


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
    if connection.execute("SELECT EXISTS (SELECT 1 FROM attachments)").get:
        connection.execute(_DROP_FILES)
