"""Answers: JSON as CouchDB writes it, and errors in its shape."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from sync.errors import MethodNotAllowed, SyncError

MEDIA_TYPE = "application/json"
HEADERS = {"cache-control": "must-revalidate"}


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content) + b"\n", status, {**HEADERS, **(headers or {})}, MEDIA_TYPE)


def error_answer(error: SyncError) -> Response:
    headers = {"allow": ",".join(error.allowed)} if isinstance(error, MethodNotAllowed) else None
    return answer({"error": error.error, "reason": error.reason}, error.status, headers)


def http_error_answer(error: HTTPException) -> Response:
    """What `authenticate` raised, in CouchDB's shape."""
    word = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    return answer({"error": word, "reason": error.detail}, error.status_code, error.headers)


def etag(value: str) -> dict[str, str]:
    return {"etag": f'"{value}"'}
