"""What happened to a consultation, event by event, as a reader follows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.catalogue import has
from server.console.wording import Say

Event = Mapping[str, Any]
Names = Callable[[str], str]

# Kinds in which somebody speaks; the rest are facts between the bubbles.
SPOKEN = frozenset({"replied", "asked", "queried", "added", "unsolved", "visited", "imported"})


@dataclass(frozen=True)
class Photo:
    """A picture of a consultation: `here` of its `chunks` have arrived; 0 of 0 before it is described."""

    id: str
    caption: str = ""
    here: int = 0
    chunks: int = 0

    @property
    def arrived(self) -> bool:
        return 0 < self.chunks == self.here


Pictures = Mapping[str, Photo]


@dataclass(frozen=True)
class Entry:
    """One event: who did what and when, what was said, and whether it counted.

    `ignored` events met a state that they did not fit (two people acted at once); they stay readable.
    """

    id: str
    kind: str
    spoken: bool
    who: str
    part: str
    at: str
    headline: str
    diagnosis: str
    lines: tuple[str, ...]
    steps: bool
    photos: tuple[Photo, ...]
    ignored: bool


def history(
    thread: Sequence[Event], ignored: frozenset[str], pictures: Pictures, names: Names, say: Say
) -> tuple[Entry, ...]:
    """Every event of the thread, in order, those that did not count included."""
    return tuple(_entry(event, event["_id"] in ignored, pictures, names, say) for event in thread)


def photos(ids: Sequence[str], pictures: Pictures) -> tuple[Photo, ...]:
    """The pictures that a document names, those still on their way included."""
    return tuple(pictures.get(identifier, Photo(identifier)) for identifier in ids)


def _entry(event: Event, ignored: bool, pictures: Pictures, names: Names, say: Say) -> Entry:
    kind = str(event["kind"])
    text = str(event.get("text") or "")
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    return Entry(
        id=str(event["_id"]),
        kind=kind,
        spoken=kind in SPOKEN,
        who=names(str(event.get("by", ""))),
        part=say(f"actor.{kind}") if has(f"actor.{kind}") else "",
        at=str(event.get("at", "")),
        headline=_headline(event, kind, say),
        diagnosis=str(event.get("diagnosis") or ""),
        lines=lines,
        steps=kind == "replied" and len(lines) > 1,
        photos=photos(event.get("media") or (), pictures),
        ignored=ignored,
    )


def _headline(event: Event, kind: str, say: Say) -> str:
    """The event as one sentence: 分派给 王建国（高级农艺师）."""
    if not has(f"event.{kind}"):
        return say("event.unknown", kind=kind)
    title = str(event.get("expert_title") or "")
    return say(
        f"event.{kind}",
        expert=str(event.get("expert_name") or ""),
        title=say("event.in_brackets", words=title) if title else "",
        reason=_reason(str(event.get("reason") or ""), say),
        stars=event.get("stars") or 0,
        outcome=_term("outcome", event, say),
        verdict=_term("verdict", event, say),
        category=str(event.get("category") or ""),
        date=str(event.get("date") or ""),
    )


def _reason(reason: str, say: Say) -> str:
    return say(f"missed.{reason}") if has(f"missed.{reason}") else reason


def _term(name: str, event: Event, say: Say) -> str:
    value = str(event.get(name) or "")
    return say(f"{name}.{value}") if has(f"{name}.{value}") else value
