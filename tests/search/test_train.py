import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from search import thesaurus
from search.encoder import SHIPPED
from search.errors import SearchError
from search.grammar import Pair, pairs, written_pairs
from search.pairs import fields
from search.phrases import phrase_pairs
from search.sets import DEVELOPMENT, read
from search.static import TOKENIZER, WEIGHTS, Static
from search.text import fold_key
from search.train import BATCH, LEFT_OUT, SHORT, fit, leave_out, save, vocabulary
from search.written import count, parse


def wordings() -> Iterator[str]:
    return (text for needs in fields().values() for need in needs for text in need.wordings)


def shape(text: str) -> frozenset[str]:
    key = fold_key(text)
    return frozenset(key[place : place + 2] for place in range(len(key) - 1))


class TestWrittenPairs:
    def test_are_many_and_of_every_field(self) -> None:
        assert count(fields()) >= 3000
        assert len(fields()) >= 15
        assert min(map(len, fields().values())) >= 15

    def test_no_need_is_written_twice(self) -> None:
        questions = [fold_key(need.wordings[0]) for needs in fields().values() for need in needs]
        assert len(questions) == len(set(questions))

    def test_a_wording_says_it_in_other_words(self) -> None:
        """Written by hand, the wordings of a need share few pairs of characters with its question."""
        shares = []
        for needs in fields().values():
            for need in needs:
                question, *same = map(shape, need.wordings)
                shares.extend(len(question & other) / max(1, len(question | other)) for other in same)
        assert np.mean(shares) < 0.15
        assert np.mean(np.asarray(shares) > 0.6) < 0.01

    def test_hold_no_row_of_the_development_set(self) -> None:
        held = [
            text
            for path in DEVELOPMENT.rglob("*.jsonl")
            if path.name != "archive.jsonl"
            for row in read(path)
            for key, text in row.items()
            if key not in ("id", "answer") and len(text) > 3
        ]
        shapes = {place: shape(text) for place, text in enumerate(wordings())}
        having: dict[str, set[int]] = {}
        for place, pairs_of in shapes.items():
            for pair in pairs_of:
                having.setdefault(pair, set()).add(place)
        for text in held:
            mine = shape(text)
            for place in set().union(*(having.get(pair, set()) for pair in mine)):
                assert len(mine & shapes[place]) / len(mine | shapes[place]) < 0.8, text

    @pytest.mark.parametrize(
        "line", ["{", '{"q": "玉米"}', '{"q": "玉米", "same": ["玉米"]}', '{"q": "", "same": ["稻"]}']
    )
    def test_a_broken_line_is_named(self, line: str) -> None:
        with pytest.raises(SearchError, match="grain line 2"):
            parse("grain", '{"q": "苞谷黄了", "same": ["玉米发黄"]}\n' + line)


class TestThesaurus:
    def test_a_phrase_stands_once_in_its_field(self) -> None:
        for phrases in thesaurus.fields().values():
            wordings = [wording for phrase in phrases for wording in phrase.wordings]
            assert len(wordings) == len(set(wordings))

    def test_a_synonym_means_one_thing(self) -> None:
        every = [phrase for phrases in thesaurus.fields().values() for phrase in phrases]
        for wording, same in list(thesaurus.synonyms().items())[::50]:
            assert [phrase.wordings for phrase in every if wording in phrase.wordings] == [same]


class TestPhrases:
    def test_are_the_same_every_time(self) -> None:
        assert list(phrase_pairs(300, 3)) == list(phrase_pairs(300, 3))
        assert list(phrase_pairs(300, 3)) != list(phrase_pairs(300, 4))

    def test_every_phrase_comes_up(self) -> None:
        total = sum(map(len, thesaurus.fields().values()))
        drawn = {key for pair in phrase_pairs(total, 1) for key in pair.key.split()}
        assert drawn == {phrase.key for phrases in thesaurus.fields().values() for phrase in phrases}

    def test_say_the_same_things_twice_and_miss_one(self) -> None:
        said = {phrase.key: phrase.wordings for phrases in thesaurus.fields().values() for phrase in phrases}
        for pair in phrase_pairs(500, 5):
            for text in (pair.one, pair.other):
                assert all(any(wording in text for wording in said[key]) for key in pair.key.split())
            assert (
                sum(not any(wording in pair.miss for wording in said[key]) for key in pair.key.split()) <= 1
            )


class TestDrawing:
    def test_is_the_same_every_time(self) -> None:
        assert list(written_pairs(300, 3)) == list(written_pairs(300, 3))
        assert list(written_pairs(300, 3)) != list(written_pairs(300, 4))

    def test_every_need_comes_as_often(self) -> None:
        total = sum(map(len, fields().values()))
        drawn = {pair.key for pair in written_pairs(total + 200, 1)}
        assert drawn >= {need.key for needs in fields().values() for need in needs}

    def test_a_miss_is_another_need(self) -> None:
        assert all(pair.miss not in (pair.one, pair.other) for pair in written_pairs(2000, 2))


class TestLeavingOut:
    def test_leaves_something_of_every_text_and_short_ones_whole(self) -> None:
        lengths = np.asarray([1, SHORT, 40, 4] * 500)
        flat = np.arange(lengths.sum())
        left, starts = leave_out(flat, lengths, np.random.default_rng(0))
        counts = np.diff([*starts, len(left)])
        assert (counts >= 1).all()
        assert (counts[lengths <= SHORT] == lengths[lengths <= SHORT]).all()
        assert counts[lengths == 40].mean() == pytest.approx(40 * (1 - LEFT_OUT), rel=0.05)
        assert (np.repeat(np.arange(len(lengths)), lengths)[left] == np.repeat(np.arange(2000), counts)).all()


def trained(kinds: list[list[Pair]], folder: Path) -> bytes:
    words = vocabulary([text for kind in kinds for pair in kind for text in (pair.one, pair.other)], 9000)
    save(folder, words, fit(kinds, words, 1))
    return (folder / WEIGHTS).read_bytes() + (folder / TOKENIZER).read_bytes()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
class TestTraining:
    def test_gives_the_same_weights_bit_for_bit_and_a_model_that_serves(self, tmp_path: Path) -> None:
        kinds = [list(pairs(BATCH, 1)), list(written_pairs(BATCH, 1))]
        assert trained(kinds, tmp_path / "one") == trained(kinds, tmp_path / "other")
        assert Static.load(tmp_path / "one").encode(["苞谷叶子发黄"]).any()


class TestShipped:
    def test_the_card_counts_the_pairs_that_there_are(self) -> None:
        card = (SHIPPED / "README.md").read_text("utf-8")
        for fields_of, told in ((fields(), "hand-written pairs"), (thesaurus.fields(), "pairs of words")):
            stated = re.search(rf"([\d,]+) {told}", card)
            assert stated
            assert int(stated[1].replace(",", "")) == count(fields_of)

    def test_half_the_dimensions_still_tell_crops_apart(self) -> None:
        encoder = Static.load(SHIPPED)
        half = encoder.encode(["苞谷叶子发黄", "玉米叶片发黄", "洋芋叶子发黄"])[:, : encoder.dimension // 2]
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        assert half[0] @ half[1] > half[0] @ half[2]
