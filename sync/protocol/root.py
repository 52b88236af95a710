"""The server's own resources: /, /_up, /_all_dbs, /_uuids."""

from __future__ import annotations

import secrets

from starlette.responses import Response

from sync.errors import BadRequest, NotFound
from sync.protocol import database
from sync.protocol.answers import answer, etag
from sync.protocol.call import Call, strings

_MOST_UUIDS = 1000
_MOST_INFORMATIONS = 100
_NODE = "tianwen@127.0.0.1"


def welcome(call: Call) -> Response:
    return answer(
        {
            "couchdb": "Welcome",
            "version": "3.5.0",
            "uuid": call.store.uuid,
            "features": [],
            "vendor": {"name": "Tianwen"},
        }
    )


def up(call: Call) -> Response:
    return answer({"status": "ok", "seeds": {}})


def all_databases(call: Call) -> Response:
    """In order of their names, between `start_key` and `end_key`; `limit`, `skip`, `descending`."""
    call.require_admin()
    start, end = call.json_of("start_key", "startkey"), call.json_of("end_key", "endkey")
    if not isinstance(start, str | None) or not isinstance(end, str | None):
        raise BadRequest("`start_key` and `end_key` must be JSON strings", "query_parse_error")
    names = sorted(call.store.names(), reverse=call.flag("descending"))
    low, high = (end, start) if call.flag("descending") else (start, end)
    names = [name for name in names if (low is None or name >= low) and (high is None or name <= high)]
    skip, limit = call.number("skip") or 0, call.number("limit")
    return answer(names[skip : None if limit is None else skip + limit])


def databases_information(call: Call) -> Response:
    """What GET of each database says, for up to a hundred of them."""
    call.require_admin()
    call.require_json()
    body = call.json_object()
    if not isinstance(body.get("keys"), list):
        raise BadRequest("`keys` member must exist.")
    keys = strings("keys", body["keys"])
    if len(keys) > _MOST_INFORMATIONS:
        raise BadRequest("`keys` limit exceeded")
    found = []
    for name in keys:
        try:
            found.append({"key": name, "info": database.described(call, call.store.database(name))})
        except NotFound:
            found.append({"key": name, "error": "not_found"})
    return answer(found)


def active_tasks(call: Call) -> Response:
    """None: whatever the server does, it does before it answers."""
    call.require_admin()
    return answer([])


def membership(call: Call) -> Response:
    """This server is the only one that it knows of."""
    call.require_admin()
    return answer({"all_nodes": [_NODE], "cluster_nodes": [_NODE]})


def uuids(call: Call) -> Response:
    count = call.number("count")
    if count is not None and count > _MOST_UUIDS:
        raise BadRequest(f"count parameter too large: at most {_MOST_UUIDS}")
    found = [secrets.token_hex(16) for _ in range(1 if count is None else count)]
    fresh = {"cache-control": "must-revalidate, no-cache", "pragma": "no-cache", **etag(secrets.token_hex(8))}
    return answer({"uuids": found}, headers=fresh)
