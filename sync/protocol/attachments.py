"""One attachment of one document: GET with ranges, PUT, DELETE."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from starlette.responses import Response

from sync.errors import BadRequest, Conflict, MissingRevision, NotFound, OutOfRange
from sync.policy import Doc
from sync.protocol import multipart
from sync.protocol.answers import etag
from sync.protocol.call import Call
from sync.protocol.writing import location, rev_asked, rev_of_header_or_query, write
from sync.store import AttachmentData

_MOST_RANGES = 9
_RANGE = re.compile(r"(\d*)-(\d*)", re.ASCII)


def read(call: Call) -> Response:
    """Its bytes. They came from a user, so a browser must never run them as a page of this site."""
    found = call.database.attachment(
        call.params["id"], call.params["attachment"], rev=rev_asked(call), caller=call.caller
    )
    digest = found.digest.removeprefix("md5-")
    headers = {
        **etag(digest),
        "cache-control": "must-revalidate",
        "accept-ranges": "bytes",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }
    if call.knows(headers["etag"]):
        return Response(status_code=304, headers=headers)
    headers["content-md5"] = digest
    return _part(call.request.headers.get("range"), found, headers)


def _part(asked: str | None, found: AttachmentData, headers: dict[str, str]) -> Response:
    ranges = _ranges(asked, len(found.data))
    kind = content_type(found.content_type)
    if ranges is None:
        return _bytes(found.data, 200, headers, kind)
    if len(ranges) == 1:
        ((start, stop),) = ranges
        headers = {**headers, "content-range": _content_range(start, stop, len(found.data))}
        del headers["content-md5"]  # of the whole, not of this
        return _bytes(found.data[start : stop + 1], 206, headers, kind)
    boundary = multipart.new_boundary()
    parts = [
        (
            {"Content-Type": kind, "Content-Range": _content_range(start, stop, len(found.data))},
            found.data[start : stop + 1],
        )
        for start, stop in ranges
    ]
    del headers["content-md5"]
    body = multipart.encode(parts, boundary)
    return _bytes(body, 206, headers, f'multipart/byteranges; boundary="{boundary}"')


def _bytes(data: bytes, status: int, headers: dict[str, str], kind: str) -> Response:
    response = Response(data, status, headers)
    response.headers["content-type"] = kind
    return response


def content_type(given: str) -> str:
    """As it may stand in a header; what cannot is not told."""
    return given if given and given.isascii() and given.isprintable() else "application/octet-stream"


def _content_range(start: int, stop: int, length: int) -> str:
    return f"bytes {start}-{stop}/{length}"


def _ranges(header: str | None, length: int) -> list[tuple[int, int]] | None:
    """First and last byte of each range; None: the whole, also where the header makes no sense.

    OutOfRange where one ends before it starts, or starts after the end.
    """
    unit, _, asked = (header or "").partition("=")
    pieces = [piece.strip() for piece in asked.split(",")]
    if unit.strip() != "bytes" or len(pieces) > _MOST_RANGES:
        return None
    found = []
    for piece in pieces:
        match = _RANGE.fullmatch(piece)
        if match is None or piece in ("-", "0-") or len(piece) > 40:
            return None
        found.append(_bounds(match[1], match[2], length))
    return found


def _bounds(first: str, last: str, length: int) -> tuple[int, int]:
    if not first:
        start, stop = max(0, length - int(last)), length - 1
    else:
        start, stop = int(first), min(int(last), length - 1) if last else length - 1
        if last and int(last) < start:
            raise OutOfRange
    if start > stop:
        raise OutOfRange
    return start, stop


# -- writing


def put(call: Call) -> Response:
    """A new revision of the document, or a new document, with this attachment."""
    name = call.params["attachment"]
    given = call.request.headers.get("content-md5")
    if given is not None and given != _md5(call.body):
        raise BadRequest("Possible message corruption.", "content_md5_mismatch")
    doc = _document(call)
    doc["_attachments"] = {
        **doc.get("_attachments", {}),
        name: {
            "content_type": call.request.headers.get("content-type") or "application/octet-stream",
            "data": base64.b64encode(call.body).decode(),
        },
    }
    return write(call, doc, 201, new_edits=True, headers=location(call))


def _document(call: Call) -> Doc:
    """The revision that is to be followed; an empty document where none is named.

    Without a revision it is a conflict where there is a document; the write will say so.
    """
    identifier, rev = call.params["id"], rev_of_header_or_query(call)
    if rev is None:
        return {"_id": identifier}
    try:
        doc = call.database.get(identifier, rev=rev, caller=call.caller)
    except NotFound as error:
        raise MissingRevision from error
    return {key: value for key, value in doc.items() if key != "_deleted"}


def delete(call: Call) -> Response:
    """A new revision without it. 404 for what the caller cannot read, as for what is not there."""
    name = call.params["attachment"]
    if rev_of_header_or_query(call) is None:
        known: Doc = call.database.get(call.params["id"], caller=call.caller)
        _require(known, name)
        raise Conflict
    doc = _document(call)
    _require(doc, name)
    doc["_attachments"] = {key: value for key, value in doc["_attachments"].items() if key != name}
    if not doc["_attachments"]:
        del doc["_attachments"]
    return write(call, doc, 200, new_edits=True)


def _require(doc: dict[str, Any], name: str) -> None:
    if name not in doc.get("_attachments", {}):
        raise NotFound("Document is missing attachment")


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
