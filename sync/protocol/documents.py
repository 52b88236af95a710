"""Single documents: GET, PUT, DELETE and COPY of one, POST of a new one, and of a form with files."""

from __future__ import annotations

import base64
import secrets
from typing import Literal
from urllib.parse import unquote

import orjson
from starlette.responses import Response

from sync.errors import BadContentType, BadRequest, Conflict, NotFound
from sync.policy import Doc
from sync.protocol import local, multipart, parted
from sync.protocol.answers import answer, etag
from sync.protocol.attachments import content_type
from sync.protocol.call import Call
from sync.protocol.writing import location, rev_asked, rev_of_header_or_query, write
from sync.revisions import Rev
from sync.store import PLAIN, Shown


def read(call: Call) -> Response:
    database, identifier, shown = call.database, call.params["id"], call.shown()
    if (revs := call.json_or_all("open_revs")) is not None:
        return _open_revs(call, revs)
    rev, caller = rev_asked(call), call.caller
    if rev is not None and call.flag("latest"):
        leaves = database.get_leaves(identifier, [rev], latest=True, caller=caller, shown=shown)
        doc = next((leaf.doc for leaf in leaves if leaf.doc is not None), None)
        if doc is None:
            raise NotFound
    else:
        doc = database.get(identifier, rev=rev, caller=caller, shown=shown)
    headers = etag(doc["_rev"]) if _is_plain(shown) else {}
    if headers and call.knows(headers["etag"]):
        return Response(status_code=304, headers=headers)
    if shown.attachments and doc.get("_attachments") and call.accepts("multipart/related"):
        return parted.related(doc, headers)
    return answer(doc, headers=headers)


def _is_plain(shown: Shown) -> bool:
    """Whether the answer is the document and nothing computed, so that its revision names it."""
    return shown == PLAIN or (shown == Shown(attachments=True) and not shown.atts_since)


def _open_revs(call: Call, revs: list[str] | Literal["all"]) -> Response:
    mixed = call.accepts("multipart/mixed")
    shown = call.shown()
    if mixed:  # CouchDB sends the bytes along whether asked or not
        shown = Shown(**{**vars(shown), "attachments": True})
    leaves = call.database.get_leaves(
        call.params["id"], revs, latest=call.flag("latest"), caller=call.caller, shown=shown
    )
    if mixed:
        return parted.mixed([leaf.doc or {"missing": leaf.rev} for leaf in leaves])
    return answer([{"missing": leaf.rev} if leaf.doc is None else {"ok": leaf.doc} for leaf in leaves])


# -- writing


def put(call: Call) -> Response:
    doc = _document(call)
    doc["_id"] = call.params["id"]
    new_edits = call.flag("new_edits", default=True)
    asked, meant = rev_asked(call), rev_of_header_or_query(call)
    if meant is not None:
        if doc.get("_rev", meant) != meant:
            raise BadRequest(
                "Document rev from request body and query string have different values"
                if asked
                else "Document rev and etag have different values"
            )
        doc["_rev"] = meant
    status = 200 if doc.get("_deleted") is True else 201
    return write(call, doc, status, new_edits=new_edits, headers=location(call))


def _document(call: Call) -> Doc:
    """The document of the body; the bytes of its attachments may follow it in parts of their own."""
    kind = call.request.headers.get("content-type", "")
    if kind.lower().startswith("multipart/related"):
        return parted.document(kind, call.body)
    found = call.json_body()
    if not isinstance(found, dict):
        raise BadRequest("Document must be a JSON object")
    return found


def post(call: Call) -> Response:
    """A new document; an id is made where it has none."""
    call.require_json()
    doc = call.json_body()
    if not isinstance(doc, dict):
        raise BadRequest("Document must be a JSON object")
    identifier = doc.setdefault("_id", secrets.token_hex(16))
    if not isinstance(identifier, str):
        raise BadRequest("Document id must be a string", "illegal_docid")
    if identifier.startswith("_local/"):
        rev = local.store(call, identifier.removeprefix("_local/"), doc)
        return answer({"ok": True, "id": identifier, "rev": rev}, 201)
    return write(call, doc, 201, new_edits=True, headers=location(call, identifier))


def post_form(call: Call) -> Response:
    """A form with `_attachments` (files), and the document as `_doc` or the revision to follow as `_rev`."""
    kind = call.request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise BadContentType("Content-Type must be multipart/form-data")
    parts = multipart.parse(kind, call.body)
    fields = {part.name: part.body for part in parts if part.filename is None}
    doc = _document_of_form(call, fields)
    files = {
        part.filename: {
            "content_type": content_type(part.headers.get("content-type", "")),
            "data": base64.b64encode(part.body).decode(),
        }
        for part in parts
        if part.filename is not None and part.name == "_attachments"
    }
    if files:
        known = doc.get("_attachments")
        doc["_attachments"] = {**(known if isinstance(known, dict) else {}), **files}
    return write(call, doc, 201, new_edits=True)


def _document_of_form(call: Call, fields: dict[str | None, bytes]) -> Doc:
    identifier = call.params["id"]
    if "_doc" in fields:
        try:
            doc = orjson.loads(fields["_doc"])
        except orjson.JSONDecodeError as error:
            raise BadRequest("invalid UTF-8 JSON") from error
        if not isinstance(doc, dict):
            raise BadRequest("Document must be a JSON object")
        return {**doc, "_id": identifier}
    if "_rev" not in fields:
        raise BadRequest("The form has neither _doc nor _rev.")
    rev = Rev.parse(fields["_rev"].decode("utf-8", "replace").strip())
    return call.database.get(identifier, rev=str(rev), caller=call.caller)


def delete(call: Call) -> Response:
    """404 for what the caller cannot read, as for what is not there."""
    identifier, rev = call.params["id"], rev_of_header_or_query(call)
    call.database.get(identifier, caller=call.caller)
    if rev is None:
        raise Conflict
    return write(call, {"_id": identifier, "_rev": rev, "_deleted": True}, 200, new_edits=True)


def copy(call: Call) -> Response:
    """To the id of the Destination header, over the revision that it may name (`id?rev=...`)."""
    target, target_rev = _destination(call)
    found = call.database.get(
        call.params["id"], rev=rev_of_header_or_query(call), caller=call.caller, shown=Shown(attachments=True)
    )
    doc = {key: value for key, value in found.items() if key not in ("_rev", "_deleted")}
    doc["_id"] = target
    if target_rev is not None:
        doc["_rev"] = target_rev
    return write(call, doc, 201, new_edits=True, headers=location(call, target, above=True))


def _destination(call: Call) -> tuple[str, str | None]:
    header = call.request.headers.get("destination")
    if header is None:
        raise BadRequest("Destination header is mandatory for COPY.")
    if header.startswith(("http://", "https://", "/")):
        raise BadRequest("Destination URL must be relative.")
    name, _, query = header.partition("?")
    if not query:
        return unquote(name), None
    if not query.startswith("rev="):
        raise BadRequest("The Destination may name a revision only: id?rev=...")
    return unquote(name), str(Rev.parse(unquote(query.removeprefix("rev="))))
