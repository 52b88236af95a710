"""search/pack/container.py: whatever happens to a file on its way, it is taken as a whole or not at all."""

import gzip
import hashlib
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.errors import PackBroken
from search.pack.container import LARGEST, MAGIC, Header, Section, read, write

HEADER = Header("full", "510726", "0" * 16, None, "1" * 16, 2, 1)
CONTENTS = {"cases": "玉米叶子发黄\n".encode() * 50, "table": bytes(range(256)) * 40, "gone": b""}
WHOLE = write(HEADER, [Section.of(name, content) for name, content in CONTENTS.items()])


def told(raw: bytes) -> tuple[dict[str, object], bytes]:
    """The header of a file, and its sections."""
    begin = len(MAGIC) + 4
    end = begin + int.from_bytes(raw[len(MAGIC) : begin], "little")
    header: dict[str, object] = orjson.loads(raw[begin:end])
    return header, raw[end:]


def changed(**more: object) -> bytes:
    """The file with another header over the same sections."""
    header, sections = told(WHOLE)
    content = orjson.dumps({**header, **more})
    return MAGIC + len(content).to_bytes(4, "little") + content + sections


class TestAFile:
    def test_gives_back_what_was_put_in(self) -> None:
        pack = read(WHOLE)
        assert pack.header == HEADER
        assert pack.contents == CONTENTS

    def test_is_the_same_each_time(self) -> None:
        assert write(HEADER, [Section.of(name, content) for name, content in CONTENTS.items()]) == WHOLE

    def test_says_what_a_phone_must_know(self) -> None:
        header, sections = told(WHOLE)
        assert (header["format"], header["kind"], header["county"], header["since"]) == (
            1,
            "full",
            "510726",
            None,
        )
        lines = header["sections"]
        assert isinstance(lines, list)
        assert [line["name"] for line in lines] == list(CONTENTS)
        first = sections[: lines[0]["bytes"]]
        assert gzip.decompress(first) == CONTENTS["cases"]
        assert lines[0]["sha256"] == hashlib.sha256(first).hexdigest()

    @given(st.dictionaries(st.text(max_size=8), st.binary(max_size=200), max_size=4))
    def test_any_content(self, contents: dict[str, bytes]) -> None:
        raw = write(HEADER, [Section.of(name, content) for name, content in contents.items()])
        assert read(raw).contents == contents

    def test_a_section_that_is_not_there(self) -> None:
        with pytest.raises(PackBroken, match="no section tokens"):
            read(WHOLE).content("tokens")


class TestDamage:
    @pytest.mark.parametrize("end", [0, 5, 11, 40, len(WHOLE) // 2, len(WHOLE) - 1])
    def test_a_file_that_was_cut_short(self, end: int) -> None:
        with pytest.raises(PackBroken, match=r"ends after|has \d+ bytes"):
            read(WHOLE[:end])

    def test_a_file_with_something_behind_it(self) -> None:
        with pytest.raises(PackBroken, match="its header tells of"):
            read(WHOLE + b"x")

    @given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
    def test_a_changed_byte_never_passes_for_content(self, place: int, flip: int) -> None:
        """In the header a byte may change what is said about the pack; never what the sections hold."""
        raw = bytearray(WHOLE)
        raw[place] ^= flip
        try:
            contents = read(bytes(raw)).contents
        except PackBroken:
            return
        assert list(contents.values()) == list(CONTENTS.values())

    def test_a_changed_byte_of_a_section(self) -> None:
        raw = bytearray(WHOLE)
        raw[-30] ^= 1
        with pytest.raises(PackBroken, match=r"section \w+ is not what its digest says"):
            read(bytes(raw))

    @pytest.mark.parametrize("raw", [b"PK\x03\x04" * 20, b"{}", b"<html>502 Bad Gateway</html>"])
    def test_another_kind_of_file(self, raw: bytes) -> None:
        with pytest.raises(PackBroken, match="not a pack"):
            read(raw)

    def test_another_format(self) -> None:
        with pytest.raises(PackBroken, match="of format 2, not 1"):
            read(changed(format=2))

    @pytest.mark.parametrize(
        "more",
        [
            {"kind": "half"},
            {"kind": "difference"},
            {"since": "0" * 16},
            {"since": 3},
            {"version": None},
            {"county": 510726},
            {"count": -1},
            {"count": True},
            {"left_out": "0"},
            {"sections": {}},
            {"sections": [3]},
            {"sections": []},
        ],
    )
    def test_a_header_that_makes_no_sense(self, more: dict[str, object]) -> None:
        with pytest.raises(PackBroken):
            read(changed(**more))

    @pytest.mark.parametrize("header", [b"", b"{", b"[1]", b"null", b"\xff"])
    def test_a_header_that_is_no_object(self, header: bytes) -> None:
        with pytest.raises(PackBroken, match="header"):
            read(MAGIC + len(header).to_bytes(4, "little") + header)

    def test_a_header_without_end(self) -> None:
        with pytest.raises(PackBroken, match="would have 4294967295 bytes"):
            read(MAGIC + b"\xff" * 4 + b"{}" * 100_000)

    def test_two_sections_of_one_name(self) -> None:
        with pytest.raises(PackBroken, match="two sections"):
            read(write(HEADER, [Section.of("cases", b"1"), Section.of("cases", b"2")]))


class TestASectionThatGrows:
    def test_beyond_what_was_announced(self) -> None:
        bomb = replace(Section.of("cases", bytes(10_000_000)), unpacked=100)
        with pytest.raises(PackBroken, match="does not unpack to the 100 bytes"):
            read(write(HEADER, [bomb]))

    def test_less_than_was_announced(self) -> None:
        with pytest.raises(PackBroken, match="does not unpack to the 4 bytes"):
            read(write(HEADER, [replace(Section.of("cases", b"abc"), unpacked=4)]))

    def test_beyond_what_a_phone_has(self) -> None:
        parts = [replace(Section.of(name, b""), unpacked=LARGEST // 2) for name in ("a", "b", "c")]
        with pytest.raises(PackBroken, match="more than 67108864 bytes"):
            read(write(HEADER, parts))

    @pytest.mark.parametrize(
        "packed", [b"", b"not gzip", gzip.compress(b"ab", mtime=0)[:-3], gzip.compress(b"ab", mtime=0) * 2]
    )
    def test_what_is_no_gzip(self, packed: bytes) -> None:
        with pytest.raises(PackBroken, match="unpack"):
            read(write(HEADER, [Section("cases", packed, 2)]))
