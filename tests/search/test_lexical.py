from collections import Counter
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.lexical import K1, B, Lexical

TEXTS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=12), min_size=1, max_size=12)


def naive(query: list[str], texts: list[list[str]]) -> list[float]:
    """BM25 as the book writes it, one document at a time; empty ones do not make the others long."""
    filled = [text for text in texts if text]
    mean = sum(map(len, filled)) / (len(filled) or 1) or 1.0
    scores = []
    for text in texts:
        counts, score = Counter(text), 0.0
        for token in set(query):
            frequency = sum(token in other for other in texts)
            weight = log(1 + (len(texts) - frequency + 0.5) / (frequency + 0.5))
            repeats = counts[token]
            score += weight * repeats * (K1 + 1) / (repeats + K1 * (1 - B + B * len(text) / mean))
        scores.append(score)
    return scores


class TestScores:
    @given(TEXTS, st.lists(st.sampled_from("abcdefgz"), max_size=6))
    def test_equal_the_naive_formula(self, texts: list[list[str]], query: list[str]) -> None:
        assert Lexical.build(texts).scores(query) == pytest.approx(naive(query, texts), abs=1e-3)

    @given(TEXTS, st.lists(st.sampled_from("abcdefgz"), max_size=6))
    def test_a_document_outside_scores_as_if_it_were_inside(
        self, texts: list[list[str]], query: list[str]
    ) -> None:
        lexical = Lexical.build(texts)
        assert lexical.score(query, texts[0]) == pytest.approx(float(lexical.scores(query)[0]), abs=1e-3)

    def test_the_best_possible_is_the_query_itself(self) -> None:
        lexical = Lexical.build([["a", "b"], ["c", "d"]])
        assert lexical.best_possible(["a", "b"]) == pytest.approx(
            float(lexical.scores(["a", "b"])[0]), abs=1e-3
        )
        assert lexical.best_possible([]) == 0

    def test_nothing_indexed(self) -> None:
        lexical = Lexical.build([])
        assert lexical.scores(["a"]).shape == (0,)
        assert lexical.best_possible(["a"]) > 0


class TestLike:
    def test_weights_come_from_the_larger_index(self) -> None:
        texts = [["a", "b"], ["a", "c"], ["a", "d", "d"]]
        large = Lexical.build(texts)
        small = Lexical.build(texts[2:], large)
        assert float(small.scores(["a", "d"])[0]) == pytest.approx(
            float(large.scores(["a", "d"])[2]), abs=1e-3
        )


class TestFiles:
    def test_come_back_as_they_were(self, tmp_path: Path) -> None:
        lexical = Lexical.build([["玉", "玉米"], ["稻"], []])
        lexical.save(tmp_path)
        again = Lexical.load(tmp_path)
        assert again.terms == lexical.terms
        assert np.array_equal(again.scores(["玉米"]), lexical.scores(["玉米"]))
