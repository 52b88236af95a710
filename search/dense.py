"""Vectors to a FAISS index: exact while that is fast enough, else inverted lists whose recall is measured.

Half-precision vectors are kept in the lists themselves, so that the few candidates of a query can be scored
exactly and the file is mapped, not read. Jegou, Douze & Schmid, "Product Quantization for Nearest Neighbor
Search" (2011), section IV, for the lists.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

EXACT_UP_TO = 20_000
"""Cases up to which every vector is compared: 0.5 ms and no loss."""

WANTED = 0.99
"""Share of the exact ten nearest that a large index must find, measured in its build; promised is 0.98."""

DEPTH = 10
_BATCH = 20_000
_TRAINED_ON = 40
"""Vectors for each list in training; more made no difference that could be measured."""


@dataclass(frozen=True)
class Built:
    """A FAISS index, what it is (flat; or ivf with its lists and how many are visited), and the share of the
    exact ten nearest that it finds."""

    index: Any
    kind: str
    recall: float


def load_faiss() -> Any:
    """The library, imported late (its own type hints know nothing of its Python conveniences)."""
    import faiss

    return faiss


def flat(vectors: Floats) -> Any:
    """An exact FAISS inner-product index over float32 [n, d]."""
    faiss = load_faiss()
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    return index


def build(vectors: Floats, questions: Floats, at: Callable[[int], None]) -> Built:
    """The right index for float32 [n, d], judged by `questions`, float32 [m, d]; `at` is told how many of
    the n are in.

    An archive that lists cannot serve well enough gets an exact one, whatever its size.
    """
    if len(vectors) <= EXACT_UP_TO:
        return Built(flat(vectors), "flat", 1.0)
    index = _lists(vectors, at)
    exact = _exact(vectors, questions)
    visited = 8
    while visited <= index.nlist // 4:
        index.nprobe = visited
        recall = _recall(index, vectors, questions, exact)
        if recall >= WANTED:
            return Built(index, f"ivf {index.nlist} lists, {visited} visited, half precision", recall)
        visited *= 2
    return Built(_half(vectors), "flat, half precision", 1.0)


def _lists(vectors: Floats, at: Callable[[int], None]) -> Any:
    faiss = load_faiss()
    count, dimension = vectors.shape
    lists = 2 ** round(log2(2 * count**0.5))
    centres = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFScalarQuantizer(
        centres, dimension, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT, False
    )
    index.cp.niter = 8
    index.cp.max_points_per_centroid = _TRAINED_ON
    index.cp.min_points_per_centroid = 1
    random = np.random.default_rng(0)
    sample = random.choice(count, min(count, lists * _TRAINED_ON), replace=False)
    index.train(vectors[np.sort(sample)])
    for begin in range(0, count, _BATCH):
        at(begin)
        index.add(vectors[begin : begin + _BATCH])
    index.make_direct_map()
    return index


def _half(vectors: Floats) -> Any:
    faiss = load_faiss()
    index = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.train(vectors[:1])
    index.add(vectors)
    return index


def _exact(vectors: Floats, questions: Floats) -> Floats:
    """The exact inner product of each question's tenth nearest, float32 [m]."""
    best = np.full((len(questions), DEPTH), -1, np.float32)
    for begin in range(0, len(vectors), _BATCH):
        near = questions @ vectors[begin : begin + _BATCH].T
        near = np.concatenate((best, near), axis=1)
        best = np.partition(near, -DEPTH, axis=1)[:, -DEPTH:]
    tenth: Floats = best.min(axis=1)
    return tenth


def _recall(index: Any, vectors: Floats, questions: Floats, tenth: Floats) -> float:
    """How many of the exact ten nearest come up; one as near as the tenth counts, whichever it is."""
    _, rows = index.search(questions, DEPTH)
    near = np.einsum("md,mkd->mk", questions, vectors[rows])
    found = (near >= tenth[:, None] - 1e-6) & (rows >= 0)
    return float(found.mean())
