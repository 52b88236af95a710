"""What every store must do. A backend's test class inherits these and says how it opens a store.

    class TestSQLite(StoreConformance):
        def open_store(self, folder): return SQLiteStore(folder / "data.db", POLICIES)

`village` is a database with rules (tests/sync/village.py), `plain` one without.
"""

from __future__ import annotations

import base64
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sync import messages
from sync.errors import BadRequest, Conflict, Forbidden, NotFound, PreconditionFailed, TooLarge, Unavailable
from sync.policy import Caller, Doc
from sync.store import Database, Range, Shown, Store, Wanted
from tests.sync.village import ANNA, BEN, BOTH, CHIEF, VillagePolicy

POLICIES = {"village": VillagePolicy()}


def write(database: Database, doc: Doc, caller: Caller | None = None, **options: bool) -> str:
    """Store one document that must be accepted; its revision."""
    (result,) = database.write([doc], caller=caller, **options)
    assert result.error is None, result
    return str(result.rev)


def replicate(
    database: Database, identifier: str, path: str, caller: Caller | None = None, **members: object
):
    """Store one document as a peer sends it: `path` is its revision and ancestors, newest first."""
    revs = path.split()
    start, ids = int(revs[0].split("-")[0]), [each.split("-")[1] for each in revs]
    doc = {"_id": identifier, "_rev": revs[0], "_revisions": {"start": start, "ids": ids}, **members}
    return database.write([doc], caller=caller, new_edits=False)[0]


def seen(database: Database, caller: Caller | None = None, **wanted: object) -> list[str]:
    """Ids in the order of the feed."""
    return [change.id for change in database.changes(Wanted(**wanted), caller=caller).rows]


class _WithStore(ABC):
    @abstractmethod
    def open_store(self, folder: Path) -> Store:
        """A store in `folder` with POLICIES; opening the same folder again finds what was written."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with self.open_store(tmp_path) as store:
            yield store

    @pytest.fixture
    def village(self, store: Store) -> Database:
        return store.database("village")

    @pytest.fixture
    def plain(self, store: Store) -> Database:
        return store.create("plain")


class Databases(_WithStore):
    def test_policies_make_their_databases(self, store):
        assert store.names() == ["village"]

    def test_a_plain_database_is_made_and_dropped(self, store):
        write(store.create("plain"), {"_id": "a"})
        assert store.names() == ["plain", "village"]
        store.drop("plain")
        assert store.names() == ["village"]
        with pytest.raises(NotFound, match="Database does not exist"):
            store.database("plain")

    def test_a_database_made_again_is_empty_and_another(self, store):
        old = store.create("plain")
        write(old, {"_id": "a"})
        store.drop("plain")
        new = store.create("plain")
        assert new.info().doc_count == 0
        assert new.uuid != old.uuid
        with pytest.raises(NotFound):
            old.write([{"_id": "b"}])

    def test_dropping_leaves_the_other_databases_alone(self, store, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        write(store.create("plain"), {"_id": "a"})
        store.drop("plain")
        assert seen(village, ANNA) == ["a"]

    def test_a_name_is_taken_once(self, store, plain):
        with pytest.raises(PreconditionFailed) as caught:
            store.create("plain")
        assert caught.value.error == "file_exists"

    @pytest.mark.parametrize("name", ["", "Upper", "_users", "1st", "a b", "a" * 300])
    def test_a_bad_name_is_refused(self, store, name):
        with pytest.raises(BadRequest) as caught:
            store.create(name)
        assert caught.value.error in ("illegal_database_name", "database_name_too_long")

    def test_a_database_with_rules_cannot_be_dropped(self, store):
        with pytest.raises(Forbidden):
            store.drop("village")

    def test_everything_is_there_after_opening_again(self, store, village, tmp_path):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"], "text": "叶子发黄"}, ANNA)
        village.write([{"_id": "bad", "refuse": "no"}], caller=ANNA)
        uuid = village.uuid
        store.close()
        with self.open_store(tmp_path) as again:
            village = again.database("village")
            assert village.uuid == uuid
            assert village.get("a", caller=ANNA)["text"] == "叶子发黄"
            assert [case.id for case in village.quarantined()] == ["bad"]
            write(village, {"_id": "b", "group": "g"})
            assert seen(village, ANNA) == ["a", "b"]

    def test_a_closed_store_says_so(self, store, village):
        store.close()
        with pytest.raises(Unavailable):
            village.write([{"_id": "a"}])
        with pytest.raises(Unavailable):
            village.get("a")


class NewEdits(_WithStore):
    def test_a_document_comes_back_as_it_was(self, plain):
        doc = {"_id": "水稻/1", "text": "叶子发黄", "n": [1, 2.5, None, {"a": True}], "z": 1, "a": 2}
        rev = write(plain, doc)
        assert plain.get("水稻/1") == {**doc, "_rev": rev}
        assert list(plain.get("水稻/1"))[2:] == list(doc)[1:]

    def test_revisions_are_deterministic(self, store):
        one, two = store.create("one"), store.create("two")
        assert write(one, {"_id": "a", "x": 1, "y": 2}) == write(two, {"_id": "a", "y": 2, "x": 1})

    def test_an_edit_follows_its_revision(self, plain):
        first = write(plain, {"_id": "a", "n": 1})
        second = write(plain, {"_id": "a", "_rev": first, "n": 2})
        assert second.startswith("2-")
        assert plain.get("a")["n"] == 2
        assert plain.get("a", rev=first)["n"] == 1

    @pytest.mark.parametrize("rev", [None, "1-aaaa", "9-aaaa"])
    def test_an_edit_of_anything_else_is_a_conflict(self, plain, rev):
        write(plain, {"_id": "a"})
        (result,) = plain.write([{"_id": "a", "n": 2} | ({"_rev": rev} if rev else {})])
        assert (result.error, result.reason) == ("conflict", "Document update conflict.")

    def test_an_edit_of_an_old_revision_is_a_conflict(self, plain):
        first = write(plain, {"_id": "a"})
        write(plain, {"_id": "a", "_rev": first, "n": 2})
        assert plain.write([{"_id": "a", "_rev": first, "n": 3}])[0].error == "conflict"

    def test_a_revision_of_nothing_is_a_conflict(self, plain):
        assert plain.write([{"_id": "a", "_rev": "1-aaaa"}])[0].error == "conflict"

    def test_a_conflict_leaves_the_rest_of_the_batch(self, plain):
        write(plain, {"_id": "a"})
        results = plain.write([{"_id": "a", "n": 1}, {"_id": "b"}, {"_id": "b", "n": 2}])
        assert [result.error for result in results] == ["conflict", None, "conflict"]
        assert "n" not in plain.get("b")

    def test_a_deleted_document_can_be_written_again(self, plain):
        first = write(plain, {"_id": "a"})
        gone = write(plain, {"_id": "a", "_rev": first, "_deleted": True})
        with pytest.raises(NotFound, match="deleted"):
            plain.get("a")
        assert plain.get("a", rev=gone)["_deleted"] is True
        assert write(plain, {"_id": "a", "n": 2}).startswith("3-")
        assert plain.get("a")["n"] == 2

    def test_counts_follow(self, plain):
        first = write(plain, {"_id": "a"})
        write(plain, {"_id": "b"})
        write(plain, {"_id": "a", "_rev": first, "_deleted": True})
        info = plain.info()
        assert (info.doc_count, info.doc_del_count, info.update_seq) == (1, 1, 3)


class MalformedDocuments(_WithStore):
    @pytest.mark.parametrize(
        ("doc", "error"),
        [
            ({"_id": ""}, "illegal_docid"),
            ({"_id": 7}, "illegal_docid"),
            ({}, "illegal_docid"),
            ({"_id": "_x"}, "illegal_docid"),
            ({"_id": "a" * 3000}, "illegal_docid"),
            ({"_id": "a\0b"}, "illegal_docid"),
            ({"_id": "a", "_secret": 1}, "doc_validation"),
            ({"_id": "a", "_deleted": "yes"}, "doc_validation"),
            ({"_id": "a", "_rev": "one"}, "bad_request"),
            ({"_id": "a", "_rev": 1}, "bad_request"),
            ({"_id": "a", "_attachments": []}, "doc_validation"),
            ({"_id": "a", "_attachments": {"x": 1}}, "doc_validation"),
            ({"_id": "a", "_attachments": {"x": {"data": "???"}}}, "bad_request"),
            ({"_id": "a", "_attachments": {"": {"data": ""}}}, "bad_request"),
        ],
    )
    def test_fail_their_batch_with_nothing_stored(self, plain, doc, error):
        with pytest.raises(BadRequest) as caught:
            plain.write([{"_id": "good"}, doc])
        assert caught.value.error == error
        assert plain.info().update_seq == 0

    @pytest.mark.parametrize(
        "members",
        [
            {},
            {"_revisions": {"start": 1, "ids": []}},
            {"_revisions": {"start": 1, "ids": ["a", "b"]}},
            {"_revisions": {"start": "1", "ids": ["a"]}},
            {"_revisions": {"start": True, "ids": ["a"]}},
            {"_revisions": {"start": 1, "ids": [7]}},
            {"_revisions": ["a"]},
            {"_rev": "1-b", "_revisions": {"start": 1, "ids": ["a"]}},
        ],
    )
    def test_of_a_peer_that_lies_about_its_history(self, plain, members):
        with pytest.raises(BadRequest):
            plain.write([{"_id": "a", **members}], new_edits=False)

    def test_nested_beyond_what_an_answer_can_hold(self, plain):
        deep: list[object] = []
        for _ in range(300):
            deep = [deep]
        with pytest.raises(BadRequest):
            plain.write([{"_id": "a", "deep": deep}])

    def test_larger_than_a_document_may_be(self, plain):
        with pytest.raises(TooLarge) as caught:
            plain.write([{"_id": "a", "text": "x" * (9 * 1024 * 1024)}])
        assert caught.value.error == "document_too_large"


class Replication(_WithStore):
    def test_revisions_come_as_they_are(self, plain):
        assert replicate(plain, "a", "3-c 2-b 1-a", n=3).rev == "3-c"
        assert plain.get("a", shown=Shown(revs=True))["_revisions"] == {"start": 3, "ids": ["c", "b", "a"]}

    def test_the_same_again_changes_nothing(self, plain):
        replicate(plain, "a", "2-b 1-a", n=1)
        before = plain.info().update_seq
        assert replicate(plain, "a", "2-b 1-a", n=1).error is None
        assert plain.info().update_seq == before

    def test_conflicting_histories_live_side_by_side(self, plain):
        replicate(plain, "a", "2-b 1-a", n="b")
        replicate(plain, "a", "2-c 1-a", n="c")
        doc = plain.get("a", shown=Shown(conflicts=True))
        assert (doc["n"], doc["_conflicts"]) == ("c", ["2-b"])
        assert [leaf.doc["n"] for leaf in plain.get_leaves("a")] == ["c", "b"]

    def test_the_winner_does_not_depend_on_the_order(self, store):
        histories = ["2-b 1-a", "3-a 2-c 1-a", "2-d 1-a", "1-z"]
        one, two = store.create("one"), store.create("two")
        for path in histories:
            replicate(one, "a", path)
        for path in reversed(histories):
            replicate(two, "a", path)
        assert one.get("a", shown=Shown(conflicts=True)) == two.get("a", shown=Shown(conflicts=True))

    def test_deleting_the_winner_brings_the_other_forward(self, plain):
        replicate(plain, "a", "2-b 1-a", n="b")
        replicate(plain, "a", "2-c 1-a", n="c")
        write(plain, {"_id": "a", "_rev": "2-c", "_deleted": True})
        assert plain.get("a")["n"] == "b"
        assert plain.get("a", shown=Shown(deleted_conflicts=True))["_deleted_conflicts"][0].startswith("3-")
        assert plain.info().doc_count == 1

    def test_a_deletion_arrives(self, plain):
        replicate(plain, "a", "1-a")
        replicate(plain, "a", "2-b 1-a", _deleted=True)
        with pytest.raises(NotFound, match="deleted"):
            plain.get("a")
        assert [change.deleted for change in plain.changes(Wanted()).rows] == [True]

    def test_an_ancestor_that_arrives_late_is_kept_but_does_not_win(self, plain):
        replicate(plain, "a", "2-b 1-a", n=2)
        replicate(plain, "a", "1-a", n=1)
        assert plain.get("a")["n"] == 2
        assert plain.get("a", rev="1-a")["n"] == 1

    def test_an_ancestor_known_by_name_only_is_missing(self, plain):
        replicate(plain, "a", "2-b 1-a")
        with pytest.raises(NotFound, match="missing"):
            plain.get("a", rev="1-a")
        info = plain.get("a", shown=Shown(revs_info=True))["_revs_info"]
        assert info == [{"rev": "2-b", "status": "available"}, {"rev": "1-a", "status": "missing"}]

    def test_latest_leads_from_an_ancestor_to_its_leaves(self, plain):
        replicate(plain, "a", "2-b 1-a")
        replicate(plain, "a", "2-c 1-a")
        replicate(plain, "a", "1-z")
        assert [leaf.rev for leaf in plain.get_leaves("a", ["1-a"], latest=True)] == ["2-c", "2-b"]
        (unknown,) = plain.get_leaves("a", ["7-q"], latest=True)
        assert (unknown.rev, unknown.doc) == ("7-q", None)

    def test_the_difference_names_what_is_missing(self, plain):
        replicate(plain, "a", "2-b 1-a")
        diff = plain.revs_diff({"a": ["2-b", "1-a", "3-x", "2-y"], "b": ["1-a"], "c": []})
        assert diff["a"].missing == ("3-x", "2-y")
        assert diff["a"].possible_ancestors == ("2-b",)
        assert diff["b"].missing == ("1-a",)
        assert set(diff) == {"a", "b"}

    def test_long_histories_are_stemmed(self, plain):
        plain.set_revs_limit(3)
        replicate(plain, "a", "5-e 4-d 3-c 2-b 1-a")
        assert plain.get("a", shown=Shown(revs=True))["_revisions"]["ids"] == ["e", "d", "c"]
        write(plain, {"_id": "a", "_rev": "5-e"})
        assert len(plain.get("a", shown=Shown(revs=True))["_revisions"]["ids"]) == 3
        assert plain.revs_limit() == 3

    def test_compaction_drops_what_is_not_a_leaf(self, plain):
        first = write(plain, {"_id": "a", "n": 1})
        write(plain, {"_id": "a", "_rev": first, "n": 2})
        replicate(plain, "a", "2-0 1-0", n="other")
        plain.compact()
        with pytest.raises(NotFound):
            plain.get("a", rev=first)
        assert plain.get("a")["n"] == 2
        assert plain.get("a", rev="2-0")["n"] == "other"


class Listing(_WithStore):
    @pytest.fixture
    def five(self, plain: Database) -> Database:
        plain.write([{"_id": name, "n": name} for name in "edcba"])
        return plain

    @pytest.mark.parametrize(
        ("within", "ids", "offset"),
        [
            (Range(), "abcde", 0),
            (Range(descending=True), "edcba", 0),
            (Range(start="b", end="d"), "bcd", 1),
            (Range(start="b", end="d", inclusive_end=False), "bc", 1),
            (Range(start="d", end="b", descending=True), "dcb", 1),
            (Range(start="d", end="b", descending=True, inclusive_end=False), "dc", 1),
            (Range(limit=2, skip=1), "bc", 1),
            (Range(limit=0), "", 0),
            (Range(start="bb"), "cde", 2),
            (Range(keys=("e", "a")), "ea", 0),
            (Range(keys=("e", "a"), descending=True), "ae", 0),
            (Range(keys=("e", "a", "b"), skip=1, limit=1), "a", 0),
        ],
    )
    def test_gives_what_is_asked(self, five, within, ids, offset):
        rows = five.all_docs(within)
        assert ("".join(row.key for row in rows.rows), rows.total, rows.offset) == (ids, 5, offset)

    def test_with_documents(self, five):
        assert [row.doc["n"] for row in five.all_docs(Range(limit=2), include_docs=True).rows] == ["a", "b"]

    def test_without_deleted_ones_unless_they_are_named(self, five):
        rev = five.get("b")["_rev"]
        write(five, {"_id": "b", "_rev": rev, "_deleted": True})
        assert [row.key for row in five.all_docs(Range()).rows] == list("acde")
        (deleted, unknown) = five.all_docs(Range(keys=("b", "zz")), include_docs=True).rows
        assert (deleted.deleted, deleted.doc, unknown.error) == (True, None, "not_found")

    def test_sorts_by_the_bytes_of_the_ids(self, plain):
        names = ["Z", "a", "é", "水", "😀"]
        plain.write([{"_id": name} for name in reversed(names)])
        assert [row.key for row in plain.all_docs(Range()).rows] == names

    def test_confined_to_what_the_caller_reads(self, village):
        village.write(
            [
                {"_id": "a", "group": "g", "opens": ["anna"]},
                {"_id": "b", "group": "h", "opens": ["ben"]},
                {"_id": "c", "group": "g"},
            ]
        )
        rows = village.all_docs(Range(start="b"), caller=ANNA)
        assert ([row.key for row in rows.rows], rows.total, rows.offset) == (["c"], 2, 1)
        assert [row.error for row in village.all_docs(Range(keys=("a", "b")), caller=ANNA).rows] == [
            None,
            "not_found",
        ]


class Changes(_WithStore):
    def test_each_document_once_at_its_newest(self, plain):
        first = write(plain, {"_id": "a"})
        write(plain, {"_id": "b"})
        write(plain, {"_id": "a", "_rev": first, "n": 2})
        rows = plain.changes(Wanted()).rows
        assert [(row.id, row.seq) for row in rows] == [("b", 2), ("a", 3)]

    def test_from_where_one_was(self, plain):
        plain.write([{"_id": name} for name in "abc"])
        page = plain.changes(Wanted(limit=2))
        assert ([row.id for row in page.rows], page.pending) == (["a", "b"], 1)
        page = plain.changes(Wanted(since=page.last_seq))
        assert ([row.id for row in page.rows], page.pending) == (["c"], 0)
        assert plain.changes(Wanted(since=page.last_seq)).rows == []

    def test_backwards(self, plain):
        plain.write([{"_id": name} for name in "abc"])
        assert seen(plain, descending=True, limit=2) == ["c", "b"]

    def test_of_named_documents(self, plain):
        plain.write([{"_id": name} for name in "abc"])
        page = plain.changes(Wanted(doc_ids=("a", "c", "zz")))
        assert ([row.id for row in page.rows], page.last_seq) == (["a", "c"], 3)

    def test_with_all_leaves(self, plain):
        replicate(plain, "a", "2-b 1-a")
        replicate(plain, "a", "2-c 1-a")
        assert plain.changes(Wanted()).rows[0].revs == ("2-c",)
        assert plain.changes(Wanted(style="all_docs")).rows[0].revs == ("2-c", "2-b")

    def test_with_documents(self, plain):
        write(plain, {"_id": "a", "n": 1})
        assert plain.changes(Wanted(include_docs=True)).rows[0].doc["n"] == 1
        assert plain.changes(Wanted()).rows[0].doc is None

    def test_limit_nothing_asks_where_the_feed_stands(self, plain):
        plain.write([{"_id": name} for name in "abc"])
        page = plain.changes(Wanted(limit=0))
        assert (page.rows, page.last_seq) == ([], 3)


class Access(_WithStore):
    """A user reads a document iff its group and the user share a channel."""

    def test_nobody_else_sees_it(self, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]}, ANNA)
        assert (seen(village, ANNA), seen(village, BEN), seen(village, CHIEF), seen(village)) == (
            ["a"],
            [],
            ["a"],
            ["a"],
        )

    def test_what_has_no_group_is_the_administrators(self, village):
        write(village, {"_id": "a"})
        assert (seen(village, ANNA), seen(village, CHIEF)) == ([], ["a"])
        with pytest.raises(NotFound):
            village.get("a", caller=ANNA)

    def test_a_gained_channel_announces_what_was_there(self, village):
        village.write([{"_id": "a", "group": "g", "opens": ["anna"]}, {"_id": "b", "group": "g"}])
        at = village.changes(Wanted(), caller=BEN).last_seq
        write(village, {"_id": "c", "group": "g", "opens": ["ben"]})
        assert sorted(seen(village, BEN, since=at)) == ["a", "b", "c"]
        assert village.get("a", caller=BEN)["_id"] == "a"

    def test_a_gained_channel_is_no_news_to_those_who_had_it(self, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        at = village.changes(Wanted(), caller=ANNA).last_seq
        write(village, {"_id": "b", "group": "g", "opens": ["ben"]})
        assert seen(village, ANNA, since=at) == ["b"]

    def test_a_lost_channel_takes_everything_away(self, village):
        village.write([{"_id": "a", "group": "g", "opens": ["anna", "ben"]}, {"_id": "b", "group": "g"}])
        at = village.changes(Wanted(), caller=BEN).last_seq
        write(village, {"_id": "c", "group": "g", "closes": ["ben"]})
        assert seen(village, BEN) == []
        with pytest.raises(NotFound):
            village.get("a", caller=BEN)
        page = village.changes(Wanted(since=at, removals=True), caller=BEN)
        assert [(row.id, row.removed, row.revs) for row in page.rows] == [("a", True, ()), ("b", True, ())]
        assert seen(village, ANNA) == ["a", "b", "c"]

    def test_what_one_never_saw_is_not_announced_as_removed(self, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna", "ben"]})
        village.write([{"_id": "b", "group": "g"}, {"_id": "c", "group": "g", "closes": ["ben"]}])
        assert seen(village, BEN, removals=True) == ["a"]

    def test_a_channel_regained_announces_again(self, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna", "ben"]})
        closing = write(village, {"_id": "b", "group": "g", "closes": ["ben"]})
        at = village.changes(Wanted(removals=True), caller=BEN).last_seq
        write(village, {"_id": "b", "_rev": closing, "_deleted": True})
        page = village.changes(Wanted(since=at, removals=True), caller=BEN)
        assert {row.id: (row.removed, row.deleted) for row in page.rows} == {
            "a": (False, False),
            "b": (False, True),
        }

    def test_two_channels_show_a_document_once(self, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna", "ben"]})
        write(village, {"_id": "b", "group": "h", "opens": ["anna"]})
        write(village, {"_id": "c", "group": "h", "opens": ["ben"]})
        assert sorted(seen(village, BOTH)) == ["a", "b", "c"]
        assert village.info(BOTH).doc_count == 3

    def test_losing_one_of_two_channels_loses_nothing(self, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        write(village, {"_id": "z", "group": "h", "opens": ["anna"]})
        write(village, {"_id": "b", "group": "g", "opens": ["ben"]})
        first = village.changes(Wanted(limit=1), caller=BOTH)
        write(village, {"_id": "c", "group": "g", "closes": ["ben"]})
        later = village.changes(Wanted(since=first.last_seq, removals=True), caller=BOTH)
        assert not [row for row in later.rows if row.removed]
        assert {row.id for row in (*first.rows, *later.rows)} == {"a", "b", "c", "z"}

    def test_a_document_that_changes_its_group_changes_its_readers(self, village):
        write(village, {"_id": "x", "group": "g", "opens": ["anna"]})
        write(village, {"_id": "y", "group": "h", "opens": ["ben"]})
        rev = write(village, {"_id": "a", "group": "g"})
        write(village, {"_id": "a", "_rev": rev, "group": "h"})
        assert seen(village, BEN) == ["y", "a"]
        page = village.changes(Wanted(removals=True), caller=ANNA)
        assert [(row.id, row.removed) for row in page.rows] == [("x", False), ("a", True)]

    def test_a_deletion_reaches_its_readers(self, village):
        write(village, {"_id": "x", "group": "g", "opens": ["anna"]})
        rev = write(village, {"_id": "a", "group": "g"}, ANNA)
        at = village.changes(Wanted(), caller=ANNA).last_seq
        write(village, {"_id": "a", "_rev": rev, "_deleted": True}, ANNA)
        page = village.changes(Wanted(since=at), caller=ANNA)
        assert [(row.id, row.deleted) for row in page.rows] == [("a", True)]
        assert village.info(ANNA).doc_del_count == 1

    def test_the_same_words_for_unreadable_and_absent(self, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        with pytest.raises(NotFound) as unreadable:
            village.get("a", caller=BEN)
        with pytest.raises(NotFound) as absent:
            village.get("nothing", caller=BEN)
        assert unreadable.value.reason == absent.value.reason == "missing"

    def test_group_docs_are_outlines_and_reads_are_whole(self, village):
        write(village, {"_id": "picture", "group": "g", "opens": ["anna"], "bulk": "0" * 1000}, ANNA)
        assert village.group_docs("g")[0].keys() == {"_id", "_rev", "group", "opens"}
        assert village.get("picture", caller=ANNA)["bulk"] == "0" * 1000

    def test_group_docs_are_the_winning_undeleted_ones(self, village):
        village.write([{"_id": name, "group": "g", "n": name} for name in "ab"])
        rev = write(village, {"_id": "c", "group": "g"})
        write(village, {"_id": "c", "_rev": rev, "_deleted": True})
        assert [doc["_id"] for doc in village.group_docs("g")] == ["a", "b"]
        assert village.group_docs("nothing") == []

    def test_consequences_are_written_in_the_same_transaction(self, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"], "echo": True}, ANNA)
        assert seen(village, ANNA) == ["a", "echo:a"]
        assert village.get("echo:a", caller=ANNA)["heard"] == 1

    def test_consequences_are_written_once(self, village):
        doc = {"_id": "a", "_rev": "1-a", "group": "g", "opens": ["anna"], "echo": True}
        for _ in range(2):
            village.write([doc], caller=ANNA, new_edits=False)
        assert village.get("echo:a", caller=ANNA)["_rev"].startswith("1-")
        assert village.info().update_seq == 2


class Quarantine(_WithStore):
    def test_a_refused_document_is_kept_and_the_rest_stored(self, village):
        good, bad, other = village.write(
            [
                {"_id": "good", "group": "g", "opens": ["anna"]},
                {"_id": "bad", "refuse": "字数太多", "text": "全文"},
                {"_id": "other", "group": "g"},
            ],
            caller=ANNA,
        )
        assert (good.error, other.error) == (None, None)
        assert (bad.error, bad.reason) == ("forbidden", "字数太多")
        case = village.quarantined_one(bad.receipt)
        assert (case.owner, case.id, case.code, case.state) == ("anna", "bad", "schema", "held")
        assert case.body == {"_id": "bad", "refuse": "字数太多", "text": "全文"}
        with pytest.raises(NotFound):
            village.get("bad")

    def test_the_server_and_administrators_are_not_asked(self, village):
        write(village, {"_id": "a", "refuse": "no"})
        write(village, {"_id": "b", "refuse": "no"}, CHIEF)
        assert village.quarantined() == []

    def test_the_same_refused_again_has_the_same_receipt(self, village):
        (first,) = village.write([{"_id": "a", "refuse": "no"}], caller=ANNA)
        (again,) = village.write([{"_id": "a", "refuse": "no"}], caller=ANNA)
        (other,) = village.write([{"_id": "a", "refuse": "no", "n": 2}], caller=ANNA)
        (bens,) = village.write([{"_id": "a", "refuse": "no"}], caller=BEN)
        assert first.receipt == again.receipt
        assert len({first.receipt, other.receipt, bens.receipt}) == 3

    def test_writing_over_what_one_cannot_read_is_refused_not_a_conflict(self, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"], "text": "secret"})
        for options in ({}, {"_rev": "1-x"}, {"_rev": village.get("a")["_rev"]}):
            (result,) = village.write([{"_id": "a", "group": "h", "opens": ["ben"], **options}], caller=BEN)
            assert (result.error, result.reason) == ("forbidden", messages.NOT_READABLE)
            assert "secret" not in str(village.quarantined_one(result.receipt))
        assert replicate(village, "a", "9-z", BEN, group="h").error == "forbidden"
        assert village.get("a")["text"] == "secret"

    def test_a_malformed_document_does_not_block_a_device(self, village):
        deep: list[object] = []
        for _ in range(300):
            deep = [deep]
        docs = [
            {"_id": "deep", "_rev": "1-a", "deep": deep},
            {"_id": "secret", "_rev": "1-a", "_secret": 1},
            {"_id": "gap", "_rev": "2-a", "_revisions": {"start": 2, "ids": ["a", "b", "c"]}},
            {"_id": "stub", "_rev": "1-a", "group": "g", "_attachments": {"x": {"stub": True}}},
            {"_id": "crash", "_rev": "1-a", "crash": True},
            {"_id": "large", "_rev": "1-a", "text": "x" * (9 * 1024 * 1024)},
            {"_id": "good", "_rev": "1-a", "group": "g", "opens": ["anna"]},
        ]
        results = village.write(docs, caller=ANNA, new_edits=False)
        assert [result.error for result in results] == ["forbidden"] * 6 + [None]
        assert {case.id for case in village.quarantined("anna")} == {doc["_id"] for doc in docs[:-1]}

    def test_is_listed_by_owner_and_state_in_pages(self, village):
        village.write([{"_id": f"a{n}", "refuse": "no"} for n in range(3)], caller=ANNA)
        village.write([{"_id": "b", "refuse": "no"}], caller=BEN)
        mine = village.quarantined("anna")
        assert {case.id for case in mine} == {"a0", "a1", "a2"}
        assert village.quarantined("anna", limit=2) == mine[:2]
        assert village.quarantined("anna", after=mine[1].receipt) == mine[2:]
        village.settle(mine[0].receipt, "discarded", by="anna", reason="写错了")
        assert village.quarantined("anna", state="held") == mine[1:]
        assert len(village.quarantined()) == 4

    def test_is_settled_once(self, village):
        (result,) = village.write([{"_id": "a", "refuse": "no"}], caller=ANNA)
        settled = village.settle(result.receipt, "resent", by="anna", reason="改好了")
        assert (settled.state, settled.settled_by, settled.settled_reason) == ("resent", "anna", "改好了")
        assert village.settle(result.receipt, "resent", by="anna") == settled
        with pytest.raises(Conflict):
            village.settle(result.receipt, "discarded", by="anna")
        with pytest.raises(NotFound):
            village.settle("nothing", "discarded", by="anna")

    def test_a_released_document_is_stored(self, village):
        (result,) = village.write(
            [{"_id": "a", "group": "g", "opens": ["anna"], "refuse": "no"}], caller=ANNA
        )
        village.settle(result.receipt, "released", by="centre")
        assert seen(village, ANNA) == ["a"]

    def test_a_released_document_keeps_its_revision(self, village):
        result = replicate(village, "a", "2-b 1-a", ANNA, group="g", refuse="no")
        village.settle(result.receipt, "released", by="centre")
        assert village.get("a")["_rev"] == "2-b"

    def test_a_released_edit_follows_what_it_edited(self, village):
        rev = write(village, {"_id": "a", "group": "g", "opens": ["anna"], "n": 1}, ANNA)
        edit = {"_id": "a", "_rev": rev, "group": "g", "opens": ["anna"], "n": 2, "refuse": "no"}
        (result,) = village.write([edit], caller=ANNA)
        village.settle(result.receipt, "released", by="centre")
        doc = village.get("a")
        assert (doc["n"], doc["_rev"][:2]) == (2, "2-")

    def test_a_release_never_overwrites(self, village):
        (result,) = village.write([{"_id": "a", "refuse": "no"}], caller=ANNA)
        write(village, {"_id": "a", "n": 1})
        with pytest.raises(Conflict):
            village.settle(result.receipt, "released", by="centre")
        assert village.quarantined_one(result.receipt).state == "held"


class Attachments(_WithStore):
    DATA = base64.b64encode("病斑".encode()).decode()

    def doc(self, **members: object) -> Doc:
        return {
            "_id": "a",
            "_attachments": {"x.txt": {"content_type": "text/plain", "data": self.DATA}},
            **members,
        }

    def test_come_back_as_stubs_or_inline(self, plain):
        write(plain, self.doc())
        stub = plain.get("a")["_attachments"]["x.txt"]
        assert (stub["stub"], stub["length"], stub["revpos"]) == (True, 6, 1)
        inline = plain.get("a", shown=Shown(attachments=True))["_attachments"]["x.txt"]
        assert (inline["data"], inline["digest"]) == (self.DATA, stub["digest"])
        found = plain.attachment("a", "x.txt")
        assert (found.content_type, found.data.decode(), found.digest) == (
            "text/plain",
            "病斑",
            stub["digest"],
        )

    def test_stay_when_an_edit_sends_their_stubs(self, plain):
        rev = write(plain, self.doc())
        write(plain, {**plain.get("a"), "_rev": rev, "n": 2})
        assert plain.attachment("a", "x.txt").data.decode() == "病斑"
        assert plain.get("a")["_attachments"]["x.txt"]["revpos"] == 1

    def test_go_when_an_edit_leaves_them_out(self, plain):
        rev = write(plain, self.doc())
        write(plain, {"_id": "a", "_rev": rev})
        with pytest.raises(NotFound, match="missing attachment"):
            plain.attachment("a", "x.txt")
        assert plain.attachment("a", "x.txt", rev=rev).data.decode() == "病斑"

    def test_only_the_newer_are_sent_to_who_has_the_older(self, plain):
        rev = write(plain, self.doc())
        stubs = plain.get("a")["_attachments"]
        newer = {**stubs, "y": {"data": self.DATA}}
        write(plain, {"_id": "a", "_rev": rev, "_attachments": newer})
        shown = plain.get("a", shown=Shown(attachments=True, atts_since=(rev,)))["_attachments"]
        assert ("data" in shown["x.txt"], "data" in shown["y"]) == (False, True)

    def test_a_stub_opens_nothing_of_another_document(self, village):
        write(village, self.doc(group="g", opens=["anna"]), ANNA)
        digest = village.get("a", caller=ANNA)["_attachments"]["x.txt"]["digest"]
        stub = {"x.txt": {"stub": True, "digest": digest, "content_type": "text/plain", "length": 6}}
        with pytest.raises(PreconditionFailed) as caught:
            village.write([{"_id": "b", "group": "h", "opens": ["ben"], "_attachments": stub}], caller=BEN)
        assert caught.value.error == "missing_stub"
        with pytest.raises(NotFound):
            village.attachment("a", "x.txt", caller=BEN)

    def test_a_wrong_digest_is_refused(self, plain):
        lie = {"x": {"data": self.DATA, "digest": "md5-AAAAAAAAAAAAAAAAAAAAAA=="}}
        with pytest.raises(BadRequest) as caught:
            plain.write([{"_id": "a", "_attachments": lie}])
        assert caught.value.error == "content_md5_mismatch"


class LocalDocuments(_WithStore):
    def test_are_written_read_and_deleted(self, village):
        assert village.local_put("anna", "checkpoint", {"n": 1}) == "0-1"
        assert village.local_get("anna", "checkpoint") == {"_id": "_local/checkpoint", "_rev": "0-1", "n": 1}
        assert village.local_put("anna", "checkpoint", {"_rev": "0-1", "n": 2}) == "0-2"
        village.local_delete("anna", "checkpoint", "0-2")
        with pytest.raises(NotFound):
            village.local_get("anna", "checkpoint")

    def test_conflict_like_others(self, village):
        village.local_put("anna", "checkpoint", {})
        for doc in ({}, {"_rev": "0-7"}):
            with pytest.raises(Conflict):
                village.local_put("anna", "checkpoint", doc)
        with pytest.raises(Conflict):
            village.local_delete("anna", "checkpoint", "0-7")

    def test_belong_to_one_user(self, village):
        village.local_put("anna", "checkpoint", {"n": 1})
        with pytest.raises(NotFound):
            village.local_get("ben", "checkpoint")
        assert village.local_put("ben", "checkpoint", {"n": 2}) == "0-1"
        assert seen(village) == []


class Listening(_WithStore):
    def test_a_commit_is_told_with_its_channels(self, village):
        told = []
        unsubscribe = village.subscribe(told.append)
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        unsubscribe()
        write(village, {"_id": "b", "group": "g"})
        assert [(notice.seq, notice.channels) for notice in told] == [(1, frozenset({"anna"}))]

    def test_waiting_ends_with_news(self, village):
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(village.wait, 0, ANNA.channels, 60)
            write(village, {"_id": "b", "group": "h", "opens": ["ben"]})
            write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
            assert waiting.result(60)

    def test_waiting_for_what_is_there_already_does_not_wait(self, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        assert village.wait(0, ANNA.channels, 0)

    def test_others_news_is_no_news(self, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        assert not village.wait(0, BEN.channels, 0)


class Concurrency(_WithStore):
    def test_many_writers_lose_nothing(self, village):
        start = threading.Barrier(8)

        def push(writer: int) -> list[str | None]:
            start.wait()
            docs = [{"_id": f"{writer}-{n}", "group": f"g{n % 3}", "opens": ["anna"]} for n in range(50)]
            batches = [village.write(docs[at : at + 10], caller=ANNA) for at in range(0, 50, 10)]
            return [result.error for batch in batches for result in batch]

        with ThreadPoolExecutor(8) as pool:
            errors = [error for batch in pool.map(push, range(8)) for error in batch]
        assert errors == [None] * 400
        rows = village.changes(Wanted(), caller=ANNA).rows
        assert len({row.id for row in rows}) == len({row.seq for row in rows}) == 400

    def test_of_many_equal_edits_one_wins(self, plain):
        rev = write(plain, {"_id": "a"})
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda n: plain.write([{"_id": "a", "_rev": rev, "n": n}])[0], range(8)))
        assert sorted(str(result.error) for result in results) == ["None"] + ["conflict"] * 7


class StoreConformance(
    Databases,
    NewEdits,
    MalformedDocuments,
    Replication,
    Listing,
    Changes,
    Access,
    Quarantine,
    Attachments,
    LocalDocuments,
    Listening,
    Concurrency,
):
    """All of it."""
