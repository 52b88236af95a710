import json
import threading
from math import exp
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from search.asking import NOT_CHINESE, NOTHING_SIMILAR
from search.builds import Builds
from search.cases import Case
from search.encoder import SHIPPED
from search.errors import (
    BuildCancelled,
    BuildInUse,
    CaseMissing,
    EmptyQuery,
    EncoderMismatch,
    IndexMissing,
)
from search.finder import Finder
from search.fresh import FreshLog
from search.static import MARKER, TOKENIZER, WEIGHTS

FRESH = Case("x1", "草莓果子上长灰色的毛，烂果", "灰霉病，降湿，腐霉利。", "川果", "草莓")
FRESH_TEXT = "草莓儿烂起灰毛毛"


def ids(finder: Finder, text: str, k: int = 10) -> list[str]:
    return [hit.id for hit in finder.similar(text, k).results]


class TestSimilar:
    def test_a_question_in_dialect(self, finder: Finder) -> None:
        similar = finder.similar("苞谷叶子黄焦焦的是咋回事")
        assert not similar.abstained
        assert similar.results[0].id == "m1"
        assert similar.results[0].answer.startswith("多为缺氮")

    @pytest.mark.parametrize("text", ["手机话费怎么充值", "电视机没有信号", "高铁票怎么退"])
    def test_nothing_similar(self, finder: Finder, text: str) -> None:
        assert finder.similar(text).abstained
        assert finder.similar(text).results == ()

    def test_filters(self, finder: Finder) -> None:
        assert {hit.industry for hit in finder.similar("玉米叶子发黄", industry="川粮油").results} == {
            "川粮油"
        }
        assert finder.similar("玉米叶子发黄", crop="苞米").results[0].crop == "玉米"

    @pytest.mark.parametrize(("k", "most"), [(-3, 1), (0, 1), (1, 1), (3, 3), (1000, 50)])
    def test_k_is_bounded(self, finder: Finder, k: int, most: int) -> None:
        assert 1 <= len(finder.similar("玉米叶子发黄", k).results) <= most

    def test_many_at_once(self, finder: Finder) -> None:
        first, second = finder.similar_batch(["玉米叶片发黄", ""], 3)
        assert first == finder.similar("玉米叶片发黄", 3)
        assert second.abstained


class TestBadInput:
    @pytest.mark.parametrize("text", ["", "   ", "\n", "😀😀", "？！。", "<b></b>"])
    def test_nothing_to_search_for(self, finder: Finder, text: str) -> None:
        with pytest.raises(EmptyQuery):
            finder.similar(text)

    @pytest.mark.parametrize(
        "text", ["yumi yezi fa huang", "corn leaf yellow", "'; DROP TABLE cases; --", "一", "\x00"]
    )
    def test_nonsense_is_refused_or_met_with_silence(self, finder: Finder, text: str) -> None:
        try:
            assert finder.similar(text).abstained
        except EmptyQuery:
            assert text == "\x00"

    @pytest.mark.parametrize(
        ("text", "reason"), [("yumi yezi fa huang", NOT_CHINESE), ("手机话费怎么充值", NOTHING_SIMILAR)]
    )
    def test_silence_says_why(self, finder: Finder, text: str, reason: str) -> None:
        assert finder.similar(text).reason == reason

    @pytest.mark.parametrize(
        "text",
        [
            "<script>alert(1)</script>玉米叶片发黄",
            "玉米葉片發黃",
            "玉米叶片发黄😀",
            "玉米3亩下部叶片发黄，pH5.5，尿素2.5kg/亩",
        ],
    )
    def test_the_question_in_it_is_found(self, finder: Finder, text: str) -> None:
        assert "m1" in ids(finder, text)

    def test_only_the_beginning_of_a_long_text_counts(self, finder: Finder) -> None:
        text = "玉米下部叶片发黄，从叶尖向内枯黄。" * 600
        assert finder.similar(text) == finder.similar(text[:500])
        assert ids(finder, text)[0] == "m1"


class TestStates:
    def test_before_load(self, tmp_path: Path) -> None:
        finder = Finder(tmp_path)
        assert finder.status()["state"] == "loading"
        assert not finder.ready
        with pytest.raises(IndexMissing):
            finder.similar("玉米")

    def test_no_build_yet(self, tmp_path: Path) -> None:
        finder = Finder(tmp_path / "none")
        finder.load()
        assert finder.status()["state"] == "missing"
        with pytest.raises(IndexMissing, match="no index"):
            finder.similar("玉米")

    def test_ready(self, finder: Finder, cases: tuple[Case, ...]) -> None:
        status = finder.status()
        assert (status["state"], status["version"], status["count"]) == ("ready", 1, len(cases))
        assert status["message"] == ""

    def test_damaged_build_and_an_older_one(self, finder: Finder, cases: tuple[Case, ...]) -> None:
        finder.build(cases)
        (finder.builds.path(2) / "rows.npy").unlink()
        again = Finder(finder.builds.folder)
        again.load()
        assert again.status()["state"] == "ready"
        assert again.status()["version"] == 1
        assert "rows.npy is missing" in str(again.status()["message"])
        assert ids(again, "玉米叶片发黄")

    def test_damaged_and_no_other(self, finder: Finder) -> None:
        (finder.builds.path(1) / "rows.npy").unlink()
        again = Finder(finder.builds.folder)
        again.load()
        assert again.status()["state"] == "broken"
        assert not again.ready

    def test_no_encoder(self, finder: Finder, tmp_path: Path) -> None:
        again = Finder(finder.builds.folder, str(tmp_path / "nowhere"))
        again.load()
        assert again.status()["state"] == "broken"
        assert "nowhere" in str(again.status()["message"])

    def test_one_of_another_dimension_as_well(self, finder: Finder, tmp_path: Path) -> None:
        other = tmp_path / "narrow"
        other.mkdir()
        known = {"[UNK]": 0, "玉": 1, "米": 2, "玉米": 3}
        (other / TOKENIZER).write_text(json.dumps({"model": {"vocab": known}}))
        save_file({"embedding.weight": np.eye(4, 8, -1, np.float32)}, other / WEIGHTS)
        (other / MARKER).write_text('{"name": "narrow"}')
        again = Finder(finder.builds.folder, str(other))
        again.load()
        assert again.status()["state"] == "stale"
        with pytest.raises(IndexMissing, match="in use is narrow"):
            again.similar("玉米")
        with pytest.raises(EncoderMismatch):
            again.trial(1)

    def test_another_encoder_makes_the_index_stale(self, finder: Finder, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        for name in (TOKENIZER, WEIGHTS):
            (other / name).write_bytes((SHIPPED / name).read_bytes())
        (other / MARKER).write_text('{"name": "other"}')
        again = Finder(finder.builds.folder, str(other))
        again.load()
        assert again.status()["state"] == "stale"
        again.build([FRESH])
        assert again.status()["state"] == "ready"


class TestFresh:
    def test_a_case_is_findable_at_once_and_after_a_restart(self, finder: Finder) -> None:
        assert "x1" not in ids(finder, FRESH_TEXT)
        finder.add(FRESH)
        assert ids(finder, FRESH_TEXT)[0] == "x1"
        again = Finder(finder.builds.folder)
        again.load()
        assert ids(again, FRESH_TEXT)[0] == "x1"

    def test_personal_data_never_reaches_the_disk(self, finder: Finder) -> None:
        finder.add(Case("y", "我叫王大明，13812345678，草莓烂果"))
        assert b"13812345678" not in (finder.builds.folder / "fresh.jsonl").read_bytes()

    def test_a_removed_case_is_gone_at_once_and_after_a_restart(self, finder: Finder) -> None:
        assert ids(finder, "玉米下部叶片发黄")[0] == "m1"
        finder.remove("m1")
        again = Finder(finder.builds.folder)
        again.load()
        for one in (finder, again):
            assert "m1" not in ids(one, "玉米下部叶片发黄")

    def test_a_new_version_replaces_the_old(self, finder: Finder) -> None:
        finder.add(Case("m1", "葡萄小果上有鸟眼一样的黑斑"))
        shown = [hit for hit in finder.similar("玉米下部叶片发黄").results if hit.id == "m1"]
        assert all("葡萄" in hit.question for hit in shown)
        assert ids(finder, "葡萄小果黑斑")[0] == "m1"

    def test_each_case_is_counted_once(self, finder: Finder, cases: tuple[Case, ...]) -> None:
        finder.add(Case("m1", "葡萄小果上有鸟眼一样的黑斑"))
        finder.add(FRESH)
        finder.remove("m2")
        finder.remove("nobody")
        assert finder.status()["count"] == len(cases)

    def test_the_next_build_absorbs_it(self, finder: Finder, cases: tuple[Case, ...]) -> None:
        finder.add(FRESH)
        finder.remove("m1")
        manifest = finder.build(cases)
        assert manifest.count == len(cases)
        assert ids(finder, FRESH_TEXT)[0] == "x1"
        assert "m1" not in ids(finder, "玉米下部叶片发黄")

    def test_a_rollback_loses_nothing_and_brings_nothing_back(
        self, finder: Finder, cases: tuple[Case, ...]
    ) -> None:
        finder.add(FRESH)
        finder.remove("m1")
        finder.build(cases)
        assert finder.rollback() == 1
        assert ids(finder, FRESH_TEXT)[0] == "x1"
        assert "m1" not in ids(finder, "玉米下部叶片发黄")

    def test_entries_that_every_kept_build_contains_are_forgotten(
        self, finder: Finder, cases: tuple[Case, ...]
    ) -> None:
        finder.add(FRESH)
        for _ in range(3):
            finder.build([*cases, FRESH])
        assert (finder.builds.folder / "fresh.jsonl").read_bytes() == b""
        finder.add(Case("x2", "石榴籽发黑腐烂"))
        again = Finder(finder.builds.folder)
        again.load()
        assert ids(again, "石榴籽发黑")[0] == "x2"

    def test_before_the_first_build(self, tmp_path: Path) -> None:
        finder = Finder(tmp_path / "new")
        finder.load()
        finder.add(FRESH)
        assert finder.ready
        assert ids(finder, FRESH_TEXT) == ["x1"]

    def test_a_line_cut_by_a_crash_is_passed_over(self, finder: Finder) -> None:
        finder.add(FRESH)
        with (finder.builds.folder / "fresh.jsonl").open("ab") as file:
            file.write(b'{"n": 2, "add": {"id"')
        again = Finder(finder.builds.folder)
        again.load()
        again.add(Case("x2", "石榴籽发黑腐烂"))
        last = Finder(finder.builds.folder)
        last.load()
        assert ids(last, FRESH_TEXT)[0] == "x1"
        assert ids(last, "石榴籽发黑")[0] == "x2"


class TestSeveralProcesses:
    def test_each_sees_the_others_cases(self, finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("search.finder.LOOK_AGAIN_S", 0)
        other = Finder(finder.builds.folder)
        other.load()
        finder.add(FRESH)
        assert ids(other, FRESH_TEXT)[0] == "x1"
        other.remove("m1")
        assert "m1" not in ids(finder, "玉米下部叶片发黄")
        entries = FreshLog(finder.builds.folder / "fresh.jsonl").entries
        assert [entry.n for entry in entries] == [1, 2]

    def test_each_takes_up_the_others_build(
        self, finder: Finder, cases: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("search.finder.LOOK_AGAIN_S", 0)
        other = Finder(finder.builds.folder)
        other.load()
        finder.build([*cases, FRESH])
        assert not other.similar("玉米下部叶片发黄").abstained
        for thread in threading.enumerate():
            if thread.name == "take-up-build":
                thread.join()
        assert other.status()["version"] == 2


class TestTrial:
    def test_a_build_is_asked_before_it_is_used(self, finder: Finder, cases: tuple[Case, ...]) -> None:
        version = finder.build([*cases, FRESH], promote=False).version
        assert finder.status()["version"] == 1
        assert finder.trial(version).similar(FRESH_TEXT).results[0].id == "x1"
        finder.discard(version)
        assert finder.builds.versions() == [1]
        with pytest.raises(IndexMissing):
            finder.trial(version)

    def test_the_build_in_use_cannot_be_discarded(self, finder: Finder) -> None:
        with pytest.raises(BuildInUse):
            finder.discard(1)


class TestExplain:
    def test_the_parts_add_up_to_the_score_that_is_shown(self, finder: Finder) -> None:
        for hit in finder.similar("苞谷叶子黄焦焦的").results:
            why = finder.explain("苞谷叶子黄焦焦的", hit.id)
            evidence = (why.meaning + why.words + why.reply) * why.factor
            assert why.score == pytest.approx(hit.score, abs=1e-3)
            assert 1 - exp(-evidence) + sum(why.boosts.values()) == pytest.approx(hit.score, abs=1e-3)

    def test_the_name_of_a_drug_is_named(self, finder: Finder) -> None:
        why = finder.explain("氯虫苯甲酰胺", "m2")
        assert why.rank == 1
        assert any(term.place == "answer" for term in why.terms)

    def test_of_a_case_that_is_not_there(self, finder: Finder) -> None:
        finder.remove("m1")
        for missing in ("m1", "nobody"):
            with pytest.raises(CaseMissing):
                finder.explain("玉米", missing)


class TestRebuild:
    def test_no_query_fails_while_builds_are_swapped(self, finder: Finder, cases: tuple[Case, ...]) -> None:
        stop = threading.Event()
        answers: list[bool] = []
        faults: list[BaseException] = []

        def ask() -> None:
            try:
                while not stop.is_set():
                    answers.append(finder.similar("玉米下部叶片发黄").results[0].id == "m1")
            except BaseException as fault:
                faults.append(fault)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            finder.build(cases)
        stop.set()
        for thread in threads:
            thread.join()
        assert faults == []
        assert answers
        assert all(answers)

    def test_a_cancelled_build_changes_nothing(self, finder: Finder, cases: tuple[Case, ...]) -> None:
        before = finder.status()
        with pytest.raises(BuildCancelled):
            finder.build(cases, cancelled=lambda: True)
        assert finder.status() == before
        assert Builds(finder.builds.folder).versions() == [1]
