"""Identifiers: ULIDs as their specification has them, and the `_id` of every kind of document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import ids

MOMENT = 1469918176385  # The example of github.com/ulid/spec.


class TestNewUlid:
    def test_begins_with_its_moment_as_the_specification_shows(self) -> None:
        assert ids.new_ulid(MOMENT)[:10] == "01ARYZ6S41"

    def test_is_a_ulid_and_new_each_time(self) -> None:
        made = {ids.new_ulid(MOMENT) for _ in range(200)}
        assert len(made) == 200
        assert all(ids.is_ulid(each) for each in made)

    def test_without_a_moment_takes_the_wall_clock(self) -> None:
        assert "01ARYZ6S41" < ids.new_ulid()[:10] < "7ZZZZZZZZZ"

    @given(st.integers(0, (1 << 48) - 2))
    def test_sorts_by_moment(self, moment: int) -> None:
        assert ids.new_ulid(moment) < ids.new_ulid(moment + 1)

    def test_the_last_moment_still_fits(self) -> None:
        assert ids.new_ulid((1 << 48) - 1).startswith("7ZZZZZZZZZ")


class TestDerivedUlid:
    @given(st.integers(0, (1 << 48) - 1), st.lists(st.text(), max_size=4))
    def test_same_content_same_ulid(self, moment: int, content: list[str]) -> None:
        derived = ids.derived_ulid(moment, *content)
        assert derived == ids.derived_ulid(moment, *content)
        assert ids.is_ulid(derived)

    def test_other_content_other_ulid(self) -> None:
        made = {
            ids.derived_ulid(MOMENT, "玉米", "锈病"),
            ids.derived_ulid(MOMENT, "玉米锈", "病"),
            ids.derived_ulid(MOMENT, "玉米", "锈病", ""),
            ids.derived_ulid(MOMENT + 1, "玉米", "锈病"),
        }
        assert len(made) == 4

    def test_stays_what_it_is_for_histories_imported_before(self) -> None:
        assert ids.derived_ulid(MOMENT, "玉米", "锈病") == "01ARYZ6S41NPM6S2E0V7MR42QS"


class TestIsUlid:
    @pytest.mark.parametrize("text", ["0" * 26, "7" + "Z" * 25, "01ARYZ6S413PW586FWH3FFZ5JF"])
    def test_knows_one(self, text: str) -> None:
        assert ids.is_ulid(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "0" * 25,
            "0" * 27,
            "8" + "0" * 25,
            "01aryz6s413pw586fwh3ffz5jf",
            "0" * 25 + "\n",
            "０" * 26,
            None,
            0,
        ]
        + ["0" * 25 + letter for letter in "ILOU"],
    )
    def test_knows_none(self, text: object) -> None:
        assert not ids.is_ulid(text)


class TestIdentifiers:
    def test_of_every_kind_of_document(self) -> None:
        assert ids.demand_id("D") == "demand:D"
        assert ids.event_id("D", "0123456789abcdef", "0a0a0a0a") == "event:D:0123456789abcdef:0a0a0a0a"
        assert ids.media_id("M") == "media:M"
        assert ids.contact_id("D") == "contact:D"
        assert ids.similar_id("D") == "similar:D"
        assert ids.feedback_id("F") == "feedback:F"

    def test_chunks_sort_by_number(self) -> None:
        names = [ids.chunk_id("M", number) for number in range(512)]
        assert names[0] == "chunk:M:0000"
        assert names[511] == "chunk:M:0511"
        assert names == sorted(names)
