"""Near-duplicates: nobody wants to read the same question five times."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from search.concepts import Concept, concepts_in
from search.text import fold_key, runs

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
    return frozenset(map(str.__add__, plain, plain[1:])) or frozenset((plain,))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """The share that two sets have in common, 0 to 1."""
    both = len(one & other)
    union = len(one) + len(other) - both
    return both / union if union else 1.0


@dataclass
class Said:
    """A question as far as folding needs it: its runs (`search.text.runs`), its bigrams, and its vector,
    float32 [d], of length one. What costs more is worked out when it is asked for."""

    runs: Sequence[str]
    pairs: frozenset[str]
    vector: Floats

    @classmethod
    def of(cls, text: str, vector: Floats) -> "Said":
        """Read a question."""
        said = runs(text)
        return cls(said, bigrams_of("".join(said)), vector)

    @cached_property
    def things(self) -> frozenset[Concept]:
        """What it names."""
        return frozenset(concepts_in(self.runs))


class Shown:
    """The questions taken so far."""

    def __init__(self) -> None:
        self._folds: set[int] = set()
        self._taken: list[Said] = []

    def repeats(self, fold: int) -> bool:
        """Whether a question of this fold number (`search.columns`) was taken."""
        return fold in self._folds

    def seen(self, fold: int, said: Said) -> bool:
        """Whether a question of this fold number says what one before it said; if not, it is taken."""
        for other in self._taken:
            share = jaccard(said.pairs, other.pairs)
            # Two numbers or two names in otherwise equal sentences are two questions.
            if share <= ALIKE or said.things != other.things:
                continue
            if share > SAME_TEXT or float(other.vector @ said.vector) > SAME_SENSE:
                return True
        self._folds.add(fold)
        self._taken.append(said)
        return False
