"""Hand-written pairs: a farmer's question, and the same need in other words.

Every ``*.jsonl`` here holds one field (grain, pigs, machines...), or one way of speaking over several:
``near_`` ordinary words of other people, ``dialect_`` of many regions, ``signs_`` what is seen against the
name of it, ``tell_`` little stories, ``practices`` and ``faults`` a term against its description. A line is
``{"q": "...", "same": [...]}``: a question as it might stand in the archive, and wordings that share as few
characters with it as people's own words do. Needs of one crop or animal stand together, so that the lines
around a need are its nearest misses.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from search.errors import SearchError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Written:
    """One need; `wordings` begin with the question. `key` names the field and the line, from 1."""

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
            raise SearchError(f"pairs {field} line {number}: not {{'q', 'same'}}") from error
        if len(wordings) < 2 or not all(isinstance(wording, str) and wording.strip() for wording in wordings):
            raise SearchError(f"pairs {field} line {number}: wants two different wordings at least")
        found.append(Written(f"{field}:{number}", wordings))
    return found


@cache
def fields() -> dict[str, tuple[Written, ...]]:
    """The needs of every field, by the name of its file, in file and line order."""
    return {
        path.stem: tuple(parse(path.stem, path.read_text("utf-8"))) for path in sorted(FOLDER.glob("*.jsonl"))
    }


def count() -> int:
    """How many pairs of a question and another wording of it are written down."""
    return sum(len(need.wordings) - 1 for needs in fields().values() for need in needs)
