"""Two builds over the same questions (search/comparison.py)."""

from __future__ import annotations

import pytest

from search import comparison
from search.boosts import Circumstances
from search.cases import Case
from search.comparison import FEW, SHORTENED, Asked, compare, load, save
from search.errors import BuildBroken, BuildCancelled, IndexMissing
from search.finder import Finder
from search.index import Progress, Work

FROZEN = Case("z1", "花椒树遭冻了，枝条一捏就断怎么办？", "剪去冻枝，培土保温。", "川果", "花椒")
ASKED = "花椒枝条冻断了咋个办"


@pytest.fixture
def held(finder: Finder, cases: tuple[Case, ...]) -> Finder:
    """Build 1 is in use; build 2, with one case more, waits."""
    finder.build([*cases, FROZEN], promote=False)
    return finder


def judged(count: int) -> list[Asked]:
    return [Asked("", f"玉米心叶被虫吃出孔洞 {n}", "m2") for n in range(count)]


class TestJudged:
    def test_say_which_build_finds_what_helped(self, held: Finder) -> None:
        found = compare(held, 2, [Asked("", ASKED, "z1")])
        assert found.old is not None
        assert (found.new.judged.quality.recall_1, found.old.judged.quality.recall_1) == (1.0, 0.0)
        assert (found.new.judged.silent, found.judged) == (0.0, 1)

    def test_a_case_of_no_use_that_is_still_first_is_counted(self, held: Finder) -> None:
        found = compare(held, 2, [Asked("", ASKED, "z1", helpful=False)])
        assert found.old is not None
        assert (found.judged, found.spurned) == (0, 1)
        assert (found.new.spurned, found.old.spurned) == (1, 0)

    def test_the_same_question_under_another_number_is_as_good(self, held: Finder) -> None:
        held.add(Case("z9", FROZEN.question + "！", "剪枝", "川果", "花椒"))
        found = compare(held, 2, [Asked("", ASKED, "z9"), Asked("", ASKED, "z1")])
        assert found.new.judged.quality.recall_1 == 1.0

    def test_only_the_newest_count(self, held: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(comparison, "JUDGED", 3)
        assert compare(held, 2, judged(5)).judged == 3


class TestStandIns:
    def test_shortened_questions_stand_in_for_too_few(self, held: Finder, cases: tuple[Case, ...]) -> None:
        found = compare(held, 2, judged(FEW - 1))
        # Those that only one of the builds has would be no fair question.
        assert found.shortened == len(cases) < SHORTENED
        assert found.new.shortened.quality.queries == len(cases)
        assert found.new.shortened.quality.recall_10 > 0.5

    def test_not_where_enough_are_judged(self, held: Finder) -> None:
        found = compare(held, 2, judged(FEW))
        assert (found.judged, found.shortened) == (FEW, 0)


class TestChanges:
    def test_lists_the_demands_whose_first_answer_changed(self, held: Finder) -> None:
        found = compare(held, 2, [Asked("d1", ASKED, county="51"), Asked("d2", "母猪没有奶水怎么催奶")])
        [change] = found.changed
        assert (change.id, change.county, found.demands) == ("d1", "51", 2)
        assert change.old is None
        assert change.new is not None
        assert (change.new.id, change.new.question) == ("z1", FROZEN.question)
        assert found.old is not None
        assert (found.old.silent, found.new.silent) == (1, 0)

    def test_a_demand_is_no_answer_to_itself(self, held: Finder) -> None:
        assert compare(held, 2, [Asked("z1", FROZEN.question)]).changed == ()

    def test_circumstances_count(self, held: Finder) -> None:
        where = Circumstances(crop="花椒", region="510726000000", date="2026-05-01")
        assert compare(held, 2, [Asked("d1", ASKED, circumstances=where)]).changed

    def test_are_free_of_personal_data(self, held: Finder) -> None:
        found = compare(held, 2, [Asked("d1", f"{ASKED}，我电话 138-0000-1234")])
        assert "0000" not in found.changed[0].text

    @pytest.mark.parametrize("text", ["", "？？", "\u200b"])
    def test_what_cannot_be_asked_is_silence(self, held: Finder, text: str) -> None:
        found = compare(held, 2, [Asked("d1", text)])
        assert (found.changed, found.new.silent) == ((), 1)


class TestWhole:
    def test_says_what_the_builds_are(self, held: Finder, cases: tuple[Case, ...]) -> None:
        found = compare(held, 2, judged(1))
        assert found.old is not None
        assert (found.new.version, found.old.version) == (2, 1)
        assert (found.new.count, found.old.count) == (len(cases) + 1, len(cases))
        assert found.new.recall == 1.0
        assert found.new.median_ms > 0

    def test_of_a_build_without_cases(self, finder: Finder) -> None:
        finder.build([], promote=False)
        found = compare(finder, 2, [Asked("d1", "玉米倒伏以后还能扶起来吗")])
        assert (found.new.count, found.shortened, len(found.changed)) == (0, 0, 1)

    def test_without_a_build_in_use_that_can_be_read(self, held: Finder) -> None:
        (held.builds.path(1) / "rows.jsonl").write_bytes(b"")
        found = compare(held, 2, [Asked("d1", ASKED)])
        assert (found.old, found.changed) == (None, ())

    def test_of_a_build_that_is_gone(self, held: Finder) -> None:
        held.discard(2)
        with pytest.raises(IndexMissing):
            compare(held, 2, [])

    def test_of_a_damaged_build(self, held: Finder) -> None:
        (held.builds.path(2) / "rows.jsonl").write_bytes(b"")
        with pytest.raises(BuildBroken):
            compare(held, 2, [])


class TestProgress:
    def test_is_told_to_the_end(self, held: Finder) -> None:
        told: list[Progress] = []
        compare(held, 2, judged(FEW), Work(told.append))
        assert {one.stage for one in told} == {"compare"}
        assert (told[0].done, told[-1].done, told[-1].total) == (0, FEW, FEW)

    def test_can_be_stopped(self, held: Finder) -> None:
        with pytest.raises(BuildCancelled):
            compare(held, 2, judged(FEW), Work(stop=lambda: True))


class TestKept:
    def test_beside_the_builds_for_every_process(self, held: Finder) -> None:
        found = compare(held, 2, [*judged(2), Asked("d1", ASKED)])
        save(held.builds.folder, found)
        assert load(held.builds.folder, 2) == found

    def test_none_where_there_is_none(self, held: Finder) -> None:
        assert load(held.builds.folder, 2) is None

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"at": 3}'])
    def test_none_where_it_cannot_be_read(self, held: Finder, content: str) -> None:
        held.builds.beside(2).write_text(content)
        assert load(held.builds.folder, 2) is None

    def test_a_build_that_takes_a_discarded_ones_number_has_none(
        self, held: Finder, cases: tuple[Case, ...]
    ) -> None:
        save(held.builds.folder, compare(held, 2, []))
        held.discard(2)
        assert load(held.builds.folder, 2) is None
        assert held.build(cases, promote=False).version == 2
        assert load(held.builds.folder, 2) is None


def test_a_promoted_build_leaves_those_too_old_to_go_back_to(finder: Finder, cases: tuple[Case, ...]) -> None:
    for _ in range(4):
        finder.promote(finder.build(cases, promote=False).version)
    assert finder.builds.versions() == [3, 4, 5]
