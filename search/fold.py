"""Near-duplicates: nobody wants to read the same question five times."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from search.concepts import Concept
from search.text import fold_key

Floats = NDArray[np.float32]

SAME_TEXT = 0.8
"""Share of common character bigrams (Jaccard) above which two questions are one."""

SAME_SENSE = 0.97
"""Cosine above which two questions are one, if they also name the same things."""

ALIKE = 0.4
"""Share of common bigrams that is needed even then: the encoder may know none of the words that differ."""


def bigrams(text: str) -> frozenset[str]:
    """The character bigrams of a text, punctuation aside; a single character stands for itself."""
    return bigrams_of(fold_key(text))


def bigrams_of(plain: str) -> frozenset[str]:
    """The same of a text that is a fold key already."""
    return frozenset(plain[place : place + 2] for place in range(max(1, len(plain) - 1)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """The share that two sets have in common, 0 to 1."""
    union = len(one | other)
    return len(one & other) / union if union else 1.0


class Shown:
    """The questions taken so far."""

    def __init__(self) -> None:
        self._folds: set[int] = set()
        self._taken: list[tuple[frozenset[str], frozenset[Concept], Callable[[], Floats]]] = []

    def repeats(self, fold: int) -> bool:
        """Whether a question of this fold number (`search.columns`) was taken."""
        return fold in self._folds

    def seen(self, fold: int, plain: str, names: Iterable[Concept], vector: Callable[[], Floats]) -> bool:
        """Whether a question says what one before it said; if not, it is taken.

        `plain` is its fold key, `fold` that key's number; `names` are the things that it names; `vector`
        gives its vector, float32 [d], of length one.
        """
        said, things = bigrams_of(plain), frozenset(names)
        for other, named, near in self._taken:
            # Two numbers or two names in otherwise equal sentences are two questions.
            if things != named:
                continue
            share = jaccard(said, other)
            if share > SAME_TEXT or (share > ALIKE and float(near() @ vector()) > SAME_SENSE):
                return True
        self._folds.add(fold)
        self._taken.append((said, things, vector))
        return False
