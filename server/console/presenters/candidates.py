"""Who should answer: experts in the order in which the centre would ask them (MISSION S1.7, S2.2)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.regions import level, township_of
from server.console.wording import Say

if TYPE_CHECKING:
    from server.accounts import Person
    from server.consultations import ExpertLoad

LEVELS = {"county": 0, "city": 1, "province": 2}
BUSY = 4


@dataclass(frozen=True)
class Reason:
    """Why an expert suits, or (`good` false) what speaks against it."""

    words: str
    good: bool


@dataclass(frozen=True)
class Candidate:
    """An expert with the reasons for and against, as a card shows them."""

    id: str
    name: str
    title: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Question:
    """What decides who should answer: the industry, where the farm lies, who declined, who has it now."""

    industry: str
    region: str
    township_name: str
    declined: Collection[str] = ()
    current: str = ""


def rank(
    experts: Sequence[Person], load_of: Callable[[str], ExpertLoad], question: Question, say: Say
) -> tuple[Candidate, ...]:
    """All experts, best first: industry, then level (county first), then load, then the own township.

    Whoever declined this consultation, or has it now, stands last.
    """
    loads = {expert.id: load_of(expert.id) for expert in experts}

    def order(expert: Person) -> tuple[bool, bool, int, int, bool, str, str]:
        return (
            expert.id in question.declined or expert.id == question.current,
            question.industry not in expert.industries,
            LEVELS.get(expert.level, 3),
            loads[expert.id].open,
            not _near(expert, question),
            expert.name,
            expert.id,
        )

    return tuple(
        Candidate(expert.id, expert.name, expert.title, _reasons(expert, loads[expert.id], question, say))
        for expert in sorted(experts, key=order)
    )


def matching(candidates: Sequence[Candidate], wanted: str) -> tuple[Candidate, ...]:
    """Those whose name, title or reasons contain what was typed."""
    return tuple(
        candidate
        for candidate in candidates
        if wanted in candidate.name
        or wanted in candidate.title
        or any(wanted in reason.words for reason in candidate.reasons)
    )


def _near(expert: Person, question: Question) -> bool:
    small = level(expert.region) in ("township", "village")
    return small and township_of(expert.region) == township_of(question.region)


def _reasons(expert: Person, load: ExpertLoad, question: Question, say: Say) -> tuple[Reason, ...]:
    reasons = []
    if expert.id == question.current:
        reasons.append(Reason(say("candidate.current"), False))
    elif expert.id in question.declined:
        reasons.append(Reason(say("candidate.declined"), False))
    if question.industry in expert.industries:
        reasons.append(Reason(say("candidate.industry", industry=question.industry), True))
    elif expert.industries:
        others = say("list.comma").join(expert.industries[:3])
        reasons.append(Reason(say("candidate.other_industry", industries=others), False))
    if load.answered:
        known = "candidate.answered" if load.solved else "candidate.answered_only"
        reasons.append(Reason(say(known, n=load.answered, solved=load.solved), True))
    reasons.append(_load(load, say))
    if _near(expert, question):
        reasons.append(Reason(say("candidate.near", township=question.township_name), True))
    if LEVELS.get(expert.level, 0) > 0:
        reasons.append(Reason(say(f"candidate.level.{expert.level}"), False))
    return tuple(reasons)


def _load(load: ExpertLoad, say: Say) -> Reason:
    if load.open >= BUSY:
        return Reason(say("candidate.busy", n=load.open), False)
    if load.open == 0 and load.median_reply_minutes is None:
        return Reason(say("candidate.free"), True)
    if load.median_reply_minutes is None:
        return Reason(say("candidate.open", n=load.open), True)
    pace = "candidate.pace" if load.open else "candidate.free_pace"
    return Reason(say(pace, n=load.open, minutes=round(load.median_reply_minutes)), True)
