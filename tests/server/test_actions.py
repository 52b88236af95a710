"""server/actions.py: what the centre does to a consultation (MISSION S1.7, S1.11, S2.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.workflow import Consultation
from server.accounts import NewPerson, Person
from server.actions import Actions
from server.deployment import Deployment
from server.errors import ActionRefused, NotFound, ServiceError, Unacceptable
from tests.server.conftest import COUNTY, PASSWORD
from tests.server.stories import Story

JUDGED = ("solved", "valid", "施肥")


class Desk:
    """One consultation, and what is done to it."""

    def __init__(self, opened: Deployment, known: Callable[[str], Person]) -> None:
        self.opened = opened
        self.known = known
        self.centre = known("centre")
        self.expert = known("expert").id
        self.story = Story(known("informant"))
        opened.database.write([self.story.demand()])

    @property
    def actions(self) -> Actions:
        return self.opened.actions

    @property
    def now(self) -> Consultation:
        found = self.opened.consultations.documents(self.story.id)
        assert found is not None
        return found

    def do(self, *things: Awaitable[Any]) -> list[Any]:
        """All at once; what each gave or raised."""

        async def run() -> list[Any]:
            return await asyncio.gather(*things, return_exceptions=True)

        return asyncio.run(run())

    def done(self, thing: Awaitable[Any]) -> Consultation:
        [result] = self.do(thing)
        if isinstance(result, BaseException):
            raise result
        return self.now

    def refused(self, thing: Awaitable[Any], kind: type[ServiceError] = ActionRefused) -> str:
        before = len(self.now.thread)
        with pytest.raises(kind) as caught:
            self.done(thing)
        assert len(self.now.thread) == before
        return caught.value.reason

    def phone(self, kind: str, by: str, **payload: Any) -> None:
        """What somebody writes on a phone. Its clock follows the last event."""
        event = self.story.event(kind, self.known(by), **payload)
        clock = f"{int(self.now.thread[-1]['clock'], 16) + 1:016x}"
        event.update(clock=clock, _id=f"event:{self.story.id}:{clock}:{event['device']}")
        [result] = self.opened.database.write([event])
        assert result.error is None

    def until_solved(self) -> None:
        self.done(self.actions.assign(self.centre, self.story.id, self.expert))
        self.phone("replied", "expert", text="追尿素")
        self.phone("solved", "informant")


@pytest.fixture
def desk(opened: Deployment, known: Callable[[str], Person]) -> Desk:
    opened.consultations.start()
    return Desk(opened, known)


class TestEachAction:
    def test_assign(self, desk: Desk) -> None:
        found = desk.done(desk.actions.assign(desk.centre, desk.story.id, desk.expert))
        assert (found.state, found.expert, found.expert_name) == ("assigned", desk.expert, "王演示")
        event = found.thread[-1]
        assert (event["by"], event["expert_title"]) == (desk.centre.id, "演示")
        left = datetime.fromisoformat(event["due"]) - datetime.now(UTC)
        assert timedelta(hours=2) < left <= timedelta(hours=3)

    def test_it_shows_in_the_queues_when_it_returns(self, desk: Desk) -> None:
        desk.done(desk.actions.assign(desk.centre, desk.story.id, desk.expert))
        assert desk.opened.consultations.triage(COUNTY) == []
        assert desk.opened.consultations.expert_load(desk.expert).open == 1

    def test_assign_somebody_else(self, desk: Desk) -> None:
        other = desk.known("other_expert").id
        desk.done(desk.actions.assign(desk.centre, desk.story.id, desk.expert))
        assert desk.done(desk.actions.assign(desk.centre, desk.story.id, other)).expert == other

    def test_query(self, desk: Desk) -> None:
        found = desk.done(desk.actions.query(desk.centre, desk.story.id, "叶子背面有没有虫？"))
        assert (found.state, found.thread[-1]["text"]) == ("clarifying", "叶子背面有没有虫？")

    def test_dispatch_and_visit(self, desk: Desk) -> None:
        found = desk.done(desk.actions.dispatch(desk.centre, desk.story.id, desk.expert, "明早去看根"))
        assert (found.state, found.expert) == ("dispatched", desk.expert)
        found = desk.done(desk.actions.visited(desk.centre, desk.story.id, "根是好的，缺肥"))
        assert (found.state, found.thread[-1]["by"]) == ("visited", desk.centre.id)

    def test_reject(self, desk: Desk) -> None:
        found = desk.done(desk.actions.reject(desk.centre, desk.story.id, "不相干"))
        assert (found.state, found.closed) == ("rejected", True)

    def test_call_back(self, desk: Desk) -> None:
        desk.until_solved()
        found = desk.done(desk.actions.call_back(desk.centre, desk.story.id, *JUDGED, text="转绿了"))
        assert (found.state, found.outcome, found.verdict, found.category) == ("closed", *JUDGED)

    def test_a_call_that_nobody_answered(self, desk: Desk) -> None:
        desk.until_solved()
        found = desk.done(desk.actions.call_missed(desk.centre, desk.story.id, "no_answer"))
        assert (found.state, found.missed_calls) == ("solved", 1)
        assert desk.done(desk.actions.call_back(desk.centre, desk.story.id, *JUDGED)).state == "closed"

    def test_events_come_after_what_a_phone_with_a_fast_clock_wrote(
        self, opened: Deployment, desk: Desk, known: Callable[[str], Person]
    ) -> None:
        ahead = Story(known("informant"), moment=datetime(2031, 1, 1, tzinfo=UTC))
        opened.database.write([ahead.demand()])
        desk.done(desk.actions.assign(desk.centre, ahead.id, desk.expert))
        found = opened.consultations.documents(ahead.id)
        assert found is not None
        assert (found.state, [event["kind"] for event in found.thread]) == (
            "assigned",
            ["received", "assigned"],
        )


class TestTooLate:
    def test_who_rejects_after_a_reply_reads_who_answered(self, desk: Desk) -> None:
        desk.done(desk.actions.assign(desk.centre, desk.story.id, desk.expert))
        desk.phone("replied", "expert", text="追尿素")
        reason = desk.refused(desk.actions.reject(desk.centre, desk.story.id, "不相干"))
        assert reason == "专家王演示已经答复了。"

    def test_a_second_click_is_told_what_has_happened(self, desk: Desk) -> None:
        desk.until_solved()
        desk.done(desk.actions.call_back(desk.centre, desk.story.id, *JUDGED))
        again = desk.actions.call_back(desk.centre, desk.story.id, *JUDGED)
        assert desk.refused(again) == "这条已经回访过了。"
        assigned = desk.actions.assign(desk.centre, desk.story.id, desk.expert)
        assert desk.refused(assigned) == "这条已经回访过了。"

    @pytest.mark.parametrize("kind", ["assign", "query", "dispatch", "reject"])
    def test_nothing_more_happens_to_what_was_withdrawn(self, desk: Desk, kind: str) -> None:
        desk.phone("withdrawn", "informant")
        things = {
            "assign": lambda: desk.actions.assign(desk.centre, desk.story.id, desk.expert),
            "query": lambda: desk.actions.query(desk.centre, desk.story.id, "？"),
            "dispatch": lambda: desk.actions.dispatch(desk.centre, desk.story.id, desk.expert, "去看"),
            "reject": lambda: desk.actions.reject(desk.centre, desk.story.id, "不相干"),
        }
        assert desk.refused(things[kind]()) == "信息员已经撤回了这条。"

    def test_of_two_at_once_one_wins(self, desk: Desk, known: Callable[[str], Person]) -> None:
        results = desk.do(
            desk.actions.reject(desk.centre, desk.story.id, "不相干"),
            desk.actions.reject(desk.centre, desk.story.id, "没有价值"),
            desk.actions.assign(desk.centre, desk.story.id, desk.expert),
        )
        refusals = [result for result in results if isinstance(result, ActionRefused)]
        assert [result for result in results if result is None] == [None]
        assert len(refusals) == 2
        assert len(desk.now.thread) == 2
        assert {refusal.reason for refusal in refusals} == {"这条刚刚已经退回了。"}


class TestWhoMay:
    def test_another_county_finds_nothing(self, desk: Desk, opened: Deployment) -> None:
        [elsewhere] = opened.accounts.add([NewPerson("far", PASSWORD, "外县", "centre", "510727000000")])
        desk.refused(desk.actions.query(elsewhere, desk.story.id, "？"), NotFound)

    @pytest.mark.parametrize("name", ["informant", "township_lead", "administrator"])
    def test_only_the_centre_acts(self, desk: Desk, name: str) -> None:
        reason = desk.refused(desk.actions.reject(desk.known(name), desk.story.id, "不相干"), Unacceptable)
        assert "县运管中心" in reason

    @pytest.mark.parametrize("name", ["stranger", "neighbour", "expert"])
    def test_who_cannot_read_it_learns_nothing(self, desk: Desk, name: str) -> None:
        desk.refused(desk.actions.reject(desk.known(name), desk.story.id, "不相干"), NotFound)

    def test_what_is_not_there(self, desk: Desk) -> None:
        desk.refused(desk.actions.reject(desk.centre, "0" * 26, "不相干"), NotFound)

    @pytest.mark.parametrize("identifier", ["", "nobody", "0" * 26])
    def test_an_unknown_expert(self, desk: Desk, identifier: str) -> None:
        reason = desk.refused(desk.actions.assign(desk.centre, desk.story.id, identifier), Unacceptable)
        assert "换一位" in reason

    def test_somebody_who_is_no_expert(self, desk: Desk) -> None:
        informant = desk.known("neighbour").id
        desk.refused(desk.actions.assign(desk.centre, desk.story.id, informant), Unacceptable)

    def test_another_county_s_expert_unless_graded_higher(self, desk: Desk, opened: Deployment) -> None:
        county, city = opened.accounts.add(
            [
                NewPerson("x1", PASSWORD, "外县", "expert", "510727000000"),
                NewPerson("x2", PASSWORD, "市里", "expert", "510727000000", level="city"),
            ]
        )
        desk.refused(desk.actions.assign(desk.centre, desk.story.id, county.id), Unacceptable)
        assert desk.done(desk.actions.assign(desk.centre, desk.story.id, city.id)).expert_name == "市里"


class TestWhatWillNotDo:
    @pytest.mark.parametrize(
        "judged", [("great", "valid", "施肥"), ("solved", "maybe", "施肥"), ("solved", "valid", "别的")]
    )
    def test_a_judgement_outside_the_lists(self, desk: Desk, judged: tuple[str, str, str]) -> None:
        desk.until_solved()
        desk.refused(desk.actions.call_back(desk.centre, desk.story.id, *judged), Unacceptable)

    @pytest.mark.parametrize("text", ["", "长" * 4001])
    def test_a_question_that_is_empty_or_too_long(self, desk: Desk, text: str) -> None:
        desk.refused(desk.actions.query(desk.centre, desk.story.id, text), Unacceptable)

    def test_a_reason_that_is_too_long(self, desk: Desk) -> None:
        desk.refused(desk.actions.reject(desk.centre, desk.story.id, "长" * 201), Unacceptable)
