"""The lexical half of a query, without touching every case: rare words choose, all words score.

A common word (怎么, 叶) stands in a large part of a million cases and decides nothing. So only the rarest
words of the question, up to MOST postings, bring up cases; the cases that they or the vectors bring up are
then scored with all words. Where all postings are few, that is exact BM25.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.columns import Flags
from search.lexical import Postings

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

MOST = 30_000
"""Postings that are read to bring up cases; chosen by measuring time and what is lost."""

DENSE = 10
"""With more than one posting to so many cases, looking at every case once finds the touched ones sooner."""


@dataclass(frozen=True)
class Gathered:
    """`rows`: int32, the best by the words read so far, ascending; `total`: float32 [count], their sum;
    `rest`: the words that were not read."""

    rows: Ints
    total: Floats
    rest: Sequence[Postings]

    def complete(self, rows: Ints) -> Floats:
        """The whole lexical score of these rows (int32, ascending), float32."""
        found = self.total[rows]
        for word in self.rest:
            found += at(word, rows)
        return found


def gather(words: Sequence[Postings], count: int, k: int, mask: Flags | None = None) -> Gathered:
    """The best k rows of `count` by the rarest words, of those that `mask` allows."""
    order = sorted(words, key=lambda word: len(word.documents))
    used, read = 0, 0
    for word in order:
        if used and read + len(word.documents) > MOST:
            break
        read += len(word.documents)
        used += 1
    total = np.zeros(count, np.float32)
    for word in order[:used]:
        total[word.documents] += word.impacts * np.float32(word.worth)
    rows = (
        _marked(total, order[:used]) if read * DENSE < count else np.flatnonzero(total > 0).astype(np.int32)
    )
    if mask is not None:
        rows = rows[mask[rows]]
    if len(rows) > k:
        rows = rows[np.argpartition(total[rows], -k)[-k:]]
    rows.sort()
    return Gathered(rows, total, order[used:])


def _marked(total: Floats, words: Sequence[Postings]) -> Ints:
    """Every row that the words touch, once. A row's sum is made negative while it is marked as taken."""
    found = []
    for word in words:
        sums = total[word.documents]
        new = sums > 0
        found.append(word.documents[new])
        total[word.documents] = -np.abs(sums)
    np.negative(total, out=total)
    return np.concatenate(found) if found else np.zeros(0, np.int32)


def at(word: Postings, rows: Ints) -> Floats:
    """What one word adds to these rows (int32, ascending), float32."""
    places = word.documents.searchsorted(rows)
    places[places == len(word.documents)] = 0
    hit = word.documents[places] == rows
    found: Floats = np.where(hit, word.impacts[places] * np.float32(word.worth), np.float32(0))
    return found
