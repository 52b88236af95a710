"""search/pack/difference.py: the laws of versions and differences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.errors import PackBroken
from search.pack.difference import (
    applied,
    catalogue,
    difference,
    gone_back,
    line_of,
    newest_first,
    pack_lines,
    unpack_gone,
    unpack_lines,
    version_of,
    way_back,
)

IDS = st.sampled_from([f"01K{number:023d}" for number in range(12)])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SETS = st.dictionaries(IDS, TEXTS).map(
    lambda found: {name: line_of((name, text, "", "", "", "", "")) for name, text in found.items()}
)


class TestLaws:
    @given(SETS, SETS)
    def test_a_difference_leads_from_one_set_to_the_other(
        self, one: dict[str, bytes], other: dict[str, bytes]
    ) -> None:
        assert applied(difference(catalogue(one), other), one) == other

    @given(SETS)
    def test_nothing_new_is_an_empty_difference(self, one: dict[str, bytes]) -> None:
        told = difference(catalogue(one), one)
        assert (dict(told.changed), told.gone) == ({}, ())

    @given(SETS, SETS)
    def test_it_tells_no_more_than_it_must(self, one: dict[str, bytes], other: dict[str, bytes]) -> None:
        told = difference(catalogue(one), other)
        assert all(one.get(name) != line for name, line in told.changed.items())
        assert set(told.gone) == one.keys() - other.keys()

    @given(SETS, SETS)
    def test_equal_sets_have_one_version_and_others_have_another(
        self, one: dict[str, bytes], other: dict[str, bytes]
    ) -> None:
        same = version_of(catalogue(one)) == version_of(catalogue(other))
        assert same == (one == other)

    @given(SETS, st.randoms())
    def test_order_does_not_matter(self, one: dict[str, bytes], chance: object) -> None:
        mixed = dict(sorted(one.items(), key=lambda item: hash((item, id(chance)))))
        assert version_of(catalogue(mixed)) == version_of(catalogue(one))
        assert pack_lines(mixed) == pack_lines(one)

    @given(SETS, SETS)
    def test_the_way_back_leads_back(self, one: dict[str, bytes], other: dict[str, bytes]) -> None:
        now, before = catalogue(one), catalogue(other)
        assert gone_back(now, way_back(now, before)) == before

    @given(SETS)
    def test_lines_come_back_from_a_section(self, one: dict[str, bytes]) -> None:
        unpacked = unpack_lines(pack_lines(one))
        assert unpacked == one
        assert list(unpacked) == list(newest_first(one)) == sorted(one, reverse=True)


class TestWhatIsNoSet:
    @pytest.mark.parametrize(
        "content", [b"{", b"{}", b"[]", b'["a","b"]', b'["a",1,"","","","",""]', b"\xff", b"[[]]\n"]
    )
    def test_of_cases(self, content: bytes) -> None:
        with pytest.raises(PackBroken, match="line 1"):
            unpack_lines(content)

    @pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'"a"'])
    def test_of_what_is_gone(self, content: bytes) -> None:
        with pytest.raises(PackBroken, match="gone"):
            unpack_gone(content)
