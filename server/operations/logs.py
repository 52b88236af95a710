"""The log: one JSON object a line on stderr, or lines for a terminal. Uvicorn's own messages go the same way.

Names, phones and texts never stand in it: people are ids, paths are cut down to words and ids, Chinese and
long numbers inside messages (an exception may quote a document) are blotted out.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Literal

import orjson

from server.operations.requests import Served, current, safe_path

Form = Literal["json", "text"]

REQUESTS = logging.getLogger("tianwen.requests")

# Chinese, kana, full-width forms; then numbers of ten digits and more, however they are spaced.
_WORDS = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+")
_NUMBERS = re.compile(r"(?<![0-9A-Za-z])\+?\d(?:[ -]?\d){9,}[Xx]?(?![0-9A-Za-z])")


def configure(form: Form | None = None) -> None:
    """Send everything that is logged to stderr. `form` None: text on a terminal, JSON elsewhere."""
    form = form or ("text" if sys.stderr.isatty() else "json")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    REQUESTS.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.captureWarnings(True)


def blot(text: str) -> str:
    """`text` without what a person may have written or be called by."""
    return _NUMBERS.sub("…", _WORDS.sub("…", text))


def log_request(served: Served) -> None:
    """One line for an answered request. Server errors are errors; health checks and metrics are not told."""
    if served.route in ("healthz", "metrics") and served.status < 400:
        return
    level = logging.ERROR if served.status >= 500 and served.status not in (501, 503, 507) else logging.INFO
    if REQUESTS.isEnabledFor(level):
        REQUESTS.log(level, "request", extra={"fields": _fields(served)})


def _fields(served: Served) -> dict[str, Any]:
    return {
        "request": served.request,
        "person": served.person,
        "method": served.method,
        "route": served.route,
        "path": safe_path(served.path),
        "status": served.status,
        "ms": round((monotonic() - served.begun) * 1000, 1),
        "bytes_in": served.received,
        "bytes_out": served.sent,
    }


class JsonLines(logging.Formatter):
    """{"at", "level", "logger", "message"} and, inside a request, its number and the person's id."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": blot(record.getMessage()),
        }
        fields = getattr(record, "fields", None)
        served = current()
        if fields is not None:
            line |= fields
        elif served is not None:
            line |= {"request": served.request, "person": served.person}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _error(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


class TextLines(logging.Formatter):
    """23:14:05 ERROR sync.sqlite: message"""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        line = f"{moment} {record.levelname} {record.name}: {blot(record.getMessage())}"
        fields = getattr(record, "fields", None)
        if fields is not None:
            line = f"{moment} {fields['status']} {fields['method']} {fields['path']} {fields['ms']} ms"
        if record.exc_info and record.exc_info[1] is not None:
            error = _error(record.exc_info[1])
            line += "".join(f"\n  {place}" for place in error["stack"])
            line += f"\n{error['type']}: {error['message']}"
        return line


def _error(error: BaseException) -> dict[str, Any]:
    stack = traceback.extract_tb(error.__traceback__)
    return {
        "type": type(error).__name__,
        "message": blot(str(error))[:500],
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in stack],
    }
