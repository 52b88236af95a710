from pathlib import Path

import numpy as np
import pytest

from search import dense
from search.dense import build, flat, load

RANDOM = np.random.default_rng(1)


@pytest.fixture
def vectors(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    monkeypatch.setattr(dense, "EXACT_UP_TO", 1000)
    centres = RANDOM.normal(size=(40, 64))
    rows = centres[RANDOM.integers(0, 40, 6000)] + 0.5 * RANDOM.normal(size=(6000, 64))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class TestChoice:
    def test_small_is_exact(self, vectors: np.ndarray) -> None:
        assert build(vectors[:1000], vectors[:5], lambda done: None).kind == "flat"

    def test_large_finds_nearly_all(self, vectors: np.ndarray) -> None:
        told: list[int] = []
        large = build(vectors, vectors[::100], told.append)
        assert large.exact is not None
        assert large.recall >= dense.WANTED
        assert told == [0]

    def test_large_is_exact_where_codes_fail(
        self, vectors: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dense, "WANTED", 1.1)
        assert build(vectors, vectors[::100], lambda done: None).kind == "flat"


class TestNearest:
    @pytest.mark.parametrize("every", [1, 7, 300])
    def test_a_filter_holds(
        self, vectors: np.ndarray, every: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(dense, "FEW", 100)
        built = build(vectors, vectors[::100], lambda done: None)
        built.save(tmp_path)
        large = load(tmp_path, built.depth, built.kind, built.recall)
        mask = np.arange(len(vectors)) % every == 0
        for one in (large, flat(vectors)):
            found = one.nearest(vectors[0], 10, mask)
            exact = np.flatnonzero(mask)[np.argsort(-(vectors[mask] @ vectors[0]))[:10]]
            assert len(found) == 10
            assert len(set(found.tolist()) & set(exact.tolist())) >= 9

    def test_cosines_are_exact(self, vectors: np.ndarray) -> None:
        large = build(vectors, vectors[::100], lambda done: None)
        assert large.cosine(np.arange(50), vectors[3]) == pytest.approx(vectors[:50] @ vectors[3], abs=1e-3)
