"""search/pack/shelf.py: the packs of one county on disk."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from search.cases import Case
from search.errors import PackBroken
from search.pack import shelf as shelves
from search.pack.container import Section, read
from search.pack.difference import line_of
from search.pack.language import Packed
from search.pack.shelf import VERSIONS, Current, Shelf, Source
from search.pack.texts import row_of
from tests.search.pack_cases import realistic

SPOKEN = Packed("1" * 16, tuple(Section.of(name, b"x") for name in ("rules", "tokens", "scales", "table")))
CASES = realistic(40)


class County:
    """A county whose cases change; `asked` are the ids whose texts the shelf wanted."""

    def __init__(self, folder: Path) -> None:
        self.shelf = Shelf(folder, "510726")
        self.cases = {case.id: case for case in CASES[:30]}
        self.numbers = dict.fromkeys(self.cases, 1)
        self.asked: list[str] = []
        self.seq = 1

    def put(self, case: Case) -> None:
        self.seq += 1
        self.cases[case.id] = case
        self.numbers[case.id] = self.seq

    def drop(self, identifier: str) -> None:
        del self.cases[identifier], self.numbers[identifier]

    def source(self, origin: str = "here") -> Source:
        return Source(f"{origin}/{len(self.cases)}/{self.seq}", origin, dict(self.numbers))

    def line(self, identifier: str) -> bytes | None:
        self.asked.append(identifier)
        case = self.cases[identifier]
        return line_of(row_of(case)) if case.answer else None

    def renew(self, origin: str = "here") -> Current:
        self.asked.clear()
        return self.shelf.renew(self.source(origin), self.line)

    def pack(self, current: Current, since: str | None = None, language: bool = True) -> Path:
        return self.shelf.make(current, since, SPOKEN, language)


@pytest.fixture
def county(tmp_path: Path) -> County:
    found = County(tmp_path / "packs" / "510726")
    with found.shelf.lock():
        return found


class TestAFullPack:
    def test_holds_all_cases(self, county: County) -> None:
        current = county.renew()
        pack = read(county.pack(current).read_bytes())
        assert (pack.header.kind, pack.header.county, pack.header.count) == ("full", "510726", 30)
        assert pack.header.version == current.version
        assert pack.content("cases").count(b"\n") == 30

    def test_of_five_thousand_cases_is_under_a_million_bytes(self, county: County) -> None:
        for case in realistic(5000):
            county.put(case)
        county.renew()
        pack = county.pack(county.renew(), None, False)
        assert pack.stat().st_size <= 1_000_000

    def test_without_the_language_where_the_phone_has_it(self, county: County) -> None:
        pack = read(county.pack(county.renew(), None, False).read_bytes())
        assert set(pack.contents) == {"cases"}
        assert pack.header.language == SPOKEN.id

    def test_is_made_once(self, county: County) -> None:
        current = county.renew()
        assert county.shelf.file(current, None, SPOKEN.id) is None
        path = county.pack(current)
        before = path.stat().st_ino
        assert county.pack(current) == county.shelf.file(current, None, SPOKEN.id) == path
        assert path.stat().st_ino == before

    def test_a_consultation_that_is_no_case_is_left_out(self, county: County) -> None:
        county.put(replace(CASES[3], answer=""))
        assert county.renew().count == 29
        county.renew()
        assert county.asked == []

    def test_two_nodes_make_the_same(self, county: County, tmp_path: Path) -> None:
        other = County(tmp_path / "elsewhere")
        for case in reversed(list(county.cases.values())):
            other.put(case)
        with other.shelf.lock():
            one, two = county.renew(), other.renew("there")
        assert one.version == two.version
        assert county.pack(one).read_bytes() == other.pack(two).read_bytes()


class TestADifference:
    def test_after_a_new_case(self, county: County) -> None:
        before = county.renew()
        county.put(CASES[33])
        current = county.renew()
        pack = read(county.pack(current, before.version, False).read_bytes())
        assert (pack.header.kind, pack.header.since, pack.header.count) == ("difference", before.version, 31)
        assert pack.content("cases") == line_of(row_of(CASES[33])) + b"\n"
        assert pack.content("gone") == b"[]"
        assert county.asked == [CASES[33].id]

    def test_after_one_was_withdrawn(self, county: County) -> None:
        before = county.renew()
        county.drop(CASES[7].id)
        pack = read(county.pack(county.renew(), before.version, False).read_bytes())
        assert pack.content("cases") == b""
        assert pack.content("gone") == f'["{CASES[7].id}"]'.encode()
        assert county.asked == []

    def test_after_one_was_answered_otherwise(self, county: County) -> None:
        before = county.renew()
        county.put(replace(CASES[7], answer="换一种药"))
        pack = read(county.pack(county.renew(), before.version, False).read_bytes())
        assert "换一种药" in pack.content("cases").decode()
        assert pack.content("gone") == b"[]"

    def test_after_nothing(self, county: County) -> None:
        current = county.renew()
        pack = read(county.pack(current, current.version, False).read_bytes())
        assert (pack.header.kind, pack.content("cases"), pack.content("gone")) == ("difference", b"", b"[]")

    def test_after_a_change_that_does_not_show(self, county: County) -> None:
        before = county.renew()
        county.put(replace(CASES[7]))
        current = county.renew()
        assert (current.version, current.former) == (before.version, ())
        assert current.stamp != before.stamp

    def test_from_every_version_that_is_known(self, county: County, county_history: list[Current]) -> None:
        current = county_history[-1]
        assert len(current.former) == VERSIONS
        for before in county_history[-VERSIONS - 1 : -1]:
            pack = read(county.pack(current, before.version, False).read_bytes())
            assert (pack.header.kind, pack.header.since) == ("difference", before.version)

    def test_from_one_that_is_not_known_any_more(self, county: County, county_history: list[Current]) -> None:
        pack = read(county.pack(county_history[-1], county_history[0].version, False).read_bytes())
        assert pack.header.kind == "full"

    @pytest.mark.parametrize("since", ["f" * 16, "full", ""])
    def test_from_one_that_never_was(self, county: County, since: str) -> None:
        assert read(county.pack(county.renew(), since, False).read_bytes()).header.kind == "full"

    def test_leads_to_what_a_full_pack_holds(self, county: County, county_history: list[Current]) -> None:
        """Whatever was added, changed and withdrawn in between."""
        current = county_history[-1]
        whole = read(county.pack(current).read_bytes())
        for before in county_history[-5:-1]:
            told = read(county.pack(current, before.version, False).read_bytes())
            held = self.held[before.version]
            lines = {**{name: held[name] for name in held if name.encode() not in told.content("gone")}}
            for line in told.content("cases").splitlines():
                lines[line.decode().split('"')[1]] = line
            assert sorted(lines.values()) == sorted(whole.content("cases").splitlines())

    @pytest.fixture
    def county_history(self, county: County) -> list[Current]:
        """More versions than are kept."""
        self.held: dict[str, dict[str, bytes]] = {}
        found = []
        for number in range(VERSIONS + 3):
            county.put(replace(CASES[number], answer=f"第 {number} 次"))
            if number % 4 == 0:
                county.drop(CASES[number].id)
            found.append(county.renew())
            self.held[found[-1].version] = {
                name: line for name in county.cases if (line := county.line(name)) is not None
            }
        return found


class TestRenewing:
    def test_looks_only_at_what_changed(self, county: County) -> None:
        county.renew()
        assert len(county.asked) == 30
        county.renew()
        assert county.asked == []

    def test_looks_at_everything_beside_another_store(self, county: County) -> None:
        before = county.renew()
        assert county.renew("another store").version == before.version
        assert len(county.asked) == 30

    def test_files_of_former_versions_stay_while_there_is_room(
        self, county: County, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paths = []
        for number in range(4):
            county.put(CASES[30 + number])
            paths.append(county.pack(county.renew()))
            os.utime(paths[-1], (number, number))
        monkeypatch.setattr(shelves, "FORMER", paths[3].stat().st_size * 2)
        county.put(CASES[35])
        county.renew()
        assert [path.exists() for path in paths] == [False, False, True, True]
        assert county.shelf.by_etag(paths[3].name.split(".")[-2]) == paths[3]

    def test_nothing_else_of_them_stays(self, county: County) -> None:
        county.renew()
        county.put(CASES[31])
        (county.shelf.folder / ".killed.draft").write_bytes(b"half")
        current = county.renew()
        assert {path.name for path in county.shelf.folder.iterdir()} == {
            "CURRENT", "building.lock", f"{current.version}.cases", f"{current.version}.known",
        }  # fmt: skip

    @pytest.mark.parametrize("etag", ["", "*", "../CURRENT", "f" * 31, "f" * 32, "?" * 32])
    def test_an_etag_that_is_none_of_ours(self, county: County, etag: str) -> None:
        county.pack(county.renew())
        assert county.shelf.by_etag(etag) is None


class TestDamage:
    @pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"{", b'{"former": 3}'])
    def test_of_the_pointer(self, county: County, content: bytes) -> None:
        before = county.renew()
        (county.shelf.folder / "CURRENT").write_bytes(content)
        assert county.shelf.current() is None
        assert county.renew().version == before.version

    @pytest.mark.parametrize("kind", ["cases", "known"])
    @pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"\x1f\x8b half")])
    def test_of_what_is_kept(self, county: County, kind: str, harm: Callable[[Path], object]) -> None:
        current = county.renew()
        harm(county.shelf.folder / f"{current.version}.{kind}")
        with pytest.raises(PackBroken, match="damaged"):
            county.pack(current)
        assert county.shelf.current() is None
        again = county.renew()
        assert (again.version, len(county.asked)) == (current.version, 30)
        assert read(county.pack(again).read_bytes()).header.count == 30

    def test_a_text_that_was_changed_on_disk_is_not_handed_on(self, county: County) -> None:
        current = county.renew()
        path = county.shelf.folder / f"{current.version}.cases"
        path.write_bytes(Section.of("cases", line_of(row_of(CASES[0])) + b"\n").packed)
        with pytest.raises(PackBroken):
            county.pack(current)


PROGRAM = """
import sys
from pathlib import Path
from search.pack.difference import line_of
from search.pack.language import Packed
from search.pack.container import Section
from search.pack.shelf import Shelf, Source
from search.pack.texts import row_of
from tests.search.pack_cases import realistic

cases = {case.id: case for case in realistic(300)}
shelf = Shelf(Path(sys.argv[1]), "510726")
print("ready", flush=True)
sys.stdin.readline()
with shelf.lock():
    source = Source("1", "here", dict.fromkeys(cases, 1))
    current = shelf.renew(source, lambda name: line_of(row_of(cases[name])))
    print(shelf.make(current, None, Packed("1" * 16, (Section.of("rules", b"x"),)), True).name)
"""


class TestSeveralAtOnce:
    def test_processes_leave_one_sound_file(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / "packs")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        running = [subprocess.Popen(command, **pipes) for _ in range(3)]  # type: ignore[call-overload]
        assert [one.stdout.readline() for one in running] == ["ready\n"] * 3
        for one in running:
            one.stdin.write("go\n")
            one.stdin.flush()
        named = {one.communicate()[0].strip() for one in running}
        assert [one.returncode for one in running] == [0] * 3
        assert len(named) == 1
        assert read((tmp_path / "packs" / named.pop()).read_bytes()).header.count == 300

    def test_leave_one_sound_file(self, county: County) -> None:
        start, found = threading.Barrier(4), []

        def make() -> None:
            start.wait()
            with county.shelf.lock():
                current = county.shelf.current() or county.renew()
                found.append(county.pack(current))

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(found)) == 1
        assert read(found[0].read_bytes()).header.count == 30
        assert len(county.asked) == 30
