"""Wordings written by hand, a JSON line each: ``{"q": "...", "same": [...]}``, one thing in several wordings.

Two folders hold them: `search.pairs` whole questions, `search.thesaurus` words and phrases.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from search.errors import SearchError

Fields = dict[str, tuple["Written", ...]]


@dataclass(frozen=True)
class Written:
    """One thing; `wordings` begin with `q`. `key` names the file and the line, from 1."""

    key: str
    wordings: tuple[str, ...]


def parse(field: str, text: str) -> list[Written]:
    """Read the text of one file. Raises SearchError for a line that is not of the form above."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line)
            wordings = tuple(dict.fromkeys([row["q"], *row["same"]]))
        except (ValueError, KeyError, TypeError) as error:
            raise SearchError(f"{field} line {number}: not {{'q', 'same'}}") from error
        if len(wordings) < 2 or not all(isinstance(wording, str) and wording.strip() for wording in wordings):
            raise SearchError(f"{field} line {number}: wants two different wordings at least")
        found.append(Written(f"{field}:{number}", wordings))
    return found


def read(folder: Path) -> Fields:
    """What a folder holds, by the name of the file, in file and line order."""
    return {
        path.stem: tuple(parse(path.stem, path.read_text("utf-8"))) for path in sorted(folder.glob("*.jsonl"))
    }


def count(fields: Fields) -> int:
    """How many pairs of a first and another wording there are."""
    return sum(len(one.wordings) - 1 for written in fields.values() for one in written)
