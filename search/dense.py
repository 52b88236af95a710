"""Vectors to a FAISS index: exact while that is fast enough, else short codes whose recall is measured.

A large archive is scanned as product-quantised codes of 4 bits (Jegou, Douze & Schmid, "Product Quantization
for Nearest Neighbor Search", 2011; Andre, Kermarrec & Le Scouarnec, "Quicker ADC", 2019): 32 bytes a case
instead of 1,024. The nearest few hundred by code are then compared exactly, by half-precision vectors that
are mapped into memory. Measured here, it beat inverted lists, which have to visit half of the archive to find
what a question in other words is near to, and graphs, which take too long to build.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Halves = NDArray[np.float16]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

EXACT_UP_TO = 20_000
"""Cases up to which every vector is compared: 0.5 ms and no loss."""

WANTED = 0.985
"""Share of the exact ten nearest that a large index must find, measured in its build; promised is 0.98."""

DEPTHS = (100, 200, 500, 1000, 2000)
"""How many of the nearest by code are compared exactly: the first of these that finds enough."""

FEW = 4096
"""A filter that leaves so few cases is searched one by one."""

INDEX, EXACT = "vectors.faiss", "vectors.npy"

_TEN = 10
_BATCH = 20_000
_DIMENSIONS_A_CODE = 4
_TRAINED_ON = 20_000

_SIGN_EXPONENT_FRACTION = ~0x7000_1FFF
"""What half precision can fill of the bits of single precision."""

_threads = threading.local()


def load_faiss() -> Any:
    """The library, imported late (its own type hints know nothing of its Python conveniences)."""
    import faiss

    return faiss


@dataclass(frozen=True)
class Vectors:
    """`index`: FAISS, inner product, n rows. `exact`: float16 [n, d], or None where the index is exact.
    `depth`: how many of its answers are compared exactly. `kind`: what it is, in words. `recall`: the share
    of the exact ten nearest that is found."""

    index: Any
    exact: Halves | None = None
    depth: int = 0
    kind: str = "flat"
    recall: float = 1.0

    def nearest(self, vector: Floats, k: int, mask: Flags | None = None) -> Longs:
        """The rows nearest to a vector float32 [d], at most k, in no order, of those that `mask` allows."""
        count: int = self.index.ntotal
        if not count:
            return np.zeros(0, np.int64)
        if mask is not None:
            allowed = np.flatnonzero(mask)
            if len(allowed) <= FEW:
                return self._best(allowed, vector, k)
            k = min(k, len(allowed))
        _one_thread()
        if self.exact is None:
            chosen = _only(mask) if mask is not None else None
            _, rows = self.index.search(vector[None], min(k, count), params=chosen)
            found: Longs = rows[0][rows[0] >= 0]
            return found
        # Short codes cannot be filtered while they are scanned: look deeper, and filter then.
        share = 1.0 if mask is None else len(allowed) / count
        _, rows = self.index.search(vector[None], min(count, int(max(k, self.depth) / share)))
        found = rows[0][rows[0] >= 0]
        return self._best(found if mask is None else found[mask[found]], vector, k)

    def _best(self, rows: Longs, vector: Floats, k: int) -> Longs:
        if len(rows) <= k:
            return rows
        return rows[np.argpartition(self.cosine(rows, vector), -k)[-k:]]

    def cosine(self, rows: NDArray[np.integer], vector: Floats) -> Floats:
        """The cosine of these rows with a vector of length one, float32 [len(rows)]."""
        found: Floats = self.rows(rows) @ vector
        return found

    def rows(self, rows: NDArray[np.integer]) -> Floats:
        """The vectors of these rows, float32 [len(rows), d]."""
        if self.exact is not None:
            return _widened(self.exact[rows])
        if not len(rows):
            return np.zeros((0, self.index.d), np.float32)
        found: Floats = self.index.reconstruct_batch(rows.astype(np.int64))
        return found

    def save(self, folder: Path) -> None:
        """Write into an existing folder."""
        load_faiss().write_index(self.index, str(folder / INDEX))
        if self.exact is not None:
            np.save(folder / EXACT, self.exact)


def load(folder: Path, depth: int, kind: str, recall: float) -> Vectors:
    """Map what `save` wrote."""
    faiss = load_faiss()
    index = faiss.read_index(str(folder / INDEX), faiss.IO_FLAG_MMAP_IFC)
    path = folder / EXACT
    exact = np.asarray(np.load(path, mmap_mode="r")) if path.exists() else None
    return Vectors(index, exact, depth, kind, recall)


def flat(vectors: Floats) -> Vectors:
    """An exact index over float32 [n, d]."""
    index = load_faiss().IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    return Vectors(index)


def build(vectors: Floats, questions: Floats, at: Callable[[int], None]) -> Vectors:
    """The right index for float32 [n, d], judged by `questions`, float32 [m, d]; `at` is told how many of
    the n are in.

    An archive that short codes cannot serve well enough gets an exact index, whatever its size.
    """
    count, dimension = vectors.shape
    if count <= EXACT_UP_TO or dimension % _DIMENSIONS_A_CODE:
        return flat(vectors)
    index = _codes(vectors, at)
    exact = vectors.astype(np.float16)
    tenth = _tenth(vectors, questions)
    for depth in DEPTHS:
        recall = _recall(Vectors(index, exact, depth), questions, tenth)
        if recall >= WANTED:
            kind = f"codes of 4 bits for {_DIMENSIONS_A_CODE} dimensions, {depth} compared exactly"
            return Vectors(index, exact, depth, kind, recall)
    return flat(vectors)


def _codes(vectors: Floats, at: Callable[[int], None]) -> Any:
    faiss = load_faiss()
    count, dimension = vectors.shape
    index = faiss.IndexPQFastScan(dimension, dimension // _DIMENSIONS_A_CODE, 4, faiss.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(0).choice(count, min(count, _TRAINED_ON), replace=False)
    index.train(vectors[np.sort(sample)])
    for begin in range(0, count, _BATCH):
        at(begin)
        index.add(vectors[begin : begin + _BATCH])
    return index


def _tenth(vectors: Floats, questions: Floats) -> Floats:
    """The inner product of each question with its tenth nearest, float32 [m]."""
    best = np.full((len(questions), _TEN), -1, np.float32)
    for begin in range(0, len(vectors), _BATCH):
        near = np.concatenate((best, questions @ vectors[begin : begin + _BATCH].T), axis=1)
        best = np.partition(near, -_TEN, axis=1)[:, -_TEN:]
    tenth: Floats = best.min(axis=1)
    return tenth


def _recall(vectors: Vectors, questions: Floats, tenth: Floats) -> float:
    """How many of the exact ten nearest come up; one as near as the tenth counts, whichever it is (half
    precision is good to 0.0002)."""
    found = 0
    for question, least in zip(questions, tenth, strict=True):
        near = vectors.cosine(vectors.nearest(question, _TEN), question)
        found += int((near >= least - 2e-4).sum())
    return found / max(1, _TEN * len(questions))


def _widened(halves: Halves) -> Floats:
    """Half to single precision in a third of the time of `astype`: sign, exponent and fraction move to their
    new places, and 2 ** 112 makes up for the other bias of the exponent (IEEE 754-2008, 3.4)."""
    bits = halves.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= np.int32(_SIGN_EXPONENT_FRACTION)
    found: Floats = bits.view(np.float32)
    found *= np.float32(2.0**112)
    return found


def _only(mask: Flags) -> Any:
    faiss = load_faiss()
    return faiss.SearchParameters(sel=faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little")))


def _one_thread() -> None:
    """More threads make a single query slower, not faster (measured); the setting is a thread's own."""
    if not getattr(_threads, "single", False):
        load_faiss().omp_set_num_threads(1)
        _threads.single = True
