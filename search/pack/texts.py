"""Cases as a pack carries them: short rows of text without personal data."""

import hashlib
import re
from pathlib import Path

from search import strip
from search.cases import Case

Row = tuple[str, str, str, str, str, str, str]
"""id, question, answer, industry, crop, region, date."""

QUESTION, ANSWER = 120, 90
"""Characters that a question and an answer have at most."""

NAME, DATE = 40, 10
"""Characters of the other fields: names of lines of farming, crops and places, and an ISO 8601 day."""

MORE = "…"

_ENDS = "。！？；!?;\n"
_PAUSES = "，、,：: "
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")


def row_of(case: Case) -> Row:
    """The row of a case. Stripped before it is cut, so that no rule meets half a telephone number."""
    safe = case.stripped()
    return (
        safe.id,
        short(safe.question, QUESTION),
        short(safe.answer, ANSWER),
        short(safe.industry, NAME),
        short(safe.crop, NAME),
        short(safe.region, NAME),
        safe.date[:DATE],
    )


def short(text: str, most: int) -> str:
    """The text with at most `most` characters, spaces collapsed; a longer one ends in `…`, after a sentence
    or else at a pause where the last third has one."""
    plain = _LINES.sub("\n", _SPACES.sub(" ", text)).strip()
    if len(plain) <= most:
        return plain
    room = plain[: most - len(MORE)]
    least = most * 2 // 3
    for marks in (_ENDS, _PAUSES):
        place = max(room.rfind(mark) for mark in marks)
        if place >= least:
            return room[:place].rstrip() + MORE
    return room + MORE


def maker() -> str:
    """A digest of the rules that rows are made by. A release that strips or cuts otherwise has another, and
    no row of before is used again."""
    sources = (Path(__file__), Path(strip.__file__))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
