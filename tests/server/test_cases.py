"""server/cases.py: consultations as find similar is told of them."""

from __future__ import annotations

import pytest

from models.programme import load_programme
from server.cases import Where, place_of, where_of

PROGRAMME = load_programme()


class TestPlace:
    @pytest.mark.parametrize("region", ["510726105000", "510726105201"])
    def test_is_the_township_s_name_as_cases_have_it(self, region: str) -> None:
        assert place_of(region, PROGRAMME) == "桂溪镇"

    @pytest.mark.parametrize("region", ["510726000000", "510700000000", "510000000000"])
    def test_is_nothing_for_whoever_has_more_than_a_township(self, region: str) -> None:
        assert place_of(region, PROGRAMME) == ""

    def test_is_nothing_where_the_programme_does_not_know_it(self) -> None:
        assert place_of("110101001001", PROGRAMME) == ""


def test_a_demand_s_circumstances() -> None:
    demand = {"industry": "粮油", "crop": "玉米", "region": "510726105201", "at": "2026-05-04T08:00:00.000Z"}
    assert where_of(demand, PROGRAMME) == Where("粮油", "玉米", "桂溪镇", "2026-05-04")
    del demand["crop"]
    assert where_of(demand, PROGRAMME).crop == ""
