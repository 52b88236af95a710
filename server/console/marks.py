"""The 田 mark: four fields, 收到 分派 答复 完结, that fill as a consultation moves (mockups/GUIDE.md)."""

from __future__ import annotations

from dataclasses import dataclass

from server.console.wording import Say

FIELDS = ((7, 7), (22, 7), (7, 22), (22, 22))


@dataclass(frozen=True)
class Mark:
    """What the macro `mark` draws: filled fields, a gold field or none, the tone, and its spoken name."""

    filled: tuple[tuple[int, int], ...]
    gold: tuple[int, int] | None
    tone: str
    label: str


def mark(step: int, say: Say, *, yours: bool = False, tone: str = "") -> Mark:
    """The mark of a consultation at `step` 0..4.

    `yours` paints the next field gold: the reader has to act. `tone` is "", "over" or "wait".
    """
    step = min(4, max(0, step))
    gold = FIELDS[min(step, 3)] if yours and tone != "over" else None
    return Mark(
        filled=tuple(field for field in FIELDS[:step] if field != gold),
        gold=gold,
        tone=tone,
        label=say("mark.label", step=step, name=say(f"mark.step.{step}")),
    )
