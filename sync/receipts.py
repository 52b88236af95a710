"""Receipts for what is kept in quarantine: 26 Crockford characters that sort by time, hard to guess."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from threading import Lock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


_lock = Lock()
_last = 0


def new_receipt() -> str:
    """Greater than every receipt that this process gave before, also within one millisecond."""
    global _last  # noqa: PLW0603
    with _lock:
        number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
        if number <= _last:
            number = _last + 1 + secrets.randbits(64)
        _last = number
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def now() -> str:
    """ISO 8601 UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
