"""Single documents: GET, PUT, DELETE of one, POST of a new one, and one attachment of one."""

from __future__ import annotations

import secrets
from typing import Any, Literal
from urllib.parse import quote

from starlette.responses import Response

from sync.errors import BadRequest, Conflict, Forbidden, NotFound
from sync.policy import Doc
from sync.protocol.answers import answer, etag
from sync.protocol.call import Call
from sync.revisions import Rev
from sync.store import PLAIN, WriteResult


def read(call: Call) -> Response:
    database, identifier, shown = call.database, call.params["id"], call.shown()
    if (revs := call.json_or_all("open_revs")) is not None:
        return _open_revs(call, revs)
    rev, caller = _rev_asked(call), call.caller
    if rev is not None and call.flag("latest"):
        leaves = database.get_leaves(identifier, [rev], latest=True, caller=caller, shown=shown)
        doc = next((leaf.doc for leaf in leaves if leaf.doc is not None), None)
        if doc is None:
            raise NotFound
    else:
        doc = database.get(identifier, rev=rev, caller=caller, shown=shown)
    if shown != PLAIN:
        return answer(doc)
    tag = etag(doc["_rev"])
    if call.request.headers.get("if-none-match") == tag["etag"]:
        return Response(status_code=304, headers=tag)
    return answer(doc, headers=tag)


def _open_revs(call: Call, revs: list[str] | Literal["all"]) -> Response:
    leaves = call.database.get_leaves(
        call.params["id"], revs, latest=call.flag("latest"), caller=call.caller, shown=call.shown()
    )
    return answer([{"missing": leaf.rev} if leaf.doc is None else {"ok": leaf.doc} for leaf in leaves])


def _rev_asked(call: Call) -> str | None:
    rev = call.text("rev")
    return None if rev is None else str(Rev.parse(rev))


def put(call: Call) -> Response:
    doc = call.json_object()
    new_edits = call.flag("new_edits", default=True)
    doc["_id"] = call.params["id"]
    rev = _rev_of_header_or_query(call)
    if rev is not None:
        if doc.get("_rev", rev) != rev:
            raise BadRequest("Document rev from request body and query string have different values")
        doc["_rev"] = rev
    return _write(call, doc, 201, new_edits=new_edits)


def post(call: Call) -> Response:
    """A new document; an id is made where it has none."""
    call.require_json()
    doc = call.json_object()
    doc.setdefault("_id", secrets.token_hex(16))
    return _write(call, doc, 201, new_edits=True)


def delete(call: Call) -> Response:
    """404 for what the caller cannot read, as for what is not there."""
    identifier, rev = call.params["id"], _rev_of_header_or_query(call)
    call.database.get(identifier, rev=rev, caller=call.caller)
    if rev is None:
        raise Conflict
    return _write(call, {"_id": identifier, "_rev": rev, "_deleted": True}, 200, new_edits=True)


def _rev_of_header_or_query(call: Call) -> str | None:
    header = call.request.headers.get("if-match")
    given = call.text("rev") or (header.strip('"') if header else None)
    return None if given is None else str(Rev.parse(given))


def _write(call: Call, doc: Doc, status: int, *, new_edits: bool) -> Response:
    (result,) = call.database.write([doc], caller=call.caller, new_edits=new_edits)
    if result.error == Conflict.error:
        raise Conflict
    if result.error is not None:
        return answer(refusal(result), Forbidden.status)
    location = f"{call.request.url.replace(query='')}"
    headers = {**etag(str(result.rev)), "location": quote(location, safe=":/%[]@")}
    return answer({"ok": True, "id": result.id, "rev": result.rev}, status, headers)


def refusal(result: WriteResult) -> dict[str, Any]:
    """A refused document's answer, with the receipt of where it is kept."""
    return {
        "id": result.id,
        "rev": result.rev,
        "error": result.error,
        "reason": result.reason,
        "receipt": result.receipt,
    }


def attachment(call: Call) -> Response:
    """Its bytes. They came from a user, so a browser must never run them as a page of this site."""
    rev = _rev_asked(call)
    found = call.database.attachment(
        call.params["id"], call.params["attachment"], rev=rev, caller=call.caller
    )
    headers = {
        **etag(found.digest.removeprefix("md5-")),
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }
    if call.request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    response = Response(found.data, headers=headers)
    response.headers["content-type"] = found.content_type
    return response
