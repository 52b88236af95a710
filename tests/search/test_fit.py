"""search/fit.py: weights that suit what is given, and no others."""

import numpy as np
import pytest

from search import ranking
from search.baselines import bm25, tf_idf, words
from search.encoder import Encoder
from search.fit import TRIED, Judged, fit_ranking, judged, logistic, strength_by
from search.ranking import Matches
from search.segment import in_memory
from search.sets import Task
from search.text import tokens
from tests.search.conftest import CASES


def row(right: int, cosine: list[float], words: list[float]) -> Judged:
    """A question to which two cases compare so."""
    none = np.zeros(2, np.float32)
    matches = Matches(np.asarray(cosine, np.float32), np.asarray(words, np.float32), none)
    return Judged("near", 1.0, 1.0, True, matches, np.full(2, 20.0), np.zeros(2, np.bool_), right)


class TestRanking:
    def test_the_weight_of_words_follows_what_is_right(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ranking, "WORDS", 2.0)
        monkeypatch.setattr(ranking, "SPREAD", 2.0)
        by_words = fit_ranking([row(1, [0.8, 0.5], [0.2, 0.6])] * 4)
        by_meaning = fit_ranking([row(0, [0.8, 0.5], [0.2, 0.75])] * 4)
        assert set(by_words) == set(TRIED)
        assert by_words["WORDS"] > ranking.WORDS > by_meaning["WORDS"]

    def test_weighs_as_ranking_does(self, encoder: Encoder) -> None:
        segment = in_memory(CASES, encoder.encode([case.question for case in CASES]))
        used = {name: getattr(ranking, name) for name in TRIED}
        for text in ("苞谷叶子黄", "柑子打开全是蛆", "打了氯虫苯甲酰胺还有虫"):
            task = Task("", {case.id: case for case in CASES}, {"near": [(text, case.id) for case in CASES]})
            query = ranking.make_query(text, encoder)
            found = ranking.candidates(segment, query, *ranking.full_match(segment, query))
            rows = list(judged(task, segment, encoder))
            assert rows
            for one in rows:
                assert strength_by(one, used) == pytest.approx(found.scored.strength, abs=1e-5)

    def test_of_equals_those_in_use(self) -> None:
        found = fit_ranking([row(0, [0.9, 0.1], [0.9, 0.1])])
        assert found == {name: getattr(ranking, name) for name in TRIED}

    def test_every_question_is_judged_whose_case_came_up(self, encoder: Encoder) -> None:
        segment = in_memory(CASES, encoder.encode([case.question for case in CASES]))
        task = Task("", {case.id: case for case in CASES}, {"near": [(CASES[0].question, CASES[0].id)]})
        (found,) = judged(task, segment, encoder)
        assert found.matches.cosine[found.right] == pytest.approx(1, abs=1e-3)
        gone = Task("", {}, {"near": [(CASES[0].question, "nobody")]})
        assert list(judged(gone, segment, encoder)) == []


class TestConfidence:
    def test_separates_what_can_be_separated(self) -> None:
        rows = np.asarray([[1.0, value] for value in (0.1, 0.2, 0.3, 0.7, 0.8, 0.9)])
        labels = rows[:, 1] > 0.5
        weights = logistic(rows, labels, np.zeros(6))
        assert ((rows @ weights > 0) == labels).all()

    def test_a_kind_with_many_of_one_class_does_not_lean_to_it(self) -> None:
        rows = np.asarray([[1.0, 0.2]] * 90 + [[1.0, 0.8]] * 10)
        labels = np.asarray([False] * 90 + [True] * 10)
        base, slope = logistic(rows, labels, np.zeros(100))
        assert base + slope * 0.35 < 0 < base + slope * 0.65


class TestBaselines:
    def test_each_finds_a_question_by_its_own_words(self) -> None:
        texts, ids = [case.question for case in CASES], [case.id for case in CASES]
        for rank in (bm25(texts, ids, tokens), bm25(texts, ids, words), tf_idf(texts, ids, tokens)):
            assert all(rank(text)[0] == case_id for text, case_id in zip(texts, ids, strict=True))
            assert rank("zzz") == []
