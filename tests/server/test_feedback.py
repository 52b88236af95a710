"""server/feedback.py: what people say of the cases they were shown, in a table of the read model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.accounts import Person
from server.consultations import MIGRATIONS
from server.deployment import Deployment, Settings
from server.feedback import Mark, cursor, stripped
from server.policy import caller_of
from server.tables import Tables
from sync.store import Range
from tests.server.conftest import COUNTY, account, register
from tests.server.stories import Story

CASE = "01J00000000000000000000000"
OTHER_COUNTY = "510727000000"
Known = Callable[[str], Person]


@pytest.fixture
def told(known: Known) -> Story:
    return Story(known("informant"), moment=datetime(2026, 5, 1, 8, tzinfo=UTC))


def write(opened: Deployment, *documents: dict[str, Any]) -> None:
    assert [result.error for result in opened.database.write(list(documents)) if result.error] == []
    opened.consultations.catch_up()


def marks(opened: Deployment, county: str | None = None) -> list[Mark]:
    return list(opened.consultations.feedback.every(county))


class TestFeedback:
    def test_of_a_phone_arrives(self, opened: Deployment, told: Story) -> None:
        said = told.feedback(CASE, False, offline=True)
        [result] = opened.database.write([said], caller=caller_of(told.reporter))
        assert result.error is None
        opened.consultations.catch_up()
        [mark] = marks(opened)
        assert (mark.id, mark.question, mark.case) == (said["_id"], told.text, CASE)
        assert (mark.helpful, mark.offline, mark.consultation) == (False, True, "")
        assert (mark.person, mark.county, mark.township_name) == (told.reporter.id, COUNTY, "桂溪镇")
        assert mark.at == told.moment

    def test_reaches_the_writer_and_the_centre_and_nobody_else(
        self, opened: Deployment, told: Story, known: Known
    ) -> None:
        said = told.feedback(CASE)
        opened.database.write([said], caller=caller_of(told.reporter))

        def reads(name: str) -> bool:
            rows = opened.database.all_docs(Range(), caller=caller_of(known(name))).rows
            return said["_id"] in {row.key for row in rows}

        assert [name for name in ("informant", "neighbour", "township_lead", "expert") if reads(name)] == [
            "informant"
        ]
        assert reads("centre")

    def test_of_somebody_else_is_refused(self, opened: Deployment, told: Story, known: Known) -> None:
        [result] = opened.database.write([told.feedback(CASE)], caller=caller_of(known("neighbour")))
        assert result.error == "forbidden"
        opened.consultations.catch_up()
        assert marks(opened) == []

    def test_that_cannot_be_read_stops_nothing(self, opened: Deployment, told: Story) -> None:
        """An administrator may replicate anything."""
        broken = {"_id": "feedback:broken", "type": "feedback", "by": told.reporter.id, "region": "x"}
        write(opened, broken, told.feedback(CASE), told.demand())
        assert len(marks(opened)) == 1
        assert opened.consultations.total() == 1

    def test_that_an_administrator_deletes_is_gone(self, opened: Deployment, told: Story) -> None:
        said = told.feedback(CASE)
        [stored] = opened.database.write([said])
        opened.consultations.catch_up()
        write(opened, {"_id": said["_id"], "_rev": stored.rev, "_deleted": True})
        assert marks(opened) == []


class TestAdoptions:
    def said(self, opened: Deployment) -> list[tuple[str, str, bool]]:
        return [(mark.question, mark.case, mark.helpful) for mark in marks(opened)]

    def test_are_helpful(self, opened: Deployment, told: Story) -> None:
        write(opened, told.demand(), told.event("adopted", told.reporter, case=CASE))
        [mark] = marks(opened)
        assert (mark.question, mark.case, mark.helpful) == (told.text, CASE, True)
        assert (mark.consultation, mark.person) == (told.id, told.reporter.id)

    def test_unsolved_after_all_are_not(self, opened: Deployment, told: Story) -> None:
        write(opened, told.demand(), told.event("adopted", told.reporter, case=CASE))
        write(opened, told.event("unsolved", told.reporter, text="还是不行"))
        assert self.said(opened) == [(told.text, CASE, False)]

    @pytest.mark.parametrize(
        ("outcome", "helpful"), [("solved", True), ("better", True), ("unsolved", False)]
    )
    def test_are_what_the_farmer_says_on_the_phone(
        self, opened: Deployment, told: Story, known: Known, outcome: str, helpful: bool
    ) -> None:
        write(opened, told.demand(), told.event("adopted", told.reporter, case=CASE))
        judged = {"outcome": outcome, "verdict": "valid", "category": "病虫害"}
        write(opened, told.event("called_back", known("centre"), **judged))
        assert self.said(opened) == [(told.text, CASE, helpful)]

    def test_a_second_one_is_a_mark_of_its_own(self, opened: Deployment, told: Story) -> None:
        second = CASE[:-1] + "1"
        write(
            opened,
            told.demand(),
            told.event("adopted", told.reporter, case=CASE),
            told.event("unsolved", told.reporter, text="不行"),
            told.event("adopted", told.reporter, case=second),
        )
        assert sorted(self.said(opened)) == [(told.text, CASE, False), (told.text, second, True)]

    def test_an_answer_that_did_not_solve_it_says_nothing_of_cases(
        self, opened: Deployment, told: Story, known: Known
    ) -> None:
        expert = known("expert")
        write(
            opened,
            told.demand(),
            told.event("assigned", known("centre"), expert=expert.id, expert_name=expert.name),
            told.event("replied", expert, text="打药"),
            told.event("unsolved", told.reporter, text="不行"),
        )
        assert marks(opened) == []

    def test_of_a_long_demand_keep_its_beginning(self, opened: Deployment, known: Known) -> None:
        told = Story(known("informant"), text="黄" * 4000)
        write(opened, told.demand(), told.event("adopted", told.reporter, case=CASE))
        assert marks(opened)[0].question == "黄" * 500


class TestMadeAnew:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "data"
        with Deployment(Settings(folder)) as deployment:
            register(deployment)
            told = Story(account(deployment, "informant"))
            write(
                deployment,
                told.demand(),
                told.event("adopted", told.reporter, case=CASE),
                told.feedback(CASE, False),
            )
        return folder

    def reopened(self, folder: Path) -> list[bool]:
        with Deployment(Settings(folder)) as deployment:
            deployment.consultations.catch_up()
            return sorted(mark.helpful for mark in marks(deployment))

    def test_when_the_file_is_gone(self, folder: Path) -> None:
        for path in folder.glob("consultations.sqlite3*"):
            path.unlink()
        assert self.reopened(folder) == [False, True]

    def test_when_the_file_is_from_before_there_were_marks(self, folder: Path) -> None:
        with Deployment(Settings(folder)) as deployment:
            store = deployment.database.info()
        path = folder / "consultations.sqlite3"
        for left in folder.glob("consultations.sqlite3*"):
            left.unlink()
        first = Tables(path, MIGRATIONS[:1])
        with first.transaction() as connection:
            connection.execute("INSERT INTO followed VALUES (1, ?, ?)", (store.uuid, store.update_seq))
        first.close()
        assert self.reopened(folder) == [False, True]

    def test_nothing_twice(self, folder: Path) -> None:
        assert self.reopened(folder) == self.reopened(folder) == [False, True]


class TestReading:
    COUNT = 1200

    @pytest.fixture
    def many(self, opened: Deployment, told: Story) -> Deployment:
        """Many marks, some of them of one moment, every third of no use, every tenth of another county."""
        moment = datetime(2026, 5, 1, tzinfo=UTC)
        documents = []
        for number in range(self.COUNT):
            told.moment = moment + timedelta(seconds=number // 7)
            more = {"region": "510727100000"} if number % 10 == 0 else {}
            documents.append(told.feedback(CASE, number % 3 > 0, **more))
        write(opened, *documents)
        return opened

    def test_every_page_to_the_last(self, many: Deployment) -> None:
        feedback = many.consultations.feedback
        found, after = [], ""
        while page := feedback.page(None, limit=50, after=after):
            found += page
            after = cursor(page[-1])
        assert len({mark.id for mark in found}) == len(found) == self.COUNT
        assert [mark.at for mark in found] == sorted((mark.at for mark in found), reverse=True)

    def test_only_of_one_county(self, many: Deployment) -> None:
        feedback = many.consultations.feedback
        assert {mark.county for mark in feedback.every(COUNTY)} == {COUNTY}
        assert len(list(feedback.every(OTHER_COUNTY))) == self.COUNT // 10
        here, all_of_it = feedback.counts(COUNTY), feedback.counts(None)
        assert here["helpful"] + here["not"] == self.COUNT * 9 // 10
        assert all_of_it == {"helpful": 800, "not": 400}

    @pytest.mark.parametrize("helpful", [True, False])
    def test_only_those_of_use_or_not(self, many: Deployment, helpful: bool) -> None:
        page = many.consultations.feedback.page(COUNTY, helpful, limit=500)
        assert {mark.helpful for mark in page} == {helpful}

    def test_walks_an_index_however_far(self, many: Deployment) -> None:
        tables = many.consultations._tables
        for condition in ("county = ? AND (at, id) < (?, ?)", "(at, id) < (?, ?)"):
            values = (COUNTY, "2026", "x")[-condition.count("?") :]
            plan = tables.rows(
                "EXPLAIN QUERY PLAN SELECT * FROM marks"
                f" WHERE {condition} ORDER BY at DESC, id DESC LIMIT 50",
                *values,
            )
            assert [row["detail"].split()[0] for row in plan] == ["SEARCH"], condition


class TestStripped:
    def test_carries_no_personal_data(self, opened: Deployment, told: Story, known: Known) -> None:
        case = Story(known("informant"), text="我叫王大山，电话 138-0000-1234，玉米叶子黄")
        asked = Story(known("informant"), text="玉米黄了，打 138-0000-4321 找我")
        write(opened, case.demand(), asked.feedback(case.id))
        [mark] = marks(opened)
        row = stripped(mark)
        assert row.keys() == {"id", "query", "question", "case", "helpful"}
        assert "玉米黄了" in str(row["query"])
        assert "玉米叶子黄" in str(row["question"])
        assert (row["case"], row["helpful"]) == (case.id, True)
        for secret in ("1234", "4321", "王大山", told.reporter.id):
            assert secret not in str(row)

    def test_of_a_case_that_is_not_here_has_no_question(self, opened: Deployment, told: Story) -> None:
        write(opened, told.feedback(CASE))
        assert stripped(marks(opened)[0])["question"] == ""
