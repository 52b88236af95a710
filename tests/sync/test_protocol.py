"""The CouchDB protocol over real HTTP, as the CouchDB documentation of each endpoint describes it."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sync.sqlite import SQLiteStore
from tests.sync.conformance import POLICIES, write
from tests.sync.serving import client, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """(address of /sync, store), shared: each test has databases of its own."""
    with (
        SQLiteStore(tmp_path_factory.mktemp("server") / "data.db", POLICIES) as store,
        serving(store) as address,
    ):
        yield address, store


@pytest.fixture
def chief(server):
    with client(server[0] + "/db", "chief") as http:
        yield http


@pytest.fixture
def nobody(server):
    with client(server[0] + "/db", None) as http:
        yield http


@pytest.fixture
def anna(server):
    with client(server[0] + "/db", "anna") as http:
        yield http


@pytest.fixture
def plain(server, chief):
    assert chief.put("/plain").status_code == 201
    yield server[1].database("plain")
    chief.delete("/plain")


@pytest.fixture
def village(tmp_path):
    """A server with an empty village of its own."""
    with SQLiteStore(tmp_path / "data.db", POLICIES) as store, serving(store) as address:
        yield address, store.database("village")


def post(http, path, body, **options):
    return http.post(path, json=body, **options)


class TestRoot:
    @pytest.mark.parametrize("path", ["", "/"])
    def test_welcomes_as_couchdb_does(self, nobody, path):
        answer = nobody.get(path).json()
        assert (answer["couchdb"], answer["version"], answer["vendor"]) == (
            "Welcome",
            "3.5.0",
            {"name": "Tianwen"},
        )

    def test_tells_who_one_is(self, anna, chief, nobody):
        assert anna.get("/_session").json()["userCtx"] == {"name": "anna", "roles": []}
        assert chief.get("/_session").json()["userCtx"] == {"name": "chief", "roles": ["_admin"]}
        assert nobody.get("/_session").json()["userCtx"] == {"name": None, "roles": []}

    def test_lists_databases_to_administrators(self, chief, anna, plain):
        assert chief.get("/_all_dbs").json() == ["plain", "village"]
        assert anna.get("/_all_dbs").status_code == 401

    def test_makes_uuids(self, anna):
        assert len(set(anna.get("/_uuids?count=3").json()["uuids"])) == 3
        assert anna.get("/_uuids?count=100000").status_code == 400
        assert "no-cache" in anna.get("/_uuids").headers["cache-control"]

    def test_asks_who_is_there(self, nobody):
        answer = nobody.get("/village")
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")


class TestErrors:
    """Error bodies are CouchDB's: {"error", "reason"}, JSON, with the right status."""

    @pytest.mark.parametrize(
        ("method", "path", "status", "error"),
        [
            ("GET", "/nothing", 404, "not_found"),
            ("GET", "/Upper", 400, "illegal_database_name"),
            ("GET", "/plain/nothing", 404, "not_found"),
            ("GET", "/plain/_nothing", 404, "not_found"),
            ("GET", "/_nothing", 404, "not_found"),
            ("POST", "/plain/_find", 501, "not_implemented"),
            ("GET", "/plain/_design/a/_view/b", 501, "not_implemented"),
            ("GET", "/_users", 501, "not_implemented"),
            ("PATCH", "/plain/a", 405, "method_not_allowed"),
            ("DELETE", "/plain/_bulk_docs", 405, "method_not_allowed"),
            ("PUT", "/plain/_changes", 405, "method_not_allowed"),
            ("PUT", "/plain", 412, "file_exists"),
            ("DELETE", "/plain?rev=1-a", 400, "bad_request"),
            ("DELETE", "/village", 403, "forbidden"),
            ("GET", "/plain/a?rev=nonsense", 400, "bad_request"),
            ("GET", "/plain/a?revs=perhaps", 400, "query_parse_error"),
            ("GET", "/plain/a?open_revs=nonsense", 400, "query_parse_error"),
            ("GET", "/plain/a?open_revs=[1]", 400, "bad_request"),
            ("GET", "/plain/_all_docs?limit=-1", 400, "query_parse_error"),
            ("GET", "/plain/_all_docs?limit=99999999999999999999", 400, "query_parse_error"),
            ("GET", "/plain/_all_docs?startkey=a", 400, "query_parse_error"),
            ("GET", '/plain/_all_docs?keys=["a"]&startkey="a"', 400, "query_parse_error"),
            ("GET", "/plain/_all_docs?keys=7", 400, "bad_request"),
            ("GET", "/plain/_changes?limit=many", 400, "query_parse_error"),
            ("GET", "/plain/_changes?since=-1", 400, "bad_request"),
            ("GET", "/plain/_changes?since=soon", 400, "bad_request"),
            ("GET", "/plain/_changes?since=99999999999999999999999", 400, "bad_request"),
            ("GET", "/plain/_changes?feed=thought", 400, "bad_request"),
            ("GET", "/plain/_changes?style=gothic", 400, "bad_request"),
            ("GET", "/plain/_changes?heartbeat=0", 400, "bad_request"),
            ("GET", "/plain/_changes?filter=app/mine", 404, "not_found"),
            ("GET", "/plain/_changes?filter=_doc_ids", 400, "bad_request"),
            ("GET", "/plain/%ff", 400, "bad_request"),
            ("GET", "/plain/_local/nothing", 404, "not_found"),
            ("PUT", "/plain/_revs_limit", 400, "bad_request"),
        ],
    )
    def test_of_requests(self, chief, plain, method, path, status, error):
        answer = chief.request(method, path, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert answer.json()["reason"]
        assert answer.headers["content-type"] == "application/json"

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/plain/_bulk_docs", b"{"),
            ("/plain/_bulk_docs", b"[]"),
            ("/plain/_bulk_docs", b""),
            ("/plain/_bulk_docs", b'{"docs": {}}'),
            ("/plain/_bulk_docs", b'{"docs": [1]}'),
            ("/plain/_bulk_docs", b'{"docs": [{"_id": "\\ud800"}]}'),
            ("/plain/_bulk_docs", b'{"docs": [], "new_edits": 1}'),
            ("/plain/_bulk_docs", b"[" * 100_000),
            ("/plain/_bulk_get", b'{"docs": {}}'),
            ("/plain/_bulk_get?rev=1-a", b'{"docs": []}'),
            ("/plain/_revs_diff", b'{"a": "1-a"}'),
            ("/plain/_revs_diff", b'{"a": ["nonsense"]}'),
            ("/plain/_all_docs", b'{"keys": [1]}'),
            ("/plain/_changes?filter=_doc_ids", b'{"doc_ids": "a"}'),
            ("/plain", b"7"),
        ],
    )
    def test_of_bodies(self, chief, plain, path, body):
        answer = chief.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400, answer.text
        assert set(answer.json()) == {"error", "reason"}
        assert plain.info().update_seq == 0

    def test_of_documents_that_the_rules_did_not_foresee(self, anna, server):
        before = server[1].database("village").info().update_seq
        for odd in ({"echo": 1}, {"group": "g", "opens": None}):
            answer = post(anna, "/village/_bulk_docs", {"docs": [{"_id": "b", "group": "g"}, odd]})
            assert (answer.status_code, answer.json()["error"]) == (400, "doc_validation")
        assert server[1].database("village").info().update_seq == before

    def test_a_post_says_that_it_is_json(self, chief, plain):
        answer = chief.post("/plain/_bulk_docs", content=b"{}", headers={"content-type": "text/plain"})
        assert (answer.status_code, answer.json()["error"]) == (415, "bad_content_type")

    def test_a_compressed_body_is_not_guessed_at(self, chief, plain):
        answer = chief.put("/plain/a", content=b"\x1f\x8b", headers={"content-encoding": "br"})
        assert answer.status_code == 415

    def test_a_method_that_is_not_allowed_names_those_that_are(self, chief, plain):
        assert chief.patch("/plain/a").headers["allow"] == "COPY,DELETE,GET,HEAD,POST,PUT"

    def test_a_body_may_be_too_large(self, tmp_path):
        with (
            SQLiteStore(tmp_path / "data.db", POLICIES) as store,
            serving(store, max_body_bytes=1000) as address,
            client(address + "/db", "chief") as http,
        ):
            said = http.put("/village/a", json={"x": "y" * 2000})
            streamed = http.put("/village/a", content=(b"x" * 500 for _ in range(4)))
            for answer in (said, streamed):
                assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


class TestDatabase:
    def test_tells_about_itself(self, chief, plain):
        post(chief, "/plain/_bulk_docs", {"docs": [{"_id": "a"}, {"_id": "b"}]})
        info = chief.get("/plain/").json()
        assert (info["db_name"], info["doc_count"], info["doc_del_count"]) == ("plain", 2, 0)
        assert info["update_seq"] == f"2-{plain.uuid[:12]}"
        assert chief.head("/plain").status_code == 200

    def test_is_the_administrators_to_make_and_drop(self, anna, chief, plain):
        assert anna.put("/mine").status_code == 401
        assert anna.delete("/plain").status_code == 401
        assert anna.get("/plain").json() == anna.get("/nothing").json()

    def test_a_name_may_hold_a_slash(self, chief):
        assert chief.put("/a%2Fb").status_code == 201
        assert chief.get("/a%2Fb").json()["db_name"] == "a/b"
        assert chief.delete("/a%2Fb").json() == {"ok": True}

    def test_upkeep(self, chief, plain):
        headers = {"content-type": "application/json"}
        assert chief.post("/plain/_ensure_full_commit", headers=headers).status_code == 201
        assert chief.post("/plain/_compact", headers=headers).status_code == 202
        assert chief.put("/plain/_revs_limit", content=b"5").json() == {"ok": True}
        assert chief.get("/plain/_revs_limit").json() == 5
        assert "admins" in chief.get("/plain/_security").json()


class TestDocuments:
    def test_are_written_and_read(self, chief, plain):
        answer = chief.put("/plain/a", json={"text": "病斑"})
        assert answer.status_code == 201
        rev = answer.json()["rev"]
        assert answer.json() == {"ok": True, "id": "a", "rev": rev}
        assert answer.headers["etag"] == f'"{rev}"'
        assert answer.headers["location"].endswith("/plain/a")
        assert chief.get("/plain/a").json() == {"_id": "a", "_rev": rev, "text": "病斑"}

    @pytest.mark.parametrize(
        "name", ["a b", "a\nb", "a/b", "水稻", "a?b#c%", "_design/x", "+", "😀", "a:b&c=d"]
    )
    def test_whatever_their_id(self, chief, plain, name):
        from urllib.parse import quote

        path = f"/plain/{quote(name, safe='')}"
        rev = chief.put(path, json={}).json()["rev"]
        assert chief.get(path).json()["_id"] == name
        assert chief.delete(path, params={"rev": rev}).status_code == 200

    def test_a_design_document_may_be_named_with_a_slash(self, chief, plain):
        assert chief.put("/plain/_design/x", json={}).json()["id"] == "_design/x"

    def test_an_id_is_made_where_there_is_none(self, chief, plain):
        made = post(chief, "/plain", {"n": 1})
        assert made.status_code == 201
        assert chief.get(f"/plain/{made.json()['id']}").json()["n"] == 1

    def test_the_revision_may_come_in_four_ways(self, chief, plain):
        rev = chief.put("/plain/a", json={}).json()["rev"]
        rev = chief.put("/plain/a", json={"_rev": rev}).json()["rev"]
        rev = chief.put("/plain/a", json={}, params={"rev": rev}).json()["rev"]
        rev = chief.put("/plain/a", json={}, headers={"if-match": f'"{rev}"'}).json()["rev"]
        assert rev.startswith("4-")
        differ = chief.put("/plain/a", json={"_rev": "1-a"}, params={"rev": rev})
        assert differ.status_code == 400

    def test_a_conflict_is_409(self, chief, plain):
        chief.put("/plain/a", json={})
        answer = chief.put("/plain/a", json={})
        assert answer.status_code == 409
        assert answer.json() == {"error": "conflict", "reason": "Document update conflict."}
        assert chief.delete("/plain/a").status_code == 409

    def test_deleted_is_told_from_missing(self, chief, plain):
        rev = chief.put("/plain/a", json={}).json()["rev"]
        chief.delete("/plain/a", params={"rev": rev})
        assert chief.get("/plain/a").json() == {"error": "not_found", "reason": "deleted"}
        assert chief.get("/plain/b").json() == {"error": "not_found", "reason": "missing"}
        assert chief.delete("/plain/b").status_code == 404

    def test_what_one_has_is_not_sent_again(self, chief, plain):
        rev = chief.put("/plain/a", json={}).json()["rev"]
        assert chief.get("/plain/a", headers={"if-none-match": f'"{rev}"'}).status_code == 304

    def test_head_tells_the_revision(self, chief, plain):
        rev = chief.put("/plain/a", json={}).json()["rev"]
        answer = chief.head("/plain/a")
        assert (answer.status_code, answer.headers["etag"], answer.content) == (200, f'"{rev}"', b"")

    def test_revisions_of_peers(self, chief, plain):
        body = {"_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", "a"]}, "n": 1}
        assert chief.put("/plain/a?new_edits=false", json=body).json()["rev"] == "2-b"
        chief.put(
            "/plain/a?new_edits=false", json={"_rev": "2-c", "_revisions": {"start": 2, "ids": ["c", "a"]}}
        )
        doc = chief.get("/plain/a?meta=true&revs=true&local_seq=true").json()
        assert doc["_conflicts"] == ["2-b"]
        assert doc["_revisions"] == {"start": 2, "ids": ["c", "a"]}
        assert doc["_revs_info"][1] == {"rev": "1-a", "status": "missing"}
        assert doc["_local_seq"] == 2
        leaves = chief.get("/plain/a?open_revs=all").json()
        assert [leaf["ok"]["_rev"] for leaf in leaves] == ["2-c", "2-b"]
        some = chief.get('/plain/a?open_revs=["2-b","7-q"]').json()
        assert ([*some[0]], some[1]) == (["ok"], {"missing": "7-q"})
        assert chief.get("/plain/a?rev=1-a&latest=true").json()["_rev"] == "2-c"

    def test_attachments(self, chief, plain):
        data = base64.b64encode(b"<script>alert(1)</script>").decode()
        chief.put(
            "/plain/a", json={"_attachments": {"x/y.html": {"content_type": "text/html", "data": data}}}
        )
        assert chief.get("/plain/a").json()["_attachments"]["x/y.html"]["stub"] is True
        assert chief.get("/plain/a?attachments=true").json()["_attachments"]["x/y.html"]["data"] == data
        answer = chief.get("/plain/a/x/y.html")
        assert (answer.content, answer.headers["content-type"]) == (b"<script>alert(1)</script>", "text/html")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert chief.get("/plain/a/none").json()["reason"] == "Document is missing attachment"


class TestBulk:
    def test_documents_are_answered_one_by_one(self, chief, plain):
        chief.put("/plain/a", json={})
        answer = post(chief, "/plain/_bulk_docs", {"docs": [{"_id": "a"}, {"_id": "b"}, {"n": 1}]})
        assert answer.status_code == 201
        conflict, stored, named = answer.json()
        assert conflict == {"id": "a", "error": "conflict", "reason": "Document update conflict."}
        assert (stored["ok"], stored["id"]) == (True, "b")
        assert len(named["id"]) == 32

    def test_of_a_peers_only_the_errors_are_answered(self, chief, plain):
        answer = post(chief, "/plain/_bulk_docs", {"docs": [{"_id": "a", "_rev": "1-a"}], "new_edits": False})
        assert (answer.status_code, answer.json()) == (201, [])

    def test_get(self, chief, plain):
        post(chief, "/plain/_bulk_docs", {"docs": [{"_id": "a", "_rev": "1-a"}], "new_edits": False})
        asked = [{"id": "a", "rev": "1-a"}, {"id": "a"}, {"id": "a", "rev": "1-b"}, {"id": "zz"}]
        results = post(chief, "/plain/_bulk_get?revs=true&latest=true", {"docs": asked}).json()["results"]
        found, whole, unknown, missing = (result["docs"][0] for result in results)
        assert found["ok"]["_revisions"] == {"start": 1, "ids": ["a"]}
        assert whole["ok"]["_rev"] == "1-a"
        assert unknown["error"] == {"id": "a", "rev": "1-b", "error": "not_found", "reason": "missing"}
        assert missing["error"]["error"] == "not_found"

    def test_differences(self, chief, plain):
        post(chief, "/plain/_bulk_docs", {"docs": [{"_id": "a", "_rev": "1-a"}], "new_edits": False})
        asked = {"a": ["1-a", "2-b"], "b": ["1-x"]}
        assert post(chief, "/plain/_revs_diff", asked).json() == {
            "a": {"missing": ["2-b"], "possible_ancestors": ["1-a"]},
            "b": {"missing": ["1-x"]},
        }
        assert post(chief, "/plain/_missing_revs", asked).json() == {
            "missing_revs": {"a": ["2-b"], "b": ["1-x"]}
        }

    def test_all_documents(self, chief, plain):
        post(chief, "/plain/_bulk_docs", {"docs": [{"_id": name} for name in "abc"]})
        listing = chief.get('/plain/_all_docs?startkey="b"&include_docs=true').json()
        assert (listing["total_rows"], listing["offset"]) == (3, 1)
        assert [row["doc"]["_id"] for row in listing["rows"]] == ["b", "c"]
        assert [row["id"] for row in chief.get('/plain/_all_docs?key="b"').json()["rows"]] == ["b"]
        keys = post(chief, "/plain/_all_docs", {"keys": ["c", "zz"]}).json()["rows"]
        assert (keys[0]["id"], keys[1]) == ("c", {"key": "zz", "error": "not_found"})


class TestLocal:
    def test_documents(self, chief, anna):
        assert anna.put("/village/_local/a%2Fb", json={"n": 1}).json() == {
            "ok": True,
            "id": "_local/a/b",
            "rev": "0-1",
        }
        assert anna.get("/village/_local/a%2Fb").json() == {"_id": "_local/a/b", "_rev": "0-1", "n": 1}
        assert chief.get("/village/_local/a%2Fb").status_code == 404
        assert anna.put("/village/_local/a%2Fb", json={}).status_code == 409
        assert anna.delete("/village/_local/a%2Fb?rev=0-1").status_code == 200


class TestChanges:
    def test_as_a_whole(self, chief, plain):
        rev = chief.put("/plain/a", json={}).json()["rev"]
        epoch = plain.uuid[:12]
        assert chief.get("/plain/_changes").json() == {
            "results": [{"seq": f"1-{epoch}", "id": "a", "changes": [{"rev": rev}]}],
            "last_seq": f"1-{epoch}",
            "pending": 0,
        }

    def test_from_where_one_was(self, chief, plain):
        plain.write([{"_id": name} for name in "abcd"])
        page = chief.get("/plain/_changes?limit=3").json()
        assert (len(page["results"]), page["pending"]) == (3, 1)
        rest = chief.get("/plain/_changes", params={"since": page["last_seq"]}).json()
        assert [row["id"] for row in rest["results"]] == ["d"]
        assert chief.get("/plain/_changes?since=now").json()["results"] == []
        assert [row["id"] for row in chief.get("/plain/_changes?since=3").json()["results"]] == ["d"]
        assert len(chief.get("/plain/_changes?limit=0").json()["results"]) == 1

    def test_of_another_feed_start_again(self, chief, plain):
        plain.write([{"_id": "a"}])
        for since in ("7-0123456789ab", "1-g1AAAACTeJzLYWBgYMpg", f"99-{plain.uuid[:12]}"):
            rows = chief.get("/plain/_changes", params={"since": since}).json()["results"]
            assert [row["id"] for row in rows] == ["a"]

    def test_longer_than_a_page_come_whole_and_in_order(self, chief, plain):
        plain.write([{"_id": f"{n:05d}"} for n in range(2500)])
        rows = chief.get("/plain/_changes").json()["results"]
        assert [row["id"] for row in rows] == [f"{n:05d}" for n in range(2500)]
        assert len(chief.get("/plain/_changes?limit=1700").json()["results"]) == 1700
        assert len(chief.get("/plain/_changes?descending=true").json()["results"]) == 2500

    def test_of_named_documents(self, chief, plain):
        plain.write([{"_id": name} for name in "abc"])
        by_body = post(chief, "/plain/_changes?filter=_doc_ids", {"doc_ids": ["b"]}).json()["results"]
        by_query = chief.get('/plain/_changes?filter=_doc_ids&doc_ids=["b"]').json()["results"]
        assert [row["id"] for row in by_body] == [row["id"] for row in by_query] == ["b"]

    def test_with_few_sequences(self, chief, plain):
        plain.write([{"_id": name} for name in "abcd"])
        rows = chief.get("/plain/_changes?seq_interval=2").json()["results"]
        assert [row["seq"] is None for row in rows] == [True, False, True, False]

    def test_with_documents(self, chief, plain):
        write(plain, {"_id": "a", "n": 1})
        (row,) = chief.get("/plain/_changes?include_docs=true&descending=true").json()["results"]
        assert row["doc"]["n"] == 1


class TestWaitingFeeds:
    """News reaches a waiting feed; nobody else's does. The reader starts first."""

    def follow(self, address, name, query):
        """Lines of a feed, as they come; the first item is sent when the answer has begun."""
        with (
            client(address + "/db", name) as http,
            http.stream("GET", f"/village/_changes?{query}") as answer,
        ):
            assert answer.status_code == 200
            yield answer
            yield from answer.iter_lines()

    def test_longpoll_answers_with_the_first_news(self, village):
        address, database = village
        lines = self.follow(address, "anna", "feed=longpoll&since=now&heartbeat=20000")
        next(lines)
        write(database, {"_id": "b", "group": "h", "opens": ["ben"]})
        write(database, {"_id": "a", "group": "g", "opens": ["anna"]})
        answer = json.loads("".join(lines))
        assert [row["id"] for row in answer["results"]] == ["a"]

    def test_longpoll_does_not_wait_for_what_is_there(self, village):
        address, database = village
        write(database, {"_id": "a", "group": "g", "opens": ["anna"]})
        with client(address + "/db", "anna") as http:
            answer = http.get("/village/_changes?feed=longpoll").json()
        assert [row["id"] for row in answer["results"]] == ["a"]

    def test_longpoll_ends_when_the_time_is_up(self, village):
        with client(village[0] + "/db", "anna") as http:
            answer = http.get("/village/_changes?feed=longpoll&timeout=50").json()
        assert (answer["results"], answer["last_seq"].split("-")[0]) == ([], "0")

    def test_continuous_goes_on(self, village):
        address, database = village
        lines = self.follow(address, "anna", "feed=continuous&heartbeat=20000&limit=3")
        next(lines)
        for name in "abc":
            write(database, {"_id": name, "group": "g", "opens": ["anna"]})
            assert json.loads(next(lines))["id"] == name
        assert json.loads(next(lines))["last_seq"].startswith("3-")

    def test_continuous_beats_while_nothing_happens(self, village):
        lines = self.follow(village[0], "anna", "feed=continuous&heartbeat=100")
        next(lines)
        assert [next(lines), next(lines)] == ["", ""]
        lines.close()

    def test_continuous_ends_when_the_time_is_up(self, village):
        lines = list(self.follow(village[0], "anna", "feed=continuous&timeout=50"))
        assert json.loads(lines[-1])["pending"] == 0

    def test_eventsource_sends_events(self, village):
        address, database = village
        write(database, {"_id": "a", "group": "g", "opens": ["anna"]})
        lines = self.follow(address, "anna", "feed=eventsource&heartbeat=20000")
        answer = next(lines)
        assert answer.headers["content-type"].startswith("text/event-stream")
        data, identifier = next(lines), next(lines)
        assert json.loads(data.removeprefix("data: "))["id"] == "a"
        assert identifier.removeprefix("id: ").startswith("1-")
        lines.close()

    def test_a_reader_who_goes_away_is_forgotten(self, village):
        address, database = village
        gone = threading.Event()
        subscribe = database.subscribe

        def watched(callback):
            unsubscribe = subscribe(callback)
            return lambda: (unsubscribe(), gone.set())

        database.subscribe = watched
        lines = self.follow(address, "anna", "feed=continuous&heartbeat=60000")
        next(lines)
        lines.close()
        assert gone.wait(30)

    def test_a_server_that_goes_down_ends_its_feeds(self, tmp_path):
        with SQLiteStore(tmp_path / "data.db", POLICIES) as store, ThreadPoolExecutor(2) as pool:
            with serving(store) as address:
                feeds = [
                    self.follow(address, "anna", f"feed={kind}&heartbeat=60000")
                    for kind in ("longpoll", "continuous")
                ]
                for feed in feeds:
                    next(feed)
                ends = [pool.submit(list, feed) for feed in feeds]
            assert all("last_seq" in "".join(end.result(30)) for end in ends)


class TestQuarantine:
    def refuse(self, http, identifier="bad", **members):
        answer = post(
            http, "/db/village/_bulk_docs", {"docs": [{"_id": identifier, "refuse": "字数太多", **members}]}
        )
        return answer.json()[0]

    @pytest.fixture
    def http(self, village):
        people = {name: client(village[0], name) for name in ("anna", "ben", "chief", "centre", "far")}
        yield people
        for each in people.values():
            each.close()

    def test_the_answer_is_what_makes_pouchdb_say_denied(self, http):
        docs = [
            {"_id": "bad", "_rev": "1-a", "refuse": "字数太多"},
            {"_id": "good", "_rev": "1-a", "group": "g", "opens": ["anna"]},
        ]
        answer = post(http["anna"], "/db/village/_bulk_docs", {"docs": docs, "new_edits": False})
        (refused,) = answer.json()
        receipt = refused.pop("receipt")
        assert refused == {"id": "bad", "rev": "1-a", "error": "forbidden", "reason": "字数太多"}
        assert len(receipt) == 26
        assert http["anna"].get("/db/village/good").status_code == 200

    def test_a_single_write_is_403_with_a_receipt(self, http):
        answer = http["anna"].put("/db/village/bad", json={"refuse": "字数太多"})
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
        assert answer.json()["receipt"]

    def test_is_listed_to_its_owner(self, http):
        receipt = self.refuse(http["anna"])["receipt"]
        (case,) = http["anna"].get("/quarantine").json()["quarantined"]
        assert (case["receipt"], case["id"], case["code"], case["reason"], case["state"]) == (
            receipt,
            "bad",
            "schema",
            "字数太多",
            "held",
        )
        assert case["body"]["_id"] == "bad"
        assert case["at"].endswith("Z")
        assert http["ben"].get("/quarantine").json() == {"quarantined": []}

    def test_is_settled_by_its_owner(self, http):
        receipt = self.refuse(http["anna"])["receipt"]
        answer = post(http["anna"], f"/quarantine/{receipt}", {"state": "resent", "reason": "改好了"})
        assert (answer.status_code, answer.json()["state"]) == (200, "resent")
        again = post(http["anna"], f"/quarantine/{receipt}", {"state": "discarded"})
        assert again.status_code == 409

    def test_is_not_there_for_others(self, http):
        receipt = self.refuse(http["anna"], group="g", opens=["anna"])["receipt"]
        for name in ("ben", "far"):
            answer = post(http[name], f"/quarantine/{receipt}", {"state": "discarded"})
            assert answer.json() == post(http[name], "/quarantine/none", {"state": "discarded"}).json()
            assert answer.status_code == 404

    def test_is_released_by_the_centre_that_would_read_it(self, http):
        receipt = self.refuse(http["anna"], group="g", opens=["anna"])["receipt"]
        assert post(http["anna"], f"/quarantine/{receipt}", {"state": "released"}).status_code == 403
        assert post(http["centre"], f"/quarantine/{receipt}", {"state": "released"}).status_code == 200
        assert http["anna"].get("/db/village/bad").status_code == 200

    @pytest.mark.parametrize(
        "body", [{}, {"state": "held"}, {"state": "resent", "reason": 7}, {"state": ["resent"]}]
    )
    def test_nonsense_is_refused(self, http, body):
        receipt = self.refuse(http["anna"])["receipt"]
        assert post(http["anna"], f"/quarantine/{receipt}", body).status_code == 400
