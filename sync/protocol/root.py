"""The server's own resources: /, /_up, /_all_dbs, /_uuids."""

from __future__ import annotations

import secrets

from starlette.responses import Response

from sync.errors import BadRequest
from sync.protocol.answers import answer
from sync.protocol.call import Call

_MOST_UUIDS = 1000


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
    call.require_admin()
    return answer(call.store.names())


def uuids(call: Call) -> Response:
    count = call.number("count")
    if count is not None and count > _MOST_UUIDS:
        raise BadRequest(f"count parameter too large: at most {_MOST_UUIDS}")
    found = [secrets.token_hex(16) for _ in range(1 if count is None else count)]
    return answer({"uuids": found}, headers={"cache-control": "no-store"})
