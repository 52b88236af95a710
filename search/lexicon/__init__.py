"""The hand-written lexicon: what farmers call things, and what goes with what.

Every ``*.txt`` here holds one kind. A line is ``name [tags]: variant variant | description description``:

- *name* is the standard name, and counts as its own first variant;
- *tags* say what it goes with (the types of a crop, the hosts of a pest);
- *variants* are other names; *descriptions* are ways to tell of it without any name.

Lines that begin with # are comments.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from search.errors import SearchError

FOLDER = Path(__file__).parent

SUBJECTS = frozenset({"crops", "animals", "others"})
"""Kinds that a question is about."""

_NAMING = SUBJECTS | {"pests", "diseases", "drugs", "ailments", "deficiencies", "machines", "fertilisers"}
_MATERIAL = frozenset({"phrases", "templates", "needs"})
"""Kinds whose names are labels and are never said."""

_LINE = re.compile(r"(?P<name>[^\s\[:]+)\s*(?:\[(?P<tags>[^\]]*)\])?\s*:(?P<rest>.*)")


@dataclass(frozen=True)
class Group:
    """One thing and the ways to say it."""

    kind: str
    name: str
    tags: frozenset[str]
    variants: tuple[str, ...]
    descriptions: tuple[str, ...]

    @property
    def names_a_thing(self) -> bool:
        """Whether a variant identifies the thing wherever it stands (a pest does, 'yellow' does not)."""
        return self.kind in _NAMING


def parse(kind: str, text: str) -> list[Group]:
    """Read the text of one file. Raises SearchError for a line that is not of the form above."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if not match:
            raise SearchError(f"lexicon {kind} line {number}: not 'name [tags]: variants | descriptions'")
        names, _, told = match["rest"].partition("|")
        spoken = [] if kind in _MATERIAL else [match["name"]]
        variants = tuple(dict.fromkeys([*spoken, *names.split()]))
        tags = frozenset((match["tags"] or "").split())
        found.append(Group(kind, match["name"], tags, variants, tuple(told.split())))
    return found


@cache
def groups() -> tuple[Group, ...]:
    """All groups of all files, in file and line order."""
    return tuple(
        group for path in sorted(FOLDER.glob("*.txt")) for group in parse(path.stem, path.read_text("utf-8"))
    )


@cache
def of_kind(kind: str) -> tuple[Group, ...]:
    """The groups of one file."""
    return tuple(group for group in groups() if group.kind == kind)
