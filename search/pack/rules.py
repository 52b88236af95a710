"""The rules of find similar that travel with the encoder: characters, names, and the numbers of ranking."""

from collections.abc import Iterator
from types import ModuleType

import orjson

from search import boosts, confidence, fold, lexical, ranking
from search.concepts import Concept, concepts
from search.lexicon import Group, groups
from search.text import runs, traditional

NUMBERS: tuple[ModuleType, ...] = (ranking, boosts, fold)
"""Where the numbers of ranking stand, each by a name of capitals that none of the others has."""


def rules() -> bytes:
    """The content of the section `rules`, JSON."""
    return orjson.dumps(
        {
            "traditional": {chr(old): new for old, new in traditional().items()},
            "names": list(names()),
            "ranking": constants(),
            "confidence": {**confidence.WEIGHTS, **numbers_of(confidence)},
        }
    )


def constants() -> dict[str, float]:
    """Every number that the ranking is made of, by the name that it has there."""
    found: dict[str, float] = {"K1": lexical.K1, "B": lexical.B}
    for module in NUMBERS:
        for name, value in numbers_of(module).items():
            assert found.setdefault(name, value) == value, f"two numbers are called {name}"
    return found


def numbers_of(module: ModuleType) -> dict[str, float]:
    """The constants of a module that are numbers."""
    return {
        name: value for name, value in vars(module).items() if name.isupper() and type(value) in (int, float)
    }


def names() -> Iterator[tuple[str, str, list[str]]]:
    """(kind, standard name, ways to say it) of everything that a text can name. A way is normalised, belongs
    to one name only, and is one that `search.concepts` finds."""
    for group in groups():
        if group.names_a_thing and (ways := _ways(group)):
            yield group.kind, group.name, ways


def _ways(group: Group) -> list[str]:
    meant = [Concept(group.kind, group.name)]
    words = dict.fromkeys("".join(runs(variant)) for variant in group.variants)
    return [word for word in words if concepts(word) == meant]
