"""Times, spans and figures in the words of the console (mockups/GUIDE.md, "Wording").

Everything stored is UTC; everything shown is Beijing time, which has no summer time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

from server.catalogue import text

DAY_S = 24 * 60 * 60
BEIJING = timezone(timedelta(hours=8), "Beijing")
Say = Callable[..., str]


def say_in(language: str) -> Say:
    """The catalogue in one language: `say(key, **values)`."""

    def say(key: str, **values: object) -> str:
        return text(key, language, **values)

    return say


@dataclass(frozen=True)
class Clock:
    """A time limit as it is shown: `kind` is "" (calm), "soon" (under a quarter left) or "over"."""

    kind: str
    words: str


def parse(moment: str | datetime | None) -> datetime | None:
    """The moment of a document's ISO 8601 text; None for nothing or for what is not a time."""
    if isinstance(moment, datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        parsed = datetime.fromisoformat(moment) if moment else None
    except ValueError:
        return None
    return parsed if parsed is None or parsed.tzinfo else parsed.replace(tzinfo=UTC)


def moment_words(moment: str | datetime | None, now: datetime, say: Say) -> str:
    """When something happened: 今天 9:02, 昨天 17:40, 6月12日 10:15, 2025年6月12日."""
    instant = parse(moment)
    if instant is None:
        return ""
    then, today = instant.astimezone(BEIJING), now.astimezone(BEIJING)
    if instant.timestamp() % DAY_S == 0:
        # Imported history knows days only, kept as midnight UTC: no hour that nobody wrote down.
        return date_words(then, today, say)
    clock = f"{then.hour}:{then.minute:02d}"
    days = (today.date() - then.date()).days
    if days == 0:
        return say("time.today", clock=clock)
    if days == 1:
        return say("time.yesterday", clock=clock)
    if then.year == today.year:
        return say("time.this_year", month=then.month, day=then.day, clock=clock)
    return say("time.another_year", year=then.year, month=then.month, day=then.day)


def date_words(then: datetime, today: datetime, say: Say) -> str:
    """A day without an hour: 6月12日, 2025年6月12日."""
    if then.year == today.year:
        return say("time.day", month=then.month, day=then.day)
    return say("time.another_year", year=then.year, month=then.month, day=then.day)


def day_words(moment: str | datetime | None, say: Say) -> str:
    """The day alone: 6月19日."""
    instant = parse(moment)
    if instant is None:
        return ""
    then = instant.astimezone(BEIJING)
    return say("time.day", month=then.month, day=then.day)


def span_words(span: timedelta, say: Say) -> str:
    """How long, in one unit: 9 分, 2 小时, 3 天. Under a minute counts as one."""
    minutes = max(1, round(span.total_seconds() / 60))
    if minutes < 60:
        return say("span.minutes", n=minutes)
    if minutes < 48 * 60:
        return say("span.hours", n=minutes // 60)
    return say("span.days", n=minutes // (24 * 60))


def limit_clock(
    due: datetime | None, now: datetime, limit: timedelta, say: Say, *, bare: bool = False
) -> Clock | None:
    """The clock of a time limit: 剩 9 分 or 超 12 分; `bare` leaves out 剩, for a column headed so.

    Gold under a quarter of `limit`, red after it. None where nothing is due.
    """
    if due is None:
        return None
    left = due - now
    if left < timedelta(0):
        return Clock("over", say("limit.over", span=span_words(-left, say)))
    kind = "soon" if left < limit / 4 else ""
    words = span_words(left, say)
    return Clock(kind, words if bare else say("limit.left", span=words))


def duration_words(seconds: float | None, say: Say) -> str:
    """How long a job took: 45 秒, 4 分 12 秒."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 1:
        return say("duration.under_a_second")
    if whole < 60:
        return say("duration.seconds", s=whole)
    return say("duration.minutes", m=whole // 60, s=whole % 60)


def figure(number: int | None) -> str:
    """8566 -> 8,566; nothing -> an en dash."""
    return "–" if number is None else f"{number:,}"


def moment_in(now: datetime, say: Say) -> Callable[[str | datetime | None], str]:
    """`moment_words` for the templates of one page."""
    return partial(moment_words, now=now, say=say)
