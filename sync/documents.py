"""Documents as they arrive and as they leave: checking, splitting, encoding. Pure functions; no I/O."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sync import revisions
from sync.errors import BadRequest
from sync.policy import Doc
from sync.revisions import Rev
from sync.unfolding import unfold

MAX_ID_BYTES = 2048
MAX_ATTACHMENT_BYTES = 32 * 1024 * 1024
# What an answer may add around a document (results -> docs -> ok ...) before orjson's limit of 254 levels.
_ROOM = 16

# Members that CouchDB computes; a client that sends them back is not telling anything.
_IGNORED = frozenset({"_revs_info", "_local_seq", "_conflicts", "_deleted_conflicts"})
_MEANT = frozenset({"_id", "_rev", "_deleted", "_revisions", "_attachments"})
# Members that CouchDB's replicator keeps as data in its own documents.
_KEPT = frozenset(f"_replication_{end}" for end in ("id", "state", "state_time", "state_reason", "stats"))
_KNOWN = _MEANT | _IGNORED | _KEPT


@dataclass(frozen=True)
class Attachment:
    """One attachment of an arriving document.

    `data` None: a stub, whose bytes a stored revision must have; its `digest` is None where it does not tell.
    """

    name: str
    content_type: str
    data: bytes | None
    digest: str | None
    revpos: int | None


@dataclass(frozen=True)
class Edit:
    """One arriving document, checked.

    `path`: its revision and ancestors, newest first; empty for a new edit.
    """

    id: str
    doc: Doc
    rev: Rev | None
    path: tuple[Rev, ...]
    deleted: bool
    body: bytes
    attachments: tuple[Attachment, ...] = ()

    @property
    def data(self) -> Doc:
        """The document's own members."""
        return data_of(self.doc)

    @property
    def digest(self) -> bytes:
        """Of the content, for the name of a new revision; a replicated document brings its own."""
        return _digest(self.data, self.attachments)


def data_of(doc: Doc) -> Doc:
    return {key: value for key, value in doc.items() if key[:1] != "_" or key in _KEPT}


def parse_edit(doc: object, *, new_edits: bool) -> Edit:
    """Check one arriving document; BadRequest with CouchDB's words when it cannot be one."""
    if not isinstance(doc, dict):
        raise BadRequest("Document must be a JSON object")
    for key in doc:
        if key[:1] == "_" and key not in _KNOWN:
            raise BadRequest(f"Bad special document member: {key}", "doc_validation")
    identifier = check_id(doc.get("_id"))
    deleted = doc.get("_deleted", False)
    if not isinstance(deleted, bool):
        raise BadRequest("_deleted must be true or false", "doc_validation")
    rev = Rev.parse(doc["_rev"]) if doc.get("_rev") is not None else None
    path = () if new_edits else _path(doc, rev)
    return Edit(
        id=identifier,
        doc=doc,
        rev=path[0] if path else rev,
        path=path,
        deleted=deleted,
        body=encode(data_of(doc)),
        attachments=_attachments(doc.get("_attachments")),
    )


def check_id(identifier: object) -> str:
    """A document id that may be stored; BadRequest otherwise."""
    if not isinstance(identifier, str):
        raise BadRequest("Document id must be a string", "illegal_docid")
    if not identifier:
        raise BadRequest("Document id must not be empty", "illegal_docid")
    if identifier == "_design/":
        raise BadRequest("Illegal document id `_design/`", "illegal_docid")
    if identifier[0] == "_" and not identifier.startswith("_design/"):
        raise BadRequest("Only reserved document ids may start with underscore.", "illegal_docid")
    if len(identifier.encode("utf-8", "replace")) > MAX_ID_BYTES:
        raise BadRequest("Document id is too long", "illegal_docid")
    if "\0" in identifier:
        raise BadRequest("Document id must not contain a null character", "illegal_docid")
    return identifier


def encode(data: Mapping[str, Any]) -> bytes:
    """JSON for the disk.

    Nested in lists while encoding, so that what is stored can still be nested in an answer.
    """
    try:
        nested: Any = data
        for _ in range(_ROOM):
            nested = [nested]
        return orjson.dumps(nested)[_ROOM:-_ROOM]
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest("Document is nested too deeply or holds a value that is not JSON") from error


def _path(doc: Doc, rev: Rev | None) -> tuple[Rev, ...]:
    """The ancestry that a replicating peer sends: `_revisions`, or `_rev` alone."""
    given = doc.get("_revisions")
    if given is None:
        if rev is None:
            raise BadRequest("When `new_edits: false`, the document needs `_rev` or `_revisions` specified")
        return (rev,)
    if not isinstance(given, dict):
        raise BadRequest("_revisions must be an object", "doc_validation")
    start, ids = given.get("start"), given.get("ids")
    if rev is not None and type(start) is int and ids == [rev.hash] and start == rev.generation:
        return (rev,)  # most documents have one revision
    if not isinstance(start, int) or isinstance(start, bool):
        raise BadRequest("_revisions.start isn't an integer.", "doc_validation")
    if not isinstance(ids, list) or not 0 < len(ids) <= start or not all(isinstance(i, str) for i in ids):
        raise BadRequest("_revisions.ids isn't a array.", "doc_validation")  # CouchDB's own grammar
    path = tuple(Rev.parse(f"{start - n}-{name}") for n, name in enumerate(ids))
    if rev is not None and rev != path[0]:
        raise BadRequest("_rev and _revisions do not agree", "doc_validation")
    return path


def _attachments(given: object) -> tuple[Attachment, ...]:
    if given is None:
        return ()
    if not isinstance(given, dict):
        raise BadRequest("_attachments must be an object", "doc_validation")
    return tuple(_attachment(name, meta) for name, meta in given.items())


def _attachment(name: str, meta: object) -> Attachment:
    if not isinstance(meta, dict):
        raise BadRequest("Attachment data must be an object", "doc_validation")
    if not name or name[0] == "_":
        prohibited = f"Attachment name '{name}' starts with prohibited character '_'"
        raise BadRequest(prohibited if name else "Attachment name must not be empty")
    kind, digest, revpos = (
        meta.get("content_type", "application/octet-stream"),
        meta.get("digest"),
        meta.get("revpos"),
    )
    if not isinstance(kind, str) or not kind.isprintable():
        raise BadRequest("Attachment content_type must be a string", "doc_validation")
    if not isinstance(digest, str | None) or not isinstance(revpos, int | None):
        raise BadRequest("Attachment digest or revpos is malformed", "doc_validation")
    if meta.get("stub"):
        # A peer that keeps the bytes compressed gives the digest of those: it says nothing of ours.
        return Attachment(name, kind, None, None if _is_compressed(meta) else digest, revpos)
    if meta.get("follows"):
        raise BadRequest(f"The attachment {name} follows nowhere: its body must be multipart/related")
    data = _decode(name, meta.get("data"))
    if digest is not None and digest.startswith("md5-") and digest != digest_of(data):
        raise BadRequest("Possible message corruption.", "content_md5_mismatch")
    if _is_compressed(meta):
        data = unfold(data, "gzip", MAX_ATTACHMENT_BYTES)
    return Attachment(name, kind, data, digest_of(data), revpos)


def _is_compressed(meta: Mapping[str, Any]) -> bool:
    return meta.get("encoding") == "gzip"


def _decode(name: str, text: object) -> bytes:
    try:
        if isinstance(text, str) and len(text) % 4 == 0:  # Python forgives padding that is too long
            return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise BadRequest(f"Invalid attachment data for {name}")


def digest_of(data: bytes) -> str:
    """CouchDB's name for the bytes of an attachment."""
    return "md5-" + base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _digest(data: Doc, attachments: Sequence[Attachment]) -> bytes:
    if not attachments:
        return revisions.content_digest(data)
    named = sorted((a.name, a.content_type, a.digest or "") for a in attachments)
    return revisions.content_digest([data, named])
