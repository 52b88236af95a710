"""server/demo: the demonstration county (MISSION S1.4); invented, complete, loaded once."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files

import pytest

from models.documents import check
from server.accounts import Person
from server.demo import ACCOUNTS_SHOWN, load_demo
from server.deployment import Deployment, Settings
from server.history import VERDICTS
from sync.store import Range

PASSWORD = "tianwen-demo"
ROWS = [
    json.loads(line)
    for name in ("history_crops.jsonl", "history_animals.jsonl")
    for line in files("server.demo").joinpath(name).read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(Settings(tmp_path_factory.mktemp("demo"))) as deployment:
        load_demo(deployment, lambda _line: None)
        yield deployment


@pytest.fixture(scope="module")
def everybody(demo: Deployment) -> list[Person]:
    return demo.accounts.people(limit=1000)


class TestLoadingTwice:
    def test_the_second_time_adds_nothing(self, demo: Deployment, everybody: list[Person]) -> None:
        before = demo.database.info()
        load_demo(demo, lambda _line: None)
        after = demo.database.info()
        assert (after.doc_count, after.update_seq) == (before.doc_count, before.update_seq)
        assert demo.accounts.people(limit=1000) == everybody


class TestThePeople:
    def test_every_township_has_its_lead_and_informants(
        self, demo: Deployment, everybody: list[Person]
    ) -> None:
        townships = demo.programme.townships
        assert len(townships) == 22
        leads = Counter(person.region for person in everybody if person.role == "township_lead")
        assert leads == Counter(township.code for township in townships)
        villages = [person.region for person in everybody if person.role == "informant"]
        for township in townships:
            assert len({code for code in villages if code.startswith(township.code[:9])}) == 2, township.name

    @pytest.mark.parametrize(("spoken", "phone", "_purpose"), ACCOUNTS_SHOWN)
    def test_who_is_printed_can_log_in(
        self, demo: Deployment, spoken: str, phone: str, _purpose: str
    ) -> None:
        roles = {"信息员": "informant", "专家": "expert", "乡镇管理员": "township_lead",
                 "县运管中心": "centre", "管理员": "administrator"}  # fmt: skip
        assert demo.accounts.login(phone, PASSWORD).role == roles[spoken]

    def test_everybody_can_log_in_under_an_invented_phone(
        self, demo: Deployment, everybody: list[Person]
    ) -> None:
        for person in everybody:
            phone = demo.accounts.phone(person.id)
            assert re.fullmatch(r"138-0000-\d{4}", phone)
            assert demo.accounts.login(phone, PASSWORD) == person

    def test_nobody_has_another_s_name(self, everybody: list[Person]) -> None:
        assert len({person.name for person in everybody}) == len(everybody)

    def test_who_works_on_the_phone_must_change_the_first_password(self, everybody: list[Person]) -> None:
        must = {person.role for person in everybody if person.must_change_password}
        assert must == {"informant", "township_lead", "expert"}

    def test_there_is_an_expert_for_every_industry(self, demo: Deployment) -> None:
        known = {industry.name for industry in demo.programme.industries}
        experts = demo.accounts.experts(demo.programme.county)
        assert {name for expert in experts for name in expert.industries} == known


class TestTheHistory:
    def test_at_least_three_hundred_are_in(self, demo: Deployment) -> None:
        imported = [
            row for row in demo.consultations.archive(demo.programme.county, limit=5000) if row.imported
        ]
        assert len(imported) == len(ROWS) >= 300

    def test_every_row_is_one_that_the_programme_knows(self, demo: Deployment) -> None:
        for row in ROWS:
            assert demo.programme.industry(row["industry"]) == row["industry"], row
            known = demo.programme.crop(row["crop"])
            assert known is None or known[0] == row["industry"], row
            assert demo.programme.region_code(row["region"]), row
            assert row["category"] in demo.programme.categories, row
            assert row["verdict"] in VERDICTS, row

    def test_no_question_stands_there_twice(self) -> None:
        assert len({row["question"] for row in ROWS}) == len(ROWS)

    def test_it_goes_across_industries_townships_and_verdicts(self, demo: Deployment) -> None:
        assert {row["industry"] for row in ROWS} >= {i.name for i in demo.programme.industries} - {"其他"}
        assert {row["region"] for row in ROWS} == {t.name for t in demo.programme.townships}
        assert {row["verdict"] for row in ROWS} == set(VERDICTS)

    def test_it_is_marked_as_a_demonstration(self, demo: Deployment) -> None:
        documents = [row.doc for row in demo.database.all_docs(Range(), include_docs=True).rows]
        imported = [doc for doc in documents if doc and doc.get("kind") == "imported"]
        assert {doc["source"] for doc in imported} == {"演示数据"}

    def test_no_phone_in_it_is_a_real_one(self) -> None:
        assert not [row for row in ROWS if re.search(r"1[3-9]\d{9}", row["question"] + row["answer"])]


class TestTheMorning:
    def test_every_queue_has_something(self, demo: Deployment) -> None:
        counts = demo.consultations.counts(demo.programme.county)
        assert counts["triage"] >= 3
        assert counts["callbacks"] >= 2
        states = Counter(row.state for row in demo.consultations.archive(demo.programme.county, limit=5000))
        assert states["assigned"] >= 1
        assert states["replied"] >= 1

    def test_its_documents_are_such_as_phones_write(self, demo: Deployment) -> None:
        for row in demo.database.all_docs(Range(), include_docs=True).rows:
            assert row.doc is not None
            check(row.doc)

    def test_its_reporters_and_experts_are_people(self, demo: Deployment) -> None:
        for row in demo.consultations.triage(demo.programme.county):
            assert row.reporter_name
            found = demo.consultations.documents(row.id)
            assert found is not None
            assert demo.accounts.person(found.demand["reporter"]) is not None
            assert found.ignored == frozenset()
