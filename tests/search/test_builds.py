import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from search.builds import CURRENT, KEEP, LOCK, Builds
from search.cases import Case
from search.encoder import Encoder
from search.errors import BuildBroken, BuildCancelled, IndexMissing
from search.index import FORMAT, MANIFEST, Progress, Work


@pytest.fixture
def builds(tmp_path: Path, cases: tuple[Case, ...], encoder: Encoder) -> Builds:
    builds = Builds(tmp_path / "similar")
    builds.promote(builds.build(cases, encoder).version)
    return builds


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


class TestBuild:
    def test_says_what_it_is(self, builds: Builds, cases: tuple[Case, ...], encoder: Encoder) -> None:
        manifest, segment, faults = builds.open()
        assert (manifest.version, manifest.count, manifest.encoder) == (1, len(cases), encoder.id)
        assert segment.row(0) == cases[0]
        assert faults == ()

    def test_tells_its_progress_in_order(
        self, builds: Builds, cases: tuple[Case, ...], encoder: Encoder
    ) -> None:
        told: list[Progress] = []
        builds.build(cases, encoder, Work(told.append))
        assert list(dict.fromkeys(step.stage for step in told)) == [
            "collect",
            "strip",
            "encode",
            "index",
            "save",
        ]
        assert all(step.done <= step.total or step.total == 0 for step in told)

    def test_strips_personal_data(self, builds: Builds, encoder: Encoder) -> None:
        manifest = builds.build(
            [Case("x", "我叫王大明，电话13812345678，玉米黄", "回电13912345678")], encoder
        )
        content = b"".join(
            path.read_bytes() for path in builds.path(manifest.version).rglob("*") if path.is_file()
        )
        assert "王大明".encode() not in content
        assert b"13812345678" not in content
        assert b"13912345678" not in content

    def test_the_last_of_equal_ids_counts(self, builds: Builds, encoder: Encoder) -> None:
        assert builds.build([Case("x", "玉米"), Case("x", "水稻")], encoder).count == 1

    def test_of_nothing(self, builds: Builds, encoder: Encoder) -> None:
        builds.promote(builds.build([], encoder).version)
        assert builds.open()[1].count == 0


class TestPromotion:
    def test_a_new_build_is_not_used_until_then(self, builds: Builds, encoder: Encoder) -> None:
        second = builds.build([Case("x", "玉米")], encoder)
        assert builds.open()[0].version == 1
        builds.promote(second.version)
        assert builds.open()[0].version == 2
        assert builds.rollback() == 1
        assert builds.open()[0].version == 1

    def test_of_a_damaged_build_is_refused(self, builds: Builds, encoder: Encoder) -> None:
        second = builds.build([Case("x", "玉米")], encoder)
        damage(builds.path(second.version) / "rows.jsonl")
        with pytest.raises(BuildBroken, match=r"rows\.jsonl is damaged"):
            builds.promote(second.version)
        assert builds.current() == 1

    def test_of_a_build_of_another_program_version_is_refused(self, builds: Builds, encoder: Encoder) -> None:
        path = builds.path(builds.build([Case("x", "草莓烂果")], encoder).version) / MANIFEST
        path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), "format": FORMAT - 1}))
        with pytest.raises(BuildBroken, match="build it anew"):
            builds.promote(2)
        assert builds.open()[0].version == 1

    def test_of_an_unknown_version_is_refused(self, builds: Builds) -> None:
        with pytest.raises(IndexMissing):
            builds.promote(7)

    def test_nothing_older(self, builds: Builds) -> None:
        with pytest.raises(IndexMissing):
            builds.rollback()

    def test_old_builds_are_pruned_but_never_the_current(self, builds: Builds, encoder: Encoder) -> None:
        for _ in range(KEEP + 1):
            builds.build([Case("x", "玉米")], encoder)
        builds.prune()
        assert builds.versions() == [1, *range(3, KEEP + 3)]


class TestInterrupted:
    def test_a_cancelled_build_leaves_nothing(
        self, builds: Builds, cases: tuple[Case, ...], encoder: Encoder
    ) -> None:
        calls = iter(range(100))
        with pytest.raises(BuildCancelled):
            builds.build(cases, encoder, Work(stop=lambda: next(calls) > 5))
        assert sorted(path.name for path in builds.folder.iterdir()) == ["0001", CURRENT, LOCK]

    def test_a_killed_build_is_swept_by_the_next(
        self, builds: Builds, cases: tuple[Case, ...], encoder: Encoder
    ) -> None:
        program = (
            "import os, signal, sys, pathlib\n"
            "from search.builds import Builds\nfrom search.cases import Case\n"
            "from search.encoder import Encoder\nfrom search.index import Work\n"
            "kill = lambda step: step.stage == 'save' and os.kill(os.getpid(), signal.SIGKILL)\n"
            "Builds(pathlib.Path(sys.argv[1])).build([Case('x', '玉米')], Encoder(), Work(kill))\n"
        )
        ended = subprocess.run(
            [sys.executable, "-c", program, str(builds.folder)], check=False, cwd=os.getcwd()
        )
        assert ended.returncode == -signal.SIGKILL
        assert list(builds.folder.glob(".work-*"))
        assert builds.open()[0].version == 1
        assert builds.build(cases, encoder).version == 2
        assert not list(builds.folder.glob(".work-*"))


class TestDamaged:
    @pytest.fixture
    def two(self, builds: Builds, cases: tuple[Case, ...], encoder: Encoder) -> Builds:
        builds.promote(builds.build(cases, encoder).version)
        return builds

    @pytest.mark.parametrize("name", ["vectors.faiss", "rows.jsonl", "questions/impacts.npy", "names.json"])
    def test_the_last_good_one_is_used(self, two: Builds, name: str) -> None:
        damage(two.path(2) / name)
        manifest, _, faults = two.open()
        assert manifest.version == 1
        assert faults == (f"0002: {name} is damaged",)

    def test_a_missing_file(self, two: Builds) -> None:
        (two.path(2) / "rows.npy").unlink()
        assert two.open()[2] == ("0002: rows.npy is missing",)

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2}'])
    def test_a_broken_manifest(self, two: Builds, text: str) -> None:
        (two.path(2) / "manifest.json").write_text(text)
        assert two.open()[0].version == 1

    def test_a_missing_build(self, two: Builds) -> None:
        shutil.rmtree(two.path(2))
        assert two.open()[2] == ("build 2 is missing",)

    def test_a_lost_pointer(self, two: Builds) -> None:
        (two.folder / CURRENT).unlink()
        assert two.open()[0].version == 2

    def test_none_is_sound(self, two: Builds) -> None:
        for version in two.versions():
            (two.path(version) / "rows.npy").unlink()
        with pytest.raises(BuildBroken):
            two.open()

    def test_none_at_all(self, tmp_path: Path) -> None:
        with pytest.raises(IndexMissing):
            Builds(tmp_path / "empty").open()
