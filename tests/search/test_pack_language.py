"""search/pack/language.py and rules.py: the encoder that travels, and what that costs."""

from dataclasses import replace

import numpy as np
import orjson
import pytest

from search import boosts, confidence, fold, ranking
from search.concepts import Concept, concepts
from search.encoder import SHIPPED, Encoder
from search.errors import PackBroken
from search.lexicon import groups
from search.pack.language import SECTIONS, Language, quantised, shipped
from search.pack.rules import constants, names
from search.static import Static
from search.text import traditional
from tests.search.pack_cases import realistic


@pytest.fixture(scope="module")
def language() -> Language:
    return shipped()


@pytest.fixture(scope="module")
def questions() -> list[str]:
    return [case.question for case in realistic(1500)]


class TestSize:
    def test_all_sections_are_under_four_million_bytes(self, language: Language) -> None:
        packed = language.packed()
        assert [section.name for section in packed.sections] == list(SECTIONS)
        assert sum(len(section.packed) for section in packed.sections) <= 4_000_000


class TestLikeness:
    def test_vectors_hardly_turn(self, language: Language, encoder: Encoder, questions: list[str]) -> None:
        exact, packed = encoder.encode(questions), language.model().encode(questions)
        cosine = (exact * packed).sum(axis=1)
        assert cosine.min() > 0.995
        assert cosine.mean() > 0.999

    def test_nor_does_what_is_near_to_what(
        self, language: Language, encoder: Encoder, questions: list[str]
    ) -> None:
        exact, packed = encoder.encode(questions), language.model().encode(questions)
        apart = np.abs(exact @ exact.T - packed @ packed.T)
        assert apart.max() < 0.035
        assert np.sqrt(np.square(apart).mean()) < 0.0045

    def test_the_same_words_are_known(
        self, language: Language, encoder: Encoder, questions: list[str]
    ) -> None:
        model = language.model()
        assert [model.known(text) for text in questions] == [encoder.known(text) for text in questions]

    def test_sums_are_whole_numbers(self, language: Language) -> None:
        table = language.model().table
        assert np.array_equal(table, np.rint(table))
        assert np.abs(table).max() <= 127


class TestIdentity:
    def test_is_the_same_for_the_same_release(self, language: Language) -> None:
        assert shipped().id == language.id

    @pytest.mark.parametrize("name", SECTIONS)
    def test_is_another_with_any_change(self, language: Language, name: str) -> None:
        changed = replace(language, contents={**language.contents, name: language.contents[name] + b" "})
        assert changed.id != language.id

    def test_of_another_model(self, language: Language) -> None:
        model = Static.load(SHIPPED)
        few = dict(list(model.vocabulary.items())[:50])
        assert quantised(Static("other", few, model.table)).id != language.id

    def test_one_that_does_not_fit_together(self, language: Language) -> None:
        cut = replace(language, contents={**language.contents, "table": language.contents["table"][:-1]})
        with pytest.raises(PackBroken, match="fit together"):
            cut.model()


class TestRules:
    def test_every_name_that_a_text_can_name_is_there_once(self) -> None:
        table = {way: Concept(kind, name) for kind, name, ways in names() for way in ways}
        assert len(table) == sum(len(ways) for _, _, ways in names())
        for way, concept in table.items():
            assert concepts(way) == [concept]

    def test_and_leads_to_the_same_names_in_any_text(self, questions: list[str]) -> None:
        table = {way: Concept(kind, name) for kind, name, ways in names() for way in ways}
        found = {concept for text in questions for concept in concepts(text)}
        assert len(found) > 100
        assert found <= set(table.values())

    def test_names_that_are_no_things_are_not(self) -> None:
        assert {kind for kind, _, _ in names()} <= {group.kind for group in groups() if group.names_a_thing}

    def test_the_numbers_are_those_of_the_code(self) -> None:
        numbers = constants()
        assert numbers["CANDIDATES"] == ranking.CANDIDATES
        assert numbers["SEASON"] == boosts.SEASON
        assert numbers["SAME_TEXT"] == fold.SAME_TEXT
        assert numbers["K1"] == 1.2

    def test_as_json(self, language: Language) -> None:
        told = orjson.loads(language.contents["rules"])
        assert told["ranking"] == constants()
        assert told["confidence"].items() >= {**confidence.WEIGHTS, "CUT": confidence.CUT}.items()
        assert len(told["traditional"]) == len(traditional())
        assert ["crops", "玉米"] in [name[:2] for name in told["names"]]
