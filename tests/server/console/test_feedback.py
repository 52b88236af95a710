"""有用没用: what people said of the cases they were shown, and the file for development."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.ids import feedback_id, new_ulid
from models.workflow import Doc, iso
from server.accounts import Person
from server.deployment import Deployment

Words = Callable[[Any], str]
PATH = "/console/index/feedback"
ABSENT = "01J00000000000000000000000"


@pytest.fixture
def say(deployment: Deployment, person: Callable[[str], Person]) -> Callable[..., None]:
    """say("玉米黄了", case, helpful): the informant's word on a case."""

    def write(text: str, case: str = ABSENT, helpful: bool = True, minutes_ago: int = 0, **more: Any) -> None:
        told = person("informant")
        at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        document: Doc = {
            "_id": feedback_id(new_ulid()), "type": "feedback", "by": told.id, "region": told.region,
            "text": text, "case": case, "helpful": helpful, "device": "0a1b2c3d", "at": iso(at), **more,
        }  # fmt: skip
        [result] = deployment.database.write([document])
        assert result.error is None
        deployment.consultations._wait_for(deployment.database.info().update_seq)

    return write


class TestList:
    @pytest.mark.parametrize("role", ["centre", "administrator"])
    def test_is_empty_at_first(self, staff: Callable[[str], Any], words: Words, role: str) -> None:
        answer = staff(role).get(PATH)
        assert "还没有人点过" in words(answer)
        assert "export" not in answer.text

    def test_tells_what_was_asked_and_who_without_personal_data(
        self, staff: Callable[[str], Any], say: Any, ask: Callable[..., Any], words: Words
    ) -> None:
        case = ask("玉米叶子黄了，找 138-0000-7777")
        say("苞谷黄了打 138-0000-6666", case.id, offline=True)
        answer = staff("centre").get(PATH)
        page = words(answer)
        for text in ("苞谷黄了打 *电话*", "玉米叶子黄了", "有用", "没网时查的", "信息员 · 桂溪镇", "今天"):
            assert text in page, text
        for secret in ("6666", "7777", "周演示", "9001"):
            assert secret not in page
        assert f'href="/console/consultations/{case.id}"' in answer.text

    def test_an_adopted_one_leads_to_its_demand(
        self, staff: Callable[[str], Any], ask: Callable[..., Any], words: Words
    ) -> None:
        story = ask("玉米叶子黄")
        story.event("adopted", "informant", case=ABSENT)
        story.event("unsolved", "informant", text="不行")
        answer = staff("centre").get(PATH)
        for text in ("没用", "采用过", "那条已经不在这里了"):
            assert text in words(answer)
        assert f'href="/console/consultations/{story.id}"' in answer.text

    def test_by_helpful_or_not(self, staff: Callable[[str], Any], say: Any, words: Words) -> None:
        say("有用的那条")
        say("没用的那条", helpful=False)
        centre = staff("centre")
        assert "全部 2 有用 1 没用 1" in words(centre.get(PATH))
        yes, no = (words(centre.get(f"{PATH}?state={state}")) for state in ("yes", "no"))
        assert ("有用的那条" in yes, "没用的那条" in yes) == (True, False)
        assert ("有用的那条" in no, "没用的那条" in no) == (False, True)
        assert "有用的那条" in words(centre.get(f"{PATH}?state=nonsense"))

    def test_goes_on_over_pages(
        self, staff: Callable[[str], Any], deployment: Deployment, person: Any, words: Words
    ) -> None:
        told, now = person("informant"), datetime.now(UTC)
        documents: list[Doc] = [
            {
                "_id": feedback_id(new_ulid()), "type": "feedback", "by": told.id, "region": told.region,
                "text": f"第{number}问", "case": ABSENT, "helpful": True, "device": "0a1b2c3d",
                "at": iso(now - timedelta(minutes=number // 3)),
            }
            for number in range(120)
        ]  # fmt: skip
        deployment.database.write(documents)
        deployment.consultations._wait_for(deployment.database.info().update_seq)
        centre, path, seen = staff("centre"), PATH, []
        while path:
            text = centre.get(path).text
            seen += [part.split("问")[0] for part in text.split("<td>第")[1:]]
            _, _, rest = text.partition('rel="next" href="')
            path = rest.partition('"')[0].replace("&amp;", "&")
        assert sorted(map(int, seen)) == list(range(120))

    @pytest.mark.parametrize("after", ["x", "|", "2026|x", "' OR 1=1 --|"])
    def test_a_cursor_that_somebody_made_up_is_no_fault(
        self, staff: Callable[[str], Any], say: Any, after: str
    ) -> None:
        say("玉米黄了")
        assert staff("centre").get(f"{PATH}?after={after}").status_code == 200


class TestCounties:
    def test_a_centre_reads_its_own_county_s(
        self, staff: Callable[[str], Any], say: Any, words: Words
    ) -> None:
        say("我们县的")
        say("别县的", region="510727100000")
        assert "别县的" not in words(staff("centre").get(PATH))
        assert "别县的" not in staff("centre").get(f"{PATH}/export").text
        assert "别县的" in words(staff("administrator").get(PATH))
        assert "别县的" in staff("administrator").get(f"{PATH}/export").text

    def test_a_case_of_another_county_is_no_link(
        self, staff: Callable[[str], Any], say: Any, ask: Callable[..., Any]
    ) -> None:
        case = ask("别县的咨询", region="510727100201")
        say("玉米黄了", case.id)
        page = staff("centre").get(PATH).text
        assert "别县的咨询" in page
        assert f'href="/console/consultations/{case.id}"' not in page


class TestExport:
    def test_is_json_lines_for_the_development_set(
        self, staff: Callable[[str], Any], say: Any, ask: Callable[..., Any]
    ) -> None:
        case = ask("玉米叶子黄了，找 138-0000-7777")
        say("苞谷黄了 138-0000-6666", case.id, minutes_ago=1)
        say("没用的", case.id, helpful=False)
        answer = staff("centre").get(f"{PATH}/export")
        assert "attachment" in answer.headers["content-disposition"]
        assert answer.headers["cache-control"] == "no-store"
        newer, older = (json.loads(line) for line in answer.text.splitlines())
        assert older.keys() == {"id", "query", "question", "case", "helpful"}
        assert (older["query"], older["case"], older["helpful"]) == ("苞谷黄了 *电话*", case.id, True)
        assert older["question"] == "玉米叶子黄了，找 *电话*"
        assert newer["helpful"] is False

    @pytest.mark.parametrize("role", ["informant", "township_lead", "expert"])
    def test_is_for_staff(self, staff: Callable[[str], Any], role: str) -> None:
        assert staff(role).get(f"{PATH}/export").status_code == 403
