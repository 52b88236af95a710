"""Sequence strings: where a caller stands in a feed, "<number>-<epoch>".

The epoch names the feed: the database, and the channels that the caller holds. When either changes, what was
counted before means nothing any more, and the feed starts again. A number alone is taken as one of this
epoch.
"""

from __future__ import annotations

import hashlib
import re

from sync.errors import BadRequest
from sync.policy import Scope

_SEQUENCE = re.compile(r"(\d{1,18})(?:-(.+))?", re.DOTALL)


def epoch_of(uuid: str, scope: Scope) -> str:
    """12 hex digits; for the whole database, those of its own id."""
    if scope is None:
        return uuid[:12]
    names = "\0".join([uuid, *sorted(scope)])
    return hashlib.sha256(names.encode()).hexdigest()[:12]


def to_text(number: int, epoch: str) -> str:
    return f"{number}-{epoch}"


def to_number(text: str, epoch: str, newest: int) -> int:
    """Where to read on from; `newest` is the feed's last number.

    Another epoch counts as 0, and so does a number that this feed has not given out yet: the database was
    restored from a backup. BadRequest for what is no sequence at all.
    """
    match = _SEQUENCE.fullmatch(text.strip('"'))
    if match is None:
        raise BadRequest(f"Malformed sequence supplied in 'since' parameter: {text[:80]}")
    number = int(match[1])
    if match[2] is None:
        return number
    return number if match[2] == epoch and number <= newest else 0
