"""What the centre's staff do to a consultation: each action writes one event and returns when it shows.

MISSION S1.7, S1.11, S2.2. An action that no longer fits the consultation's state is refused with a sentence:
somebody else was quicker, or the page was old. Nothing is written then.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio

from models.access import EXPERT, Denied, Writer, may_write
from models.clock import next_stamp
from models.ids import SERVER_DEVICE, event_id
from models.programme import Programme
from models.regions import county_of
from models.workflow import Consultation, Doc, iso, workflow
from server.accounts import Accounts, Person
from server.consultations import Consultations
from server.errors import ActionRefused, NotFound, Unacceptable
from sync.store import Database

# Why an action does not fit, by the state that the consultation is in now.
TOO_LATE = {
    "assigned": "这条刚刚已经分派给{expert}了。",
    "dispatched": "这条刚刚已经请{expert}上门了。",
    "asking": "专家正在问信息员，等一等回话。",
    "replied": "专家{expert}已经答复了。",
    "relayed": "专家{expert}已经答复，信息员也转告了。",
    "solved": "这条已经完结了。",
    "adopted": "信息员看了类似的答案，已经完结了。",
    "closed": "这条已经回访过了。",
    "rejected": "这条刚刚已经退回了。",
    "withdrawn": "信息员已经撤回了这条。",
}


class Actions:
    """The staff's verbs over the store. One lock: two people who press at once are told apart."""

    def __init__(
        self, database: Database, consultations: Consultations, accounts: Accounts, programme: Programme
    ) -> None:
        self._database = database
        self._consultations = consultations
        self._accounts = accounts
        self._programme = programme
        self._one_at_a_time = asyncio.Lock()

    async def assign(self, person: Person, consultation: str, expert: str) -> None:
        """Ask an expert; the time to answer counts from now (MISSION S2.2)."""
        due = datetime.now(UTC) + timedelta(minutes=self._programme.limits.reply_minutes)
        await self._write(person, consultation, "assigned", **self._expert(person, expert), due=iso(due))

    async def dispatch(self, person: Person, consultation: str, expert: str, text: str) -> None:
        """Send an expert on site (MISSION S1.7); `text` says when and what to look at."""
        await self._write(person, consultation, "dispatched", **self._expert(person, expert), text=text)

    async def visited(self, person: Person, consultation: str, text: str) -> None:
        """Log a visit for the expert who made it."""
        await self._write(person, consultation, "visited", text=text)

    async def reject(self, person: Person, consultation: str, reason: str) -> None:
        await self._write(person, consultation, "rejected", reason=reason)

    async def query(self, person: Person, consultation: str, text: str) -> None:
        """Ask the informant before anybody is assigned."""
        await self._write(person, consultation, "queried", text=text)

    async def call_back(
        self, person: Person, consultation: str, outcome: str, verdict: str, category: str, text: str = ""
    ) -> None:
        """Record the telephone call within a week: outcome, validity and category (MISSION S2.2, S1.8)."""
        if category not in self._programme.categories:
            raise Unacceptable("选一个类别。")
        payload = {"outcome": outcome, "verdict": verdict, "category": category}
        await self._write(person, consultation, "called_back", **payload, **({"text": text} if text else {}))

    async def call_missed(self, person: Person, consultation: str, reason: str) -> None:
        """Nobody answered ("no_answer"), or the number is wrong ("wrong_number")."""
        await self._write(person, consultation, "call_missed", reason=reason)

    def _expert(self, person: Person, identifier: str) -> dict[str, Any]:
        """The payload that names an expert whom the person's county may ask."""
        expert = self._accounts.person(identifier)
        if expert is None or expert.role != EXPERT or not expert.active or not _near(expert, person):
            raise Unacceptable("这位专家现在不在名单里，请换一位。")
        title = {"expert_title": expert.title} if expert.title else {}
        return {"expert": expert.id, "expert_name": expert.name, **title}

    async def _write(self, person: Person, identifier: str, kind: str, **payload: Any) -> None:
        async with self._one_at_a_time:
            seq = await anyio.to_thread.run_sync(self._store, person, identifier, kind, payload)
        await self._consultations.reached(seq)

    def _store(self, person: Person, identifier: str, kind: str, payload: dict[str, Any]) -> int:
        consultation = self._consultations.read(person, identifier)
        if consultation is None:
            raise NotFound("没有这条咨询，或者不归您管。")
        _refuse_if_too_late(consultation, kind)
        event = _event(person, consultation, kind, payload)
        documents = [consultation.demand, *consultation.thread]
        try:
            may_write(_writer(person), event, documents, self._programme.forbidden)
        except Denied as denied:
            raise Unacceptable(denied.reason) from None
        [result] = self._database.write([event])
        if result.error:
            raise ActionRefused(result.reason or "没有记上，请再按一次。")
        return self._database.info().update_seq


def _writer(person: Person) -> Writer:
    return Writer(person.id, frozenset({person.role}), person.region, at_server=True)


def _near(expert: Person, person: Person) -> bool:
    """The county's own, and those graded city or province (server/accounts.py, `experts`)."""
    return expert.level != "county" or county_of(expert.region) == county_of(person.region)


def _refuse_if_too_late(consultation: Consultation, kind: str) -> None:
    if consultation.state in workflow().kinds[kind].moves:
        return
    sentence = TOO_LATE.get(consultation.state, "这条现在不能这样办。")
    raise ActionRefused(sentence.format(expert=consultation.expert_name or "专家"))


def _event(person: Person, consultation: Consultation, kind: str, payload: dict[str, Any]) -> Doc:
    now = datetime.now(UTC)
    seen = [consultation.demand["clock"], *(event["clock"] for event in consultation.thread)]
    clock = next_stamp(int(now.timestamp() * 1000), seen)
    return {
        "_id": event_id(consultation.id, clock, SERVER_DEVICE),
        "type": "event", "kind": kind, "demand": consultation.id, "by": person.id,
        "device": SERVER_DEVICE, "clock": clock, "at": iso(now), **payload,
    }  # fmt: skip
