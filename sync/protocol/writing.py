"""What all writes of single documents share: the revision that is meant, the write, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from sync.errors import BadRequest, Conflict, Forbidden
from sync.policy import Doc
from sync.protocol.answers import answer, etag
from sync.protocol.call import Call
from sync.revisions import Rev
from sync.store import WriteResult


def rev_asked(call: Call) -> str | None:
    rev = call.text("rev")
    return None if rev is None else str(Rev.parse(rev))


def rev_of_header_or_query(call: Call) -> str | None:
    asked, header = rev_asked(call), call.request.headers.get("if-match")
    if header is None:
        return asked
    meant = str(Rev.parse(header.strip().strip('"')))
    if asked is not None and asked != meant:
        raise BadRequest("Document rev and etag have different values")
    return meant


def write(
    call: Call, doc: Doc, status: int, *, new_edits: bool, headers: Mapping[str, str] | None = None
) -> Response:
    """Write one document. `batch=ok` is answered 202 without its revision, but stored all the same."""
    (result,) = call.database.write([doc], caller=call.caller, new_edits=new_edits)
    if result.error == Conflict.error:
        raise Conflict
    if result.error is not None:
        return answer(refusal(result), Forbidden.status)
    if call.text("batch") == "ok":
        return answer({"ok": True, "id": result.id}, 202)
    return answer(
        {"ok": True, "id": result.id, "rev": result.rev}, status, {**etag(str(result.rev)), **(headers or {})}
    )


def location(call: Call, *below: str, above: bool = False) -> dict[str, str]:
    """The header that names what was written: the address asked, or one below it or (`above`) beside it.

    Made of the path as it was sent, where an encoded slash is still one.
    """
    path = call.raw_path.rstrip("/")
    if above:
        path = path.rpartition("/")[0]
    path = "/".join([path, *(quote(each, safe="") for each in below)])
    url = call.request.url
    host = call.request.headers.get("x-forwarded-host") or url.netloc
    return {"location": f"{url.scheme}://{quote(host, safe=':[]')}{path}"}


def refusal(result: WriteResult) -> dict[str, Any]:
    """A refused document's answer, with the receipt of where it is kept."""
    return {
        "id": result.id,
        "rev": result.rev,
        "error": result.error,
        "reason": result.reason,
        "receipt": result.receipt,
    }
