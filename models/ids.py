"""Identifiers: ULIDs, and the `_id` of every kind of document (DESIGN.md, "Documents never conflict")."""

from __future__ import annotations

import hashlib
import re
import secrets
import time

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
SERVER_DEVICE = "server00"
SERVER = "server"
# Who "reported" what was imported: nobody who has an account.
HISTORY_REPORTER = "0" * 26


def _encode(number: int) -> str:
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def new_ulid(milliseconds: int | None = None) -> str:
    """A fresh ULID: 48 bits of milliseconds since 1970, then 80 random bits (github.com/ulid/spec)."""
    moment = int(time.time() * 1000) if milliseconds is None else milliseconds
    return _encode((moment & ((1 << 48) - 1)) << 80 | secrets.randbits(80))


def derived_ulid(milliseconds: int, *content: str) -> str:
    """The ULID that the same content always gets, so that importing twice adds nothing."""
    digest = hashlib.sha256("\x1f".join(content).encode()).digest()
    return _encode((milliseconds & ((1 << 48) - 1)) << 80 | int.from_bytes(digest[:10], "big"))


def is_ulid(text: object) -> bool:
    return isinstance(text, str) and ULID.fullmatch(text) is not None


def demand_id(demand: str) -> str:
    return f"demand:{demand}"


def event_id(demand: str, clock: str, device: str) -> str:
    return f"event:{demand}:{clock}:{device}"


def media_id(media: str) -> str:
    return f"media:{media}"


def chunk_id(media: str, number: int) -> str:
    return f"chunk:{media}:{number:04d}"


def is_chunk(identifier: str) -> bool:
    """Whether `_id` is that of a piece of a picture: large, and never urgent."""
    return identifier.startswith("chunk:")


def contact_id(demand: str) -> str:
    return f"contact:{demand}"


def similar_id(demand: str) -> str:
    return f"similar:{demand}"


def feedback_id(feedback: str) -> str:
    return f"feedback:{feedback}"
