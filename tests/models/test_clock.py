"""The hybrid logical clock of a consultation: shared vectors and laws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.clock import ClockError, next_stamp, parts, stamp

VECTORS = json.loads(Path(__file__).parents[1].joinpath("vectors", "clock.json").read_text("utf-8"))[
    "vectors"
]
LAST = "f" * 16

milliseconds = st.integers(0, (1 << 48) - 1)
counters = st.one_of(st.integers(0, 3), st.integers(65533, 65535), st.integers(0, 65535))
stamps = st.builds(stamp, milliseconds, counters)
walls = st.integers(-(1 << 40), (1 << 48) - 1)


class TestNextStamp:
    @pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
    def test_answers_as_the_vectors_say(self, vector: dict[str, Any]) -> None:
        if vector["expect"] is None:
            with pytest.raises(ClockError):
                next_stamp(vector["now"], vector["seen"])
        else:
            assert next_stamp(vector["now"], vector["seen"]) == vector["expect"]

    @given(walls, st.lists(stamps.filter(lambda each: each != LAST), max_size=6))
    def test_is_greater_than_everything_seen_and_not_before_the_wall(self, now: int, seen: list[str]) -> None:
        following = next_stamp(now, seen)
        assert all(following > each for each in seen)
        assert parts(following)[0] >= now

    @given(walls, st.lists(stamps.filter(lambda each: each < "f"), min_size=1, max_size=6))
    def test_runs_no_further_ahead_than_it_must(self, now: int, seen: list[str]) -> None:
        following = parts(next_stamp(now, seen))
        assert following[0] <= max(now, 0, parts(max(seen))[0] + 1)

    @given(st.lists(walls, min_size=2, max_size=20))
    def test_the_stamps_of_one_author_rise_however_the_wall_clock_jumps(self, moments: list[int]) -> None:
        written: list[str] = []
        for now in moments:
            written.append(next_stamp(now, written))
        assert written == sorted(set(written))

    def test_takes_any_iterable(self) -> None:
        assert next_stamp(0, iter(["0000000000070000"])) == "0000000000070001"

    @pytest.mark.parametrize("alien", ["yesterday", "019DF20050000000", "19df20050000000", ""])
    def test_refuses_to_follow_what_is_no_stamp(self, alien: str) -> None:
        with pytest.raises(ClockError):
            next_stamp(0, [alien])


class TestStamp:
    @given(milliseconds, counters)
    def test_parts_take_it_apart(self, moment: int, counter: int) -> None:
        assert parts(stamp(moment, counter)) == (moment, counter)

    @given(stamps, stamps)
    def test_sorts_as_text_as_it_sorts_in_time(self, one: str, two: str) -> None:
        assert (one < two) == (parts(one) < parts(two))

    @pytest.mark.parametrize(("moment", "counter"), [(-1, 0), (1 << 48, 0), (0, -1), (0, 1 << 16)])
    def test_refuses_what_it_cannot_tell(self, moment: int, counter: int) -> None:
        with pytest.raises(ClockError):
            stamp(moment, counter)

    @pytest.mark.parametrize(
        "alien", ["", "0" * 15, "0" * 17, "0" * 15 + "G", "0" * 15 + "A", "0" * 16 + "\n", None, 0]
    )
    def test_parts_refuse_what_is_no_stamp(self, alien: Any) -> None:
        with pytest.raises(ClockError):
            parts(alien)
