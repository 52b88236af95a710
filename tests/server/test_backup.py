"""`tianwen backup` and `tianwen restore` (docs/operations.md): nothing that was acknowledged is missing in a
backup made while the server writes, and nothing is hidden from a phone by one that was put back.
"""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from models.clock import next_stamp
from models.ids import SERVER_DEVICE, event_id
from models.workflow import Doc
from server.accounts import Person
from server.deployment import Deployment, Settings
from server.operations.backup import MANIFEST, BackupFailed, back_up
from server.operations.restore import restore
from server.policy import caller_of
from sync.errors import NotFound
from sync.exchange.client import ExchangeClient
from sync.exchange.device import Device
from sync.sqlite import SQLiteStore
from sync.sqlite.copying import in_use
from sync.store import Range, Wanted
from tests.server.conftest import PASSWORD, PEOPLE, account, register
from tests.server.stories import Story
from tests.server.test_durability import serving
from tests.sync.pouchdb_peer import PATIENCE_S, Peer, install
from tests.sync.roads import Replica

REV = f"1-{'0' * 32}"


def tianwen(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write(deployment: Deployment, name: str = "informant", text: str = "苞谷叶子黄") -> str:
    """A demand of that person; its id."""
    who = account(deployment, name)
    demand = Story(who, text=text).demand()
    [result] = deployment.database.write([demand], caller=caller_of(who))
    assert result.error is None
    return result.id


def ids(folder: Path) -> set[str]:
    with Deployment(Settings(folder)) as deployment:
        return {row.key for row in deployment.database.all_docs(Range()).rows}


def demands(folder: Path) -> set[str]:
    return {identifier for identifier in ids(folder) if identifier.startswith("demand:")}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a deployment with the people of PEOPLE and one demand."""
    folder = tmp_path / "data"
    with Deployment(Settings(folder)) as deployment:
        register(deployment)
        write(deployment)
    (folder / "index" / "0003").mkdir(parents=True)
    (folder / "index" / "0003" / "manifest.json").write_text("{}")
    (folder / "index" / "0002").mkdir()
    (folder / "index" / "CURRENT").write_text("3\n")
    return folder


@pytest.fixture
def backup(data: Path, tmp_path: Path) -> Path:
    return back_up(data, tmp_path / "b.tar", with_key=True)


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        return tar.getnames()


class TestBackup:
    def test_is_one_file_with_what_cannot_be_made_anew(self, data: Path, tmp_path: Path) -> None:
        path = back_up(data, tmp_path)
        assert path.parent == tmp_path
        assert path.name.startswith("tianwen-2")
        assert names(path) == [
            MANIFEST, "accounts.sqlite3", "audit.sqlite3", "index/0003/manifest.json", "index/CURRENT",
            "tianwen.sqlite3",
        ]  # fmt: skip
        assert path.stat().st_mode & 0o077 == 0

    def test_says_that_the_key_is_not_in_it(self, data: Path, tmp_path: Path) -> None:
        done = tianwen("backup", tmp_path / "b.tar", "--data", data)
        assert done.returncode == 0
        assert f"把 {data / 'secret.key'} 另抄一份" in done.stdout

    def test_takes_the_key_when_asked_and_says_so(self, data: Path, tmp_path: Path) -> None:
        done = tianwen("backup", tmp_path / "b.tar.gz", "--data", data, "--with-key")
        assert "里面有 secret.key" in done.stdout
        assert "secret.key" in names(tmp_path / "b.tar.gz")

    def test_never_overwrites(self, data: Path, backup: Path) -> None:
        before = backup.read_bytes()
        with pytest.raises(BackupFailed, match="已经有了"):
            back_up(data, backup)
        assert backup.read_bytes() == before

    def test_of_nothing_is_a_sentence(self, tmp_path: Path) -> None:
        done = tianwen("backup", tmp_path / "b.tar", "--data", tmp_path / "nothing")
        assert (done.returncode, done.stdout) == (2, "")
        assert "没有田问的数据" in done.stderr
        assert list(tmp_path.iterdir()) == []

    def test_of_a_damaged_database(self, data: Path, tmp_path: Path) -> None:
        with sqlite3.connect(data / "accounts.sqlite3") as connection:
            connection.execute("PRAGMA writable_schema=ON")
            connection.execute("UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'people'")
        connection.close()
        with pytest.raises(BackupFailed, match=r"accounts.sqlite3 坏了"):
            back_up(data, tmp_path / "damaged.tar")
        assert list(tmp_path.iterdir()) == [data]

    def test_beside_a_writing_server_holds_what_was_acknowledged(self, data: Path, tmp_path: Path) -> None:
        with serving(data) as server:
            acknowledged: list[str] = []
            stop = threading.Event()

            def report() -> None:
                with Deployment(Settings(data)) as deployment:
                    who = account(deployment, "informant")
                with httpx2.Client(base_url=server.url, auth=(PEOPLE["informant"][0], PASSWORD)) as phone:
                    while not stop.is_set():
                        docs = [{**Story(who).demand(), "_rev": REV} for _ in range(5)]
                        body = {"docs": docs, "new_edits": False}
                        assert phone.post("/sync/db/tianwen/_bulk_docs", json=body).json() == []
                        acknowledged.extend(doc["_id"] for doc in docs)

            writer = threading.Thread(target=report)
            writer.start()
            while len(acknowledged) < 20 and writer.is_alive():
                writer.join(0.01)
            known = set(acknowledged)
            done = tianwen("backup", tmp_path / "b.tar", "--data", data, "--with-key")
            stop.set()
            writer.join()
        assert done.returncode == 0, done.stderr
        restore(tmp_path / "b.tar", tmp_path / "new")
        found = ids(tmp_path / "new")
        assert known <= found
        # Batches are whole, and every demand has its receipt: it is one moment of the store.
        there = {identifier for identifier in found if identifier.startswith("demand:")}
        assert (len(there) - 1) % 5 == 0
        assert len(found) == 2 * len(there)
        assert tianwen("store", "verify", "--data", tmp_path / "new").returncode == 0


class TestRestore:
    def test_brings_back_documents_people_and_index(self, data: Path, backup: Path, tmp_path: Path) -> None:
        done = tianwen("restore", backup, "--data", tmp_path / "new")
        assert done.returncode == 0, done.stderr
        assert ids(tmp_path / "new") == ids(data)
        assert (tmp_path / "new/index/CURRENT").read_text() == "3\n"
        with Deployment(Settings(tmp_path / "new")) as deployment:
            assert deployment.accounts.login(PEOPLE["expert"][0], PASSWORD).name == PEOPLE["expert"][3]

    def test_refuses_a_folder_that_is_not_empty(self, data: Path, backup: Path) -> None:
        before = ids(data)
        done = tianwen("restore", backup, "--data", data)
        assert (done.returncode, done.stdout) == (2, "")
        assert "不是空的" in done.stderr
        assert ids(data) == before

    def test_by_force_keeps_the_old_aside(self, data: Path, backup: Path) -> None:
        with Deployment(Settings(data)) as deployment:
            later = write(deployment)
        done = restore(backup, data, force=True)
        assert done.aside is not None
        assert later in ids(done.aside)
        assert later not in ids(data)

    def test_never_under_a_running_server(self, data: Path, backup: Path) -> None:
        with serving(data):
            done = tianwen("restore", backup, "--data", data, "--force")
        assert done.returncode == 2
        assert "先停下" in done.stderr
        assert not in_use(data / "tianwen.sqlite3")

    def test_an_empty_folder_is_as_good_as_none(self, backup: Path, tmp_path: Path) -> None:
        (tmp_path / "new").mkdir()
        restore(backup, tmp_path / "new")
        assert ids(tmp_path / "new")


class TestKey:
    @pytest.fixture
    def bare(self, data: Path, tmp_path: Path) -> Path:
        return back_up(data, tmp_path / "bare.tar")

    def test_without_it_the_server_does_not_start_and_says_why(self, bare: Path, tmp_path: Path) -> None:
        done = tianwen("restore", bare, "--data", tmp_path / "new")
        assert done.returncode == 0
        assert "还缺 secret.key" in done.stdout
        started = tianwen("serve", "--port", "0", "--data", tmp_path / "new")
        assert started.returncode == 2
        assert "缺保密栏目的钥匙" in started.stderr
        assert not (tmp_path / "new/secret.key").exists()

    def test_another_key_is_refused(self, bare: Path, tmp_path: Path) -> None:
        restore(bare, tmp_path / "new")
        with Deployment(Settings(tmp_path / "other")):
            pass
        (tmp_path / "new/secret.key").write_bytes((tmp_path / "other/secret.key").read_bytes())
        with pytest.raises(ValueError, match="不是做备份时的那一把"):
            Deployment(Settings(tmp_path / "new"))

    def test_is_taken_from_a_file(self, bare: Path, data: Path, tmp_path: Path) -> None:
        done = restore(bare, tmp_path / "new", key=data / "secret.key")
        assert not done.key_missing
        with Deployment(Settings(tmp_path / "new")) as deployment:
            assert deployment.accounts.login(PEOPLE["expert"][0], PASSWORD)

    def test_is_taken_from_the_folder_that_is_replaced(self, bare: Path, data: Path) -> None:
        assert not restore(bare, data, force=True).key_missing
        with Deployment(Settings(data)) as deployment:
            assert deployment.accounts.login(PEOPLE["expert"][0], PASSWORD)


def rewritten(backup: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The backup with other members."""
    with tarfile.open(backup) as tar:
        files = {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]
    change(files)
    path = backup.with_name("changed.tar")
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def _manifest(**more: Any) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        files[MANIFEST] = json.dumps({**json.loads(files[MANIFEST]), **more}).encode()

    return change


def _path(name: str) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        manifest = json.loads(files[MANIFEST])
        manifest["members"][0]["path"] = name
        files[MANIFEST] = json.dumps(manifest).encode()

    return change


def _flip(files: dict[str, bytes]) -> None:
    content = bytearray(files["tianwen.sqlite3"])
    content[len(content) // 2] ^= 1
    files["tianwen.sqlite3"] = bytes(content)


class TestBrokenBackups:
    """Each is one sentence, and neither the target nor what lies around it is touched."""

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            (_flip, "对不上"),
            (lambda files: files.pop("accounts.sqlite3"), "不完整"),
            (lambda files: files.pop(MANIFEST), "没有清单"),
            (lambda files: files.update({MANIFEST: b"[]"}), "清单坏了"),
            (lambda files: files.update({MANIFEST: b"{"}), "清单坏了"),
            (_manifest(format=99), "更新的田问"),
            (_manifest(members=[]), "什么都没有"),
            (_path("../../escaped"), "不该有的路径"),
            (_path("/tmp/escaped"), "不该有的路径"),
        ],
    )
    def test_of_every_kind(self, backup: Path, change: Any, sentence: str) -> None:
        self.refuses(rewritten(backup, change), sentence)

    @pytest.mark.parametrize("content", [b"", b"not a tar", b"\x1f\x8b\x08\x00broken"])
    def test_what_is_no_archive(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "x.tar"
        path.write_bytes(content)
        self.refuses(path, "x.tar")

    @pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
    def test_cut_short(self, backup: Path, share: float) -> None:
        path = backup.with_name("cut.tar")
        path.write_bytes(backup.read_bytes()[: int(backup.stat().st_size * share)])
        self.refuses(path, "备份")

    def test_that_is_not_there(self, tmp_path: Path) -> None:
        self.refuses(tmp_path / "none.tar", "none.tar")

    def refuses(self, path: Path, sentence: str) -> None:
        around = path.parent / "around"
        around.mkdir()
        with pytest.raises(BackupFailed, match=sentence):
            restore(path, around / "new")
        assert list(around.iterdir()) == []


class Town:
    """A deployment whose phones keep what they hold while the server under them is put back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.replicas: dict[str, Replica] = {}
        self.devices: dict[str, Device] = {}

    def sync(self) -> None:
        """Every phone syncs on its own road, to the end."""
        from server.app import create_app

        app = create_app(Settings(self.folder))
        with app.state.deployment:
            asyncio.run(self._sync(app))

    async def _sync(self, app: Any) -> None:
        for name in {**self.replicas, **self.devices}:
            auth = httpx2.BasicAuth(PEOPLE[name][0], PASSWORD)
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://town", auth=auth) as http:
                if name in self.replicas:
                    await self.replicas[name].sync(http, "/sync/db/tianwen")
                if name in self.devices:
                    await ExchangeClient("/sync/exchange", http).sync(self.devices[name])

    def demand(self, phone: Replica | Device, name: str) -> str:
        """The phone of `name` writes a demand; its id."""
        doc: Doc = {**Story(self.person(name)).demand(), "_rev": REV}
        phone.write(doc)
        return str(doc["_id"])

    def person(self, name: str) -> Person:
        with Deployment(Settings(self.folder)) as deployment:
            return account(deployment, name)

    def readable(self, name: str) -> dict[str, set[str]]:
        """What the policy says, asked of the restored store itself."""
        with Deployment(Settings(self.folder)) as deployment:
            caller = caller_of(account(deployment, name))
            rows = deployment.database.changes(Wanted(style="all_docs"), caller=caller).rows
            return {row.id: set(row.revs) for row in rows}


class TestPhonesAfterARestore:
    """Sequence numbers are given out a second time, for other documents, and no phone misses one of them."""

    def test_nothing_is_hidden_and_what_was_lost_comes_back(self, data: Path, tmp_path: Path) -> None:
        town = Town(data)
        reporter, lead = Replica(), Device()
        town.replicas["informant"], town.devices["township_lead"] = reporter, lead
        town.sync()
        backup = back_up(data, tmp_path / "b.tar", with_key=True)
        # After the backup: one writes and both see it; their places in the feed are now ahead of the backup.
        lost = [town.demand(reporter, "informant") for _ in range(3)]
        town.sync()
        assert set(lost) <= set(lead.readable())
        far = {reporter.since, lead.since}
        restore(backup, data, force=True)
        # Others write until the feed has passed the places that the phones remember.
        with Deployment(Settings(data)) as deployment:
            others = [write(deployment, "neighbour") for _ in range(6)]
        town.sync()
        town.sync()
        assert set(others) <= set(lead.readable())
        assert set(lost) <= demands(data)
        for name, phone in (("informant", reporter), ("township_lead", lead)):
            assert {i: set(revs) for i, revs in phone.readable().items()} == town.readable(name)
        assert far.isdisjoint({reporter.since, lead.since})

    @pytest.mark.parametrize("road", ["replica", "device"])
    def test_a_demand_of_the_lost_time_is_sent_again_by_its_author(
        self, data: Path, tmp_path: Path, road: str
    ) -> None:
        town = Town(data)
        phone = Replica() if road == "replica" else Device()
        (town.replicas if road == "replica" else town.devices)["informant"] = phone  # type: ignore[index]
        town.sync()
        backup = back_up(data, tmp_path / "b.tar", with_key=True)
        lost = town.demand(phone, "informant")
        town.sync()
        restore(backup, data, force=True)
        town.sync()
        assert lost in demands(data)
        assert lost in phone.readable()
        assert tianwen("store", "verify", "--data", data).returncode == 0


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    install()
    peer = Peer()
    yield peer
    peer.close()


class TestStockPouchDB:
    """Its checkpoints stand in the backup, too: they may not vouch for what the server does not have."""

    def test_sends_again_and_misses_nothing(self, peer: Peer, data: Path, tmp_path: Path) -> None:
        """The backup falls into one long replication: both sides then hold checkpoints of one session, and
        PouchDB believes its own."""
        with Deployment(Settings(data)) as deployment:
            who = account(deployment, "informant")
        first, lost = Story(who).demand(), Story(who).demand()
        with serving(data) as server:
            peer.do("live", db="restored", url=address(server.url))
            self.send(peer, data, first)
            assert tianwen("backup", tmp_path / "b.tar", "--data", data, "--with-key").returncode == 0
            self.send(peer, data, lost)
            peer.do("stop", db="restored")
        restore(tmp_path / "b.tar", data, force=True)
        assert lost["_id"] not in demands(data)
        with Deployment(Settings(data)) as deployment:
            others = [write(deployment) for _ in range(6)]
        with serving(data) as server:
            peer.do("once", db="restored", url=address(server.url))
        assert {first["_id"], lost["_id"]} <= demands(data)
        assert set(others) <= set(peer.do("ids", db="restored"))

    def send(self, peer: Peer, data: Path, doc: Doc) -> None:
        """Write on the phone; return when its receipt is there and the server holds the push's checkpoint."""
        receipt = event_id(doc["_id"].removeprefix("demand:"), next_stamp(0, [doc["clock"]]), SERVER_DEVICE)
        before, deadline = pushed_up_to(data), time.monotonic() + PATIENCE_S
        arrived = peer.order("arrival", db="restored", id=receipt)
        peer.do("put", db="restored", doc=doc)
        arrived.result(PATIENCE_S)
        while pushed_up_to(data) <= before:
            assert time.monotonic() < deadline


def pushed_up_to(data: Path) -> int:
    """The newest checkpoint of a push: it counts in the phone's own numbers; a pull's name an epoch."""
    with closing(sqlite3.connect(data / "tianwen.sqlite3")) as connection:
        bodies = [json.loads(body) for (body,) in connection.execute("SELECT body FROM local_documents")]
    return max((body["last_seq"] for body in bodies if isinstance(body["last_seq"], int)), default=0)


def address(url: str) -> str:
    login = f"{PEOPLE['informant'][0]}:{PASSWORD.replace(' ', '%20')}"
    return f"{url}/sync/db/tianwen".replace("://", f"://{login}@")


class TestRenewal:
    def test_no_checkpoint_and_no_epoch_outlives_it(self, data: Path, backup: Path, tmp_path: Path) -> None:
        with SQLiteStore(data / "tianwen.sqlite3") as store:
            store.database("tianwen").local_put("somebody", "checkpoint", {"last_seq": 7})
            before = store.uuid, store.database("tianwen").uuid
        again = back_up(data, tmp_path / "again.tar", with_key=True)
        restore(again, tmp_path / "new")
        with SQLiteStore(tmp_path / "new/tianwen.sqlite3") as store:
            database = store.database("tianwen")
            assert not {store.uuid, database.uuid} & set(before)
            with pytest.raises(NotFound):
                database.local_get("somebody", "checkpoint")


class TestStoreElsewhere:
    """The documents need not lie in the folder (`tianwen serve --store ADDRESS`)."""

    def test_another_file_is_taken(self, data: Path, tmp_path: Path) -> None:
        wanted = ids(data)
        (data / "tianwen.sqlite3").rename(tmp_path / "elsewhere.sqlite3")
        address = f"sqlite:///{tmp_path}/elsewhere.sqlite3"
        done = tianwen("backup", tmp_path / "b.tar", "--data", data, "--with-key", "--store", address)
        assert done.returncode == 0, done.stderr
        assert tianwen("store", "verify", "--data", data, "--store", address).returncode == 0
        restore(tmp_path / "b.tar", tmp_path / "new")
        assert ids(tmp_path / "new") == wanted

    def test_of_couchdb_the_rest_is_taken_and_that_is_said(self, data: Path, tmp_path: Path) -> None:
        (data / "tianwen.sqlite3").rename(data / "couchdb-index.sqlite3")
        address = "couchdb://somebody:secret@localhost:1/tianwen"
        done = tianwen("backup", tmp_path / "b.tar", "--data", data, "--store", address)
        assert done.returncode == 0, done.stderr
        assert "用 CouchDB 的办法另外备份" in done.stdout
        assert names(tmp_path / "b.tar")[1:3] == ["accounts.sqlite3", "audit.sqlite3"]
        assert "couchdb-index.sqlite3" not in names(tmp_path / "b.tar")
        restore(tmp_path / "b.tar", tmp_path / "new", key=data / "secret.key")
        assert (tmp_path / "new/accounts.sqlite3").exists()
        checked = tianwen("store", "verify", "--data", data, "--store", address)
        assert (checked.returncode, checked.stdout) == (2, "")
