"""`_local` documents: a user's own notes (replication checkpoints), never replicated, seen by nobody else."""

from __future__ import annotations

import re

import apsw
import orjson

from sync.documents import data_of, encode
from sync.errors import BadRequest, Conflict, NotFound
from sync.policy import Doc

_REV = re.compile(r"0-\d{1,15}")


def get(connection: apsw.Connection, database: int, owner: str, identifier: str) -> Doc:
    row = _find(connection, database, owner, identifier)
    if row is None:
        raise NotFound
    rev, body = row
    return {"_id": f"_local/{identifier}", "_rev": f"0-{rev}", **orjson.loads(body)}


def listed(connection: apsw.Connection, database: int, owner: str) -> list[Doc]:
    rows = connection.execute(
        "SELECT id, rev, body FROM local_documents WHERE database = ? AND owner = ? ORDER BY id",
        (database, owner),
    )
    return [{"_id": f"_local/{name}", "_rev": f"0-{rev}", **orjson.loads(body)} for name, rev, body in rows]


def put(connection: apsw.Connection, database: int, owner: str, identifier: str, doc: Doc) -> str:
    given = doc.get("_rev")
    row = _find(connection, database, owner, identifier)
    if given is not None and not (isinstance(given, str) and _REV.fullmatch(given)):
        raise BadRequest("Invalid rev format")
    if row is not None and given != f"0-{row[0]}":
        raise Conflict
    rev = row[0] + 1 if row else 1
    connection.execute(
        "INSERT OR REPLACE INTO local_documents VALUES (?, ?, ?, ?, ?)",
        (database, owner, identifier, rev, encode(data_of(doc))),
    )
    return f"0-{rev}"


def delete(connection: apsw.Connection, database: int, owner: str, identifier: str, rev: str | None) -> None:
    row = _find(connection, database, owner, identifier)
    if row is None:
        raise NotFound
    if rev is not None and rev != f"0-{row[0]}":
        raise Conflict
    connection.execute(
        "DELETE FROM local_documents WHERE database = ? AND owner = ? AND id = ?",
        (database, owner, identifier),
    )


def _find(
    connection: apsw.Connection, database: int, owner: str, identifier: str
) -> tuple[int, bytes] | None:
    row = connection.execute(
        "SELECT rev, body FROM local_documents WHERE database = ? AND owner = ? AND id = ?",
        (database, owner, identifier),
    ).get
    return (row[0], row[1]) if row else None
