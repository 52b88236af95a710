"""GET /api/similar/pack: what a phone needs to find similar cases without a network (docs/pack.md)."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from server.api.request import api, asker, deployment_of
from server.errors import BadRequest, Unacceptable

_NUMBER = re.compile("[0-9a-f]{16}")
_RANGE = re.compile(r"bytes=\s*(\d+-\d*|-\d+)(\s*,\s*(\d+-\d*|-\d+))*\s*", re.ASCII)


@api
async def pack(request: Request) -> Response:
    person = await asker(request)
    since, language = _number(request, "since"), _number(request, "language")
    wanted = request.headers.get("range")
    if wanted is not None and not _RANGE.fullmatch(wanted):
        raise BadRequest("要的是文件的哪一段，写得不对。")
    half = request.headers.get("if-range", "").strip('"') if wanted is not None else None
    path = await deployment_of(request).packs.file(person, since, language, half)
    etag = f'"{path.name.split(".")[-2]}"'
    headers = {"etag": etag, "cache-control": "private, no-cache"}
    if _has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type="application/octet-stream")


def _number(request: Request, name: str) -> str | None:
    """A version or a language as a phone has it; None where it has none."""
    value = request.query_params.get(name)
    if value and not _NUMBER.fullmatch(value):
        raise Unacceptable(f"“{name}”写得不对，不写就是要整个包。", field=name)
    return value or None


def _has(matches: str, etag: str) -> bool:
    """Whether `If-None-Match` names this file."""
    return matches.strip() == "*" or etag in (each.strip().removeprefix("W/") for each in matches.split(","))
