"""A consultation as a fold over its documents.

Nobody edits a document, so what a consultation *is* follows from what happened to it. The table in
`workflow.json` says which event leads from which state to which; the same table and the same fold run on
the phone (pwa/src/domain/fold.ts), and tests/vectors/workflow.json holds both to the same answers.

An event that does not fit the state it meets (two people acted while one of them had no network) changes
nothing but stays in the thread, listed in `ignored`: nothing that anyone wrote disappears.

Sources: DESIGN.md "Documents never conflict"; MISSION S1.7, S1.11, S2.2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Doc = dict[str, Any]
Actor = Literal["server", "centre", "expert", "reporter"]
Turn = Literal["informant", "expert", "centre", "none"]


@dataclass(frozen=True)
class State:
    """A row of the table: `step` of the four fields of the mark (0-4), whose turn, whether it has ended."""

    name: str
    step: int
    turn: Turn
    closed: bool


@dataclass(frozen=True)
class Kind:
    """A kind of event: who may write it, which fields it needs, and where it leads from each state."""

    name: str
    actor: Actor
    required: tuple[str, ...]
    moves: Mapping[str, str]


@dataclass(frozen=True)
class Workflow:
    states: Mapping[str, State]
    kinds: Mapping[str, Kind]


@dataclass(frozen=True)
class Limits:
    """Time limits of a programme (MISSION S2.2); none counts from before the server's receipt."""

    triage_minutes: int = 60
    reply_minutes: int = 180
    callback_days: int = 7


@dataclass(frozen=True)
class Consultation:
    """What a consultation is after all its documents that are known here.

    Times are ISO 8601 UTC strings as they stand in the documents; `None` where nothing set them.
    `experts` are those who may read it: the one asked now, and everybody who has answered or visited.
    """

    id: str
    demand: Doc
    state: str
    step: int
    turn: Turn
    closed: bool
    thread: tuple[Doc, ...]
    ignored: frozenset[str]
    received_at: str | None = None
    expert: str | None = None
    expert_name: str | None = None
    experts: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()
    triage_due: str | None = None
    reply_due: str | None = None
    callback_due: str | None = None
    returned: bool = False
    missed_calls: int = 0
    outcome: str | None = None
    verdict: str | None = None
    category: str | None = None
    rating: int | None = None
    closed_at: str | None = None
    changed_at: str | None = None
    similar: Doc | None = None
    contact: Doc | None = None
    media: tuple[Doc, ...] = ()


@cache
def workflow() -> Workflow:
    """The table of `workflow.json`."""
    raw = table()
    return Workflow(
        states={name: State(name=name, **row) for name, row in raw["states"].items()},
        kinds={
            name: Kind(name, row["actor"], tuple(row["required"]), row["moves"])
            for name, row in raw["kinds"].items()
        },
    )


@cache
def table() -> dict[str, Any]:
    """The table as plain JSON, for the contract."""
    raw: dict[str, Any] = json.loads(files("models").joinpath("workflow.json").read_text("utf-8"))
    return raw


def later(moment: str, **spans: int) -> str:
    """An ISO 8601 UTC moment moved on by a timedelta's arguments, with milliseconds and Z."""
    moved = datetime.fromisoformat(moment) + timedelta(**spans)
    return iso(moved)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z, as every document carries it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_order(event: Doc) -> tuple[str, str, str]:
    """Events sort by clock, then device, then id, so that every device folds in the same order."""
    return event["clock"], event["device"], event["_id"]


@dataclass
class _Fold:
    """The working state of one fold: what the events so far have set."""

    limits: Limits
    state: str = "sent"
    ignored: set[str] = field(default_factory=set)
    values: dict[str, Any] = field(default_factory=dict)
    assigned: dict[str, str] = field(default_factory=dict)
    served: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)

    def step(self, event: Doc) -> None:
        kind = workflow().kinds.get(event["kind"])
        target = kind.moves.get(self.state) if kind else None
        if target is None or not self._belongs(event):
            self.ignored.add(event["_id"])
            return
        getattr(self, f"_{event['kind']}", _nothing)(event)
        if workflow().states[target].closed and not workflow().states[self.state].closed:
            self.values["closed_at"] = event["at"]
        if target == "reopened" and self.state != "reopened":
            self.values["closed_at"] = None
            self._ask_for_triage(event)
        self.state = target
        self.values["changed_at"] = event["at"]

    def _belongs(self, event: Doc) -> bool:
        """An answer counts from any expert who was ever asked; everything else from the one asked now."""
        if event["kind"] == "replied":
            return event["by"] in self.assigned
        if event["kind"] in ("asked", "declined"):
            return bool(event["by"] == self.values.get("expert"))
        return True

    def _ask_for_triage(self, event: Doc) -> None:
        since = self._not_before_receipt(event["at"])
        self.values["triage_due"] = later(since, minutes=self.limits.triage_minutes)
        self.values["returned"] = True

    def _not_before_receipt(self, moment: str) -> str:
        """Phones' clocks are wrong and phones stay offline for days: limits wait for the receipt."""
        return max(moment, self.values.get("received_at") or "")

    def _received(self, event: Doc) -> None:
        self.values["received_at"] = event["at"]
        self.values["triage_due"] = later(event["at"], minutes=self.limits.triage_minutes)

    def _assigned(self, event: Doc) -> None:
        self.values.update(expert=event["expert"], expert_name=event["expert_name"], returned=False)
        self.values["reply_due"] = event.get("due") or later(event["at"], minutes=self.limits.reply_minutes)
        self.assigned[event["expert"]] = event["expert_name"]

    def _dispatched(self, event: Doc) -> None:
        self.values.update(expert=event["expert"], expert_name=event["expert_name"], returned=False)
        self.assigned[event["expert"]] = event["expert_name"]

    def _declined(self, event: Doc) -> None:
        self.values.update(expert=None, expert_name=None)
        if event["by"] not in self.served:
            del self.assigned[event["by"]]

    def _unsolved(self, _event: Doc) -> None:
        """Back to the centre (MISSION S1.11); what a callback judged before no longer holds."""
        judged = dict.fromkeys(("rating", "outcome", "verdict", "category"))
        self.values.update(expert=None, expert_name=None, missed_calls=0, **judged)

    def _added(self, event: Doc) -> None:
        """An answered or asking expert gets their time anew when the question goes back to them."""
        if self.state in ("asking", "replied", "relayed", "visited"):
            since = self._not_before_receipt(event["at"])
            anew = later(since, minutes=self.limits.reply_minutes)
            self.values["reply_due"] = max(anew, self.values.get("reply_due") or "")

    def _visited(self, _event: Doc) -> None:
        expert = self.values.get("expert")
        if expert and expert not in self.served:
            self.served.append(expert)

    def _replied(self, event: Doc) -> None:
        self.replies.append(event["_id"])
        if event["by"] not in self.served:
            self.served.append(event["by"])
        if self.values.get("expert") is None:  # A late answer; a further question would have no reader.
            self.values.update(expert=event["by"], expert_name=self.assigned[event["by"]])

    def _rated(self, event: Doc) -> None:
        self.values["rating"] = event["stars"]

    def _call_missed(self, _event: Doc) -> None:
        self.values["missed_calls"] = self.values.get("missed_calls", 0) + 1

    def _called_back(self, event: Doc) -> None:
        self.values.update({name: event[name] for name in ("outcome", "verdict", "category")})

    def _imported(self, event: Doc) -> None:
        self.values.update(verdict=event["verdict"], category=event.get("category"), received_at=event["at"])
        self.replies.append(event["_id"])

    def experts(self) -> tuple[str, ...]:
        current = self.values.get("expert")
        return tuple(sorted({*self.served, *([current] if current else [])}))

    def due(self) -> dict[str, Any]:
        """The limits that run now: only the one whose turn it is."""
        turn_of_centre = self.state in ("received", "reopened")
        closed_at: str | None = self.values.get("closed_at")
        return {
            "triage_due": self.values.get("triage_due") if turn_of_centre else None,
            "reply_due": self.values.get("reply_due") if self.state == "assigned" else None,
            "callback_due": later(self._not_before_receipt(closed_at), days=self.limits.callback_days)
            if closed_at and self.state in ("solved", "adopted")
            else None,
        }


def _nothing(_event: Doc) -> None:
    """Most events set nothing but the state."""


def fold(documents: Iterable[Doc], limits: Limits | None = None) -> Consultation | None:
    """The consultation that these documents tell of, or None where its demand is not among them.

    The order of `documents` does not matter, and neither do repetitions: events sort by their clocks.
    Documents of other types than the domain's are passed over.
    """
    by_type: dict[str, dict[str, Doc]] = {}
    for document in documents:
        by_type.setdefault(document.get("type", ""), {})[document["_id"]] = document
    demand = next(iter(by_type.get("demand", {}).values()), None)
    if demand is None:
        return None
    thread = sorted(by_type.get("event", {}).values(), key=event_order)
    run = _Fold(limits or Limits())
    for event in thread:
        run.step(event)
    values: dict[str, Any] = {
        name: run.values[name] for name in run.values.keys() - {"triage_due", "reply_due"}
    }
    state = workflow().states[run.state]
    return Consultation(
        id=demand["_id"].removeprefix("demand:"),
        demand=demand,
        state=state.name,
        step=state.step,
        turn=state.turn,
        closed=state.closed,
        thread=tuple(thread),
        ignored=frozenset(run.ignored),
        experts=run.experts(),
        replies=tuple(run.replies),
        similar=next(iter(by_type.get("similar", {}).values()), None),
        contact=next(iter(by_type.get("contact", {}).values()), None),
        media=tuple(sorted(by_type.get("media", {}).values(), key=lambda media: media["_id"])),
        **run.due(),
        **values,
    )
