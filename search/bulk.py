"""Many texts to term counts at once: the tokens of `search.text`, but a hundred thousand at a time in NumPy.

A character is its code point, a bigram two of them in one integer; letters, digits and names get numbers
above those. `search.segment.question_terms` says what must come out, and a test holds both equal.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from search.lexical import Counts
from search.text import runs

_WIDTH = 21
_LOW = (1 << _WIDTH) - 1
_OTHER = 1 << (2 * _WIDTH)

Keys = NDArray[np.int64]


class Counter:
    """Counts the terms of texts added batch by batch; without `characters` only those of two and more."""

    def __init__(self, characters: bool = True) -> None:
        self._characters = characters
        self._others: dict[str, int] = {}
        self._terms: dict[int, int] = {}
        self._parts: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint16]]] = []
        self._lengths: list[NDArray[np.int32]] = []
        self._documents = 0

    def add(self, texts: Sequence[str], names: Sequence[Iterable[str]]) -> None:
        """Add texts, and for each the further tokens (names of things) that it counts for."""
        others: list[int] = []
        owners: list[int] = []
        spelled: list[str] = []
        for number, (text, found) in enumerate(zip(texts, names, strict=True)):
            han: list[str] = []
            for run in runs(text):
                if not run[0].isascii():
                    han.append(run)
                elif self._characters or len(run) > 1:
                    others.append(self._number(run))
                    owners.append(number)
            for name in found:
                others.append(self._number(name))
                owners.append(number)
            spelled.append("\0".join(han))
        keys, places = self._spread(spelled)
        keys = np.concatenate((keys, np.asarray(others, np.int64)))
        places = np.concatenate((places, np.asarray(owners, np.int64)))
        self._lengths.append(np.bincount(places, minlength=len(texts)).astype(np.int32))
        self._count(keys, places)
        self._documents += len(texts)

    def counts(self) -> Counts:
        """What was counted so far."""
        names = list(self._others)
        numbers, documents, repeats = (
            np.concatenate([part[column] for part in self._parts] or [np.zeros(0, np.int32)])
            for column in range(3)
        )
        lengths = np.concatenate(self._lengths or [np.zeros(0, np.int32)])
        return Counts(
            {_spelling(key, names): number for key, number in self._terms.items()},
            numbers.astype(np.int32),
            documents.astype(np.int32),
            repeats.astype(np.float32),
            lengths.astype(np.float32),
        )

    def _number(self, token: str) -> int:
        return _OTHER + self._others.setdefault(token, len(self._others))

    def _spread(self, spelled: Sequence[str]) -> tuple[Keys, Keys]:
        """The characters and bigrams of Chinese runs, and the text that each stands in."""
        joined = "\0\0".join(spelled)
        codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32).astype(np.int64)
        sizes = np.fromiter((len(text) + 2 for text in spelled), np.int64, len(spelled))
        owners = np.repeat(np.arange(len(spelled)), sizes)[: len(codes)]
        wide = (codes[:-1] > 0) & (codes[1:] > 0)
        keys, places = (codes[:-1][wide] << _WIDTH) | codes[1:][wide], owners[:-1][wide]
        if self._characters:
            keys = np.concatenate((codes[codes > 0], keys))
            places = np.concatenate((owners[codes > 0], places))
        return keys, places

    def _count(self, keys: Keys, places: Keys) -> None:
        unique, inverse = np.unique(keys, return_inverse=True)
        pairs, repeats = np.unique((inverse << 32) | places, return_counts=True)
        terms = self._terms
        numbers = np.asarray([terms.setdefault(key, len(terms)) for key in unique.tolist()], np.int32)
        self._parts.append(
            (
                numbers[pairs >> 32] if len(pairs) else np.zeros(0, np.int32),
                ((pairs & 0xFFFFFFFF) + self._documents).astype(np.int32),
                np.minimum(repeats, 65535).astype(np.uint16),
            )
        )


def _spelling(key: int, names: Sequence[str]) -> str:
    if key >= _OTHER:
        return names[key - _OTHER]
    if key > _LOW:
        return chr(key >> _WIDTH) + chr(key & _LOW)
    return chr(key)
