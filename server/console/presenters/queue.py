"""The rows of lists: the triage queue, the callbacks, the archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from models.workflow import workflow
from server.console.marks import Mark, mark
from server.console.wording import Clock, Say, limit_clock

if TYPE_CHECKING:
    from server.consultations import Row


@dataclass(frozen=True)
class Line:
    """One row of a list: the mark, the farmer's words, one line under them, the clock."""

    id: str
    title: str
    sub: str
    mark: Mark
    clock: Clock | None
    bold: bool
    current: bool
    media: int


@dataclass(frozen=True)
class Queue:
    """The triage queue: what came in, what came back, and how many of both are late."""

    waiting: tuple[Line, ...]
    returned: tuple[Line, ...]
    late: int

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.waiting + self.returned


def triage_queue(rows: Sequence[Row], now: datetime, limit: timedelta, say: Say, current: str = "") -> Queue:
    """The queue in the order in which it is due; what experts and informants sent back stands apart."""
    lines = [(row, _line(row, now, limit, say, current)) for row in rows]
    return Queue(
        waiting=tuple(line for row, line in lines if not row.returned),
        returned=tuple(line for row, line in lines if row.returned),
        late=sum(1 for _row, line in lines if line.clock is not None and line.clock.kind == "over"),
    )


def _line(row: Row, now: datetime, limit: timedelta, say: Say, current: str) -> Line:
    clock = limit_clock(row.due_at, now, limit, say)
    pressing = clock is not None and bool(clock.kind)
    state = workflow().states[row.state]
    tone = "over" if clock is not None and clock.kind == "over" else "wait" if row.returned else ""
    place = " · ".join(part for part in (row.township_name, row.crop or row.industry) if part)
    return Line(
        id=row.id,
        title=row.title,
        sub=f"{say('state.' + row.state)} · {place}" if row.state != "received" else place,
        mark=mark(state.step, say, yours=pressing and not row.returned, tone=tone),
        clock=clock,
        bold=pressing or row.urgent,
        current=row.id == current,
        media=row.media,
    )


def plain_mark(state: str, say: Say) -> Mark:
    """The mark of a consultation for a reader who has nothing to do about it."""
    row = workflow().states[state]
    return mark(row.step, say, tone="wait" if state in ("rejected", "withdrawn") else "")
