import json
import subprocess
import sys
from random import Random

import pytest

from search.errors import SearchError
from search.grammar import pairs
from search.lexicon import groups, of_kind, parse
from search.metrics import quality
from search.sets import BLIND, DEVELOPMENT, read
from search.text import fold_key


class TestLexicon:
    def test_it_is_large(self) -> None:
        assert sum(len(group.variants) + len(group.descriptions) for group in groups()) > 5000

    def test_no_group_is_written_twice(self) -> None:
        for kind in {group.kind for group in groups()}:
            names = [group.name for group in of_kind(kind)]
            assert len(names) == len(set(names)), kind

    def test_a_line(self) -> None:
        (group,) = parse("pests", "蚜虫 [豆 瓜]: 腻虫 蜜虫 | 小绿虫爬满嫩芽")
        assert group.variants == ("蚜虫", "腻虫", "蜜虫")
        assert group.tags == {"豆", "瓜"}
        assert group.descriptions == ("小绿虫爬满嫩芽",)

    def test_a_broken_line_is_named(self) -> None:
        with pytest.raises(SearchError, match="pests line 2"):
            parse("pests", "# comment\nno colon here")


class TestPairs:
    def test_are_the_same_every_time(self) -> None:
        assert list(pairs(200, 3)) == list(pairs(200, 3))
        assert list(pairs(200, 3)) != list(pairs(200, 4))

    def test_fill_every_slot(self) -> None:
        assert not any("{" in text for pair in pairs(2000, 5) for text in (pair.one, pair.other, pair.miss))

    def test_hold_no_question_of_the_blind_sets(self) -> None:
        blind = {
            fold_key(text)
            for folder in (BLIND, BLIND / "second")
            for name in ("needs", "names", "unanswerable")
            for row in read(folder / f"{name}.jsonl")
            for key, text in row.items()
            if key != "id" and len(text) > 6
        }
        for pair in pairs(20_000, Random(9).randrange(1000)):
            assert not {fold_key(pair.one), fold_key(pair.other)} & blind

    def test_development_set_is_not_among_the_hand_written_needs(self) -> None:
        written = {fold_key(text) for group in of_kind("needs") for text in group.variants}
        for row in (row for path in DEVELOPMENT.rglob("*.jsonl") for row in read(path)):
            assert not {fold_key(text) for key, text in row.items() if key != "id"} & written


class TestMetrics:
    def test_by_hand(self) -> None:
        measured = quality([1, 2, None, 11])
        assert (measured.recall_1, measured.recall_5, measured.recall_10) == (0.25, 0.5, 0.5)
        assert measured.mrr_10 == pytest.approx((1 + 0.5) / 4)

    def test_of_nothing(self) -> None:
        assert quality([]).mrr_10 == 0


class TestImports:
    def test_search_is_instant(self) -> None:
        heavy = "torch", "sentence_transformers", "faiss", "jieba"
        program = (
            f"import json, sys, search.finder; print(json.dumps([m for m in {heavy!r} if m in sys.modules]))"
        )
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
        assert json.loads(ended.stdout) == []
