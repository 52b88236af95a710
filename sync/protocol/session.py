"""/_session: who the server takes the caller for. Logging in is not done here."""

from __future__ import annotations

from starlette.responses import Response

from sync.protocol.answers import answer
from sync.protocol.call import Call


def session(call: Call) -> Response:
    roles = sorted(call.caller.roles) + (["_admin"] if call.caller.admin else [])
    return answer(
        {
            "ok": True,
            "userCtx": {"name": call.caller.name or None, "roles": roles},
            "info": {"authentication_handlers": ["cookie", "default"], "authenticated": "default"},
        },
        headers={"cache-control": "no-store"},
    )
