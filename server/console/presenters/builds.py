"""Builds of the index and a rebuild under way, as the index page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from server.console.wording import Say, figure, span_words

if TYPE_CHECKING:
    from search.index import Manifest
    from server.finding import Building

# The stages of a build in order, and the share of the whole at which each begins, in per cent.
STAGES = {"collect": 0, "strip": 10, "encode": 20, "index": 85, "save": 95}
# The same for each kind of job: a build that waits is compared too, and a comparison can be made again alone.
JOBS = {
    "build": STAGES,
    "hold": {"collect": 0, "strip": 8, "encode": 16, "index": 66, "save": 76, "compare": 80},
    "compare": {"compare": 0},
}
# Stages that go through consultations one by one; the others count steps that mean nothing to a reader.
COUNTED = ("collect", "strip", "encode", "compare")
# A span left is only guessed once so much is done; before that it jumps about.
GUESS_FROM = 10


@dataclass(frozen=True)
class Stage:
    """`state` is "done", "now" or "" (to come)."""

    state: str
    words: str


@dataclass(frozen=True)
class Progress:
    """How far a build has come: `percent` 0..100, the time left in words where it can be guessed."""

    percent: int
    left: str
    stages: tuple[Stage, ...]
    started_by: str
    job: str

    def as_event(self) -> dict[str, Any]:
        """The shape that static/script/index-progress.js reads."""
        return {
            "percent": self.percent,
            "left": self.left,
            "stages": [{"state": stage.state, "words": stage.words} for stage in self.stages],
        }


@dataclass(frozen=True)
class Build:
    """A finished build: `use` is "current", "newer" or "older"."""

    version: int
    created: str
    count: int
    seconds: float
    use: str


def progress_of(building: Building, now: datetime, say: Say) -> Progress:
    """A rebuild under way."""
    shares = JOBS[building.job]
    names = list(shares)
    place = names.index(building.stage) if building.stage in shares else 0
    begin = shares[names[place]]
    end = shares[names[place + 1]] if place + 1 < len(names) else 100
    share = min(1.0, building.done / building.total) if building.total else 0.0
    percent = round(begin + (end - begin) * share)
    spent = now - building.started_at
    left = ""
    if percent >= GUESS_FROM:
        left = say("index.left", span=span_words(spent * ((100 - percent) / percent), say))
    return Progress(
        percent=percent,
        left=left,
        stages=tuple(_stage(name, position, place, building, say) for position, name in enumerate(names)),
        started_by=building.started_by,
        job=building.job,
    )


def _stage(name: str, position: int, place: int, building: Building, say: Say) -> Stage:
    words = say(f"index.stage.{name}")
    if position < place:
        return Stage("done", words)
    if position > place:
        return Stage("", words)
    counted = building.total and name in COUNTED
    return Stage("now", f"{words} {figure(building.done)}" if counted else words)


def builds_of(manifests: Sequence[Manifest], status: Mapping[str, Any]) -> tuple[Build, ...]:
    """All finished builds, newest first."""
    current = status.get("version")
    return tuple(
        Build(
            version=manifest.version,
            created=manifest.created,
            count=manifest.count,
            seconds=manifest.duration_s,
            use=_use(manifest.version, current),
        )
        for manifest in reversed(manifests)
    )


def _use(version: int, current: int | None) -> str:
    if version == current:
        return "current"
    return "newer" if current is None or version > current else "older"
