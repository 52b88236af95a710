"""Both roads end in the same revision trees: the exchange, and a stock PouchDB's replication."""

import orjson
import pytest

from sync.exchange.answering import leaves_of
from sync.exchange.device import Device
from sync.sqlite import SQLiteStore
from sync.store import Wanted
from tests.sync.conformance import POLICIES, replicate, write
from tests.sync.pouchdb_peer import Peer, install
from tests.sync.serving import client, serving
from tests.sync.village import ANNA

WHOLE = {"open_revs": "all", "revs": True}


@pytest.fixture(scope="module")
def peer():
    install()
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def server(tmp_path):
    with SQLiteStore(tmp_path / "data.db", POLICIES) as store, serving(store) as address:
        yield address, store


@pytest.fixture
def village(server):
    return server[1].database("village")


@pytest.fixture
def local(request):
    return lambda name: f"{request.node.name}-{name}"


def url(server, name):
    return f"{server[0]}/db/village".replace("://", f"://{name}:secret@")


def sync(server, name, device):
    with client(server[0], name) as http:
        while True:
            message = device.request()
            if not device.take(message, http.post("/exchange", json=message).json()):
                return


def tree(docs):
    """The leaves of a document with their histories, as either road tells them."""
    found = []
    for doc in docs:
        ids = doc.get("_revisions", {"ids": [doc["_rev"].split("-")[1]]})["ids"]
        data = {key: value for key, value in doc.items() if key[0] != "_" or key == "_deleted"}
        found.append((doc["_rev"], ids, data))
    return sorted(found, key=lambda leaf: leaf[0])


def in_pouchdb(peer, db, identifier):
    return tree(each["ok"] for each in peer.do("get", db=db, id=identifier, options=WHOLE))


def on_device(device, identifier):
    return tree(device.docs[identifier].values())


def stored(database, identifier):
    return tree(map(orjson.loads, leaves_of(database, ANNA, identifier)))


def grow(village):
    """Histories of every kind: edits, conflicts, deletions, revived ones, a stemmed one."""
    write(village, {"_id": "fresh", "group": "g", "opens": ["anna"], "text": "水稻"})
    replicate(village, "edited", "3-c 2-b 1-a", group="g", n=3)
    replicate(village, "forked", "2-b 1-a", group="g", n="b")
    replicate(village, "forked", "3-d 2-c 1-a", group="g", n="d")
    replicate(village, "gone", "1-a", group="g")
    replicate(village, "gone", "2-b 1-a", group="g", _deleted=True)
    replicate(village, "halfgone", "2-b 1-a", group="g", n="b")
    replicate(village, "halfgone", "2-c 1-a", group="g", _deleted=True)
    replicate(village, "stemmed", "90-z 89-y", group="g")
    return ["fresh", "edited", "forked", "gone", "halfgone", "stemmed"]


class TestPulling:
    def test_both_hold_what_the_server_holds(self, peer, server, village, local):
        names = grow(village)
        device = Device()
        sync(server, "anna", device)
        peer.do("once", db=local("anna"), url=url(server, "anna"))
        for name in names:
            assert in_pouchdb(peer, local("anna"), name) == on_device(device, name) == stored(village, name)

    def test_so_they_do_after_more_has_happened(self, peer, server, village, local):
        names = grow(village)
        device = Device()
        sync(server, "anna", device)
        peer.do("once", db=local("anna"), url=url(server, "anna"))
        replicate(village, "edited", "4-d 3-c 2-b 1-a", group="g", n=4)
        replicate(village, "fresh", "1-zzz", group="g", opens=["anna"], n="another root")
        replicate(village, "gone", "3-c 2-b 1-a", group="g", n="again")
        sync(server, "anna", device)
        peer.do("once", db=local("anna"), url=url(server, "anna"))
        for name in names:
            assert in_pouchdb(peer, local("anna"), name) == on_device(device, name) == stored(village, name)


class TestPushing:
    def test_the_server_ends_with_the_same_trees(self, peer, server, tmp_path, local):
        """What PouchDB made goes to one server by its replication, to another by the exchange."""
        db = local("anna")
        first = peer.do("put", db=db, doc={"_id": "a", "group": "g", "opens": ["anna"], "n": 1})["rev"]
        second = peer.do("put", db=db, doc={"_id": "a", "_rev": first, "group": "g", "opens": ["anna"]})[
            "rev"
        ]
        peer.do("put", db=db, doc={"_id": "b", "group": "g", "text": "玉米"})
        gone = peer.do("put", db=db, doc={"_id": "c", "group": "g"})["rev"]
        peer.do("put", db=db, doc={"_id": "c", "_rev": gone, "_deleted": True})
        assert second.startswith("2-")
        peer.do("once", db=db, url=url(server, "anna"))

        device = Device()
        for name in "abc":
            for each in peer.do("get", db=db, id=name, options=WHOLE):
                device.write(each["ok"])
        with SQLiteStore(tmp_path / "other.db", POLICIES) as store, serving(store) as address:
            sync((address, store), "anna", device)
            by_exchange = {name: stored(store.database("village"), name) for name in "abc"}
        village = server[1].database("village")
        assert by_exchange == {name: stored(village, name) for name in "abc"}
        assert by_exchange["a"][0][1] == [second.split("-")[1], first.split("-")[1]]

    def test_what_one_road_brought_the_other_need_not(self, peer, server, village, local):
        device = Device()
        device.write({"_id": "a", "_rev": "1-aaaa", "group": "g", "opens": ["anna"]})
        sync(server, "anna", device)
        peer.do("once", db=local("anna"), url=url(server, "anna"))
        before = village.info().update_seq
        assert peer.do("once", db=local("anna"), url=url(server, "anna"))["pushed"] == 0
        device.since = None
        sync(server, "anna", device)
        assert village.info().update_seq == before
        assert [row.id for row in village.changes(Wanted(), caller=ANNA).rows] == ["a"]
