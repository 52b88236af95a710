"""The programme as phones keep it: places, industries with crops, hotline (MISSION S1.12), time limits."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.api.request import answer, api, asker, deployment_of

SHOWN = {
    "id", "name", "county", "county_name", "centre_name", "hotline", "group_number", "industries",
    "townships", "limits", "categories",
}  # fmt: skip


@api
async def programme(request: Request) -> Response:
    await asker(request)
    return answer(deployment_of(request).programme.model_dump(mode="json", include=SHOWN))
