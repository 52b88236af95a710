"""One consultation as staff see it: what was asked, by whom, what the system found, what may be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from models.workflow import Consultation, workflow
from server.console.marks import Mark, mark
from server.console.masking import mask_name, mask_phone, spaced_phone
from server.console.presenters.history import Entry, Names, Photo, Pictures, history, photos
from server.console.wording import Clock, Say, limit_clock, parse

if TYPE_CHECKING:
    from models.programme import Programme

TITLE_LENGTH = 40
# What the centre may do on the triage page, by the kind of event that it writes.
TRIAGE_KINDS = ("assigned", "queried", "dispatched", "visited", "rejected")


@dataclass(frozen=True)
class Contact:
    """A farmer's name and number, masked or in full."""

    name: str
    phone: str


@dataclass(frozen=True)
class Found:
    """A past consultation that the system thought similar."""

    id: str
    question: str
    answer: str
    where: str


@dataclass(frozen=True)
class Case:
    """What the case pane and the consultation page draw."""

    id: str
    title: str
    text: str
    mark: Mark
    state: str
    clock: Clock | None
    urgent: bool
    reporter: str
    place: str
    sent_at: str
    received_at: str
    crop: str
    industry: str
    photos: tuple[Photo, ...]
    contact: Contact | None
    searched: bool
    found: tuple[Found, ...]
    entries: tuple[Entry, ...]
    may: frozenset[str]
    seen: int
    expert: str
    expert_name: str
    rating: int
    verdict: str
    category: str
    last_answer: str


def case_of(
    consultation: Consultation,
    now: datetime,
    programme: Programme,
    names: Names,
    pictures: Pictures,
    say: Say,
) -> Case:
    """Everything that a page shows of one consultation; the contact is masked."""
    demand, state = consultation.demand, consultation.state
    clock = _clock(consultation, now, programme, say)
    row = workflow().states[state]
    return Case(
        id=consultation.id,
        title=title_of(demand),
        text=str(demand["text"]),
        mark=mark(row.step, say, tone="over" if clock is not None and clock.kind == "over" else ""),
        state=say(f"state.{state}"),
        clock=clock,
        urgent=bool(demand.get("urgent")),
        reporter=_reporter(consultation, names),
        place=programme.region_name(demand["region"]),
        sent_at=str(demand.get("at", "")),
        received_at=consultation.received_at or "",
        crop=" · ".join(part for part in (demand.get("crop"), demand.get("part")) if part),
        industry=str(demand.get("industry", "")),
        photos=photos(demand.get("media") or (), pictures),
        contact=masked(consultation.contact),
        searched=consultation.similar is not None,
        found=_found(consultation.similar),
        entries=history(consultation.thread, consultation.ignored, pictures, names, say),
        may=frozenset(kind for kind in TRIAGE_KINDS if state in workflow().kinds[kind].moves),
        seen=len(consultation.thread),
        expert=consultation.expert or "",
        expert_name=consultation.expert_name or "",
        rating=consultation.rating or 0,
        verdict=consultation.verdict or "",
        category=consultation.category or "",
        last_answer=_last_answer(consultation),
    )


def title_of(demand: Mapping[str, Any]) -> str:
    """The first words of the question, as a heading."""
    first = str(demand["text"]).strip().splitlines()[0] if str(demand["text"]).strip() else ""
    return first if len(first) <= TITLE_LENGTH else first[:TITLE_LENGTH] + "…"


def masked(contact: Mapping[str, Any] | None) -> Contact | None:
    if contact is None:
        return None
    return Contact(mask_name(str(contact.get("name") or "")), mask_phone(str(contact.get("phone") or "")))


def in_full(contact: Mapping[str, Any]) -> Contact:
    """The name and number as they are. Whoever shows them writes it into the audit log."""
    return Contact(str(contact.get("name") or ""), spaced_phone(str(contact.get("phone") or "")))


def declined_by(thread: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The experts who sent this consultation back."""
    return frozenset(str(event["by"]) for event in thread if event["kind"] == "declined")


def _clock(consultation: Consultation, now: datetime, programme: Programme, say: Say) -> Clock | None:
    limits = programme.limits
    for due, limit in (
        (consultation.triage_due, timedelta(minutes=limits.triage_minutes)),
        (consultation.reply_due, timedelta(minutes=limits.reply_minutes)),
        (consultation.callback_due, timedelta(days=limits.callback_days)),
    ):
        if due:
            return limit_clock(parse(due), now, limit, say)
    return None


def _reporter(consultation: Consultation, names: Names) -> str:
    for event in consultation.thread:
        if event["kind"] == "received" and event.get("reporter_name"):
            return str(event["reporter_name"])
    return names(str(consultation.demand.get("reporter", "")))


def _found(similar: Mapping[str, Any] | None) -> tuple[Found, ...]:
    if similar is None or similar.get("abstained"):
        return ()
    return tuple(
        Found(
            id=str(result.get("id", "")),
            question=str(result.get("question", "")),
            answer=str(result.get("answer", "")),
            where=" · ".join(str(result[part]) for part in ("region", "date", "crop") if result.get(part)),
        )
        for result in similar.get("results") or ()
    )


def _last_answer(consultation: Consultation) -> str:
    """What the last expert answered, for whoever telephones back."""
    answers = [event for event in consultation.thread if event["kind"] in ("replied", "visited", "imported")]
    if not answers:
        return ""
    last = answers[-1]
    return "\n".join(part for part in (last.get("diagnosis"), last.get("text")) if part)
