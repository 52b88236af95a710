"""What is known of the request that is being answered: for the log and the metrics.

A route's class is one of a few words, so that neither a metric's labels nor a log line grow with what
strangers ask for.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic

# Threads that work for a request see the same object: they run in a copy of its context.
_current: ContextVar[Served | None] = ContextVar("served", default=None)

# Endpoints of one database that are worth a line of their own; everything else is "sync:other".
_ENDPOINTS = frozenset(
    {"_changes", "_bulk_docs", "_bulk_get", "_revs_diff", "_all_docs", "_local", "_session", "_purge"}
)
_OWN = frozenset({"api", "console", "static", "metrics", "healthz"})
_SEGMENT = re.compile(r"[a-z][a-z_.-]{0,39}|_[a-z_]{1,39}")
_IDENTIFIER = re.compile(r"(demand|event|media|chunk|contact|similar|notice|person):[0-9A-Za-z:]{26,80}")


@dataclass
class Served:
    """One request. `request` is its number for the log, `person` an id, set once it is known who asks."""

    method: str
    path: str
    feed: str = ""
    request: str = field(default_factory=lambda: secrets.token_hex(6))
    person: str | None = None
    status: int = 0
    received: int = 0
    sent: int = 0
    begun: float = field(default_factory=monotonic)

    @property
    def route(self) -> str:
        return route_class(self.path)


def current() -> Served | None:
    """The request that this task or thread works for."""
    return _current.get()


def begin(served: Served) -> None:
    _current.set(served)


def note_person(identifier: str) -> None:
    """Say who asks. Without effect outside a request."""
    served = _current.get()
    if served is not None:
        served.person = identifier


def route_class(path: str) -> str:
    """phone, api, console, static, metrics, healthz, quarantine, exchange, sync:<endpoint>, sync:document."""
    first, *rest = path.strip("/").split("/")
    if first in _OWN:
        return first
    if first != "sync":
        return "phone"
    if rest[:1] in (["exchange"], ["quarantine"]):
        return rest[0]
    if rest[:1] != ["db"]:
        return "sync:other"
    return _of_database(rest[1:])


def _of_database(rest: list[str]) -> str:
    """`rest`: the database and what follows, or an endpoint of the server itself."""
    named = rest[1] if len(rest) > 1 else rest[0] if rest else ""
    if named in _ENDPOINTS:
        return f"sync:{named.removeprefix('_')}"
    return "sync:document" if len(rest) > 1 and named[:1] != "_" else "sync:other"


def safe_path(path: str) -> str:
    """The path as it may stand in a log: words and our own ids; whatever else somebody put there is "…"."""
    parts = path[:400].split("/")
    return "/".join(part if _is_known(part) else "…" for part in parts)


def _is_known(part: str) -> bool:
    return not part or bool(_SEGMENT.fullmatch(part) or _IDENTIFIER.fullmatch(part))
