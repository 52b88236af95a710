"""One database: its information, making and dropping it, its settings."""

from __future__ import annotations

from starlette.responses import Response

from sync.errors import BadRequest
from sync.protocol.answers import answer
from sync.protocol.call import Call, whole_number
from sync.sequences import to_text

_MOST_REVISIONS = 1_000_000


def information(call: Call) -> Response:
    """Counts and sequence are those of what the caller reads."""
    database = call.database
    info = database.info(call.caller)
    sizes = dict.fromkeys(("file", "external", "active"), info.size)
    return answer(
        {
            "db_name": info.name,
            "doc_count": info.doc_count,
            "doc_del_count": info.doc_del_count,
            "update_seq": to_text(info.update_seq, call.epoch(database)),
            "purge_seq": "0",
            "compact_running": False,
            "sizes": sizes,
            "disk_format_version": 8,
            "instance_start_time": "0",
            "cluster": {"q": 1, "n": 1, "w": 1, "r": 1},
            "props": {},
        }
    )


def create(call: Call) -> Response:
    call.require_admin()
    name = call.params["database"]
    call.store.create(name)
    return answer({"ok": True}, 201, {"location": f"{call.request.url}"})


def drop(call: Call) -> Response:
    call.require_admin()
    if call.text("rev") is not None:
        raise BadRequest(
            "You tried to DELETE a database with a ?=rev parameter. "
            "Did you mean to DELETE a document instead?"
        )
    call.store.drop(call.params["database"])
    return answer({"ok": True})


def get_revs_limit(call: Call) -> Response:
    return answer(call.database.revs_limit())


def put_revs_limit(call: Call) -> Response:
    call.require_admin()
    limit = whole_number("revs_limit", call.json_body())
    if limit > _MOST_REVISIONS:
        raise BadRequest("`revs_limit` is too large")
    call.database.set_revs_limit(limit)
    return answer({"ok": True})


def security(call: Call) -> Response:
    """Who may do what is decided by the platform, not by this object."""
    _ = call.database
    nobody: dict[str, list[str]] = {"names": [], "roles": []}
    return answer({"admins": {**nobody, "roles": ["_admin"]}, "members": nobody})


def ensure_full_commit(call: Call) -> Response:
    """Nothing to do: every write was on disk before it was answered."""
    call.require_json()
    _ = call.database
    return answer({"ok": True, "instance_start_time": "0"}, 201)


def compact(call: Call) -> Response:
    call.require_admin()
    call.require_json()
    call.database.compact()
    return answer({"ok": True}, 202)
