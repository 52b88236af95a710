"""The ledger: what a deployment must keep beside its documents, as documents of one CouchDB database.

    database:<name>            a database of the deployment, with its settings
    case:<name>:<hash>         one case of quarantine; the hash is over owner, id and content
    local:<name>:<hash>        one user's `_local` document

They are edited as CouchDB means it: with the revision they follow, so that of two nodes that change the same
one at the same moment the second is told, looks, and decides again.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import apsw
import orjson

from sync.policy import Doc

# CouchDB refuses documents over 8 MB; the body of a refused one may be larger, and goes as an attachment.
_LARGE_BYTES = 512 * 1024
BODY = "body"

CASE_COLUMNS = (
    "receipt, rev, code, reason, at, state, settled_by, settled_reason, settled_at, new_edits, body"
)

Fetch = Callable[[str], bytes]


def database_id(name: str) -> str:
    return f"database:{name}"


def _hashed(kind: str, name: str, *parts: str) -> str:
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{kind}:{name}:{digest[:40]}"


def database_doc(name: str, revs_limit: int, security: bytes | None) -> Doc:
    return {
        "_id": database_id(name),
        "name": name,
        "revs_limit": revs_limit,
        "security": None if security is None else orjson.loads(security),
    }


# -- from the index


def changed_database(connection: apsw.Connection, key: int) -> Doc | None:
    row = connection.execute("SELECT name, revs_limit, security FROM databases WHERE key = ?", (key,)).get
    return None if row is None else database_doc(*row)


def changed_case(
    connection: apsw.Connection, name: str, database: int, owner: str, identifier: str, digest: str
) -> Doc:
    """The case as it is now; a tombstone where it is there no longer."""
    doc: Doc = {
        "_id": _hashed("case", name, owner, identifier, digest),
        "owner": owner,
        "id": identifier,
        "digest": digest,
    }
    row = connection.execute(
        f"SELECT {CASE_COLUMNS} FROM quarantine WHERE database = ? AND owner = ? AND id = ? AND digest = ?",
        (database, owner, identifier, digest),
    ).get
    if row is None:
        return {**doc, "_deleted": True}
    *values, body = row
    doc |= dict(zip(CASE_COLUMNS.split(", ")[:-1], values, strict=True))
    if len(body) > _LARGE_BYTES:
        data = base64.b64encode(body).decode()
        doc["_attachments"] = {BODY: {"content_type": "application/octet-stream", "data": data}}
    else:
        doc["body"] = orjson.loads(body)
    return doc


def changed_local(connection: apsw.Connection, name: str, database: int, owner: str, identifier: str) -> Doc:
    doc: Doc = {"_id": _hashed("local", name, owner, identifier), "owner": owner, "id": identifier}
    row = connection.execute(
        "SELECT rev, body FROM local_documents WHERE database = ? AND owner = ? AND id = ?",
        (database, owner, identifier),
    ).get
    if row is None:
        return {**doc, "_deleted": True}
    return {**doc, "rev": row[0], "body": orjson.loads(row[1])}


# -- into the index


def database_name(identifier: str) -> tuple[str, str]:
    """The kind of a ledger document and the database it is about; ("", "") for any other."""
    kind, _, rest = identifier.partition(":")
    if kind == "database":
        return kind, rest
    return (kind, rest.rpartition(":")[0]) if kind in ("case", "local") else ("", "")


def index_case(connection: apsw.Connection, database: int, doc: Doc, fetch: Fetch) -> None:
    """`fetch` gives the bytes of a large body."""
    place = (database, doc["owner"], doc["id"], doc["digest"])
    connection.execute(
        "DELETE FROM quarantine WHERE database = ? AND owner = ? AND id = ? AND digest = ?", place
    )
    if doc.get("_deleted"):
        return
    body = fetch(doc["_id"]) if "_attachments" in doc else orjson.dumps(doc["body"])
    values: list[Any] = [doc[column] for column in CASE_COLUMNS.split(", ")[:-1]]
    connection.execute(
        f"INSERT INTO quarantine (database, owner, id, digest, {CASE_COLUMNS})"
        f" VALUES ({', '.join('?' * (len(place) + len(values) + 1))})",
        (*place, *values, body),
    )


def index_local(connection: apsw.Connection, database: int, doc: Doc) -> None:
    place = (database, doc["owner"], doc["id"])
    if doc.get("_deleted"):
        connection.execute("DELETE FROM local_documents WHERE database = ? AND owner = ? AND id = ?", place)
    else:
        connection.execute(
            "INSERT OR REPLACE INTO local_documents VALUES (?, ?, ?, ?, ?)",
            (*place, doc["rev"], orjson.dumps(doc["body"])),
        )
