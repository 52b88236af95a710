"""A hand-written thesaurus: words, phrases and clauses that farm questions are built from, in other words.

Every ``*.jsonl`` here holds one field: what is seen on ``plants`` and ``animals``, and their ``troubles_`` by
name and as they are told; ``acts`` and ``techniques`` of farming; ``things`` (machines, tools, stores),
``subjects`` (crops, animals, machines, people) and ``names`` with the folk names of many regions, and
``parts_stages`` of all these; ``talk`` (time, degree, doubt, affairs), ``trade_home``, ``everyday`` verbs and
adjectives; whole ``clauses_``; and two glossaries of ``dialect_``. A line is as in `search.written`. Close
but different things stand together: the lines around one are its near misses.

A question says several things at once; a need that is written out teaches its own words only. Here each word
is taught by itself, and training joins a few at random (`search.phrases`).
"""

from functools import cache
from pathlib import Path

from search.written import Fields, read

SHORTEST, LONGEST = 2, 6
"""Characters of a phrase that may stand for another within a sentence."""


@cache
def fields() -> Fields:
    """The phrases of every field."""
    return read(Path(__file__).parent)


@cache
def synonyms() -> dict[str, tuple[str, ...]]:
    """Short wording -> all wordings of its phrase; without those that stand under several phrases."""
    found: dict[str, tuple[str, ...]] = {}
    twice = set()
    for phrases in fields().values():
        for phrase in phrases:
            for wording in phrase.wordings:
                if SHORTEST <= len(wording) <= LONGEST:
                    twice.update({wording} & found.keys())
                    found[wording] = phrase.wordings
    return {wording: same for wording, same in found.items() if wording not in twice}
