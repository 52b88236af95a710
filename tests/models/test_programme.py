"""Beichuan's programme against the county letter of 2019 (MISSION S1)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pydantic import ValidationError

from models.programme import Programme, load_programme
from models.regions import county_of, level, within
from models.workflow import Limits

BEICHUAN = load_programme()

# MISSION S1.4, in the letter's order.
TARGETS = {
    "白什乡": 90, "白坭乡": 90, "片口乡": 80, "香泉乡": 100, "小坝乡": 90, "桂溪镇": 120, "都坝乡": 80,
    "擂鼓镇": 100, "永安镇": 100, "通口镇": 100, "安昌镇": 140, "禹里镇": 90, "贯岭乡": 90, "坝底乡": 80,
    "陈家坝乡": 80, "漩坪乡": 80, "曲山镇": 100, "开坪乡": 80, "桃龙乡": 80,
    "墩上乡": 90, "马槽乡": 80, "青片乡": 80,
}  # fmt: skip


def changed(**values: Any) -> dict[str, Any]:
    return {**BEICHUAN.model_dump(), **values}


class TestTargets:
    def test_are_those_of_the_letter(self) -> None:
        assert {township.name: township.target for township in BEICHUAN.townships} == TARGETS
        assert [township.name for township in BEICHUAN.townships] == list(TARGETS)

    def test_add_up_to_2020_over_22_townships_and_the_goal_is_2000(self) -> None:
        assert len(BEICHUAN.townships) == 22
        assert sum(township.target for township in BEICHUAN.townships) == 2020
        assert BEICHUAN.goal == 2000

    def test_two_briefings_a_year_from_each(self) -> None:
        assert BEICHUAN.briefings_each_township == 2


class TestSubsidy:
    """MISSION S1.8."""

    @pytest.mark.parametrize(
        ("demands", "yuan"),
        [
            (0, 0),
            (1, 0),
            (2, 0),
            (3, 300),
            (4, 330),
            (5, 360),
            (59, 1980),
            (60, 2000),
            (61, 2000),
            (5000, 2000),
        ],
    )
    def test_amount(self, demands: int, yuan: int) -> None:
        assert BEICHUAN.subsidy.amount(demands) == yuan

    def test_only_valuable_demands_count(self) -> None:
        assert BEICHUAN.subsidy.counts == ("valid",)


class TestLimits:
    def test_are_those_of_the_plan(self) -> None:
        assert BEICHUAN.fold_limits() == Limits(triage_minutes=60, reply_minutes=180, callback_days=7)

    def test_reach_the_fold_unchanged(self) -> None:
        limits = {"triage_minutes": 1, "reply_minutes": 2, "callback_days": 3}
        assert Programme.model_validate(changed(limits=limits)).fold_limits() == Limits(1, 2, 3)


class TestRegions:
    def test_every_code_is_told_once(self) -> None:
        codes = [BEICHUAN.county]
        for township in BEICHUAN.townships:
            codes += [township.code, *(village.code for village in township.villages)]
        assert [code for code, times in Counter(codes).items() if times > 1] == []

    def test_every_place_lies_where_it_stands(self) -> None:
        for township in BEICHUAN.townships:
            assert level(township.code) == "township"
            assert county_of(township.code) == BEICHUAN.county == "510726000000"
            assert township.villages, township.name
            for village in township.villages:
                assert level(village.code) == "village"
                assert within(village.code, township.code)

    def test_villages_of_one_township_have_names_of_their_own(self) -> None:
        for township in BEICHUAN.townships:
            assert len({village.name for village in township.villages}) == len(township.villages)

    def test_names_as_people_say_them(self) -> None:
        assert BEICHUAN.region_name("510726105201") == "桂溪镇 石岩村"
        assert BEICHUAN.region_name("510726105000") == "桂溪镇"
        assert BEICHUAN.region_name("510726000000") == "北川羌族自治县"

    def test_a_village_that_nobody_told_of_still_has_its_township(self) -> None:
        assert BEICHUAN.region_name("510726105999") == "桂溪镇"

    def test_places_elsewhere_have_no_name(self) -> None:
        assert BEICHUAN.region_name("510727105201") == ""
        assert BEICHUAN.region_name("510727000000") == ""
        assert BEICHUAN.township_name("510727105201") == ""

    def test_village_name_is_empty_for_what_is_larger(self) -> None:
        assert BEICHUAN.village_name("510726105201") == "石岩村"
        assert BEICHUAN.village_name("510726105000") == ""
        assert BEICHUAN.village_name("510726000000") == ""

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("桂溪镇", "510726105000"),
            (" 桂溪镇 ", "510726105000"),
            ("北川羌族自治县", "510726000000"),
            ("510726105201", "510726105201"),
            ("绵阳市", None),
            ("", None),
        ],
    )
    def test_code_of_a_name(self, name: str, code: str | None) -> None:
        assert BEICHUAN.region_code(name) == code

    def test_a_village_name_that_several_townships_share_names_no_place(self) -> None:
        homes = [
            town for town in BEICHUAN.townships if "青坪村" in {village.name for village in town.villages}
        ]
        assert len(homes) > 1
        assert BEICHUAN.region_code("青坪村") is None


class TestCrops:
    @pytest.mark.parametrize(
        ("name", "known"),
        [
            ("玉米", ("粮油", "玉米")),
            ("苞谷", ("粮油", "玉米")),
            ("洋芋", ("粮油", "马铃薯")),
            (" 海椒 ", ("蔬菜", "辣椒")),
            ("莲花白", ("蔬菜", "甘蓝")),
            ("豆角", ("蔬菜", "四季豆")),
            ("豇豆", ("蔬菜", "豇豆")),
            ("羊", ("牛羊", "山羊")),
            ("蜂子", ("蜜蜂", "蜜蜂")),
            ("榴莲", None),
            ("", None),
        ],
    )
    def test_by_any_name_that_farmers_give_them(self, name: str, known: tuple[str, str] | None) -> None:
        assert BEICHUAN.crop(name) == known

    def test_every_name_leads_to_one_crop(self) -> None:
        names = [
            (alias, crop.name)
            for industry in BEICHUAN.industries
            for crop in industry.crops
            for alias in {crop.name, *crop.aliases}
        ]
        shared = [name for name, times in Counter(name for name, _ in names).items() if times > 1]
        assert shared == []
        for alias, crop in names:
            assert (BEICHUAN.crop(alias) or ("", ""))[1] == crop

    def test_a_crops_own_name_wins_over_an_alias(self) -> None:
        crops = [{"name": "茶", "icon": "tea", "aliases": ["菜"]}, {"name": "菜", "icon": "cabbage"}]
        programme = Programme.model_validate(changed(industries=[{"name": "甲", "crops": crops}]))
        assert programme.crop("菜") == ("甲", "菜")

    @pytest.mark.parametrize(
        ("name", "industry"),
        [("茶叶", "茶叶"), ("生猪", "生猪"), ("苞谷", "粮油"), (" 蔬菜 ", "蔬菜"), ("榴莲", None)],
    )
    def test_industry_by_its_name_or_a_crops(self, name: str, industry: str | None) -> None:
        assert BEICHUAN.industry(name) == industry

    def test_the_picker_has_a_picture_for_each_and_a_way_out(self) -> None:
        assert all(crop.icon for industry in BEICHUAN.industries for crop in industry.crops)
        assert BEICHUAN.industries[-1].name == "其他"
        assert "其他" in BEICHUAN.categories


class TestProgramme:
    def test_an_unknown_one_is_no_file(self) -> None:
        with pytest.raises(FileNotFoundError):
            load_programme("nowhere")

    def test_cannot_be_changed_while_it_runs(self) -> None:
        with pytest.raises(ValidationError):
            BEICHUAN.goal = 1  # type: ignore[misc]

    def test_a_misspelt_setting_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            Programme.model_validate(changed(gaol=2000))

    def test_shows_the_centres_numbers_and_they_are_visibly_invented(self) -> None:
        assert "0000" in BEICHUAN.hotline
        assert "000" in BEICHUAN.group_number
