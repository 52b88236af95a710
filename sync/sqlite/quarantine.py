"""Documents that were refused, kept whole until somebody settles them."""

from __future__ import annotations

from typing import Any

import apsw
import orjson

from sync import messages, revisions
from sync.documents import Edit, parse_edit
from sync.errors import Conflict, NotFound, QuarantineFull
from sync.policy import Doc, Refused
from sync.receipts import new_receipt, now
from sync.store import STATES, Quarantined, Quota, State

_COLUMNS = (
    "receipt, owner, id, rev, body, code, reason, at, state, settled_by, settled_reason, settled_at,"
    " new_edits"
)


def keep(
    connection: apsw.Connection,
    database: int,
    *,
    owner: str,
    identifier: str,
    rev: str | None,
    doc: Doc,
    refused: Refused,
    new_edits: bool,
    quota: Quota,
) -> str:
    """Its receipt. The same document refused again, after a lost answer, gets the same receipt.

    QuarantineFull when the owner's held cases leave no room for it.
    """
    digest = revisions.content_digest(doc).hex()
    known = connection.execute(
        "SELECT receipt FROM quarantine WHERE database = ? AND owner = ? AND id = ? AND digest = ?",
        (database, owner, identifier, digest),
    ).get
    if known:
        return str(known)
    body = orjson.dumps(doc)
    _make_room(connection, database, owner, len(body), quota)
    receipt = new_receipt()
    connection.execute(
        "INSERT INTO quarantine"
        " (receipt, database, owner, id, rev, body, digest, code, reason, at, new_edits)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            receipt,
            database,
            owner,
            identifier,
            rev,
            body,
            digest,
            refused.code,
            refused.reason,
            now(),
            new_edits,
        ),
    )
    return receipt


def _make_room(connection: apsw.Connection, database: int, owner: str, size: int, quota: Quota) -> None:
    """Drop the oldest settled cases of `owner` until one more of `size` bytes fits."""
    cases, used = connection.execute(
        "SELECT count(*), coalesce(sum(length(body)), 0) FROM quarantine WHERE database = ? AND owner = ?",
        (database, owner),
    ).get
    if cases < quota.cases and used + size <= quota.bytes:
        return
    settled = connection.execute(
        "SELECT receipt, length(body) FROM quarantine"
        " WHERE database = ? AND owner = ? AND state <> 'held' ORDER BY receipt",
        (database, owner),
    )
    doomed: list[tuple[str]] = []
    for receipt, length in settled:
        doomed.append((receipt,))
        cases, used = cases - 1, used - length
        if cases < quota.cases and used + size <= quota.bytes:
            connection.executemany("DELETE FROM quarantine WHERE receipt = ?", doomed)
            return
    raise QuarantineFull(messages.QUARANTINE_FULL)


def counts(connection: apsw.Connection, database: int) -> dict[State, int]:
    rows = connection.execute(
        "SELECT state, count(*) FROM quarantine WHERE database = ? GROUP BY state", (database,)
    )
    return {**dict.fromkeys(STATES, 0), **dict(rows)}


def take_over(connection: apsw.Connection, database: int, case: Quarantined) -> None:
    """Keep a case as another store has it."""
    values = {**vars(case), "body": orjson.dumps(case.body), "database": database}
    values["digest"] = revisions.content_digest(case.body).hex()
    connection.execute(
        f"INSERT INTO quarantine ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
        " ON CONFLICT DO NOTHING",
        tuple(values.values()),
    )


def edit_of(case: Quarantined) -> Edit:
    """The document as it was written: a new edit, or a peer's revision."""
    return parse_edit(case.body, new_edits=case.new_edits)


def listed(
    connection: apsw.Connection,
    database: int,
    owner: str | None,
    state: State | None,
    limit: int,
    after: str | None,
) -> list[Quarantined]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM quarantine WHERE database = ? AND (?2 IS NULL OR owner = ?2)"
        " AND (?3 IS NULL OR state = ?3) AND receipt > ?4 ORDER BY receipt LIMIT ?5",
        (database, owner, state, after or "", limit),
    )
    return [_case(row) for row in rows]


def one(connection: apsw.Connection, database: int, receipt: str) -> Quarantined:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM quarantine WHERE database = ? AND receipt = ?", (database, receipt)
    ).get
    if row is None:
        raise NotFound
    return _case(row)


def settle(
    connection: apsw.Connection, database: int, receipt: str, state: State, by: str, reason: str
) -> tuple[Quarantined, bool]:
    """Close a case; False when the same was said before, and only the answer was lost."""
    known = one(connection, database, receipt)
    if known.state == state:
        return known, False
    if known.state != "held":
        raise Conflict("This case is settled already.")
    connection.execute(
        "UPDATE quarantine SET state = ?, settled_by = ?, settled_reason = ?, settled_at = ?"
        " WHERE database = ? AND receipt = ?",
        (state, by, reason, now(), database, receipt),
    )
    return one(connection, database, receipt), True


def _case(row: Any) -> Quarantined:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values |= {"body": orjson.loads(values["body"]), "new_edits": bool(values["new_edits"])}
    return Quarantined(**values)
