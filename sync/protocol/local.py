"""_local/<id>: the caller's own notes, such as replication checkpoints. Two users never see each other's."""

from __future__ import annotations

from starlette.responses import Response

from sync.documents import MAX_ID_BYTES
from sync.errors import BadRequest
from sync.policy import Doc
from sync.protocol.answers import answer
from sync.protocol.call import Call

# What CouchDB answers as the revision of one that is gone.
_GONE = "0-0"


def read(call: Call) -> Response:
    return answer(call.database.local_get(call.caller.name, call.params["id"]))


def put(call: Call) -> Response:
    doc = call.json_object()
    if call.text("rev") is not None:
        doc["_rev"] = call.text("rev")
    rev = store(call, call.params["id"], doc)
    return answer({"ok": True, "id": f"_local/{call.params['id']}", "rev": rev}, 201)


def store(call: Call, identifier: str, doc: Doc) -> str:
    """Write one, or delete it where it is marked so; its revision."""
    if len(identifier.encode()) > MAX_ID_BYTES:
        raise BadRequest("Document id is too long", "illegal_docid")
    if doc.get("_deleted") is True:
        rev = doc.get("_rev")
        call.database.local_delete(call.caller.name, identifier, rev if isinstance(rev, str) else None)
        return _GONE
    return call.database.local_put(call.caller.name, identifier, doc)


def delete(call: Call) -> Response:
    call.database.local_delete(call.caller.name, call.params["id"], call.text("rev"))
    return answer({"ok": True, "id": f"_local/{call.params['id']}", "rev": _GONE})
