"""_local/<id>: the caller's own notes, such as replication checkpoints. Two users never see each other's."""

from __future__ import annotations

from starlette.responses import Response

from sync.protocol.answers import answer
from sync.protocol.call import Call


def read(call: Call) -> Response:
    return answer(call.database.local_get(call.caller.name, call.params["id"]))


def put(call: Call) -> Response:
    doc = call.json_object()
    if call.text("rev") is not None:
        doc["_rev"] = call.text("rev")
    rev = call.database.local_put(call.caller.name, call.params["id"], doc)
    return answer({"ok": True, "id": f"_local/{call.params['id']}", "rev": rev}, 201)


def delete(call: Call) -> Response:
    call.database.local_delete(call.caller.name, call.params["id"], call.text("rev"))
    return answer({"ok": True, "id": f"_local/{call.params['id']}", "rev": "0-0"})
