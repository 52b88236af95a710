"""What find similar is told of a consultation: as a case that may be shown, and the circumstances of a
question."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from models.programme import Programme
from models.regions import level
from models.workflow import Consultation, Doc

if TYPE_CHECKING:
    from search.cases import Case


class Where(NamedTuple):
    """The circumstances of a question, in the order of `search.boosts.Circumstances`, which may not be
    installed. Empty fields are unknown; `region` is the township's name, as the cases have it; `date` ISO
    8601."""

    industry: str = ""
    crop: str = ""
    region: str = ""
    date: str = ""


def case_of(consultation: Consultation, programme: Programme) -> Case | None:
    """A consultation as a case; None where it is not ended, not valid or has no answer (DESIGN.md)."""
    from search.cases import Case

    answer = _answer(consultation)
    if consultation.state != "closed" or consultation.verdict != "valid" or not answer:
        return None
    demand = consultation.demand
    return Case(
        id=consultation.id, question=demand["text"], answer=answer, industry=demand["industry"],
        crop=demand.get("crop", ""), region=programme.township_name(demand["region"]),
        date=_date(consultation),
    )  # fmt: skip


def where_of(demand: Doc, programme: Programme) -> Where:
    """About what, where and when this demand asks."""
    return Where(
        demand["industry"], demand.get("crop", ""), place_of(demand["region"], programme), demand["at"][:10]
    )


def place_of(region: str, programme: Programme) -> str:
    """A place (12 digits) as the cases of this deployment have it: the township's name, which is what
    phones show. Empty for whoever is responsible for more than a township: nothing is nearer to them."""
    return programme.township_name(region) if level(region) in ("township", "village") else ""


def imported(consultation: Consultation) -> bool:
    return any(event["kind"] == "imported" for event in consultation.thread)


def _answer(consultation: Consultation) -> str:
    """The last answer: what it is, then what to do."""
    if not consultation.replies:
        return ""
    reply = next(event for event in consultation.thread if event["_id"] == consultation.replies[-1])
    return "\n".join(part for part in (reply.get("diagnosis"), reply.get("text")) if part)


def _date(consultation: Consultation) -> str:
    imported = next((event for event in consultation.thread if event["kind"] == "imported"), None)
    if imported is not None:
        return str(imported.get("date") or "")
    return str(consultation.demand["at"])[:10]
