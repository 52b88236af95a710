"""`--store`: a deployment over CouchDB, two nodes of it, and `tianwen store copy`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.cli import main
from server.deployment import DATABASE, Deployment, Settings
from server.policy import caller_of
from sync.errors import Unavailable
from sync.sqlite import SQLiteStore
from sync.store import Wanted
from tests.server.conftest import COUNTY, PEOPLE, register
from tests.server.stories import Story
from tests.server.test_cli import tianwen
from tests.sync.couchdb_server import PouchDBServer, free_port, pouchdb_server, store_address


@pytest.fixture(scope="module")
def pouchdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PouchDBServer]:
    with pouchdb_server(tmp_path_factory.mktemp("pouchdb")) as server:
        yield server


@pytest.fixture
def address(pouchdb: PouchDBServer, request: pytest.FixtureRequest) -> str:
    return store_address(pouchdb.address, f"s{abs(hash(request.node.nodeid)) % 10**12}")


@pytest.fixture
def copy(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """copy(source, target): the exit status and all that was said."""

    def copied(*addresses: str) -> tuple[int, str]:
        status = main(["store", "copy", *addresses])
        return status, "".join(capsys.readouterr())

    return copied


def report(deployment: Deployment) -> Story:
    """A demand of the informant, stored with its receipt."""
    person = deployment.accounts.by_login(PEOPLE["informant"][0])
    assert person is not None
    story = Story(person)
    (result,) = deployment.database.write([story.demand()], caller=caller_of(person))
    assert result.error is None, result
    return story


class TestServingFromCouchDB:
    def test_a_demand_at_one_node_is_in_the_queue_of_the_other(self, address: str, tmp_path: Path) -> None:
        with (
            Deployment(Settings(tmp_path / "one", store=address)) as one,
            Deployment(Settings(tmp_path / "two", store=address)) as other,
        ):
            register(one)
            story = report(one)
            other.database.write([])  # looks at what the others wrote
            other.consultations.catch_up()
            assert [row.id for row in other.consultations.triage(COUNTY)] == [story.id]
            kinds = {row.id.partition(":")[0] for row in other.database.changes(Wanted()).rows}
            assert kinds == {"demand", "event"}

    def test_the_file_of_documents_is_not_made(self, address: str, tmp_path: Path) -> None:
        with Deployment(Settings(tmp_path, store=address)) as deployment:
            register(deployment)
            report(deployment)
        assert not (tmp_path / "tianwen.sqlite3").exists()
        (tmp_path / "couchdb-index.sqlite3").unlink()
        with Deployment(Settings(tmp_path, store=address)) as again:
            assert again.database.info().doc_count == 2

    @pytest.mark.parametrize(
        ("store", "sentence"),
        [
            ("couchdb://root:geheim@127.0.0.1:PORT/tianwen", "打不开"),
            ("mysql://root:geheim@127.0.0.1/x", "存储的地址要写成"),
        ],
    )
    def test_what_cannot_be_opened_is_one_sentence(self, store: str, sentence: str, tmp_path: Path) -> None:
        address = store.replace("PORT", str(free_port()))
        done = tianwen("serve", "--port", free_port(), "--data", tmp_path, "--store", address)
        assert (done.returncode, sentence in done.stderr) == (2, True), done.stderr
        assert "Traceback" not in done.stderr
        assert "geheim" not in done.stderr

    def test_the_environment_names_it_too(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TIANWEN_STORE", f"sqlite://{tmp_path}/elsewhere.db")
        with Deployment(Settings.from_environment(tmp_path / "data")):
            assert (tmp_path / "elsewhere.db").exists()


class TestStoreCopy:
    @pytest.fixture
    def source(self, tmp_path: Path) -> str:
        with Deployment(Settings(tmp_path)) as deployment:
            register(deployment)
            for _ in range(3):
                report(deployment)
        return f"sqlite://{tmp_path}/tianwen.sqlite3"

    def test_there_and_back(
        self, source: str, address: str, tmp_path: Path, copy: Callable[..., tuple[int, str]]
    ) -> None:
        status, said = copy(source, address)
        assert (status, "核对过了，一样" in said) == (0, True), said
        assert copy(address, f"sqlite://{tmp_path}/back.db")[0] == 0
        with SQLiteStore(tmp_path / "tianwen.sqlite3") as old, SQLiteStore(tmp_path / "back.db") as new:
            here, there = old.database(DATABASE), new.database(DATABASE)
            assert {row.id: row.revs for row in here.changes(Wanted()).rows} == {
                row.id: row.revs for row in there.changes(Wanted()).rows
            }

    def test_the_moved_deployment_serves_on(
        self, source: str, address: str, tmp_path: Path, copy: Callable[..., tuple[int, str]]
    ) -> None:
        copy(source, address)
        with Deployment(Settings(tmp_path, store=address)) as deployment:
            deployment.consultations.catch_up()
            story = report(deployment)
            deployment.consultations.catch_up()
            assert story.id in [row.id for row in deployment.consultations.triage(COUNTY)]
            assert deployment.database.info().doc_count == 8

    def test_what_differs_afterwards_is_named(
        self, source: str, address: str, tmp_path: Path, copy: Callable[..., tuple[int, str]]
    ) -> None:
        """A document that was only in the target: the counts differ, and the operator is told."""
        with SQLiteStore(tmp_path / "target.db") as target:
            target.create(DATABASE).write([{"_id": "notice:other"}])
        status, said = copy(source, f"sqlite://{tmp_path}/target.db")
        assert status == 1
        assert "doc_count 6, there 7" in said

    def test_a_mistyped_path_is_not_an_empty_store(
        self, tmp_path: Path, copy: Callable[..., tuple[int, str]]
    ) -> None:
        status, said = copy(f"sqlite://{tmp_path}/nothing.db", f"sqlite://{tmp_path}/target.db")
        assert (status, "没有" in said) == (2, True)
        assert not (tmp_path / "nothing.db").exists()

    def test_an_outage_is_one_sentence_and_says_to_go_on(
        self, source: str, copy: Callable[..., tuple[int, str]]
    ) -> None:
        status, said = copy(source, f"couchdb://127.0.0.1:{free_port()}/tianwen")
        assert status == 2
        assert "再运行一次" in said


def test_closed_is_unavailable(address: str, tmp_path: Path) -> None:
    with Deployment(Settings(tmp_path, store=address)) as deployment:
        pass
    with pytest.raises(Unavailable):
        deployment.database.info()
