"""Known names in a text: 苞谷 and 玉米 are one crop, whatever the farmer calls it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from search.lexicon import SUBJECTS, groups
from search.text import runs

MARK = "#"
"""Begins a token that stands for a concept; no token of a text can begin so."""

# One-character names (稻, 猪) are ordinary characters too often; they count only for animals and as below.
_SHORT = frozenset("猪牛羊鸡鸭鹅鱼兔蚕蜂马驴狗")


@dataclass(frozen=True)
class Concept:
    """One name found: its kind (file of the lexicon) and its standard name."""

    kind: str
    name: str


@cache
def _names() -> dict[str, Concept]:
    table: dict[str, Concept] = {}
    for group in groups():
        if not group.names_a_thing:
            continue
        for variant in group.variants:
            word = "".join(runs(variant))
            if len(word) > 1 or word in _SHORT:
                table.setdefault(word, Concept(group.kind, group.name))
    return table


@cache
def _lengths() -> dict[str, tuple[int, ...]]:
    """First character -> how long the names that begin with it are, longest first."""
    lengths: dict[str, set[int]] = {}
    for name in _names():
        lengths.setdefault(name[0], set()).add(len(name))
    return {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}


def concepts(text: str) -> list[Concept]:
    """Names in the text from left to right, the longest that fits at each place."""
    return concepts_in(runs(text))


def concepts_in(said: Iterable[str]) -> list[Concept]:
    """The same of a text that is in runs already (`search.text.runs`)."""
    table, lengths = _names(), _lengths()
    found: list[Concept] = []
    for run in said:
        place = 0
        while place < len(run):
            for length in lengths.get(run[place], ()):
                concept = table.get(run[place : place + length])
                if concept:
                    found.append(concept)
                    place += length
                    break
            else:
                place += 1
    return found


def concept_tokens(found: Iterable[Concept]) -> list[str]:
    """Concepts as tokens for the lexical index."""
    return [MARK + concept.name for concept in found]


def subjects(found: Iterable[Concept]) -> frozenset[str]:
    """The crops and animals that a text is about."""
    return frozenset(concept.name for concept in found if concept.kind in SUBJECTS)


def standard_crop(name: str) -> str:
    """The lexicon's own name for a crop or animal, or the name itself, trimmed, when it knows none."""
    word = "".join(runs(name))
    concept = _names().get(word)
    return concept.name if concept and concept.kind in SUBJECTS else name.strip()
