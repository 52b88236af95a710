"""One database: its information, making and dropping it, its settings and its upkeep."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from sync.errors import BadRequest, Forbidden
from sync.policy import OpenPolicy
from sync.protocol.answers import answer
from sync.protocol.call import Call, strings, whole_number
from sync.protocol.writing import location
from sync.sequences import to_text
from sync.store import Database

_MOST_REVISIONS = 1_000_000
_MOST_PURGED_DOCUMENTS = 100
_MOST_PURGED_REVISIONS = 1000
# CouchDB's for a new database: administrators only, which is how plain databases are served here.
_ADMINISTRATORS = {"names": [], "roles": ["_admin"]}


def information(call: Call) -> Response:
    return answer(described(call, call.database))


def described(call: Call, database: Database) -> dict[str, Any]:
    """Counts and sequence are those of what the caller reads."""
    info, epoch = database.info(call.caller), call.epoch(database)
    return {
        "db_name": info.name,
        "doc_count": info.doc_count,
        "doc_del_count": info.doc_del_count,
        "update_seq": to_text(info.update_seq, epoch),
        "purge_seq": to_text(info.purge_seq, epoch),
        "compact_running": False,
        "sizes": dict.fromkeys(("file", "external", "active"), info.size),
        "disk_format_version": 8,
        "instance_start_time": "0",
        "cluster": {"q": 1, "n": 1, "w": 1, "r": 1},
        "props": {},
    }


def create(call: Call) -> Response:
    call.require_admin()
    name = call.params["database"]
    call.store.create(name)
    return answer({"ok": True}, 201, location(call))


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


def get_security(call: Call) -> Response:
    """Who may do what is decided by the platform, not by this object: it is kept for those who ask for it."""
    known = call.database.security() if call.caller.admin else None
    return answer(known or {"members": _ADMINISTRATORS, "admins": _ADMINISTRATORS})


def put_security(call: Call) -> Response:
    call.require_admin()
    if not isinstance(call.database.policy, OpenPolicy):
        raise Forbidden("The platform decides who reads and writes this database.")
    given = call.json_body()
    if not isinstance(given, dict):
        raise BadRequest("security object must be a JSON object")
    for part in ("admins", "members"):
        people = given.get(part, {})
        if not isinstance(people, dict):
            raise BadRequest(f"{part} must be a JSON object of names and roles")
        for kind in ("names", "roles"):
            strings(f"{part}.{kind}", people.get(kind, []))
    call.database.set_security(given)
    return answer({"ok": True})


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


def compact_views(call: Call) -> Response:
    """A design document's views take no room: there are none."""
    call.require_admin()
    call.require_json()
    call.database.get(call.params["id"], caller=call.caller)
    return answer({"ok": True}, 202)


def clean_views(call: Call) -> Response:
    call.require_admin()
    _ = call.database
    return answer({"ok": True}, 202)


def purge(call: Call) -> Response:
    """Forget leaves as if they had never been: {"<id>": ["<rev>", ...]}."""
    call.require_admin()
    call.require_json()
    asked = {identifier: strings(identifier, revs) for identifier, revs in call.json_object().items()}
    if len(asked) > _MOST_PURGED_DOCUMENTS:
        raise BadRequest("Exceeded maximum number of documents.")
    if sum(map(len, asked.values())) > _MOST_PURGED_REVISIONS:
        raise BadRequest("Exceeded maximum number of revisions.")
    return answer({"purge_seq": None, "purged": call.database.purge(asked)}, 201)


def get_purged_infos_limit(call: Call) -> Response:
    return answer(call.database.purged_infos_limit())


def put_purged_infos_limit(call: Call) -> Response:
    call.require_admin()
    limit = call.json_body()
    if not isinstance(limit, int) or isinstance(limit, bool) or not 0 < limit < _MOST_REVISIONS:
        raise BadRequest("`purge_infos_limit` must be positive integer")
    call.database.set_purged_infos_limit(limit)
    return answer({"ok": True})
