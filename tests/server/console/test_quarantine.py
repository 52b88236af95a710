"""What phones sent and the county could not take: released or discarded with a reason, never lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from models import ids
from models.clock import next_stamp
from models.workflow import Doc
from server.accounts import NewPerson
from server.deployment import Deployment
from server.policy import caller_of
from tests.server.stories import Story

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


def refused_documents(person: Any) -> dict[str, tuple[Doc, str]]:
    """{code: (a document that the county cannot take, a part of the sentence)} of each class."""
    story, other = Story(person("informant")), Story(person("stranger"))
    long = Story(person("informant"), text="长" * 4001)
    rude = Story(person("informant"), text="专业代开发票，量大从优")
    huge = Story(person("informant")).demand()
    event = story.event(
        "called_back", person("informant"), outcome="solved", verdict="valid", category="病害"
    )
    return {
        "schema": (long.demand(), "“写的内容”太长了"),
        "role": (event, "只有县运管中心"),
        "author": (other.demand(), "别人的名字"),
        "too_large": ({**huge, "text": "大" * (3 * 1024 * 1024)}, "太大"),
        "forbidden_word": (rude.demand(), "不能用的词“代开发票”"),
        "unknown_type": ({"_id": f"weather:{story.id}", "type": "weather"}, "不认识这种内容"),
        "no_demand": (
            Story(person("informant")).event("added", person("informant"), text="又黄了"),
            "还没收到",
        ),
        "story": (story.demand(), ""),
    }


CODES = ("schema", "role", "author", "too_large", "forbidden_word", "unknown_type", "no_demand")


class TestFromPhoneToConsole:
    """Each class of refusal, over both roads: kept whole, told on the phone, shown to the county."""

    @pytest.fixture
    def sent(self, person: Callable[[str], Any]) -> dict[str, tuple[Doc, str]]:
        return refused_documents(person)

    @pytest.fixture
    def phone(self, phone_as: Callable[[str], Any]) -> Any:
        return phone_as("informant")

    @staticmethod
    def push(phone: Any, road: str, docs: list[Doc]) -> dict[str, dict[str, Any]]:
        """{id: its row} of the documents that were not stored."""
        docs = [{**doc, "_rev": f"1-{number:032x}"} for number, doc in enumerate(docs)]
        if road == "exchange":
            rows = phone.post("/sync/exchange", json={"d": docs}).json().get("f", [])
            names = ("id", "error", "reason", "receipt")
            return {row[0]: dict(zip(names, row, strict=False)) for row in rows}
        answer = phone.post("/sync/db/tianwen/_bulk_docs", json={"docs": docs, "new_edits": False})
        return {row["id"]: row for row in answer.json()}

    @pytest.mark.parametrize("road", ["exchange", "_bulk_docs"])
    @pytest.mark.parametrize("code", CODES)
    def test_it_is_kept_told_and_shown(
        self,
        code: str,
        road: str,
        sent: dict[str, tuple[Doc, str]],
        phone: Any,
        centre: Any,
        deployment: Deployment,
        words: Words,
    ) -> None:
        demand, (bad, sentence) = sent["story"][0], sent[code]
        good = {**Story(deployment.accounts.person(demand["reporter"])).demand()}  # type: ignore[arg-type]
        rows = self.push(phone, road, [demand, bad, good])
        # The others of the batch are stored.
        assert deployment.database.get(demand["_id"])
        assert deployment.database.get(good["_id"])
        [row] = rows.values()
        assert (row["id"], row["error"]) == (bad["_id"], "forbidden")
        [told] = phone.get("/sync/quarantine").json()["quarantined"]
        assert (told["receipt"], told["code"], told["state"]) == (row["receipt"], code, "held")
        assert {name: told["body"].get(name) for name in bad} == bad
        assert sentence in told["reason"] == row["reason"]
        page = words(centre.get("/console/quarantine"))
        assert sentence in page
        # Saying it again, after a lost answer, changes nothing.
        assert self.push(phone, road, [demand, bad, good])[bad["_id"]]["receipt"] == row["receipt"]

    def test_it_is_corrected_and_sent_again(
        self, sent: dict[str, tuple[Doc, str]], phone: Any, centre: Any, deployment: Deployment, words: Words
    ) -> None:
        bad, _ = sent["forbidden_word"]
        row = self.push(phone, "exchange", [bad])[bad["_id"]]
        better = {**bad, "_id": f"demand:{ids.new_ulid()}", "text": "苞谷叶子黄"}
        assert self.push(phone, "exchange", [better]) == {}
        phone.post(f"/sync/quarantine/{row['receipt']}", json={"state": "resent"})
        assert deployment.database.get(better["_id"])["text"] == "苞谷叶子黄"
        assert "没有留着的" in words(centre.get("/console/quarantine"))
        assert "专业代开发票" in words(centre.get("/console/quarantine?state=resent"))

    def test_a_release_comes_back_to_the_phone(
        self, sent: dict[str, tuple[Doc, str]], phone: Any, centre: Any
    ) -> None:
        bad, _ = sent["forbidden_word"]
        row = self.push(phone, "exchange", [bad])[bad["_id"]]
        place = phone.post("/sync/exchange", json={}).json()["s"]
        centre.post(f"/console/quarantine/{row['receipt']}", decision="release", reason="查过，是正经事")
        news = phone.post("/sync/exchange", json={"s": place}).json()
        assert bad["_id"] in [doc["_id"] for doc in news["d"]]
        [told] = phone.get("/sync/quarantine").json()["quarantined"]
        assert (told["state"], told["settled_reason"]) == ("released", "查过，是正经事")

    def test_a_discard_tells_the_phone_why(
        self, sent: dict[str, tuple[Doc, str]], phone: Any, centre: Any
    ) -> None:
        bad, _ = sent["schema"]
        row = self.push(phone, "_bulk_docs", [bad])[bad["_id"]]
        centre.post(f"/console/quarantine/{row['receipt']}", decision="discard", reason="重复了")
        [told] = phone.get("/sync/quarantine").json()["quarantined"]
        assert (told["state"], told["settled_reason"]) == ("discarded", "重复了")


class TestTenThousand:
    """The ten-thousandth row costs what the first does: one page, found by its receipt."""

    CASES = 10_020

    @pytest.fixture
    def receipts(self, deployment: Deployment, person: Callable[[str], Any]) -> list[str]:
        owner, body = (
            person("informant").id,
            json.dumps({"type": "demand", "text": "第几条"}, ensure_ascii=False),
        )
        receipts = [f"01K{number:023d}" for number in range(self.CASES)]
        rows = [
            (receipt, owner, f"demand:{receipt}", body.replace("几", str(number)).encode(), receipt)
            for number, receipt in enumerate(receipts)
        ]

        def job(connection: Any) -> None:
            connection.executemany(
                "INSERT INTO quarantine (receipt, database, owner, id, body, digest, code, reason, at)"
                " VALUES (?1, 1, ?2, ?3, ?4, ?5, 'schema', '格式不对', '2026-01-01T00:00:00.000Z')",
                rows,
            )

        deployment.store.writer.do(job)  # type: ignore[attr-defined]
        return receipts

    def test_the_last_page_is_reached_by_the_links(
        self, centre: Any, receipts: list[str], words: Words
    ) -> None:
        page = centre.get(f"/console/quarantine?after={receipts[9899]}")
        for wanted in ((9900, 9949), (9950, 9999), (10_000, 10_019)):
            text = words(page)
            assert all(f"第{number}条" in text for number in wanted)
            assert text.count("格式不对") == wanted[1] - wanted[0] + 1
            link = re.search(r'href="(/console/quarantine\?state=held&amp;after=[^"]+)"', page.text)
            if wanted[1] < self.CASES - 1:
                assert link is not None
                page = centre.get(link[1].replace("&amp;", "&"))
        assert link is None
