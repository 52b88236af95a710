"""search/sets.py: what find similar is measured with."""

from pathlib import Path

import orjson
import pytest

from search.fold import bigrams, jaccard
from search.sets import APART, Task, development, first, judged, large, second


@pytest.mark.parametrize("task", [first(), second(), development(), large()], ids=lambda task: task.name)
def test_every_right_case_is_in_the_archive(task: Task) -> None:
    assert all(wanted in task.archive for queries in task.slices.values() for _, wanted in queries)


@pytest.mark.parametrize("task", [first(), second(), development()], ids=lambda task: task.name)
class TestEverySet:
    def test_asks_in_near_words_and_dialect_for_names_and_for_nothing(self, task: Task) -> None:
        assert all(len(task.slices[part]) >= 40 for part in ("near", "dialect", "names", "answer"))
        assert len(task.unanswerable) >= 60


class TestSize:
    def test_the_blind_ones_are_as_large_as_was_promised(self) -> None:
        for task in (first(), second()):
            assert len(task.archive) >= 3000
            assert len(task.slices["near"]) + len(task.slices["dialect"]) >= 300

    def test_what_the_further_questions_answer_is_not_unanswerable_among_them(self) -> None:
        assert len(second(alone=True).unanswerable) == 100
        assert set(second().unanswerable) < set(second(alone=True).unanswerable)

    def test_further_questions_stand_apart_from_the_second_set(self) -> None:
        own, whole = second(alone=True), second()
        more = [bigrams(whole.archive[key].question) for key in whole.archive.keys() - own.archive.keys()]
        for text in own.unanswerable:
            assert max(jaccard(bigrams(text), other) for other in more) <= APART


class TestJudged:
    def test_what_helped_and_what_did_not(self, tmp_path: Path) -> None:
        rows = [
            {"id": "1", "query": "苞谷叶子黄", "question": "玉米叶片发黄", "case": "a", "helpful": True},
            {"id": "2", "query": "洋芋烂了", "question": "玉米叶片发黄", "case": "a", "helpful": False},
            {"id": "3", "query": "猪不吃", "question": "", "case": "gone", "helpful": True},
        ]
        path = tmp_path / "judged.jsonl"
        path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
        task = judged(path)
        assert list(task.archive) == ["a"]
        assert task.slices == {"helped": [("苞谷叶子黄", "a")], "not": [("洋芋烂了", "a")]}
