"""What a stock PouchDB expects of a CouchDB, story by story, and what it does when the server goes away."""

import re

import pytest

from sync.sqlite import SQLiteStore
from tests.sync.conformance import POLICIES
from tests.sync.pouchdb_peer import FOLDER, PATIENCE_S, Peer, install
from tests.sync.serving import serving

SCENARIOS = re.findall(r"^  async (\w+)\(", (FOLDER / "scenarios.mjs").read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def peer():
    install()
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("server") / "data.db"
    with SQLiteStore(path, POLICIES) as store, serving(store) as address:
        yield address.replace("://", "://chief:secret@")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_pouchdb_finds_what_it_expects(peer, address, scenario):
    name = scenario.replace("_", "-")
    assert peer.do("scenario", name=scenario, url=f"{address}/db/{name}%2Fof%2Fit") is True


def test_a_live_sync_goes_on_after_the_server_comes_back(peer, tmp_path):
    """On the same port, after the documents of both sides went on without each other."""
    path = tmp_path / "data.db"
    with SQLiteStore(path, POLICIES) as store, serving(store) as address:
        port = int(address.split(":")[-1].split("/")[0])
        store.create("plain").write([{"_id": "before"}])
        url = f"http://chief:secret@127.0.0.1:{port}/sync/db/plain"
        arrived = peer.order("arrival", db="returning", id="before")
        peer.do("live", db="returning", url=url)
        arrived.result(PATIENCE_S)
    peer.do("put", db="returning", doc={"_id": "written meanwhile here"})
    arrived = peer.order("arrival", db="returning", id="written meanwhile there")
    with SQLiteStore(path, POLICIES) as store:
        plain = store.database("plain")
        plain.write([{"_id": "written meanwhile there"}])
        with serving(store, port):
            arrived.result(PATIENCE_S)
            assert plain.wait(2, None, PATIENCE_S)
            assert plain.get("written meanwhile here")["_rev"].startswith("1-")
            peer.do("stop", db="returning")


def test_a_filtered_replication_reads_only_what_is_the_callers(peer, tmp_path):
    with SQLiteStore(tmp_path / "data.db", POLICIES) as store, serving(store) as address:
        village = store.database("village")
        village.write([{"_id": "hers", "group": "g", "opens": ["anna"], "crop": "rice"}])
        village.write([{"_id": "his", "group": "h", "opens": ["ben"], "crop": "rice"}])
        url = address.replace("://", "://anna:secret@") + "/db/village"
        for name, options in (
            ("by selector", {"selector": {"crop": "rice"}}),
            ("by id", {"doc_ids": ["hers", "his"]}),
        ):
            done = peer.do("replicate", db=name, url=url, **{"from": True}, options=options)
            assert done == {"written": 1, "refused": 0}
            assert peer.do("ids", db=name) == ["hers"]
