"""What phones sent and the county could not take: released or discarded with a reason, never lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models import ids
from models.clock import next_stamp
from models.workflow import Doc
from server.accounts import NewPerson
from server.deployment import Deployment
from server.policy import caller_of

Words = Callable[[Any], str]


@pytest.fixture
def centre(staff: Callable[[str], Any]) -> Any:
    return staff("centre")


@pytest.fixture
def refused(deployment: Deployment, person: Callable[[str], Any]) -> tuple[str, Doc]:
    """(receipt, document) of a demand for a village that is not the informant's."""
    informant, demand = person("informant"), ids.new_ulid()
    clock = next_stamp(1_760_000_000_000)
    document: Doc = {
        "_id": ids.demand_id(demand), "type": "demand", "reporter": informant.id, "region": "510726107201",
        "industry": "粮油", "crop": "玉米", "text": "苗子黄了一片", "clock": clock, "device": "0a1b2c3d",
        "at": "2025-10-09T00:00:00.000Z",
    }  # fmt: skip
    [result] = deployment.database.write([document], caller=caller_of(informant))
    assert result.receipt
    return result.receipt, document


class TestList:
    def test_empty_says_so(self, centre: Any, words: Words) -> None:
        assert "没有留着的" in words(centre.get("/console/quarantine"))

    def test_shows_who_what_and_why(self, centre: Any, refused: tuple[str, Doc], words: Words) -> None:
        page = words(centre.get("/console/quarantine"))
        for part in ("周演示", "一条需求", "苗子黄了一片", "选的村不归您管", '"region": "510726107201"'):
            assert part in page

    def test_hides_a_farmer_s_number(
        self, centre: Any, deployment: Deployment, person: Callable[[str], Any]
    ) -> None:
        document = {
            "_id": ids.contact_id(ids.new_ulid()), "type": "contact", "name": "马德贵",
            "phone": "138-0000-0023",
        }  # fmt: skip
        deployment.database.write([document], caller=caller_of(person("informant")))
        page = centre.get("/console/quarantine").text
        assert "农户电话" in page
        assert "138-0000-0023" not in page
        assert "马德贵" not in page


class TestDeciding:
    def test_release_stores_it_as_it_is(
        self, centre: Any, refused: tuple[str, Doc], deployment: Deployment, words: Words
    ) -> None:
        receipt, document = refused
        answer = centre.post(f"/console/quarantine/{receipt}", decision="release", reason="邻村请假，她代报")
        assert "放行了" in words(centre.after(answer))
        assert deployment.database.get(document["_id"])["text"] == "苗子黄了一片"
        [entry] = deployment.audit.recent(1)
        assert (entry.action, entry.subject, entry.reason) == (
            "quarantine_released",
            receipt,
            "邻村请假，她代报",
        )
        assert "没有留着的" in words(centre.get("/console/quarantine"))
        assert "邻村请假，她代报" in words(centre.get("/console/quarantine?state=released"))

    def test_discard_keeps_it_on_record(
        self, centre: Any, refused: tuple[str, Doc], deployment: Deployment, words: Words
    ) -> None:
        receipt, _ = refused
        centre.post(f"/console/quarantine/{receipt}", decision="discard", reason="试着玩的")
        assert deployment.database.quarantined_one(receipt).state == "discarded"
        page = words(centre.get("/console/quarantine?state=discarded"))
        assert "苗子黄了一片" in page
        assert "理由：试着玩的" in page

    @pytest.mark.parametrize(
        "form", [{"decision": "release"}, {"reason": "好"}, {"decision": "x", "reason": "好"}]
    )
    def test_needs_a_decision_and_a_reason(
        self,
        centre: Any,
        refused: tuple[str, Doc],
        deployment: Deployment,
        words: Words,
        form: dict[str, str],
    ) -> None:
        answer = centre.post(f"/console/quarantine/{refused[0]}", **form)
        assert answer.status_code == 422
        assert "还差一样" in words(answer)
        assert deployment.database.quarantined_one(refused[0]).state == "held"

    def test_a_second_decision_is_told_of_the_first(self, centre: Any, refused: tuple[str, Doc]) -> None:
        path = f"/console/quarantine/{refused[0]}"
        centre.post(path, decision="discard", reason="试着玩的")
        answer = centre.post(path, decision="release", reason="还是要")
        assert answer.status_code == 409
        assert "已经处理过" in answer.text

    def test_an_unknown_receipt_leads_back(self, centre: Any, words: Words) -> None:
        answer = centre.post("/console/quarantine/nothing", decision="discard", reason="x")
        assert "没有这一条" in words(centre.after(answer))


class TestOtherCounties:
    def test_neither_see_nor_settle_it(self, centre: Any, deployment: Deployment, words: Words) -> None:
        [stranger] = deployment.accounts.add(
            [NewPerson("138-0000-9200", "long enough", "外演示", "informant", "510727100201")]
        )
        document = {"_id": "demand:x", "type": "demand", "text": "外县的", "at": "x"}
        [result] = deployment.database.write([document], caller=caller_of(stranger))
        assert "外县的" not in words(centre.get("/console/quarantine"))
        answer = centre.post(f"/console/quarantine/{result.receipt}", decision="discard", reason="x")
        assert "没有这一条" in words(centre.after(answer))
        assert deployment.database.quarantined_one(str(result.receipt)).state == "held"
