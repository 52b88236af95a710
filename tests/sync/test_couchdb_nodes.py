"""What is the CouchDB store's own: several nodes, outages, a replaced database, moving to and fro."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import apsw
import httpx2
import pytest

from sync.couchdb import Address, CouchStore, ledger
from sync.errors import BadRequest, Conflict, NotFound, NotImplementedHere, QuarantineFull, Unavailable
from sync.opening import open_store
from sync.sqlite import SQLiteStore
from sync.store import EVERYTHING, Quota, Range, Wanted
from sync.transfer import quiet, transfer, verify
from tests.sync.conformance import POLICIES, replicate, seen, write
from tests.sync.couchdb_server import pouchdb_server, store_address
from tests.sync.gate import gate
from tests.sync.village import ANNA, BEN, CHIEF


@pytest.fixture(scope="module")
def pouchdb(tmp_path_factory):
    with pouchdb_server(tmp_path_factory.mktemp("pouchdb")) as server:
        yield server


@pytest.fixture
def deployment(request):
    """A name that no other test uses."""
    return f"n{abs(hash(request.node.nodeid)) % 10**12}"


@pytest.fixture
def http(pouchdb):
    """CouchDB's own door, behind the nodes' backs."""
    with httpx2.Client(base_url=pouchdb.address, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def open_node(pouchdb, deployment, tmp_path):
    """open_node("one"): a node with its own index, opened again under the same name."""
    opened = []

    def opening(name, url=None, **options):
        address = Address.parse(store_address(url or pouchdb.address, deployment))
        opened.append(CouchStore(address, tmp_path / f"{name}.sqlite3", POLICIES, **options))
        return opened[-1]

    yield opening
    for node in opened:
        node.close()


@pytest.fixture
def two(open_node):
    return open_node("one"), open_node("two")


def villages(nodes):
    return [node.database("village") for node in nodes]


def couch_docs(http, deployment):
    rows = http.get(f"/{deployment}$village/_all_docs").json()["rows"]
    return sorted(row["id"] for row in rows)


class TestTwoNodes:
    def test_what_one_acknowledges_the_other_serves(self, two):
        here, there = villages(two)
        write(here, {"_id": "a", "group": "g", "opens": ["anna"], "text": "叶子发黄"}, ANNA)
        assert there.wait(0, ANNA.channels, 60)
        assert there.get("a", caller=ANNA)["text"] == "叶子发黄"
        assert seen(there, ANNA) == ["a"]

    def test_exactly_to_its_readers(self, two):
        here, there = villages(two)
        write(here, {"_id": "a", "group": "g", "opens": ["anna"]}, ANNA)
        assert there.wait(0, ANNA.channels, 60)
        assert (seen(there, BEN), seen(there, CHIEF)) == ([], ["a"])
        with pytest.raises(NotFound):
            there.get("a", caller=BEN)

    def test_a_grant_at_one_announces_at_the_other(self, two):
        here, there = villages(two)
        write(here, {"_id": "a", "group": "g", "opens": ["anna"]})
        write(there, {"_id": "b", "group": "g", "opens": ["ben"]})
        assert here.wait(0, BEN.channels, 60)
        assert sorted(seen(here, BEN)) == sorted(seen(there, BEN)) == ["a", "b"]

    def test_a_revocation_at_one_holds_for_the_next_write_at_the_other(self, two):
        here, there = villages(two)
        for n in range(5):
            write(here, {"_id": f"open{n}", "group": f"g{n}", "opens": ["anna", "ben"]})
            write(here, {"_id": f"shut{n}", "group": f"g{n}", "closes": ["ben"]})
            edit = {"_id": f"open{n}", "group": "mine", "opens": ["ben"]}
            assert there.write([edit], caller=BEN)[0].error == "forbidden"

    def test_an_edit_at_one_follows_an_edit_at_the_other(self, two):
        here, there = villages(two)
        rev = write(here, {"_id": "a", "n": 0})
        for n in range(6):
            node = (there, here)[n % 2]
            assert node.write([{"_id": "a", "_rev": "1-0", "n": 9}])[0].error == "conflict"
            rev = write(node, {"_id": "a", "_rev": rev, "n": n})
        assert rev.startswith("7-")

    def test_quarantine_is_one(self, two):
        here, there = villages(two)
        (bad,) = here.write([{"_id": "bad", "refuse": "太长", "text": "全文"}], caller=ANNA)
        assert there.quarantined_one(bad.receipt) == here.quarantined_one(bad.receipt)
        (again,) = there.write([{"_id": "bad", "refuse": "太长", "text": "全文"}], caller=ANNA)
        assert again.receipt == bad.receipt
        there.settle(bad.receipt, "discarded", by="centre", reason="重复")
        assert [case.state for case in here.quarantined()] == ["discarded"]
        with pytest.raises(Conflict):
            here.settle(bad.receipt, "resent", by="anna")

    def test_a_release_at_one_is_a_document_at_the_other(self, two):
        here, there = villages(two)
        (bad,) = here.write([{"_id": "x", "group": "g", "opens": ["anna"], "refuse": "no"}], caller=ANNA)
        there.settle(bad.receipt, "released", by="centre")
        assert here.wait(0, ANNA.channels, 60)
        assert seen(here, ANNA) == ["x"]

    def test_a_large_refused_document_is_whole_at_the_other(self, two):
        here, there = villages(two)
        text = "x" * 600_000
        (bad,) = here.write([{"_id": "bad", "refuse": "no", "text": text}], caller=ANNA)
        assert there.quarantined_one(bad.receipt).body["text"] == text

    def test_what_one_person_may_have_there_is_bounded_over_both(self, open_node):
        room = Quota(cases=3)
        nodes = [open_node(name, quota=room, recognise_every_s=0.0) for name in ("one", "two")]
        here, there = villages(nodes)
        for village, name in ((here, "a"), (there, "b"), (here, "c")):
            village.write([{"_id": name, "refuse": "no"}], caller=ANNA)
        with pytest.raises(QuarantineFull):
            there.write([{"_id": "d", "refuse": "no"}], caller=ANNA)
        assert [case.id for case in there.quarantined()] == ["a", "b", "c"]

    def test_local_documents_are_one(self, two):
        here, there = villages(two)
        assert here.local_put("anna", "checkpoint", {"n": 1}) == "0-1"
        assert there.local_get("anna", "checkpoint")["n"] == 1
        assert there.local_put("anna", "checkpoint", {"_rev": "0-1", "n": 2}) == "0-2"
        with pytest.raises(Conflict):
            here.local_put("anna", "checkpoint", {"_rev": "0-1", "n": 3})
        here.local_delete("anna", "checkpoint", "0-2")
        with pytest.raises(NotFound):
            there.local_get("anna", "checkpoint")
        assert there.local_put("anna", "checkpoint", {}) == "0-1"

    def test_attachments_come_along(self, two):
        here, there = villages(two)
        data = base64.b64encode("病斑".encode()).decode()
        attached = {"x.txt": {"content_type": "text/plain", "data": data}}
        write(here, {"_id": "a", "group": "g", "opens": ["anna"], "_attachments": attached}, ANNA)
        assert there.wait(0, ANNA.channels, 60)
        assert there.attachment("a", "x.txt", caller=ANNA).data.decode() == "病斑"

    def test_plain_databases_come_and_go(self, two):
        one, other = two
        rev = write(one.create("plain"), {"_id": "a"})
        assert other.names() == ["plain", "village"]
        held = other.database("plain")
        assert held.get("a")["_rev"] == rev
        one.drop("plain")
        with pytest.raises(NotFound):
            held.get("a")
        assert other.names() == ["village"]
        one.create("plain")
        assert other.database("plain").info().doc_count == 0

    def test_settings_are_one(self, two):
        one, other = two
        plain = one.create("plain")
        plain.set_revs_limit(7)
        plain.set_security({"admins": {"names": ["chief"], "roles": []}})
        assert other.database("plain").revs_limit() == 7
        assert other.database("plain").security()["admins"]["names"] == ["chief"]

    def test_many_writers_at_both_lose_nothing(self, two):
        start = threading.Barrier(4)

        def push(writer):
            village = two[writer % 2].database("village")
            start.wait()
            docs = [{"_id": f"{writer}-{n}", "group": f"g{n % 3}", "opens": ["anna"]} for n in range(30)]
            batches = [village.write(docs[at : at + 5], caller=ANNA) for at in range(0, 30, 5)]
            return [result.error for batch in batches for result in batch]

        with ThreadPoolExecutor(4) as pool:
            errors = [error for batch in pool.map(push, range(4)) for error in batch]
        assert errors == [None] * 120
        for village in villages(two):
            village.write([])
            assert len(village.all_docs(Range(), caller=ANNA).rows) == 120

    def test_numbers_of_one_mean_nothing_at_the_other(self, two):
        here, there = villages(two)
        assert here.uuid != there.uuid


class TestFollowing:
    def test_what_others_write_into_couchdb_is_served(self, open_node, http, deployment):
        village = open_node("one").database("village")
        doc = {"_id": "a", "group": "g", "opens": ["anna"]}
        http.post(f"/{deployment}$village/_bulk_docs", json={"docs": [doc]}).raise_for_status()
        assert village.wait(0, ANNA.channels, 60)
        assert seen(village, ANNA) == ["a"]

    def test_conflicts_come_with_all_leaves(self, two):
        one, other = two
        plain = one.create("plain")
        for path in ("2-b 1-a", "2-c 1-a", "3-d 2-c 1-a"):
            replicate(plain, "a", path)
        there = other.database("plain")
        assert there.changes(Wanted(style="all_docs")).rows[0].revs == ("3-d", "2-b")
        assert replicate(there, "a", "2-b 1-a").error is None

    def test_what_cannot_be_indexed_does_not_stop_the_rest(self, open_node, http, deployment):
        village = open_node("one").database("village")
        poison = {"_id": "poison", "group": {"not": "hashable"}}
        docs = [poison, {"_id": "a", "group": "g", "opens": ["anna"]}]
        http.post(f"/{deployment}$village/_bulk_docs", json={"docs": docs}).raise_for_status()
        assert village.wait(0, ANNA.channels, 60)
        assert seen(village, ANNA) == ["a"]
        assert seen(village) == ["a"]

    def test_a_new_index_reads_everything(self, open_node):
        first = open_node("one").database("village")
        first.write([{"_id": f"d{n}", "group": "g", "opens": ["anna"]} for n in range(700)])
        gone = first.get("d1")["_rev"]
        write(first, {"_id": "d1", "_rev": gone, "_deleted": True})
        first.write([{"_id": "bad", "refuse": "no"}], caller=ANNA)
        again = open_node("new").database("village")
        assert len(seen(again, ANNA)) == 700
        assert again.info().doc_del_count == 1
        assert [case.id for case in again.quarantined()] == ["bad"]

    def test_ones_own_writes_are_not_read_back(self, open_node, monkeypatch):
        node = open_node("one")
        plain = node.create("plain")
        write(plain, {"_id": "a"})
        asked = []
        post = node.couch.post
        monkeypatch.setattr(
            node.couch, "post", lambda *path, **more: asked.append(path) or post(*path, **more)
        )
        write(plain, {"_id": "b"})
        write(plain, {"_id": "c"})
        assert not [path for path in asked if path[-1] == "_bulk_get"]


class TestOutages:
    @pytest.fixture
    def behind(self, pouchdb):
        with gate(pouchdb.port) as between:
            yield between

    @pytest.fixture
    def node(self, open_node, behind):
        return open_node("one", behind.address, timeout_s=2.0)

    @pytest.mark.parametrize(
        "fault", ["refuse", "cut", "hang", "error_500", "html_502", "bare_503", "missing", "redirect"]
    )
    def test_nothing_is_acknowledged_and_it_goes_on_afterwards(self, node, behind, http, deployment, fault):
        village = node.database("village")
        write(village, {"_id": "before", "group": "g", "opens": ["anna"]})
        uuid = village.uuid
        behind.fault = fault
        with pytest.raises(Unavailable):
            village.write([{"_id": "during", "group": "g"}, {"_id": "bad", "refuse": "no"}], caller=ANNA)
        with pytest.raises(Unavailable):
            village.local_put("anna", "x", {})
        assert seen(village, ANNA) == ["before"]
        behind.fault = None
        assert couch_docs(http, deployment) == ["before"]
        write(village, {"_id": "after", "group": "g"}, ANNA)
        assert seen(village, ANNA) == ["before", "after"]
        assert village.quarantined() == []
        assert village.uuid == uuid

    def test_stored_but_not_acknowledged_is_found_again(self, node, behind):
        """The answer to the push is lost: the phone is told nothing, repeats, and nothing is there twice."""
        village = node.database("village")
        behind.lose_answers_to = b"_bulk_docs"
        doc = {"_id": "a", "_rev": "1-a", "group": "g", "opens": ["anna"], "echo": True}
        with pytest.raises(Unavailable):
            village.write([doc], caller=ANNA, new_edits=False)
        behind.lose_answers_to = None
        assert village.write([doc], caller=ANNA, new_edits=False)[0].error is None
        assert sorted(seen(village, ANNA)) == ["a", "echo:a"]
        assert village.info().doc_count == 2

    def test_a_demand_is_never_stored_without_what_follows_from_it(self, node, behind, http, deployment):
        """Consequences go first: whatever the moment of the cut, the document has them when it is there."""
        village = node.database("village")
        bodies = []
        behind.watch = lambda request: bodies.append(request) if b"_bulk_docs" in request else None
        write(village, {"_id": "a", "group": "g", "echo": True}, CHIEF)
        assert ["echo:a" in str(b) and '"_id":"a"' not in str(b) for b in bodies] == [True, False]

    def test_reads_end_when_nothing_was_heard_for_long(self, open_node, behind):
        node = open_node("one", behind.address, timeout_s=1.0, stale_after_s=0.0)
        village = node.database("village")
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        assert seen(village, ANNA) == ["a"]
        behind.fault = "refuse"
        with pytest.raises(Unavailable):
            seen(village, ANNA)

    def test_a_node_does_not_open_without_couchdb(self, open_node, behind):
        behind.fault = "refuse"
        with pytest.raises(Unavailable):
            open_node("new", behind.address, timeout_s=1.0)

    def test_a_document_that_couchdb_refuses_is_refused(self, open_node, behind):
        node = open_node("one", behind.address)
        village = node.database("village")
        behind.refuse_documents = "vetoed"
        with pytest.raises(BadRequest):
            village.write([{"_id": "vetoed"}])
        write(village, {"_id": "welcome"})
        assert seen(village) == ["welcome"]

    def test_the_password_is_never_told(self, open_node, behind, deployment, caplog):
        behind.fault = "error_500"
        address = Address.parse(f"couchdb://root:ge%3Aheim@127.0.0.1:{behind.port}/{deployment}")
        assert (address.user, address.password) == ("root", "ge:heim")
        with pytest.raises(Unavailable) as caught:
            CouchStore(address, ":memory:", {})
        for text in (str(caught.value), repr(address), caplog.text):
            assert "heim" not in text

    def test_credentials_are_sent_as_they_are(self, behind, deployment, tmp_path):
        heads = []
        behind.watch = heads.append
        address = Address.parse(f"couchdb://root:ge%3Aheim@127.0.0.1:{behind.port}/{deployment}")
        with pytest.raises(Unavailable):  # there is no such user: for a phone that is an outage, too
            CouchStore(address, tmp_path / "x.sqlite3", {})
        expected = b"Basic " + base64.b64encode(b"root:ge:heim")
        assert heads
        assert all(expected in head for head in heads)


class TestRestart:
    def test_of_couchdb_while_the_node_runs(self, tmp_path):
        (tmp_path / "couch").mkdir()
        with pouchdb_server(tmp_path / "couch", in_memory=False) as server:
            address = Address.parse(store_address(server.address, "kept"))
            with CouchStore(address, tmp_path / "index.sqlite3", POLICIES, timeout_s=5) as node:
                village = node.database("village")
                uuid = village.uuid
                write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
                server.kill()
                with pytest.raises(Unavailable):
                    village.write([{"_id": "b"}])
                assert seen(village, ANNA) == ["a"]
                server.start()
                write(village, {"_id": "c", "group": "g"})
                assert seen(village, ANNA) == ["a", "c"]
                assert village.uuid == uuid

    def test_of_the_node(self, open_node):
        node = open_node("one")
        write(node.database("village"), {"_id": "a", "group": "g", "opens": ["anna"]})
        uuid = node.database("village").uuid
        node.close()
        write(open_node("two").database("village"), {"_id": "b", "group": "g"})
        village = open_node("one").database("village")
        assert seen(village, ANNA) == ["a", "b"]
        assert village.uuid == uuid


class TestReplacedDatabase:
    @pytest.fixture
    def village(self, open_node):
        village = open_node("one", recognise_every_s=0.0).database("village")
        village.write([{"_id": name, "group": "g", "opens": ["anna"]} for name in ("a", "b")])
        return village

    def replace(self, http, deployment):
        http.delete(f"/{deployment}$village").raise_for_status()
        # pouchdb-server makes it again by itself when a request is under way (412).
        assert http.put(f"/{deployment}$village").status_code in (201, 412)

    def test_the_index_is_made_anew(self, village, http, deployment):
        uuid, seq = village.uuid, village.info().update_seq
        self.replace(http, deployment)
        docs = [{"_id": "z", "group": "g", "opens": ["anna"]}]
        http.post(f"/{deployment}$village/_bulk_docs", json={"docs": docs}).raise_for_status()
        write(village, {"_id": "c", "group": "g"})
        assert seen(village, ANNA) == ["z", "c"]
        assert village.uuid != uuid
        assert seen(village, since=seq) == ["z", "c"]

    def test_what_the_index_held_is_kept_aside_and_can_be_brought_back(
        self, village, http, deployment, tmp_path
    ):
        self.replace(http, deployment)
        write(village, {"_id": "c", "group": "g"})
        (aside,) = tmp_path.glob("one.replaced-*.sqlite3")
        with SQLiteStore(aside, quiet(POLICIES)) as kept:
            transfer(kept, village._store)
        assert sorted(seen(village, ANNA)) == ["a", "b", "c"]

    def test_it_is_seen_when_the_node_opens(self, village, open_node, http, deployment):
        village._store.close()
        self.replace(http, deployment)
        assert seen(open_node("one").database("village")) == []

    def test_an_older_state_is_seen_when_the_node_opens(self, village, open_node, http, deployment, tmp_path):
        village._store.close()
        connection = apsw.Connection(str(tmp_path / "one.sqlite3"))
        connection.execute("UPDATE followed SET seq = '900' WHERE couch LIKE '%village'")
        connection.close()
        again = open_node("one").database("village")
        assert sorted(seen(again, ANNA)) == ["a", "b"]
        assert again.uuid != village.uuid


class TestCapabilities:
    """What this store cannot do is declared, and answered 501."""

    def test_are_declared(self, open_node):
        assert EVERYTHING - open_node("one").capabilities == {"purge", "old_revisions", "one_writer"}

    def test_purging_is_not_implemented(self, open_node):
        plain = open_node("one").create("plain")
        rev = write(plain, {"_id": "a"})
        with pytest.raises(NotImplementedHere):
            plain.purge({"a": [rev]})
        assert plain.get("a")["_rev"] == rev

    def test_every_column_of_quarantine_is_in_the_ledger(self, open_node):
        with open_node("one").readers.snapshot() as connection:
            columns = {row[1] for row in connection.execute("PRAGMA table_info(quarantine)")}
        place = {"database", "owner", "id", "digest"}
        assert columns - place == set(ledger.CASE_COLUMNS.split(", "))


class TestMoving:
    def test_there_and_back(self, pouchdb, deployment, tmp_path):
        policies = quiet(POLICIES)
        couch = store_address(pouchdb.address, deployment)
        with SQLiteStore(tmp_path / "source.db", POLICIES) as source:
            village = source.database("village")
            write(village, {"_id": "a", "group": "g", "opens": ["anna"], "echo": True}, ANNA)
            replicate(village, "b", "2-b 1-a", group="g")
            replicate(village, "b", "2-c 1-a", group="g", _deleted=True)
            data = base64.b64encode("病斑".encode()).decode()
            write(village, {"_id": "c", "group": "g", "_attachments": {"x": {"data": data}}})
            village.write([{"_id": "bad", "refuse": "no"}], caller=ANNA)
            write(source.create("plain"), {"_id": "p"})
            with open_store(couch, policies, tmp_path / "target.sqlite3") as target:
                assert transfer(source, target).findings == []
            with (
                open_store(couch, policies, tmp_path / "fresh.sqlite3") as fresh,
                open_store(f"sqlite://{tmp_path}/back.db", policies, tmp_path) as back,
            ):
                assert verify(source, fresh) == []
                transfer(fresh, back)
                assert verify(source, back) == []


@pytest.mark.parametrize(
    "address", ["", "couchdb://", "couchdb://host", "http://host/x", "sqlite://", "tianwen"]
)
def test_a_bad_address_is_a_sentence(address, tmp_path):
    with pytest.raises(ValueError, match="地址"):
        open_store(address, {}, tmp_path / "index")


def test_json_of_couchdb_with_a_lone_surrogate_is_read():
    from sync.couchdb.adapter import _decoded

    assert _decoded(b'{"a":"\\ud800"}') == json.loads('{"a":"\\ud800"}')
