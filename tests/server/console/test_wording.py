"""Times, spans and masks in the words of the console (mockups/GUIDE.md, "Wording")."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.console.masking import mask_name, mask_phone, spaced_phone
from server.console.wording import (
    day_words,
    duration_words,
    figure,
    limit_clock,
    moment_words,
    parse,
    say_in,
    span_words,
)

SAY = say_in("zh-CN")
NOW = datetime(2026, 6, 12, 2, 30, tzinfo=UTC)  # 10:30 in Beijing


class TestMoments:
    @pytest.mark.parametrize(
        ("moment", "words"),
        [
            ("2026-06-12T01:02:00.000Z", "今天 9:02"),
            ("2026-06-11T16:00:00.000Z", "今天 0:00"),
            ("2026-06-11T15:59:59.000Z", "昨天 23:59"),
            ("2026-06-10T02:15:00.000Z", "6月10日 10:15"),
            ("2025-12-31T16:00:00.000Z", "1月1日 0:00"),
            ("2025-12-31T15:59:00.000Z", "2025年12月31日"),
            ("", ""),
            ("nonsense", ""),
            (None, ""),
        ],
    )
    def test_are_told_in_beijing_time(self, moment: str | None, words: str) -> None:
        assert moment_words(moment, NOW, SAY) == words

    def test_the_day_alone(self) -> None:
        assert day_words("2026-06-18T17:00:00.000Z", SAY) == "6月19日"

    def test_without_a_zone_is_utc(self) -> None:
        assert parse("2026-06-12T01:02:00") == datetime(2026, 6, 12, 1, 2, tzinfo=UTC)


class TestSpans:
    @pytest.mark.parametrize(
        ("span", "words"),
        [
            (timedelta(seconds=5), "1 分"),
            (timedelta(minutes=9), "9 分"),
            (timedelta(minutes=60), "1 小时"),
            (timedelta(hours=47), "47 小时"),
            (timedelta(hours=49), "2 天"),
        ],
    )
    def test_are_told_in_one_unit(self, span: timedelta, words: str) -> None:
        assert span_words(span, SAY) == words

    @pytest.mark.parametrize(
        ("seconds", "words"), [(None, ""), (0.2, "不到 1 秒"), (45, "45 秒"), (252, "4 分 12 秒")]
    )
    def test_durations(self, seconds: float | None, words: str) -> None:
        assert duration_words(seconds, SAY) == words

    def test_figures(self) -> None:
        assert (figure(8566), figure(None)) == ("8,566", "–")


class TestClocks:
    @pytest.mark.parametrize(
        ("left", "kind", "words"),
        [
            (timedelta(minutes=31), "", "剩 31 分"),
            (timedelta(minutes=15), "", "剩 15 分"),
            (timedelta(minutes=14), "soon", "剩 14 分"),
            (timedelta(minutes=-12), "over", "超 12 分"),
            (timedelta(days=-3), "over", "超 3 天"),
        ],
    )
    def test_turn_gold_under_a_quarter_and_red_after(self, left: timedelta, kind: str, words: str) -> None:
        clock = limit_clock(NOW + left, NOW, timedelta(hours=1), SAY)
        assert clock is not None
        assert (clock.kind, clock.words) == (kind, words)

    def test_nothing_due_shows_no_clock(self) -> None:
        assert limit_clock(None, NOW, timedelta(hours=1), SAY) is None


class TestMasks:
    @pytest.mark.parametrize(
        ("name", "masked"),
        [("刘德贵", "刘＊贵"), ("马贵", "马＊"), ("马", "马"), ("", ""), ("欧阳小小", "欧＊＊小")],
    )
    def test_names(self, name: str, masked: str) -> None:
        assert mask_name(name) == masked

    @pytest.mark.parametrize(
        ("phone", "masked"),
        [("13800000023", "138-****-0023"), ("138-0000-0023", "138-****-0023"), ("12345", "****45"), ("", "")],
    )
    def test_numbers(self, phone: str, masked: str) -> None:
        assert mask_phone(phone) == masked

    def test_in_full_reads_in_groups(self) -> None:
        assert spaced_phone("13800000023") == "138-0000-0023"
        assert spaced_phone("0816-1234567") == "081-6123-4567"
