"""How far this node's index has followed each CouchDB database, kept in the index itself.

`instance` is the mark that was found in the CouchDB database: another mark means another database, and that
what the index holds is not what CouchDB holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import apsw

_SETUP = """
CREATE TABLE IF NOT EXISTS followed (
    couch TEXT PRIMARY KEY,
    instance TEXT NOT NULL,
    seq TEXT NOT NULL
);
-- The revisions of the ledger's documents, which an edit must name.
CREATE TABLE IF NOT EXISTS ledger (id TEXT PRIMARY KEY, rev TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Position:
    instance: str
    seq: str


def set_up(connection: apsw.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_SETUP)
    connection.execute("COMMIT")


def position(connection: apsw.Connection, couch: str) -> Position | None:
    row = connection.execute("SELECT instance, seq FROM followed WHERE couch = ?", (couch,)).get
    return Position(*row) if row else None


def move(connection: apsw.Connection, couch: str, to: Position) -> None:
    connection.execute("INSERT OR REPLACE INTO followed VALUES (?, ?, ?)", (couch, to.instance, to.seq))


def forget(connection: apsw.Connection, couch: str) -> None:
    connection.execute("DELETE FROM followed WHERE couch = ?", (couch,))


def ledger_rev(connection: apsw.Connection, identifier: str) -> str | None:
    row = connection.execute("SELECT rev FROM ledger WHERE id = ?", (identifier,)).get
    return None if row is None else str(row)


def know_ledger_rev(connection: apsw.Connection, identifier: str, rev: str | None) -> None:
    """`rev` None: it was deleted, and may be made again without naming a revision."""
    if rev is None:
        connection.execute("DELETE FROM ledger WHERE id = ?", (identifier,))
    else:
        connection.execute("INSERT OR REPLACE INTO ledger VALUES (?, ?)", (identifier, rev))
