"""Forms that come too late: a second click, or somebody else was quicker.

Every form about a consultation carries `seen`, the number of events that its page showed.
"""

from __future__ import annotations

from collections.abc import Mapping

from models.workflow import Consultation, Doc
from server.accounts import Person
from server.console.presenters.case import Case
from server.console.wording import Say

# What the informant adds does not take a decision out of anybody's hands.
QUIET = frozenset({"received", "added"})
# Fields that make two events of one kind the same act.
SAME = ("expert", "text", "outcome", "verdict", "category")


def repeated(consultation: Consultation, person: Person, kind: str, form: Mapping[str, str]) -> bool:
    """Whether this very form was acted on already: the second click of a double click."""
    return any(
        event["kind"] == kind and event["by"] == person.id and _same(event, form)
        for event in _news(consultation, form)
        if event["_id"] not in consultation.ignored
    )


def overtaken(consultation: Consultation, form: Mapping[str, str], case: Case, say: Say) -> str:
    """What happened since the form's page was drawn, as a sentence; empty where nothing did."""
    loud = [event["_id"] for event in _news(consultation, form) if event["kind"] not in QUIET]
    if not loud:
        return ""
    last = next(entry for entry in reversed(case.entries) if entry.id == loud[-1])
    return say("stale.overtaken", who=last.who, what=last.headline)


def _news(consultation: Consultation, form: Mapping[str, str]) -> tuple[Doc, ...]:
    seen = form.get("seen", "")
    return consultation.thread[int(seen) :] if seen.isdecimal() and len(seen) < 7 else ()


def _same(event: Doc, form: Mapping[str, str]) -> bool:
    return all(event[name] == form[name] for name in SAME if event.get(name) and form.get(name))
