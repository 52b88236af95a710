"""search/pack/reader.py: a phone's pack, asked through the code of the server."""

from dataclasses import replace

import numpy as np
import orjson
import pytest

from search.cases import Case
from search.encoder import Encoder
from search.errors import EmptyQuery, PackBroken
from search.pack import difference as sets
from search.pack.container import DIFFERENCE, FULL, Header, Pack, Section, read, write
from search.pack.language import SECTIONS, Packed, shipped
from search.pack.reader import Held, applied, asker, kept, stepped
from search.pack.texts import row_of
from search.segment import in_memory
from tests.search.pack_cases import ARCHIVE, realistic

LANGUAGE = shipped()
PACKED: Packed = LANGUAGE.packed()


def lines_of(cases: tuple[Case, ...]) -> dict[str, bytes]:
    return {case.id: sets.line_of(row_of(case)) for case in cases}


def rows_of(name: str) -> list[dict[str, str]]:
    """One of the evaluation sets."""
    return [orjson.loads(line) for line in ARCHIVE.with_name(name).read_bytes().splitlines() if line]


def full(cases: tuple[Case, ...]) -> Pack:
    """A full pack, through a file."""
    lines = lines_of(cases)
    header = Header(FULL, "510726", sets.version_of(sets.catalogue(lines)), None, PACKED.id, len(lines))
    return read(write(header, [*PACKED.sections, Section.of("cases", sets.pack_lines(lines))]))


def changed(before: Held, cases: tuple[Case, ...]) -> Pack:
    """The difference to a pack of these cases."""
    lines = lines_of(cases)
    told = sets.difference(sets.catalogue(before.lines), lines)
    header = Header(
        DIFFERENCE, before.county, sets.version_of(sets.catalogue(lines)), before.version,
        before.language.id, len(lines),
    )  # fmt: skip
    sections = [
        Section.of("cases", sets.pack_lines(told.changed)),
        Section.of("gone", orjson.dumps(told.gone)),
    ]
    return read(write(header, sections))


@pytest.fixture
def held(cases: tuple[Case, ...]) -> Held:
    return applied(full(cases))


class TestApplying:
    def test_a_full_pack_to_nothing(self, held: Held, cases: tuple[Case, ...]) -> None:
        assert [case.id for case in held.cases()] == sorted((case.id for case in cases), reverse=True)
        assert held.language.id == PACKED.id

    def test_a_difference(self, held: Held, cases: tuple[Case, ...]) -> None:
        others = (replace(cases[0], answer="另一种说法"), *cases[3:], Case("z1", "新来的问题", "新的答复"))
        after = applied(changed(held, others), held)
        assert after == applied(full(others))

    def test_a_difference_of_nothing(self, held: Held, cases: tuple[Case, ...]) -> None:
        assert applied(changed(held, cases), held) == held

    def test_a_difference_to_nothing_held(self, held: Held, cases: tuple[Case, ...]) -> None:
        with pytest.raises(PackBroken, match="stands on"):
            applied(changed(held, cases[1:]))

    def test_a_difference_to_another_version(self, held: Held, cases: tuple[Case, ...]) -> None:
        later = applied(changed(held, cases[1:]), held)
        with pytest.raises(PackBroken, match="stands on"):
            applied(changed(held, cases[2:]), later)

    def test_a_difference_of_another_county(self, held: Held, cases: tuple[Case, ...]) -> None:
        with pytest.raises(PackBroken, match="stands on"):
            applied(changed(held, cases[1:]), replace(held, county="510727"))

    @pytest.mark.parametrize("wrong", [{"version": "f" * 16}, {"count": 3}])
    def test_one_that_does_not_lead_where_it_says(
        self, cases: tuple[Case, ...], wrong: dict[str, object]
    ) -> None:
        pack = full(cases)
        with pytest.raises(PackBroken, match="does not lead to"):
            applied(replace(pack, header=replace(pack.header, **wrong)))  # type: ignore[arg-type]

    def test_one_without_its_language(self, cases: tuple[Case, ...]) -> None:
        pack = full(cases)
        bare = replace(pack, contents={"cases": pack.contents["cases"]})
        with pytest.raises(PackBroken, match="no section rules"):
            applied(bare)

    def test_one_with_another_language_than_it_says(self, cases: tuple[Case, ...]) -> None:
        pack = full(cases)
        with pytest.raises(PackBroken, match="language"):
            applied(replace(pack, contents={**pack.contents, "tokens": pack.contents["tokens"] + b"\nx"}))

    def test_the_language_stays_where_it_is_the_same(self, held: Held, cases: tuple[Case, ...]) -> None:
        after = applied(changed(held, cases[1:]), held)
        assert after.language is held.language
        assert set(after.language.contents) == set(SECTIONS)


class TestAsking:
    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("苞谷心心头有虫屎，叶子钻得稀烂", "m2"),
            ("洋芋叶子乌了背后起白毛", "p1"),
            ("柑子打开全是蛆", "o1"),
            ("鸡婆不生蛋了", "h1"),
            ("氯虫苯甲酰胺", "m2"),
        ],
    )
    def test_the_right_case_comes_first(self, held: Held, text: str, first: str) -> None:
        assert asker(held).ranked(text)[0].case.id == first

    def test_scores_are_those_of_the_unpacked_encoder_but_for_rounding(self, encoder: Encoder) -> None:
        """The same short texts with exact vectors; only the phone's coarser table and vectors differ."""
        held = applied(full(tuple(realistic(400))))
        phone = asker(held)
        exact = in_memory(held.cases(), encoder.encode([case.question for case in held.cases()]))
        server = replace(phone, encoder=encoder, segments=(exact,))
        for case in realistic(1200)[400::50]:
            ours, theirs = phone.ranked(case.question, 1)[0], server.ranked(case.question, 1)[0]
            assert ours.score == pytest.approx(theirs.score, abs=0.02)

    def test_answers_are_those_of_the_server(self, encoder: Encoder) -> None:
        """With its encoder and its whole texts, over the evaluation sets: hardly another case comes first,
        and hardly once is one silent where the other speaks."""
        rows = [*rows_of("archive.jsonl"), *rows_of("needs.jsonl"), *rows_of("answers.jsonl")]
        cases = tuple(
            Case(row["id"], row["question"], row.get("answer", ""), "", row.get("crop", "")) for row in rows
        )
        whole = in_memory(cases, encoder.encode([case.question for case in cases]))
        phone = asker(applied(full(cases)))
        server = replace(phone, encoder=encoder, segments=(whole,))
        asked = [row["dialect"] for row in rows_of("needs.jsonl")]
        asked += [row["query"] for row in rows_of("answers.jsonl")]
        both = [(phone.similar(text, 1), server.similar(text, 1)) for text in asked]
        assert sum(one.abstained == other.abstained for one, other in both) >= 0.98 * len(both)
        first = [
            (one.results[0].id, other.results[0].id) for one, other in both if one.results and other.results
        ]
        assert sum(one == other for one, other in first) >= 0.97 * len(first)

    def test_nothing_similar(self, held: Held) -> None:
        assert asker(held).similar("拖拉机贷款找哪个部门盖章").abstained

    def test_a_question_without_words(self, held: Held) -> None:
        with pytest.raises(EmptyQuery):
            asker(held).similar("？！")

    def test_a_county_without_cases(self) -> None:
        assert asker(applied(full(()))).similar("苞谷叶子发黄").abstained


class TestKeptVectors:
    def test_the_largest_value_is_127_steps(self) -> None:
        steps, scales = stepped(np.array([[0.5, -1.0, 0.25], [0.0, 0.0, 0.0]], np.float32))
        assert steps.tolist() == [[64, -127, 32], [0, 0, 0]]
        assert scales.tolist() == [np.float32(1 / 127), 0.0]

    def test_they_hardly_turn(self, encoder: Encoder) -> None:
        vectors = encoder.encode([case.question for case in realistic(500)])
        cosine = (vectors * kept(vectors)).sum(axis=1) / np.linalg.norm(kept(vectors), axis=1)
        assert cosine.min() > 0.9999
