"""A stock PouchDB replicates with the server: both ways, live, over the caller's readable documents."""

import base64

import pytest

from sync.sqlite import SQLiteStore
from tests.sync.conformance import POLICIES, seen, write
from tests.sync.pouchdb_peer import PATIENCE_S, Peer, PeerError, install
from tests.sync.serving import serving
from tests.sync.village import ANNA, BEN


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
    """Names of local databases that no other test uses."""
    return lambda name: f"{request.node.name}-{name}"


def url(server, name, database="village"):
    return f"{server[0]}/db/{database}".replace("://", f"://{name}:secret@")


class TestReplication:
    def test_goes_both_ways(self, peer, server, village, local):
        write(village, {"_id": "there", "group": "g", "opens": ["anna"], "text": "水稻"})
        peer.do("put", db=local("anna"), doc={"_id": "here", "group": "g", "text": "玉米"})
        outcome = peer.do("once", db=local("anna"), url=url(server, "anna"))
        assert outcome == {"pushed": 1, "refused": 0, "pulled": 1}
        assert peer.do("get", db=local("anna"), id="there")["text"] == "水稻"
        assert village.get("here", caller=ANNA)["text"] == "玉米"

    def test_again_does_nothing(self, peer, server, village, local):
        write(village, {"_id": "there", "group": "g", "opens": ["anna"]})
        peer.do("once", db=local("anna"), url=url(server, "anna"))
        before = village.info().update_seq
        outcome = peer.do("once", db=local("anna"), url=url(server, "anna"))
        assert outcome == {"pushed": 0, "refused": 0, "pulled": 0}
        assert village.info().update_seq == before

    def test_of_many_documents(self, peer, server, village, local):
        write(village, {"_id": "first", "group": "g", "opens": ["anna"]})
        village.write([{"_id": f"d{n:04d}", "group": "g", "text": "病" * 100} for n in range(500)])
        village.write([{"_id": f"x{n:04d}", "group": "h", "opens": ["ben"]} for n in range(500)])
        assert peer.do("once", db=local("anna"), url=url(server, "anna"))["pulled"] == 501
        assert peer.do("info", db=local("anna"))["doc_count"] == 501

    def test_carries_conflicts_and_deletions(self, peer, server, local):
        plain = server[1].create("plain")
        target = url(server, "chief", "plain")
        first = peer.do("put", db=local("one"), doc={"_id": "a", "n": 0})["rev"]
        peer.do("once", db=local("one"), url=target)
        peer.do("once", db=local("two"), url=target)
        for name, n in (("one", 1), ("two", 2)):
            peer.do("put", db=local(name), doc={"_id": "a", "_rev": first, "n": n})
        for name in ("one", "two", "one"):
            peer.do("once", db=local(name), url=target)
        docs = [
            peer.do("get", db=local(name), id="a", options={"conflicts": True}) for name in ("one", "two")
        ]
        here = [leaf.doc["_rev"] for leaf in plain.get_leaves("a")]
        assert [[doc["_rev"], *doc["_conflicts"]] for doc in docs] == [here, here]
        peer.do("put", db=local("one"), doc={"_id": "a", "_rev": here[0], "_deleted": True})
        peer.do("once", db=local("one"), url=target)
        assert plain.get("a")["_rev"] == here[1]

    def test_carries_attachments(self, peer, server, village, local):
        data = base64.b64encode("病斑".encode()).decode()
        files = {"x.txt": {"content_type": "text/plain", "data": data}}
        peer.do(
            "put", db=local("anna"), doc={"_id": "a", "group": "g", "opens": ["ben"], "_attachments": files}
        )
        peer.do("once", db=local("anna"), url=url(server, "anna"))
        assert village.attachment("a", "x.txt", caller=BEN).data.decode() == "病斑"
        peer.do("once", db=local("ben"), url=url(server, "ben"))
        assert peer.do("attachment", db=local("ben"), id="a", name="x.txt") == "病斑"

    def test_a_refused_document_does_not_hold_up_the_others(self, peer, server, village, local):
        for doc in (
            {"_id": "a", "group": "g", "opens": ["anna"]},
            {"_id": "bad", "refuse": "字数太多"},
            {"_id": "z", "group": "g"},
        ):
            peer.do("put", db=local("anna"), doc=doc)
        outcome = peer.do("once", db=local("anna"), url=url(server, "anna"))
        assert (outcome["pushed"], outcome["refused"]) == (2, 1)
        assert seen(village, ANNA) == ["a", "z"]
        assert peer.do("once", db=local("anna"), url=url(server, "anna"))["refused"] == 0
        assert [case.id for case in village.quarantined("anna")] == ["bad"]

    def test_a_wrong_name_is_told(self, peer, server, local):
        with pytest.raises(PeerError) as caught:
            peer.do("once", db=local("nobody"), url=url(server, "nobody"))
        assert caught.value.error["status"] == 401


class TestLiveReplication:
    """Two people with different channels, each with a live sync in both directions."""

    @pytest.fixture
    def both(self, peer, server, village, local):
        write(village, {"_id": "common", "group": "shared", "opens": ["anna", "ben"]})
        names = {name: local(name) for name in ("anna", "ben")}
        for name, db in names.items():
            arrived = peer.order("arrival", db=db, id="common")
            peer.do("live", db=db, url=url(server, name))
            arrived.result(PATIENCE_S)
        yield names
        for db in names.values():
            peer.do("stop", db=db)

    def test_what_one_writes_reaches_the_other(self, peer, both):
        arrived = peer.order("arrival", db=both["ben"], id="a")
        peer.do("put", db=both["anna"], doc={"_id": "a", "group": "shared", "text": "叶子发黄"})
        assert arrived.result(PATIENCE_S)["text"] == "叶子发黄"
        answered = peer.order("arrival", db=both["anna"], id="b")
        peer.do("put", db=both["ben"], doc={"_id": "b", "group": "shared", "text": "缺氮"})
        assert answered.result(PATIENCE_S)["text"] == "缺氮"

    def test_what_is_not_theirs_never_comes(self, peer, both, village):
        arrived = peer.order("arrival", db=both["ben"], id="later")
        peer.do("put", db=both["anna"], doc={"_id": "private", "group": "hers", "opens": ["anna"]})
        peer.do("put", db=both["anna"], doc={"_id": "later", "group": "shared"})
        arrived.result(PATIENCE_S)
        assert seen(village, ANNA) == ["common", "private", "later"]
        assert peer.do("ids", db=both["ben"]) == ["common", "later"]

    def test_a_grant_brings_what_was_there(self, peer, both, village):
        write(village, {"_id": "old", "group": "g", "opens": ["anna"]})
        arrived = peer.order("arrival", db=both["ben"], id="old")
        write(village, {"_id": "grant", "group": "g", "opens": ["ben"]})
        arrived.result(PATIENCE_S)

    def test_an_edit_arrives(self, peer, both, village):
        rev = village.get("common")["_rev"]
        new = write(
            village, {"_id": "common", "_rev": rev, "group": "shared", "opens": ["anna", "ben"], "n": 2}
        )
        assert peer.do("revision", db=both["ben"], id="common", rev=new)["n"] == 2

    def test_a_refusal_is_said_and_the_rest_goes_on(self, peer, both, village):
        denied = peer.order("denied", db=both["anna"])
        peer.do("put", db=both["anna"], doc={"_id": "bad", "refuse": "字数太多"})
        event = denied.result(PATIENCE_S)
        assert (event["direction"], event["doc"]["name"], event["doc"]["reason"]) == (
            "push",
            "forbidden",
            "字数太多",
        )
        (case,) = village.quarantined("anna")
        assert (case.id, case.body["refuse"]) == ("bad", "字数太多")
        arrived = peer.order("arrival", db=both["ben"], id="after")
        peer.do("put", db=both["anna"], doc={"_id": "after", "group": "shared"})
        arrived.result(PATIENCE_S)


class TestHttpAdapter:
    """PouchDB used directly on the server, without a local database."""

    def test_reads_and_writes(self, peer, server, village):
        target = url(server, "anna")
        write(village, {"_id": "opening", "group": "g", "opens": ["anna"]})
        rev = peer.do("remote", url=target, call="put", args=[{"_id": "a", "group": "g"}])["rev"]
        assert peer.do("remote", url=target, call="get", args=["a"])["_rev"] == rev
        listing = peer.do("remote", url=target, call="allDocs", args=[{"include_docs": True}])
        assert [row["doc"]["_id"] for row in listing["rows"]] == ["a", "opening"]
        diff = peer.do("remote", url=target, call="revsDiff", args=[{"a": [rev], "b": ["1-x"]}])
        assert diff == {"b": {"missing": ["1-x"]}}
        peer.do("remote", url=target, call="remove", args=["a", rev])
        with pytest.raises(PeerError) as caught:
            peer.do("remote", url=target, call="get", args=["a"])
        assert (caught.value.error["status"], caught.value.error["reason"]) == (404, "deleted")
