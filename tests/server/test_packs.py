"""server/packs.py and GET /api/similar/pack: a phone's cases without a network (docs/pack.md)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from models.workflow import Doc
from search.pack.container import MAGIC, read
from search.pack.reader import Held, applied, asker
from search.pack.texts import ANSWER, QUESTION
from server import packs as packing
from server.accounts import NewPerson, Person
from server.app import create_app
from server.consultations import CASES
from server.deployment import Deployment, Settings
from server.errors import WrongRole
from server.importing import import_history
from server.operations.backup import back_up
from server.packs import Packs
from tests.server.conftest import COUNTY, PASSWORD, account, register
from tests.server.stories import Story

ADDRESS = "/api/similar/pack"
HISTORY = [
    {"question": "玉米叶子从叶尖开始往里黄，下面的老叶先黄", "answer": "缺氮，追尿素", "crop": "玉米"},
    {"question": "马铃薯叶子背面长白霉，叶上有水渍斑", "answer": "晚疫病，喷烯酰吗啉", "crop": "马铃薯"},
    {"question": "茶树嫩芽卷曲，有小绿叶蝉", "answer": "挂黄板，早晚喷药", "crop": "茶"},
    {"question": "仔猪三天拉黄痢，站不起来", "answer": "补液，请兽医", "crop": "猪"},
]
NEIGHBOUR = "510727105201"
QUESTION_THERE = "隔壁县的花椒树遭冻了"


def followed(deployment: Deployment) -> None:
    """The read model shows what the store has."""
    deployment.consultations._wait_for(deployment.database.info().update_seq)


def load(deployment: Deployment, tmp_path: Path, rows: list[dict[str, str]] = HISTORY) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    import_history(path, deployment.database, deployment.programme)


def close(deployment: Deployment, story: Story, verdict: str = "valid") -> Doc:
    """The whole way of a consultation, up to the call. Gives a call that another phone of the centre made
    before that one, with another verdict, and has not sent yet."""
    expert, centre = account(deployment, "expert"), account(deployment, "centre")
    documents = [
        story.demand(),
        story.event("assigned", centre, expert=expert.id, expert_name=expert.name),
        story.event("replied", expert, diagnosis="像是冻害", text="剪掉冻坏的"),
        story.event("solved", story.reporter),
    ]
    judged = {"outcome": "solved", "category": "栽培"}
    earlier = story.event("called_back", centre, "cccccccc", verdict="worthless", **judged)
    documents.append(story.event("called_back", centre, verdict=verdict, **judged))
    results = deployment.database.write(documents)
    assert [result.error for result in results if result.error] == []
    followed(deployment)
    return earlier


@pytest.fixture
def filled(deployment: Deployment, tmp_path: Path) -> Deployment:
    """The served deployment with HISTORY."""
    load(deployment, tmp_path)
    followed(deployment)
    return deployment


@pytest.fixture
def phone(filled: Deployment, phone_as: Callable[[str], TestClient]) -> TestClient:
    return phone_as("informant")


def fetched(phone: TestClient, held: Held | None = None) -> Held:
    """What the phone has after asking for news."""
    known = {"since": held.version, "language": held.language.id} if held else {}
    answer = phone.get(ADDRESS, params=known)
    assert answer.status_code == 200, answer.text
    return applied(read(answer.content), held)


class TestAFirstPack:
    def test_holds_the_county_s_cases(self, phone: TestClient) -> None:
        held = fetched(phone)
        assert held.county == "510726"
        assert {case.question for case in held.cases()} == {row["question"] for row in HISTORY}
        assert {case.region for case in held.cases()} == {"北川羌族自治县"}

    def test_finds_similar_on_the_phone(self, phone: TestClient) -> None:
        found = asker(fetched(phone)).similar("玉米的老叶从叶尖往里发黄", 1)
        assert found.results[0].answer == "缺氮，追尿素"

    def test_of_a_county_without_cases(
        self, deployment: Deployment, phone_as: Callable[[str], TestClient]
    ) -> None:
        followed(deployment)
        assert fetched(phone_as("informant")).cases() == ()

    def test_is_a_file_that_can_be_gone_on_with(self, phone: TestClient) -> None:
        answer = phone.get(ADDRESS)
        assert answer.content.startswith(MAGIC)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["accept-ranges"] == "bytes"
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()[:32]}"'
        assert "private" in answer.headers["cache-control"]

    def test_texts_are_short_and_without_personal_data(
        self, phone: TestClient, filled: Deployment, tmp_path: Path
    ) -> None:
        question = "我叫王大明，电话13812345678，" + "花椒树叶子一片一片地黄，" * 20
        load(
            filled, tmp_path, [{"question": question, "answer": "回电13912345678，" + "先松土再浇水。" * 30}]
        )
        followed(filled)
        case = max(fetched(phone).cases(), key=lambda each: len(each.question))
        assert len(case.question) <= QUESTION
        assert len(case.answer) <= ANSWER
        assert not [bad for bad in ("王大明", "138123", "139123") if bad in case.question + case.answer]

    def test_every_role_has_it(self, filled: Deployment, phone_as: Callable[[str], TestClient]) -> None:
        for name in ("informant", "township_lead", "expert", "centre", "administrator"):
            assert len(fetched(phone_as(name)).cases()) == len(HISTORY)

    def test_also_on_the_console(self, filled: Deployment, client_as: Callable[[str], TestClient]) -> None:
        assert client_as("centre").get(ADDRESS).status_code == 200

    def test_whatever_the_server_itself_searches_with(self, tmp_path: Path) -> None:
        app = create_app(Settings(tmp_path / "data", encoder=str(tmp_path / "no-encoder-here")))
        register(app.state.deployment)
        with TestClient(app) as client:
            deployment: Deployment = app.state.deployment
            load(deployment, tmp_path)
            followed(deployment)
            answer = client.get(ADDRESS, auth=("138-0000-9001", PASSWORD))
            assert asker(applied(read(answer.content))).similar("玉米的老叶从叶尖往里发黄").results

    def test_the_newest_where_there_are_too_many(
        self, phone: TestClient, monkeypatch: pytest.MonkeyPatch, filled: Deployment, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(packing, "MOST", 3)
        dated = [
            {"question": f"第 {n} 年的问题", "answer": "答", "date": f"202{n}-05-01"} for n in range(1, 6)
        ]
        load(filled, tmp_path, dated)
        followed(filled)
        pack = read(phone.get(ADDRESS).content)
        assert [case.date[:4] for case in applied(pack).cases()] == ["2025", "2024", "2023"]
        assert (pack.header.count, pack.header.left_out) == (3, len(HISTORY) + 2)


class TestNews:
    def test_nothing_new(self, phone: TestClient) -> None:
        held = fetched(phone)
        answer = phone.get(ADDRESS, params={"since": held.version, "language": held.language.id})
        pack = read(answer.content)
        assert (pack.header.kind, pack.content("cases"), pack.content("gone")) == ("difference", b"", b"[]")
        assert len(answer.content) < 700

    def test_a_consultation_that_was_closed(self, phone: TestClient, filled: Deployment) -> None:
        held = fetched(phone)
        told = Story(account(filled, "stranger"), text="花椒树遭冻了，枝条一捏就断", crop="花椒")
        close(filled, told)
        answer = phone.get(ADDRESS, params={"since": held.version, "language": held.language.id})
        assert read(answer.content).content("cases").count(b"\n") == 1
        case = next(case for case in applied(read(answer.content), held).cases() if case.id == told.id)
        assert (case.question, case.answer) == (told.text, "像是冻害\n剪掉冻坏的")
        assert case.region == filled.programme.township_name(told.reporter.region)

    def test_one_that_was_judged_otherwise_after_all(self, phone: TestClient, filled: Deployment) -> None:
        told = Story(account(filled, "stranger"), text="花椒树遭冻了")
        earlier = close(filled, told)
        held = fetched(phone)
        assert told.id in held.lines
        filled.database.write([earlier])
        followed(filled)
        after = fetched(phone, held)
        assert held.lines.keys() - after.lines.keys() == {told.id}

    @pytest.mark.parametrize("verdict", ["popular_science", "irrelevant", "worthless"])
    def test_one_that_was_not_judged_valid_does_not_come(
        self, phone: TestClient, filled: Deployment, verdict: str
    ) -> None:
        held = fetched(phone)
        close(filled, Story(account(filled, "stranger"), text="花椒树遭冻了"), verdict)
        assert fetched(phone, held) == held

    def test_a_version_that_nobody_knows(self, phone: TestClient) -> None:
        language = fetched(phone).language.id
        pack = read(phone.get(ADDRESS, params={"since": "0" * 16, "language": language}).content)
        assert (pack.header.kind, set(pack.contents)) == ("full", {"cases"})

    def test_a_language_of_another_release(self, phone: TestClient) -> None:
        held = fetched(phone)
        pack = read(phone.get(ADDRESS, params={"since": held.version, "language": "0" * 16}).content)
        assert pack.header.kind == "difference"
        assert applied(pack, held).language.id == held.language.id

    def test_a_server_that_was_started_anew_still_knows_what_phones_have(
        self, phone: TestClient, filled: Deployment, tmp_path: Path
    ) -> None:
        held = fetched(phone)
        close(filled, Story(account(filled, "stranger"), text="花椒树遭冻了"))
        again = Packs(filled.settings.folder / "packs", filled.consultations, filled.programme)
        path = asyncio.run(again.file(account(filled, "informant"), held.version, held.language.id))
        assert read(path.read_bytes()).header.kind == "difference"


class TestTwoNodes:
    def test_with_the_same_cases_have_the_same_version(
        self, phone: TestClient, filled: Deployment, tmp_path: Path
    ) -> None:
        """Another folder, another store: the phone goes on with what it has from the first."""
        held = fetched(phone)
        app = create_app(Settings(tmp_path / "other"))
        register(app.state.deployment)
        with TestClient(app) as client:
            other: Deployment = app.state.deployment
            load(other, tmp_path, HISTORY[2:])
            load(other, tmp_path, HISTORY[:2])
            followed(other)
            client.auth = ("138-0000-9001", PASSWORD)
            assert fetched(client) == held
            assert fetched(client, held) == held
            assert client.get(ADDRESS).content == phone.get(ADDRESS).content


class TestACutDownload:
    def test_goes_on_where_it_ended(self, phone: TestClient) -> None:
        whole = phone.get(ADDRESS)
        etag, half = whole.headers["etag"], len(whole.content) // 2
        rest = phone.get(ADDRESS, headers={"range": f"bytes={half}-", "if-range": etag})
        assert rest.status_code == 206
        assert rest.headers["content-range"] == f"bytes {half}-{len(whole.content) - 1}/{len(whole.content)}"
        assert (rest.headers["etag"], int(rest.headers["content-length"])) == (etag, len(rest.content))
        assert whole.content[:half] + rest.content == whole.content

    def test_also_when_the_cases_have_changed_meanwhile(self, phone: TestClient, filled: Deployment) -> None:
        """Else a busy county's phones on slow links would never get to the end of a first pack."""
        whole = phone.get(ADDRESS)
        close(filled, Story(account(filled, "stranger"), text="花椒树遭冻了"))
        newer = phone.get(ADDRESS)
        assert newer.headers["etag"] != whole.headers["etag"]
        rest = phone.get(ADDRESS, headers={"range": "bytes=1000-", "if-range": whole.headers["etag"]})
        assert rest.status_code == 206
        held = applied(read(whole.content[:1000] + rest.content))
        assert fetched(phone, held) == applied(read(newer.content))

    def test_begins_anew_when_the_file_is_gone(self, phone: TestClient, filled: Deployment) -> None:
        whole = phone.get(ADDRESS)
        answer = phone.get(ADDRESS, headers={"range": "bytes=1000-", "if-range": f'"{"0" * 32}"'})
        assert (answer.status_code, answer.content) == (200, whole.content)

    def test_that_has_all_already(self, phone: TestClient) -> None:
        whole = phone.get(ADDRESS)
        size = len(whole.content)
        answer = phone.get(ADDRESS, headers={"range": f"bytes={size}-", "if-range": whole.headers["etag"]})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{size}"

    @pytest.mark.parametrize("wrong", ["lines=1-2", "bytes", "bytes=", "bytes=a-b", "bytes=--1"])
    def test_asked_for_in_a_way_that_makes_no_sense(self, phone: TestClient, wrong: str) -> None:
        answer = phone.get(ADDRESS, headers={"range": wrong})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")

    def test_one_that_is_there_is_not_sent_again(self, phone: TestClient) -> None:
        etag = phone.get(ADDRESS).headers["etag"]
        for named in (etag, f'"x", {etag}', f"W/{etag}", "*"):
            answer = phone.get(ADDRESS, headers={"if-none-match": named})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
        assert phone.get(ADDRESS, headers={"if-none-match": '"other"'}).status_code == 200

    def test_only_the_head(self, phone: TestClient) -> None:
        whole, head = phone.get(ADDRESS), phone.head(ADDRESS)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("etag", "content-length", "accept-ranges"):
            assert head.headers[name] == whole.headers[name]


class TestWhoAsks:
    @pytest.fixture
    def elsewhere(self, filled: Deployment, app: Starlette) -> TestClient:
        """Somebody of another county, where one consultation was closed."""
        filled.accounts.add(
            [
                NewPerson(
                    "138-0000-7001", PASSWORD, "秦演示", "informant", NEIGHBOUR, must_change_password=False
                )
            ]
        )
        reporter = filled.accounts.by_login("138-0000-7001")
        assert reporter is not None
        close(filled, Story(reporter, text=QUESTION_THERE))
        visitor = TestClient(app)
        visitor.auth = ("138-0000-7001", PASSWORD)
        return visitor

    def test_nothing_of_another_county_shows(self, phone: TestClient, elsewhere: TestClient) -> None:
        here, there = fetched(phone), fetched(elsewhere)
        assert (here.county, there.county) == ("510726", "510727")
        assert {case.question for case in there.cases()} == {QUESTION_THERE}
        assert QUESTION_THERE not in {case.question for case in here.cases()}

    def test_not_by_the_versions_and_files_of_the_other_either(
        self, phone: TestClient, elsewhere: TestClient
    ) -> None:
        mine, theirs = elsewhere.get(ADDRESS), phone.get(ADDRESS)
        held = applied(read(theirs.content))
        answer = elsewhere.get(ADDRESS, params={"since": held.version})
        assert (read(answer.content).header.kind, answer.content) == ("full", mine.content)
        headers = {"range": "bytes=9-", "if-range": theirs.headers["etag"]}
        assert elsewhere.get(ADDRESS, headers=headers).content == mine.content

    def test_nobody(self, client: TestClient) -> None:
        answer = client.get(ADDRESS)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")

    def test_somebody_with_a_first_password(self, filled: Deployment, client: TestClient) -> None:
        filled.accounts.add([NewPerson("138-0000-8001", PASSWORD, "新人", "informant", "510726105201")])
        answer = client.get(ADDRESS, auth=("138-0000-8001", PASSWORD))
        assert (answer.status_code, answer.json()["error"]) == (403, "password_change_required")

    @pytest.mark.parametrize("region", ["510000000000", "510700000000", "", "../../etc/ab"])
    def test_somebody_of_no_county(self, opened: Deployment, region: str) -> None:
        person = Person("01", "甲", "administrator", region)
        with pytest.raises(WrongRole, match="不属于哪一个县"):
            asyncio.run(opened.packs.file(person))

    @pytest.mark.parametrize("name", ["since", "language"])
    @pytest.mark.parametrize(
        "value", ["x", "0" * 15, "0" * 17, "F" * 16, "../../../../x", "0" * 4000, "１" * 16]
    )
    def test_with_numbers_that_make_no_sense(self, phone: TestClient, name: str, value: str) -> None:
        answer = phone.get(ADDRESS, params={name: value})
        assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == (
            422,
            "unacceptable",
            name,
        )
        assert "整个包" in answer.json()["reason"]


class TestMaking:
    def test_those_who_ask_at_once_wait_for_one_making(
        self, filled: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read_at: list[str] = []
        documents = filled.consultations.documents

        def counted(identifier: str) -> Any:
            read_at.append(identifier)
            return documents(identifier)

        monkeypatch.setattr(filled.consultations, "documents", counted)
        someone = account(filled, "informant")

        async def together() -> set[Path]:
            return set(await asyncio.gather(*(filled.packs.file(someone) for _ in range(60))))

        assert len(asyncio.run(together())) == 1
        assert len(read_at) == len(HISTORY)

    def test_the_server_answers_meanwhile(
        self,
        filled: Deployment,
        client: TestClient,
        phone: TestClient,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Sixty phones wait for a pack that takes long: more than there are threads to work on."""
        begun, go = threading.Event(), threading.Event()
        documents = filled.consultations.documents

        def slow(identifier: str) -> Any:
            begun.set()
            assert go.wait(60)
            return documents(identifier)

        monkeypatch.setattr(filled.consultations, "documents", slow)
        answers: list[int] = []
        known = {"authorization": phone.headers["authorization"]}

        def ask() -> None:
            answers.append(client.get(ADDRESS, headers=known).status_code)

        threads = [threading.Thread(target=ask) for _ in range(60)]
        for thread in threads:
            thread.start()
        assert begun.wait(60)
        assert client.get("/api/me", headers=known).status_code == 200
        assert answers == []
        go.set()
        for thread in threads:
            thread.join()
        assert answers == [200] * 60

    def test_reads_nothing_of_other_counties_and_nothing_twice(
        self, filled: Deployment, phone: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = fetched(phone)
        told = Story(account(filled, "stranger"), text="花椒树遭冻了")
        close(filled, told)
        read_at: list[str] = []
        documents = filled.consultations.documents
        monkeypatch.setattr(
            filled.consultations, "documents", lambda name: read_at.append(name) or documents(name)
        )
        assert told.id in fetched(phone, held).lines
        assert read_at == [told.id]

    def test_a_consultation_that_cannot_be_read_stops_nothing(
        self, filled: Deployment, phone: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        documents = filled.consultations.documents
        broken = next(iter(filled.consultations.newest_cases(COUNTY, 1)))

        def stumbling(identifier: str) -> Any:
            if identifier == broken:
                raise KeyError("text")
            return documents(identifier)

        monkeypatch.setattr(filled.consultations, "documents", stumbling)
        assert len(fetched(phone).cases()) == len(HISTORY) - 1

    def test_what_is_damaged_on_disk_is_made_anew(self, filled: Deployment, phone: TestClient) -> None:
        held = fetched(phone)
        for path in (filled.settings.folder / "packs" / "510726").glob("*.cases"):
            path.write_bytes(b"half")
        assert fetched(phone, held) == held

    def test_the_folder_may_be_deleted(self, filled: Deployment, phone: TestClient) -> None:
        held = fetched(phone)
        shutil.rmtree(filled.settings.folder / "packs")
        assert fetched(phone, held) == held

    def test_it_is_not_in_a_backup(self, filled: Deployment, phone: TestClient, tmp_path: Path) -> None:
        fetched(phone)
        archive = back_up(filled.settings.folder, tmp_path / "backup.tar")
        listed = subprocess.run(["tar", "-tf", archive], capture_output=True, text=True, check=True).stdout
        assert "accounts.sqlite3" in listed
        assert "packs" not in listed


class TestTheReadModel:
    def test_is_asked_through_its_index(self, opened: Deployment) -> None:
        """A province has a million consultations, and a county some thousands of them."""
        tables = opened.consultations._tables
        for query in (
            f"SELECT count(*), max(seq) FROM {CASES}",
            f"SELECT id, seq FROM {CASES} ORDER BY id DESC",
        ):
            plan = [row["detail"] for row in tables.rows(f"EXPLAIN QUERY PLAN {query}", COUNTY)]
            assert plan == [
                "SEARCH consultations USING COVERING INDEX cases_by_county"
                " (county=? AND state=? AND verdict=?)"
            ]

    def test_tells_the_newest_first_and_no_more_than_asked_for(self, filled: Deployment) -> None:
        ids = list(filled.consultations.newest_cases(COUNTY, 100))
        assert ids == sorted(ids, reverse=True)
        assert len(ids) == len(HISTORY)
        assert list(filled.consultations.newest_cases(COUNTY, 2)) == ids[:2]
        assert filled.consultations.newest_cases(NEIGHBOUR, 100) == {}

    def test_has_one_stamp_as_long_as_nothing_changes(self, filled: Deployment) -> None:
        before = filled.consultations.case_stamp(COUNTY)
        told = Story(account(filled, "stranger"), text="花椒树遭冻了")
        filled.database.write([told.demand()])
        followed(filled)
        assert filled.consultations.case_stamp(COUNTY) == before
        later = close(filled, Story(account(filled, "stranger"), text="李子树流胶"))
        after = filled.consultations.case_stamp(COUNTY)
        assert after != before
        filled.database.write([later])
        followed(filled)
        assert filled.consultations.case_stamp(COUNTY) != after


class TestAReadModelThatIsMadeAnew:
    @pytest.fixture
    def behind(self, opened: Deployment, tmp_path: Path) -> Iterator[Deployment]:
        """Closed and opened again without the read model: nothing has been looked at yet."""
        load(opened, tmp_path)
        opened.consultations.catch_up()
        asyncio.run(opened.packs.file(account(opened, "informant")))
        folder = opened.settings.folder
        opened.close()
        for path in folder.glob("consultations.sqlite3*"):
            path.unlink()
        with Deployment(Settings(folder)) as again:
            yield again

    def test_takes_no_case_from_a_phone(self, behind: Deployment) -> None:
        assert not behind.consultations.whole
        path = asyncio.run(behind.packs.file(account(behind, "informant")))
        assert read(path.read_bytes()).header.count == len(HISTORY)

    def test_nor_tells_a_new_phone_that_there_are_none(
        self, behind: Deployment, app: Starlette, tmp_path: Path
    ) -> None:
        shutil.rmtree(behind.settings.folder / "packs")
        with pytest.raises(Exception, match="正在整理") as caught:
            asyncio.run(behind.packs.file(account(behind, "informant")))
        assert (caught.value.status, caught.value.error) == (503, "pack_loading")  # type: ignore[attr-defined]

    def test_goes_on_with_the_same_version(self, behind: Deployment) -> None:
        before = asyncio.run(behind.packs.file(account(behind, "informant")))
        behind.consultations.catch_up()
        assert behind.consultations.whole
        assert asyncio.run(behind.packs.file(account(behind, "informant"))).name == before.name


def test_the_server_starts_without_the_parts_that_search() -> None:
    program = (
        "import sys, server.app\n"
        "found = [name for name in ('numpy', 'torch', 'faiss', 'search.pack') if name in sys.modules]\n"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_numpy_it_says_so(opened: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "search.pack.language", None)
    with pytest.raises(Exception, match="没有装找类似的部件") as caught:
        asyncio.run(opened.packs.file(account(opened, "informant")))
    assert (caught.value.status, caught.value.error) == (503, "search_missing")  # type: ignore[attr-defined]
