"""Hybrid logical clock of a consultation.

Clocks on phones are wrong, so the order of events cannot rest on them. Every event of a consultation
carries a stamp that is greater than every stamp its author had seen there; wall time only breaks the
silence between two events. One clock runs per consultation and not per device: a phone set to the year
2090 then disturbs only its own consultations (docs/decisions/0002-clock-per-consultation.md).

Source: Kulkarni et al., "Logical Physical Clocks", 2014, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

STAMP = re.compile(r"[0-9a-f]{16}")
MILLISECONDS_LIMIT = 1 << 48
COUNTER_LIMIT = 1 << 16


class ClockError(ValueError):
    """A stamp is not 16 lower-case hexadecimal digits, or no later stamp exists."""


def stamp(milliseconds: int, counter: int = 0) -> str:
    """The stamp of a moment: 12 hex digits of milliseconds since 1970, 4 of counter. Sorts as text."""
    if not (0 <= milliseconds < MILLISECONDS_LIMIT and 0 <= counter < COUNTER_LIMIT):
        raise ClockError(f"no stamp for {milliseconds} ms, counter {counter}")
    return f"{milliseconds:012x}{counter:04x}"


def parts(text: str) -> tuple[int, int]:
    """(milliseconds since 1970, counter) of a stamp."""
    if not isinstance(text, str) or not STAMP.fullmatch(text):
        raise ClockError(f"not a stamp: {text!r}")
    return int(text[:12], 16), int(text[12:], 16)


def next_stamp(now_milliseconds: int, seen: Iterable[str] = ()) -> str:
    """A stamp greater than all of `seen`, and at least the wall clock's.

    `now_milliseconds` below zero (a phone that woke up before 1970) counts as zero.
    """
    now = max(0, now_milliseconds)
    greatest = max(seen, default=None)
    if greatest is None:
        return stamp(now)
    milliseconds, counter = parts(greatest)
    if now > milliseconds:
        return stamp(now)
    if counter + 1 < COUNTER_LIMIT:
        return stamp(milliseconds, counter + 1)
    return stamp(milliseconds + 1)
