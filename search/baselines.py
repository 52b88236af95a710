"""What find similar is measured beside: its own halves, BM25 and TF-IDF."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import log, sqrt

import numpy as np

from search.encoder import Encoder
from search.lexical import Lexical
from search.ranking import make_query, search
from search.segment import Segment
from search.text import fold_key

DEPTH = 10

Ranker = Callable[[str], list[str]]
"""A question to the ids of the best cases, DEPTH at most."""


def hybrid(segment: Segment, encoder: Encoder) -> Ranker:
    """What ships, without abstention."""
    nothing = (frozenset[str](),)
    return lambda text: [
        found.case.id for found in search((segment,), make_query(text, encoder), DEPTH, nothing)
    ]


def dense(segment: Segment, encoder: Encoder, ids: Sequence[str]) -> Ranker:
    """The encoder alone."""

    def rank(text: str) -> list[str]:
        _, rows = segment.vectors.index.search(encoder.encode([text]), DEPTH)
        return [ids[row] for row in rows[0]]

    return rank


def bm25(texts: Iterable[str], ids: Sequence[str], split: Callable[[str], list[str]]) -> Ranker:
    """BM25 alone, over tokens of the given kind."""
    lexical = Lexical.build(split(text) for text in texts)

    def rank(text: str) -> list[str]:
        scores = lexical.scores(split(text))
        best = np.argsort(-scores, kind="stable")[:DEPTH]
        return [ids[row] for row in best if scores[row] > 0]

    return rank


def tf_idf(texts: Sequence[str], ids: Sequence[str], split: Callable[[str], list[str]]) -> Ranker:
    """Cosine of TF-IDF vectors, over tokens of the given kind."""
    lists = [split(text) for text in texts]
    frequency = Counter(token for text in lists for token in set(text))
    weights = {token: log((1 + len(lists)) / (1 + count)) + 1 for token, count in frequency.items()}
    holders: dict[str, list[tuple[int, float]]] = {}
    for row, text in enumerate(lists):
        values = {token: count * weights[token] for token, count in Counter(text).items()}
        length = sqrt(sum(value * value for value in values.values())) or 1.0
        for token, value in values.items():
            holders.setdefault(token, []).append((row, value / length))

    def rank(text: str) -> list[str]:
        scores = np.zeros(len(lists), np.float32)
        for token, count in Counter(split(text)).items():
            for row, value in holders.get(token, ()):
                scores[row] += value * count * weights[token]
        best = np.argsort(-scores, kind="stable")[:DEPTH]
        return [ids[row] for row in best if scores[row] > 0]

    return rank


def words(text: str) -> list[str]:
    """jieba's words."""
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    return [word for word in jieba.cut_for_search(text) if fold_key(word)]
