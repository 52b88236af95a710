"""The CouchDB store: the conformance suite against pouchdb-server, and against COUCHDB_URL where set."""

import hashlib
import secrets
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from sync.couchdb import Address, CouchStore
from tests.sync import test_access_model
from tests.sync.conformance import POLICIES, StoreConformance
from tests.sync.couchdb_server import COUCHDB_URL, pouchdb_server, store_address


@pytest.fixture(scope="module")
def pouchdb(tmp_path_factory):
    with pouchdb_server(tmp_path_factory.mktemp("pouchdb")) as server:
        yield server


def deployment_of(folder):
    """A deployment of its own for each folder, found again when the folder is opened again."""
    return "t" + hashlib.sha256(str(folder).encode()).hexdigest()[:16]


def store_at(url, folder):
    address = Address.parse(store_address(url, deployment_of(folder)))
    return CouchStore(address, folder / "index.sqlite3", POLICIES)


class TestPouchDBServer(StoreConformance):
    @pytest.fixture(autouse=True)
    def _server(self, pouchdb):
        self.url = pouchdb.address

    def open_store(self, folder):
        return store_at(self.url, folder)


@pytest.mark.skipif(not COUCHDB_URL, reason="COUCHDB_URL is not set: not tested against Apache CouchDB")
class TestCouchDB(StoreConformance):
    @pytest.fixture(autouse=True)
    def _leave_nothing(self, tmp_path):
        yield
        with httpx2.Client(base_url=COUCHDB_URL, trust_env=False) as client:
            for name in client.get("/_all_dbs").json():
                if name.startswith(deployment_of(tmp_path)):
                    client.delete(f"/{quote(name, safe='')}")

    def open_store(self, folder):
        return store_at(COUCHDB_URL, folder)


def test_access_is_as_exact_as_the_model_says(pouchdb, monkeypatch):
    """The state machine of test_access_model.py, over this store."""

    def opened(path, policies):
        address = Address.parse(store_address(pouchdb.address, f"m{secrets.token_hex(8)}"))
        return CouchStore(address, Path(path), policies)

    monkeypatch.setattr(test_access_model, "SQLiteStore", opened)
    few = settings(
        max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(test_access_model.Village, settings=few)
