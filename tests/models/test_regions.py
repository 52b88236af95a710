"""Region codes of 12 digits: their levels and what lies in what (MISSION, "行政区划")."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.regions import county_of, level, township_of, within

PROVINCE, CITY, COUNTY = "510000000000", "510700000000", "510726000000"
TOWNSHIP, VILLAGE = "510726105000", "510726105201"
CHAIN = (PROVINCE, CITY, COUNTY, TOWNSHIP, VILLAGE)
OTHERS = ("520000000000", "510800000000", "510727000000", "510726107000", "510726105202")

codes = st.from_regex(r"[1-9][0-9]{11}", fullmatch=True)


class TestLevel:
    @pytest.mark.parametrize(
        ("code", "name"), list(zip(CHAIN, ("province", "city", "county", "township", "village"), strict=True))
    )
    def test_is_the_last_part_that_says_something(self, code: str, name: str) -> None:
        assert level(code) == name

    def test_a_township_directly_below_a_city(self) -> None:
        assert level("441900003000") == "township"


class TestCuts:
    def test_a_village_lies_in_its_township_and_county(self) -> None:
        assert township_of(VILLAGE) == TOWNSHIP
        assert county_of(VILLAGE) == COUNTY

    @pytest.mark.parametrize("code", [PROVINCE, CITY, COUNTY])
    def test_what_is_larger_stays_itself(self, code: str) -> None:
        assert township_of(code) == code
        assert county_of(code) == code

    @given(codes)
    def test_cutting_twice_is_cutting_once(self, code: str) -> None:
        assert township_of(township_of(code)) == township_of(code)
        assert county_of(township_of(code)) == county_of(code)
        assert len(township_of(code)) == len(county_of(code)) == 12


class TestWithin:
    @pytest.mark.parametrize("inner", range(5))
    @pytest.mark.parametrize("outer", range(5))
    def test_smaller_lies_in_larger_and_never_the_other_way(self, inner: int, outer: int) -> None:
        assert within(CHAIN[inner], CHAIN[outer]) == (outer <= inner)

    @pytest.mark.parametrize("area", OTHERS)
    @pytest.mark.parametrize("code", CHAIN)
    def test_nothing_of_ours_lies_next_door(self, code: str, area: str) -> None:
        assert not within(code, area)

    def test_nothing_lies_in_no_place(self) -> None:
        assert not within(VILLAGE, "")

    @given(codes)
    def test_every_code_lies_in_itself_its_township_and_its_county(self, code: str) -> None:
        assert within(code, code)
        assert within(code, township_of(code))
        assert within(code, county_of(code))
