"""Where a device stands in its feed.

Texts go before bulky documents (a photo's pieces), so there are two places: all texts up to `text` have been
told, all bulky documents up to `bulk`, which never is ahead. To the device it is one opaque string,
"<text>-<epoch>" or, while bulky documents are behind, "<text>.<bulk>-<epoch>"; the first is what `_changes`
gives out too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sync.errors import BadRequest

_FORM = re.compile(r"(\d{1,18})(?:\.(\d{1,18}))?-([0-9a-f]{1,64})")


@dataclass(frozen=True)
class Cursor:
    text: int = 0
    bulk: int = 0


BEGINNING = Cursor()


def to_text(cursor: Cursor, epoch: str) -> str:
    place = str(cursor.text) if cursor.text == cursor.bulk else f"{cursor.text}.{cursor.bulk}"
    return f"{place}-{epoch}"


def parse(text: str, epoch: str, newest: int) -> Cursor | None:
    """The place that `text` names; None when it names none in this feed.

    Another epoch is another feed, and a number that this one has not given out yet is one of a database that
    was restored from a backup since. "0" is the beginning of any feed. BadRequest for what is no place.
    """
    if text == "0":
        return BEGINNING
    match = _FORM.fullmatch(text)
    if match is None:
        raise BadRequest(f"`s` is no place in a feed: {text[:80]}")
    place = int(match[1])
    bulk = place if match[2] is None else int(match[2])
    if match[3] != epoch or place > newest or bulk > place:
        return None
    return Cursor(place, bulk)
