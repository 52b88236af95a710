"""server/policy.py: the domain's rules as `sync` asks for them, and the receipt of every demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.clock import next_stamp
from models.ids import SERVER_DEVICE, event_id
from models.workflow import Doc
from server.accounts import Person
from server.deployment import Deployment, Settings
from server.policy import caller_of
from sync.store import Wanted
from tests.server.conftest import COUNTY, account, register
from tests.server.stories import Story

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Deployment]:
    """Like conftest's, with a clock of receipts that stands still."""
    with Deployment(Settings(tmp_path / "data", now=lambda: NOW)) as deployment:
        register(deployment)
        yield deployment


@pytest.fixture
def told(known: Callable[[str], Person]) -> Story:
    # A phone whose clock is years behind.
    return Story(known("informant"), moment=datetime(2019, 1, 1, tzinfo=UTC))


def receipts(opened: Deployment, told: Story) -> list[Doc]:
    documents = opened.database.group_docs(f"consultation:{told.id}")
    return [document for document in documents if document.get("kind") == "received"]


class TestTheReceipt:
    def test_it_is_there_as_soon_as_the_demand_is(self, opened: Deployment, told: Story) -> None:
        heard: list[int] = []
        opened.database.subscribe(lambda notice: heard.append(len(receipts(opened, told))))
        opened.database.write([told.demand()], caller=caller_of(told.reporter))
        assert heard == [1]

    def test_it_counts_from_the_server_s_clock(self, opened: Deployment, told: Story) -> None:
        opened.database.write([told.demand()], caller=caller_of(told.reporter))
        [receipt] = receipts(opened, told)
        assert receipt["at"] == "2026-05-01T08:00:00.000Z"
        assert (receipt["by"], receipt["device"]) == ("server", SERVER_DEVICE)

    def test_it_names_reporter_and_place(self, opened: Deployment, told: Story) -> None:
        opened.database.write([told.demand()])
        [receipt] = receipts(opened, told)
        assert receipt["reporter_name"] == "周演示"
        assert receipt["region_name"] == opened.programme.region_name(told.reporter.region)

    def test_its_id_follows_from_the_demand(self, opened: Deployment, told: Story) -> None:
        opened.database.write([told.demand()])
        [receipt] = receipts(opened, told)
        assert receipt["_id"] == event_id(told.id, next_stamp(0, [told.clock]), SERVER_DEVICE)

    @pytest.mark.parametrize("new_edits", [True, False])
    def test_a_demand_that_is_sent_again_gets_no_second_one(
        self, opened: Deployment, told: Story, new_edits: bool
    ) -> None:
        demand = {**told.demand(), **({} if new_edits else {"_rev": "1-" + "a" * 32})}
        for _ in range(3):
            opened.database.write([demand], caller=caller_of(told.reporter), new_edits=new_edits)
        assert len(receipts(opened, told)) == 1

    def test_only_demands_of_phones_get_one(self, opened: Deployment, told: Story) -> None:
        """The server's own device writes what was imported and the demonstration's mornings."""
        told.device = SERVER_DEVICE
        opened.database.write([told.demand()])
        assert receipts(opened, told) == []

    def test_an_event_gets_none(self, opened: Deployment, told: Story) -> None:
        opened.database.write([told.demand()])
        seq = opened.database.info().update_seq
        opened.database.write([told.event("added", told.reporter, text="还有黄斑")])
        assert len(opened.database.changes(Wanted(since=seq)).rows) == 1

    def test_what_is_released_from_quarantine_gets_one(
        self, opened: Deployment, told: Story, known: Callable[[str], Person]
    ) -> None:
        [refused] = opened.database.write(
            [told.demand(region="510726107201")], caller=caller_of(told.reporter)
        )
        assert refused.receipt is not None
        assert receipts(opened, told) == []
        opened.database.settle(refused.receipt, "released", by=known("centre").id)
        assert len(receipts(opened, told)) == 1


class TestRefusals:
    def test_a_refused_document_is_kept_with_the_domain_s_sentence(
        self, opened: Deployment, told: Story, known: Callable[[str], Person]
    ) -> None:
        [result] = opened.database.write([told.demand()], caller=caller_of(known("stranger")))
        assert result.error == "forbidden"
        assert result.reason is not None
        assert "别人的名字" in result.reason
        [case] = opened.database.quarantined(known("stranger").id)
        assert (case.body["text"], case.code) == (told.text, "author")

    def test_the_others_of_the_batch_are_stored(self, opened: Deployment, told: Story) -> None:
        bad = told.demand() | {"_id": "demand:short"}
        results = opened.database.write([bad, told.demand()], caller=caller_of(told.reporter))
        assert [result.error for result in results] == ["forbidden", None]

    def test_nobody_edits(self, opened: Deployment, told: Story) -> None:
        caller = caller_of(told.reporter)
        [first] = opened.database.write([told.demand()], caller=caller)
        [second] = opened.database.write([told.demand(text="别的", _rev=first.rev)], caller=caller)
        [third] = opened.database.write(
            [{"_id": told.demand()["_id"], "_rev": first.rev, "_deleted": True}], caller=caller
        )
        assert (second.error, third.error) == ("forbidden", "forbidden")
        assert opened.database.get(told.demand()["_id"])["text"] == told.text


class TestCallers:
    def test_a_person_as_sync_knows_them(self, opened: Deployment) -> None:
        lead = account(opened, "township_lead")
        caller = caller_of(lead)
        assert (caller.name, caller.roles, caller.admin) == (lead.id, {"township_lead"}, False)
        assert caller.claims == {"region": lead.region}
        assert {f"person:{lead.id}", "region:510726105000", f"notice:{COUNTY}"} == caller.channels

    def test_administrators_read_whole_databases(self, opened: Deployment) -> None:
        assert caller_of(account(opened, "administrator")).admin
        assert not caller_of(account(opened, "centre")).admin
