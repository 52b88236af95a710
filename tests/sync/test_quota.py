"""What one person may have in quarantine is bounded: a broken phone cannot fill the disk, and nothing that is
held is ever dropped to make room."""

import pytest

from sync.errors import NotFound, QuarantineFull
from sync.sqlite import SQLiteStore
from sync.store import Quota
from tests.sync.conformance import POLICIES
from tests.sync.serving import client, serving
from tests.sync.village import ANNA, BEN


@pytest.fixture
def store(tmp_path):
    with SQLiteStore(tmp_path / "data.db", POLICIES, quota=Quota(cases=3, bytes=2000)) as store:
        yield store


@pytest.fixture
def village(store):
    return store.database("village")


def refuse(village, *names, caller=ANNA, **members):
    """Documents that are refused; their receipts."""
    docs = [{"_id": name, "refuse": "no", "opens": [caller.name], **members} for name in names]
    return [result.receipt for result in village.write(docs, caller=caller)]


def held(village, owner="anna"):
    return [case.id for case in village.quarantined(owner)]


class TestRoom:
    def test_is_made_by_the_oldest_settled_case(self, village):
        first, second, third = refuse(village, "a", "b", "c")
        village.settle(third, "resent", by="anna")
        village.settle(first, "discarded", by="staff")
        refuse(village, "d")
        assert held(village) == ["b", "c", "d"]
        with pytest.raises(NotFound):
            village.quarantined_one(first)
        assert village.quarantined_one(second).state == "held"

    def test_is_never_made_by_a_held_case(self, village):
        refuse(village, "a", "b", "c")
        with pytest.raises(QuarantineFull, match="别删手机上的内容"):
            refuse(village, "d")
        assert held(village) == ["a", "b", "c"]

    def test_is_counted_in_bytes_too(self, village):
        [large] = refuse(village, "a", text="x" * 1500)
        with pytest.raises(QuarantineFull):
            refuse(village, "b", text="x" * 1500)
        village.settle(large, "discarded", by="staff")
        refuse(village, "b", text="x" * 1500)
        assert held(village) == ["b"]

    def test_for_one_too_large_for_any_room_drops_nothing(self, village):
        [small] = refuse(village, "a")
        village.settle(small, "discarded", by="staff")
        with pytest.raises(QuarantineFull):
            refuse(village, "b", text="x" * 3000)
        assert held(village) == ["a"]

    def test_of_one_person_is_not_another_s(self, village):
        refuse(village, "a", "b", "c")
        refuse(village, "d", caller=BEN)
        assert held(village, "ben") == ["d"]

    def test_is_not_asked_for_what_is_there_already(self, village):
        receipts = refuse(village, "a", "b", "c")
        assert refuse(village, "a", "b", "c") == receipts

    def test_settling_lets_the_phone_go_on(self, village):
        [first, *_] = refuse(village, "a", "b", "c")
        with pytest.raises(QuarantineFull):
            refuse(village, "d")
        village.settle(first, "released", by="staff")
        assert refuse(village, "d") != [None]


class TestRestOfTheBatch:
    def test_is_stored(self, village):
        refuse(village, "a", "b", "c")
        good = {"_id": "good", "group": "g", "opens": ["anna"]}
        with pytest.raises(QuarantineFull):
            village.write([{"_id": "d", "refuse": "no"}, good], caller=ANNA)
        assert village.get("good", caller=ANNA)


class TestOverTheWire:
    """The answer is a server's trouble, so that every client keeps its documents and comes again."""

    @pytest.mark.parametrize("road", ["_bulk_docs", "put", "exchange"])
    def test_is_507(self, store, village, road):
        refuse(village, "a", "b", "c")
        doc = {"_id": "d", "_rev": f"1-{'d' * 32}", "refuse": "no"}
        with serving(store) as address, client(address, "anna") as http:
            if road == "_bulk_docs":
                answer = http.post("/db/village/_bulk_docs", json={"docs": [doc], "new_edits": False})
            elif road == "put":
                answer = http.put("/db/village/d?new_edits=false", json=doc)
            else:
                answer = http.post("/exchange/village", json={"d": [doc]})
        assert answer.status_code == 507
        assert answer.json()["error"] == "insufficient_storage"


class TestCounts:
    def test_by_state(self, village):
        first, second, _ = refuse(village, "a", "b", "c")
        village.settle(first, "discarded", by="staff")
        village.settle(second, "released", by="staff")
        assert village.quarantine_counts() == {"held": 1, "resent": 0, "discarded": 1, "released": 1}
        assert super(type(village), village).quarantine_counts() == village.quarantine_counts()
