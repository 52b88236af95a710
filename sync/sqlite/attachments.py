"""Attachments: bytes stored once for each digest; documents carry stubs."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import orjson

from sync.documents import Attachment, Edit, encode
from sync.errors import BadRequest, PreconditionFailed
from sync.policy import Doc
from sync.revisions import Rev
from sync.sqlite.records import Record, body_of

Stub = dict[str, Any]


def take(connection: apsw.Connection, edit: Edit, path: Sequence[Rev], record: Record | None) -> bytes:
    """Store the attachments that an edit brings; the body with a stub for each.

    A stub must be one that a stored revision of the same document has, so that naming a digest opens nothing.
    PreconditionFailed missing_stub otherwise.
    """
    stubs: dict[str, Stub] = {}
    known: dict[str, list[Stub]] | None = None
    for attachment in edit.attachments:
        if attachment.data is None:
            known = known if known is not None else _known(connection, record, path)
            stubs[attachment.name] = _same(attachment, known, edit.id)
        else:
            stubs[attachment.name] = _put(connection, attachment, path[0])
    return encode({**edit.data, "_attachments": stubs})


def _put(connection: apsw.Connection, attachment: Attachment, rev: Rev) -> Stub:
    assert attachment.data is not None
    connection.execute(
        "INSERT INTO attachments VALUES (?, ?) ON CONFLICT DO NOTHING", (attachment.digest, attachment.data)
    )
    stored = read(connection, str(attachment.digest))
    if stored != attachment.data:  # two contents with one md5 are made on purpose
        raise BadRequest("Possible message corruption.", "content_md5_mismatch")
    return {
        "content_type": attachment.content_type,
        "revpos": min(attachment.revpos or rev.generation, rev.generation),
        "digest": attachment.digest,
        "length": len(attachment.data),
        "stub": True,
    }


def _known(connection: apsw.Connection, record: Record | None, path: Sequence[Rev]) -> dict[str, list[Stub]]:
    """Stubs of the stored revisions of the document, by name; nearer ancestors of the edit last."""
    if record is None:
        return {}
    stored = [rev for rev, node in record.revision_tree().nodes.items() if node.stored]
    ancestors = [rev for rev in reversed(path) if rev in stored]
    found: dict[str, list[Stub]] = {}
    for rev in [rev for rev in stored if rev not in ancestors] + ancestors:
        body = body_of(connection, record, str(rev))
        if body is not None and b'"_attachments"' in body:
            for name, stub in orjson.loads(body).get("_attachments", {}).items():
                found.setdefault(name, []).append(stub)
    return found


def _same(attachment: Attachment, known: dict[str, list[Stub]], identifier: str) -> Stub:
    """By its digest where the stub names one, by the generation that brought it where it does not."""
    for stub in reversed(known.get(attachment.name, [])):
        if attachment.digest is not None:
            if attachment.digest == stub["digest"]:
                return stub
        elif attachment.revpos in (None, stub["revpos"]):
            return stub
    raise PreconditionFailed(f"Invalid attachment stub in {identifier} for {attachment.name}", "missing_stub")


def read(connection: apsw.Connection, digest: str) -> bytes:
    row = connection.execute("SELECT data FROM attachments WHERE digest = ?", (digest,)).get
    return bytes(row)


def inline(connection: apsw.Connection, doc: Doc, names: Iterable[str]) -> None:
    """Put the bytes of the named attachments into `doc`, as base64, in place of their stubs."""
    for name in names:
        stub = doc["_attachments"][name]
        data = base64.b64encode(read(connection, stub["digest"])).decode()
        shown = {key: value for key, value in stub.items() if key not in ("stub", "length")}
        doc["_attachments"][name] = {**shown, "data": data}
