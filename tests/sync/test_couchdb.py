"""The CouchDB store: the conformance suite against pouchdb-server, and against COUCHDB_URL where set."""

import hashlib

import pytest

from sync.couchdb import Address, CouchStore
from tests.sync.conformance import POLICIES, StoreConformance
from tests.sync.couchdb_server import COUCHDB_URL, pouchdb_server, store_address


@pytest.fixture(scope="module")
def pouchdb(tmp_path_factory):
    with pouchdb_server(tmp_path_factory.mktemp("pouchdb")) as server:
        yield server


def store_at(url, folder):
    """A deployment of its own for each folder, found again when the folder is opened again."""
    name = "t" + hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return CouchStore(Address.parse(store_address(url, name)), folder / "index.sqlite3", POLICIES)


class TestPouchDBServer(StoreConformance):
    @pytest.fixture(autouse=True)
    def _server(self, pouchdb):
        self.url = pouchdb.address

    def open_store(self, folder):
        return store_at(self.url, folder)


@pytest.mark.skipif(not COUCHDB_URL, reason="COUCHDB_URL is not set: not tested against Apache CouchDB")
class TestCouchDB(StoreConformance):
    def open_store(self, folder):
        return store_at(COUCHDB_URL, folder)
