"""A new build beside the one in use, as the index page shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.console.wording import Say, figure

if TYPE_CHECKING:
    from search.comparison import Change, Comparison, Exam, Side
    from search.metrics import Quality

# What is told of a set of questions, in this order; all are shares where more is better.
MEASURES = ("recall_1", "recall_5", "recall_10", "mrr_10", "ndcg_10")
VERDICTS = ("better", "same", "worse", "unknown")
# From so many points of MRR@10 on, one build is called better.
CLEAR = 0.5
# So many changed answers are shown at once; the rest is folded.
SHOWN = 20


@dataclass(frozen=True)
class Line:
    """One measure. `share` and `mark` are per cent for the bar, None where there is none; `tone` is "better",
    "worse" or ""."""

    what: str
    old: str
    new: str
    share: float | None
    mark: float | None
    difference: str
    tone: str


@dataclass(frozen=True)
class Group:
    """Measures over the same questions."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Compared:
    """The whole comparison. `against` is the version that the new one was compared with, None for nothing."""

    version: int
    against: int | None
    at: str
    groups: tuple[Group, ...]
    changed: tuple[Change, ...]
    rest: tuple[Change, ...]
    demands: int
    verdict: str


def compared(found: Comparison, county: str | None, say: Say) -> Compared:
    """`county`: only that county's demands are shown, all where it is None."""
    changed = [change for change in found.changed if county in (None, change.county)]
    return Compared(
        version=found.new.version,
        against=found.old.version if found.old else None,
        at=found.at,
        groups=tuple(_groups(found, say)),
        changed=tuple(changed[:SHOWN]),
        rest=tuple(changed[SHOWN:]),
        demands=found.demands,
        verdict=verdict(found),
    )


def verdict(found: Comparison) -> str:
    """One of VERDICTS, by MRR@10 of the judged questions, or of those that stand in for them."""
    if found.old is None or not (found.judged or found.shortened):
        return "unknown"
    old, new = (
        (side.shortened if found.shortened else side.judged).quality.mrr_10 for side in (found.old, found.new)
    )
    points = (new - old) * 100
    return "better" if points >= CLEAR else "worse" if points <= -CLEAR else "same"


def _groups(found: Comparison, say: Say) -> Iterator[Group]:
    new, old = found.new, found.old
    if found.judged:
        lines = tuple(_exam(new.judged, old.judged if old else None, say))
        yield Group(say("compare.judged", n=found.judged), lines)
    if found.shortened:
        lines = tuple(_exam(new.shortened, old.shortened if old else None, say))
        yield Group(say("compare.shortened", judged=found.judged, n=found.shortened), lines)
    yield Group(say("compare.whole"), tuple(_whole(found, new, old, say)))


def _exam(new: Exam, old: Exam | None, say: Say) -> Iterator[Line]:
    for name in MEASURES:
        was = _measure(old.quality, name) if old else None
        yield _share(say(f"compare.{name}"), _measure(new.quality, name), was, say)
    yield _share(say("compare.silent"), new.silent, old.silent if old else None, say, less=True)


def _measure(quality: Quality, name: str) -> float:
    return float(getattr(quality, name))


def _whole(found: Comparison, new: Side, old: Side | None, say: Say) -> Iterator[Line]:
    if found.spurned:
        what = say("compare.spurned", n=found.spurned)
        yield _count(what, new.spurned, old.spurned if old else None, say, ("worse", "better"))
    if found.demands:
        what = say("compare.demands_silent", n=found.demands)
        yield _count(what, new.silent, old.silent if old else None, say)
    yield _time(new.median_ms, old.median_ms if old else None, say)
    yield _share(say("compare.recall"), new.recall, old.recall if old else None, say)
    yield _count(say("compare.count"), new.count, old.count if old else None, say)


def _share(what: str, new: float, old: float | None, say: Say, less: bool = False) -> Line:
    """A share, in per cent; `less`: the smaller the better."""
    points = round((new - (old or 0)) * 100, 1)
    better = points < 0 if less else points > 0
    tone = "" if old is None or not points else "better" if better else "worse"
    return Line(
        what,
        "–" if old is None else f"{old * 100:.1f}%",
        f"{new * 100:.1f}%",
        round(new * 100, 1),
        None if old is None else round(old * 100, 1),
        "" if old is None else say(f"compare.{tone}", n=abs(points)) if tone else say("compare.equal"),
        tone,
    )


def _count(what: str, new: int, old: int | None, say: Say, tones: tuple[str, str] = ("", "")) -> Line:
    """A number; `tones` of more and of less."""
    more = new - (old or 0)
    words = (
        say("compare.equal") if not more else say("compare.more" if more > 0 else "compare.less", n=abs(more))
    )
    tone = "" if old is None or not more else tones[0] if more > 0 else tones[1]
    return Line(what, figure(old), figure(new), None, None, "" if old is None else words, tone)


def _time(new: float, old: float | None, say: Say) -> Line:
    """Milliseconds; differences below a fifth, or below one, are chance."""
    tone = ""
    if old is not None and abs(new - old) >= max(1.0, old / 5):
        tone = "better" if new < old else "worse"
    difference = (
        "" if old is None else say(f"compare.{tone}", n=_ms(abs(new - old))) if tone else say("compare.same")
    )
    return Line(
        say("compare.median"),
        "–" if old is None else say("compare.milliseconds", n=_ms(old)),
        say("compare.milliseconds", n=_ms(new)),
        None, None, difference, tone,
    )  # fmt: skip


def _ms(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
