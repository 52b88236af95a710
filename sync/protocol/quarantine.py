"""/quarantine: the documents of the caller that were refused, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from sync.errors import BadRequest, Forbidden, NotFound
from sync.policy import OpenPolicy
from sync.protocol.answers import answer
from sync.protocol.call import Call
from sync.store import Database, Quarantined

_MOST = 500


def listed(call: Call) -> Response:
    """The caller's own cases, oldest first; `after` (a receipt) and `limit` page through them."""
    limit = min(call.number("limit") or _MOST, _MOST)
    cases = [
        _shape(database, case)
        for database in _databases(call)
        for case in database.quarantined(call.caller.name, limit=limit, after=call.text("after"))
    ]
    return answer({"quarantined": cases}, headers={"cache-control": "no-store"})


def settle(call: Call) -> Response:
    """Close a case.

    Another's case is not there, except for staff who could read the document were it stored.
    """
    body = call.json_object()
    call.require_json()
    state, reason = body.get("state"), body.get("reason", "")
    if state not in ("resent", "discarded", "released"):
        raise BadRequest("`state` must be one of resent, discarded, released")
    if not isinstance(reason, str) or len(reason) > 2000:
        raise BadRequest("`reason` must be a text of at most 2000 characters")
    database, case = _find(call)
    staff = _is_staff_for(call, database, case)
    if case.owner != call.caller.name and not staff:
        raise NotFound
    if state == "released" and not staff:
        raise Forbidden("Only staff may release a document.")
    settled = database.settle(case.receipt, state, by=call.caller.name, reason=reason)
    return answer(_shape(database, settled))


def _is_staff_for(call: Call, database: Database, case: Quarantined) -> bool:
    if call.caller.admin or call.release_roles.isdisjoint(call.caller.roles):
        return call.caller.admin
    group = database.policy.group(case.body)
    if group is None:
        return False
    channels = database.policy.channels(group, [*database.group_docs(group), case.body])
    return not channels.isdisjoint(call.caller.channels)


def _databases(call: Call) -> Iterator[Database]:
    for name in call.store.names():
        database = call.store.database(name)
        if not isinstance(database.policy, OpenPolicy):
            yield database


def _find(call: Call) -> tuple[Database, Quarantined]:
    for database in _databases(call):
        try:
            return database, database.quarantined_one(call.params["receipt"])
        except NotFound:
            continue
    raise NotFound


def _shape(database: Database, case: Quarantined) -> dict[str, Any]:
    return {"database": database.name, **asdict(case)}
