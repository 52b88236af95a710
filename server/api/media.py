"""GET /api/media/<ulid>: a picture put together from its chunks, for whoever may read its consultation."""

from __future__ import annotations

import base64
import binascii
import hashlib

import anyio
from starlette.requests import Request
from starlette.responses import Response

from models.ids import chunk_id, is_ulid, media_id
from server.accounts import Person
from server.api.request import api, asker, deployment_of
from server.errors import NotFound
from server.policy import caller_of
from sync.errors import NotFound as DocumentNotFound
from sync.store import Database, Range


@api
async def media(request: Request) -> Response:
    person = await asker(request)
    identifier = request.path_params["media"]
    database = deployment_of(request).database
    content, mime = await anyio.to_thread.run_sync(assembled, database, person, identifier)
    headers = {"cache-control": "private, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
    return Response(content, media_type=mime, headers=headers)


def assembled(database: Database, person: Person, identifier: str) -> tuple[bytes, str]:
    """(bytes, MIME type) of a picture. NotFound also while chunks are still on their way."""
    if not is_ulid(identifier):
        raise NotFound("没有这张照片。")
    caller = caller_of(person)
    try:
        described = database.get(media_id(identifier), caller=caller)
    except DocumentNotFound:
        raise NotFound("没有这张照片。") from None
    keys = tuple(chunk_id(identifier, number) for number in range(described["chunks"]))
    rows = database.all_docs(Range(keys=keys), caller=caller, include_docs=True).rows
    arrived = [row.doc for row in rows if row.doc]
    if len(arrived) < len(keys):
        raise NotFound(f"照片还在路上，到了 {len(arrived)}/{len(keys)}。")
    try:
        content = b"".join(base64.b64decode(chunk["data"], validate=True) for chunk in arrived)
    except binascii.Error:
        content = b""
    if hashlib.sha256(content).hexdigest() != described["sha256"]:
        raise NotFound("照片在路上坏了，请信息员再拍一张。")
    return content, described["mime"]
