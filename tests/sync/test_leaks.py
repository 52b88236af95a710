"""Nothing leaks by any door: to who may not read it, a document is exactly as if it were not there.

Each door is tried on a foreign document, on one that was readable and no longer is, and on one that does not
exist. The answers must be the same but for the id that the asker named.
"""

import base64
import json
from urllib.parse import quote

import pytest

from sync.sqlite import SQLiteStore
from tests.sync.conformance import POLICIES, replicate, write
from tests.sync.serving import client, serving
from tests.sync.village import ANNA

ABSENT = "demand:absent"
FOREIGN = "demand:foreign"
LOST = "demand:lost"
SECRET = "机密的病斑"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    data = base64.b64encode(SECRET.encode()).decode()
    attachments = {"x.txt": {"content_type": "text/plain", "data": data}}
    with (
        SQLiteStore(tmp_path_factory.mktemp("leaks") / "data.db", POLICIES) as store,
        serving(store) as address,
    ):
        village = store.database("village")
        write(village, {"_id": "own", "group": "own", "opens": ["ben"]})
        for name, group in ((FOREIGN, "foreign"), (LOST, "lost")):
            members = {"group": group, "text": SECRET, "_attachments": attachments}
            replicate(village, name, "2-aaaa 1-aaaa", **members)
            replicate(village, name, "2-bbbb 1-aaaa", **members)
        write(village, {"_id": "opening", "group": "foreign", "opens": ["anna"]})
        write(village, {"_id": "opening2", "group": "lost", "opens": ["anna", "ben"]})
        write(village, {"_id": "closing", "group": "lost", "closes": ["ben"]})
        village.local_put("anna", "checkpoint", {"text": SECRET})
        village.write([{"_id": "refused", "refuse": SECRET, "opens": ["anna"]}], caller=ANNA)
        yield address


@pytest.fixture
def ben(address):
    with client(address, "ben") as http:
        yield http


def get(path):
    return lambda http, name: http.get(path.replace("{id}", quote(name, safe="")))


def post(path, body):
    return lambda http, name: http.post(path, json=json.loads(json.dumps(body).replace("{id}", name)))


NAMED = {
    "get": get("/db/village/{id}"),
    "get a revision": get("/db/village/{id}?rev=2-bbbb"),
    "get the latest of a revision": get("/db/village/{id}?rev=1-aaaa&latest=true"),
    "get with everything": get("/db/village/{id}?meta=true&revs=true&local_seq=true&attachments=true"),
    "get all leaves": get("/db/village/{id}?open_revs=all"),
    "get leaves": get('/db/village/{id}?open_revs=["2-bbbb"]&latest=true'),
    "get with an etag": lambda http, name: http.get(
        f"/db/village/{name}", headers={"if-none-match": '"2-bbbb"'}
    ),
    "head": lambda http, name: http.head(f"/db/village/{name}"),
    "attachment": get("/db/village/{id}/x.txt"),
    "attachment of a revision": get("/db/village/{id}/x.txt?rev=2-bbbb"),
    "bulk get": post("/db/village/_bulk_get?revs=true&attachments=true", {"docs": [{"id": "{id}"}]}),
    "bulk get a revision": post(
        "/db/village/_bulk_get?latest=true", {"docs": [{"id": "{id}", "rev": "2-bbbb"}]}
    ),
    "revs diff": post("/db/village/_revs_diff", {"{id}": ["2-bbbb", "1-aaaa", "3-cccc"]}),
    "missing revs": post("/db/village/_missing_revs", {"{id}": ["2-bbbb", "1-aaaa", "3-cccc"]}),
    "all docs by key": get('/db/village/_all_docs?include_docs=true&key="{id}"'),
    "all docs by keys": post("/db/village/_all_docs?include_docs=true&conflicts=true", {"keys": ["{id}"]}),
    "all docs from": get('/db/village/_all_docs?startkey="{id}"'),
    "changes by id": post("/db/village/_changes?filter=_doc_ids&style=all_docs", {"doc_ids": ["{id}"]}),
    "delete": lambda http, name: http.delete(f"/db/village/{name}?rev=2-bbbb"),
    "delete without a revision": lambda http, name: http.delete(f"/db/village/{name}"),
    "local": get("/db/village/_local/{id}"),
}

LISTS = {
    "database": "/db/village",
    "all docs": "/db/village/_all_docs?include_docs=true&conflicts=true&attachments=true",
    "changes": "/db/village/_changes?include_docs=true&style=all_docs&conflicts=true&attachments=true",
    "changes backwards": "/db/village/_changes?descending=true&include_docs=true",
    "changes in another epoch": "/db/village/_changes?since=0-000000000000",
    "longpoll": "/db/village/_changes?feed=longpoll&include_docs=true",
    "continuous": "/db/village/_changes?feed=continuous&timeout=50&include_docs=true",
    "eventsource": "/db/village/_changes?feed=eventsource&timeout=50&include_docs=true",
    "quarantine": "/quarantine",
    "another's local document": "/db/village/_local/checkpoint",
}


class TestNamedDocuments:
    @pytest.mark.parametrize("name", [FOREIGN, LOST])
    @pytest.mark.parametrize("door", NAMED)
    def test_are_as_if_absent(self, ben, door, name):
        shut, absent = NAMED[door](ben, name), NAMED[door](ben, ABSENT)
        assert shut.status_code == absent.status_code
        assert shut.text.replace(name, "X") == absent.text.replace(ABSENT, "X")
        assert set(shut.headers) == set(absent.headers)

    @pytest.mark.parametrize("door", NAMED)
    def test_are_there_for_their_readers(self, address, door):
        """Otherwise the doors above would prove nothing."""
        if door in ("local", "delete", "delete without a revision"):
            return
        with client(address, "anna") as http:
            assert NAMED[door](http, FOREIGN).text.replace(FOREIGN, "X") != NAMED[door](
                http, ABSENT
            ).text.replace(ABSENT, "X") or door in ("head", "all docs from")


class TestLists:
    @pytest.mark.parametrize("door", LISTS)
    def test_name_only_ones_own(self, ben, door):
        text = ben.get(LISTS[door]).text
        for hidden in ("foreign", "lost", "opening", "closing", "refused", SECRET, "aaaa", "bbbb"):
            assert hidden not in text

    def test_counts_are_ones_own(self, ben):
        info = ben.get("/db/village").json()
        assert (info["doc_count"], info["doc_del_count"], info["sizes"]["file"]) == (1, 0, 0)
        assert ben.get("/db/village/_all_docs?limit=0").json()["total_rows"] == 1

    def test_a_withdrawn_document_is_announced_by_its_id_alone(self, ben):
        rows = ben.get("/db/village/_changes?removals=true&include_docs=true&style=all_docs").json()[
            "results"
        ]
        removed = {row["id"]: row for row in rows if row.get("removed")}
        assert set(removed) == {LOST, "opening2"}
        assert all(set(row) == {"seq", "id", "changes", "removed"} for row in removed.values())
        assert all(row["changes"] == [] for row in removed.values())


class TestWriting:
    """A write must not tell whether its id, or its revision, exists."""

    BODIES = (
        {},
        {"_rev": "2-bbbb"},
        {"_rev": "7-dddd"},
        {"_rev": "2-bbbb", "_deleted": True},
    )

    @pytest.mark.parametrize("body", BODIES)
    @pytest.mark.parametrize("name", [FOREIGN, LOST])
    def test_is_refused_in_the_same_words(self, ben, name, body):
        answers = [
            ben.put(f"/db/village/{name}", json={"group": "own", **body}),
            ben.post("/db/village/_bulk_docs", json={"docs": [{"_id": name, "group": "own", **body}]}),
        ]
        if "_rev" in body:
            doc = {"_id": name, "group": "own", **body}
            answers.append(ben.post("/db/village/_bulk_docs", json={"docs": [doc], "new_edits": False}))
        reasons = set()
        for answer in answers:
            said = answer.json()[0] if isinstance(answer.json(), list) else answer.json()
            assert said["error"] == "forbidden"
            assert said["rev"] == body.get("_rev")
            assert SECRET not in answer.text
            reasons.add(said["reason"])
        assert len(reasons) == 1

    def test_changes_nothing(self, address, ben):
        with client(address, "anna") as anna:
            before = anna.get(f"/db/village/{FOREIGN}?meta=true").text
            ben.put(f"/db/village/{FOREIGN}", json={"_rev": "2-bbbb", "group": "own"})
            assert anna.get(f"/db/village/{FOREIGN}?meta=true").text == before


class TestStrangers:
    @pytest.mark.parametrize("door", [*LISTS.values(), "/db/village/x", "/db/_all_dbs", "/db/_uuids"])
    def test_are_shown_nothing(self, address, door):
        with client(address, None) as http:
            answer = http.get(door)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")

    def test_plain_databases_are_not_there(self, address, ben):
        with client(address, "chief") as chief:
            chief.put("/db/plain")
        assert ben.get("/db/plain/_changes").text == ben.get("/db/none/_changes").text
