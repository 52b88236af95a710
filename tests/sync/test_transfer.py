"""Moving a deployment between stores, verified."""

import base64

import pytest

from sync.errors import Unavailable
from sync.policy import OpenPolicy
from sync.sqlite import SQLiteStore
from sync.store import Shown, Wanted
from sync.transfer import quiet, transfer, verify
from tests.sync.conformance import POLICIES, replicate, seen, write
from tests.sync.village import ANNA, BEN


@pytest.fixture
def source(tmp_path):
    with SQLiteStore(tmp_path / "source.db", POLICIES) as store:
        yield store


@pytest.fixture
def target(tmp_path):
    with SQLiteStore(tmp_path / "target.db", quiet(POLICIES)) as store:
        yield store


DATA = base64.b64encode("病斑".encode()).decode()


def fill(store):
    """A bit of everything: groups, an attachment, conflicts, deletions, a plain database, quarantine."""
    village = store.database("village")
    write(village, {"_id": "a", "group": "g", "opens": ["anna"], "echo": True}, ANNA)
    write(village, {"_id": "b", "group": "g", "_attachments": {"x.txt": {"data": DATA}}}, ANNA)
    gone = write(village, {"_id": "c", "group": "g"}, ANNA)
    write(village, {"_id": "c", "_rev": gone, "_deleted": True}, ANNA)
    village.write([{"_id": "bad", "refuse": "太长", "text": "全文"}], caller=ANNA)
    (other,) = village.write([{"_id": "worse", "refuse": "不行"}], caller=BEN)
    village.settle(other.receipt, "discarded", by="centre", reason="重复")
    replicate(village, "lost", "1-z", ANNA, refuse="no")
    plain = store.create("plain")
    replicate(plain, "p", "2-b 1-a", n="b")
    replicate(plain, "p", "2-c 1-a", n="c")
    first = write(plain, {"_id": "q", "n": 1})
    write(plain, {"_id": "q", "_rev": first, "n": 2})
    plain.set_revs_limit(77)
    plain.set_security({"admins": {"names": ["chief"], "roles": []}})


def whole(database):
    """Every leaf of every document, with its history and its attachments."""
    shown = Shown(revs=True, attachments=True)
    return {
        row.id: sorted((leaf.rev, str(leaf.doc)) for leaf in database.get_leaves(row.id, shown=shown))
        for row in database.changes(Wanted()).rows
    }


class TestCopying:
    def test_everything_is_there_afterwards(self, source, target):
        fill(source)
        report = transfer(source, target)
        assert report.findings == verify(source, target) == []
        assert target.names() == source.names()
        for name in source.names():
            here, there = source.database(name), target.database(name)
            assert whole(here) == whole(there)
            assert here.quarantined() == there.quarantined()
        assert target.database("plain").revs_limit() == 77
        assert target.database("plain").security()["admins"]["names"] == ["chief"]

    def test_the_bodies_of_old_revisions_come_along(self, source, target):
        fill(source)
        transfer(source, target)
        rev = source.database("plain").get("q", shown=Shown(revs_info=True))["_revs_info"][1]["rev"]
        assert target.database("plain").get("q", rev=rev)["n"] == 1

    def test_readers_read_the_same(self, source, target):
        fill(source)
        transfer(source, target)
        for reader in (ANNA, BEN):
            assert sorted(seen(target.database("village"), reader)) == sorted(
                seen(source.database("village"), reader)
            )

    def test_nothing_is_written_in_consequence_a_second_time(self, source, target):
        fill(source)
        transfer(source, target)
        (leaf,) = target.database("village").get_leaves("echo:a")
        assert leaf.rev == source.database("village").get("echo:a")["_rev"]

    def test_a_released_case_is_released_as_it_was_written(self, source, target):
        fill(source)
        transfer(source, target)
        village = target.database("village")
        (lost,) = [case for case in village.quarantined() if case.id == "lost"]
        village.settle(lost.receipt, "released", by="centre")
        assert village.get("lost")["_rev"] == "1-z"

    def test_copying_again_changes_nothing(self, source, target):
        fill(source)
        transfer(source, target)
        before = [target.database(name).info() for name in target.names()]
        report = transfer(source, target)
        assert (report.documents, report.revisions) == (0, 0)
        assert [target.database(name).info() for name in target.names()] == before

    def test_an_interrupted_copy_goes_on(self, source, target, monkeypatch):
        plain = source.create("large")
        plain.write([{"_id": f"d{n:04}", "n": n} for n in range(500)])
        batches = []

        def break_off(name, done):
            batches.append(done)
            if len(batches) == 2:
                raise Unavailable("The line is cut.")

        with pytest.raises(Unavailable):
            transfer(source, target, break_off)
        there = target.database("large").info().doc_count
        assert 0 < there < 500
        assert transfer(source, target).documents == 500 - there
        assert verify(source, target) == []


class TestVerifying:
    def test_names_what_is_missing_and_what_differs(self, source, target):
        fill(source)
        transfer(source, target)
        replicate(source.database("plain"), "p", "3-d 2-c 1-a")
        write(source.database("village"), {"_id": "late"})
        source.database("village").write([{"_id": "bad2", "refuse": "no"}], caller=ANNA)
        findings = "\n".join(verify(source, target))
        for word in ("doc_count", "late: leaves", "p: leaves", "case "):
            assert word in findings

    def test_sees_that_content_differs_under_one_revision(self, source, target):
        replicate(source.create("plain"), "a", "1-a", n=1)
        replicate(target.create("plain"), "a", "1-a", n=2)
        assert verify(source, target) == ["plain: a: the content of 1-a differs"]

    def test_a_missing_database_is_a_finding(self, source, target):
        source.create("plain")
        assert verify(source, target) == ["plain: not there"]

    def test_more_in_the_target_is_seen_by_the_count(self, source, target):
        source.create("plain")
        write(target.create("plain"), {"_id": "extra"})
        assert verify(source, target) == ["plain: doc_count 0, there 1"]


def test_a_quiet_policy_asks_nothing_and_writes_nothing():
    policy = quiet({"x": OpenPolicy()})["x"]
    assert policy.group({"_id": "a"}) is None
    assert policy.consequences({"_id": "a"}, []) == ()
