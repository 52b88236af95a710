"""Loads a consultation for a page, and shows a farmer's number to whoever says why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request

from models.ids import HISTORY_REPORTER, SERVER, chunk_id, is_ulid
from models.workflow import Consultation
from server.accounts import Person
from server.console.page import deployment_of, say_for
from server.console.presenters.case import Case, Contact, case_of, in_full
from server.console.presenters.history import Photo
from sync.store import Database, Range

REASON_LENGTH = 200


async def find(request: Request, person: Person, demand: str) -> Consultation:
    """The consultation; 404 both for one that is not there and for one that this person may not read."""
    found = await look_up(request, person, demand)
    if found is None:
        raise HTTPException(404)
    return found


async def look_up(request: Request, person: Person, demand: str) -> Consultation | None:
    """The consultation, or None."""
    if not is_ulid(demand):
        return None
    return await deployment_of(request).consultations.get(person, demand)


async def present(request: Request, consultation: Consultation) -> Case:
    """The consultation as pages draw it, with the names of everybody who acted."""
    return await run_sync(_present, request, consultation)


def _present(request: Request, consultation: Consultation) -> Case:
    deployment, say = deployment_of(request), say_for(request)
    known: dict[str, str] = {SERVER: say("actor.server"), HISTORY_REPORTER: say("actor.history")}

    def names(identifier: str) -> str:
        if identifier not in known:
            person = deployment.accounts.person(identifier)
            known[identifier] = person.name if person else say("actor.gone")
        return known[identifier]

    pictures = _pictures(deployment.database, consultation)
    return case_of(consultation, datetime.now(UTC), deployment.programme, names, pictures, say)


def _pictures(database: Database, consultation: Consultation) -> dict[str, Photo]:
    """Every described picture with how many of its chunks have arrived."""
    pictures = {}
    for document in consultation.media:
        identifier = str(document["_id"]).removeprefix("media:")
        keys = tuple(chunk_id(identifier, number) for number in range(document["chunks"]))
        rows = database.all_docs(Range(keys=keys)).rows
        here = sum(1 for row in rows if row.error is None and not row.deleted)
        pictures[identifier] = Photo(identifier, str(document.get("caption") or ""), here, len(keys))
    return pictures


def unmask(
    request: Request, person: Person, consultation: Consultation, form: Mapping[str, str]
) -> tuple[Contact | None, str]:
    """(the contact in full, "") once the reason stands in the audit log, or (None, what is missing)."""
    say, reason = say_for(request), form.get("reason_to_see", "")
    if consultation.contact is None:
        return None, say("contact.none")
    if not reason:
        return None, say("contact.missing_reason")
    deployment_of(request).audit.record(
        person, "see_contact", f"contact:{consultation.id}", reason[:REASON_LENGTH]
    )
    return in_full(consultation.contact), ""
