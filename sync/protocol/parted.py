"""Documents with the bytes of their attachments beside them, in parts: multipart/related and /mixed."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.responses import Response

from sync.errors import BadRequest
from sync.policy import Doc
from sync.protocol.answers import HEADERS
from sync.protocol.attachments import content_type
from sync.protocol.multipart import Part, encode, new_boundary, parse, quoted

_JSON = "application/json"
_ERROR = 'application/json; error="true"'

Parts = list[tuple[dict[str, str], bytes]]


# -- reading


def document(kind: str, body: bytes) -> Doc:
    """The document of a multipart/related body, with its attachments inline.

    Each attachment that `follows` has its bytes in a part: the one with its filename, or the next in order.
    BadRequest when they do not fit.
    """
    head, *rest = parse(kind, body) or [Part({}, b"")]
    try:
        doc = orjson.loads(head.body)
    except orjson.JSONDecodeError as error:
        raise BadRequest("invalid UTF-8 JSON") from error
    if not isinstance(doc, dict):
        raise BadRequest("Document must be a JSON object")
    found = doc.get("_attachments")
    given: dict[str, Any] = found if isinstance(found, dict) else {}
    awaited = [name for name, meta in given.items() if isinstance(meta, dict) and meta.get("follows")]
    if len(rest) != len(awaited):
        raise BadRequest(f"{len(awaited)} attachments follow, but the body has {len(rest)} parts for them.")
    for name, part in _matched(awaited, rest).items():
        given[name] = _inline(name, given[name], part)
    return doc


def _matched(awaited: Sequence[str], parts: Sequence[Part]) -> dict[str, Part]:
    named = {part.filename: part for part in parts if part.filename in awaited}
    if len(named) == len(parts):
        return {name: named[name] for name in awaited}
    return dict(zip(awaited, parts, strict=True))


def _inline(name: str, meta: Mapping[str, Any], part: Part) -> dict[str, Any]:
    compressed = meta.get("encoding") == "gzip" or part.headers.get("content-encoding") == "gzip"
    said = meta.get("encoded_length" if compressed else "length")
    if isinstance(said, int) and said != len(part.body):
        raise BadRequest(f"The attachment {name} has {len(part.body)} bytes, not {said}.")
    kept = {key: value for key, value in meta.items() if key not in ("follows", "length", "encoded_length")}
    if compressed:
        kept["encoding"] = "gzip"
    return {**kept, "data": base64.b64encode(part.body).decode()}


# -- answering


def related(doc: Doc, headers: Mapping[str, str]) -> Response:
    """One document, as multipart/related."""
    boundary = new_boundary()
    return _response(encode(_parts(doc), boundary), f'multipart/related; boundary="{boundary}"', headers)


def mixed(found: Sequence[Doc]) -> Response:
    """Several revisions, those with files multipart/related; {"missing"} and {"error"} are told as errors."""
    outer = new_boundary()
    parts: Parts = []
    for doc in found:
        if "_id" not in doc:
            parts.append(({"Content-Type": _ERROR}, orjson.dumps(doc)))
            continue
        names = {"X-Doc-Id": doc["_id"], "X-Rev-Id": doc["_rev"]}
        head, *files = _parts(doc)
        if not files:
            parts.append(({**names, **head[0]}, head[1]))
            continue
        inner = new_boundary()
        kind = f'multipart/related; boundary="{inner}"'
        parts.append(({**names, "Content-Type": kind}, encode([head, *files], inner)))
    return _response(encode(parts, outer), f'multipart/mixed; boundary="{outer}"', {})


def _parts(doc: Doc) -> Parts:
    """The document with its inline attachments taken out, then their bytes, in the same order."""
    shown: dict[str, Any] = {}
    parts: Parts = []
    for name, meta in doc.get("_attachments", {}).items():
        if "data" not in meta:
            shown[name] = meta
            continue
        data = base64.b64decode(meta["data"])
        kept = {key: value for key, value in meta.items() if key != "data"}
        shown[name] = {**kept, "length": len(data), "follows": True}
        headers = {
            "Content-Disposition": f"attachment; filename={quoted(name)}",
            "Content-Type": content_type(meta["content_type"]),
            "Content-Length": str(len(data)),
        }
        parts.append((headers, data))
    body = {**doc, "_attachments": shown} if shown else doc
    return [({"Content-Type": _JSON}, orjson.dumps(body)), *parts]


def _response(body: bytes, kind: str, headers: Mapping[str, str]) -> Response:
    response = Response(body, headers={**HEADERS, **headers})
    response.headers["content-type"] = kind
    return response
