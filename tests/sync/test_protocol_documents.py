"""The rest of CouchDB's document and database API over real HTTP, as its own tests look at it."""

import base64
import gzip
import json
import zlib
from typing import ClassVar

import pytest

from sync.sqlite import SQLiteStore
from tests.sync.conformance import POLICIES, seen, write
from tests.sync.serving import client, serving
from tests.sync.village import ANNA, BEN

JSON = {"content-type": "application/json"}
PAGE = "https://farm.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """(address of /sync, store). Pages of PAGE may ask."""
    path = tmp_path_factory.mktemp("server") / "data.db"
    with (
        SQLiteStore(path, POLICIES) as store,
        serving(store, cors_origins=(PAGE,), max_body_bytes=200_000) as address,
    ):
        yield address, store


@pytest.fixture(scope="module")
def people(server):
    clients = {name: client(server[0] + "/db", name) for name in ("chief", "anna", None)}
    yield clients
    for each in clients.values():
        each.close()


@pytest.fixture
def chief(people):
    people["chief"].cookies.clear()
    return people["chief"]


@pytest.fixture
def anna(people):
    return people["anna"]


@pytest.fixture
def nobody(people):
    people[None].cookies.clear()
    return people[None]


@pytest.fixture
def plain(server, chief):
    assert chief.put("/plain").status_code == 201
    yield server[1].database("plain")
    chief.delete("/plain")


class TestCopy:
    def test_to_a_new_id(self, chief, plain):
        data = base64.b64encode(b"x").decode()
        chief.put("/plain/a", json={"n": 1, "_attachments": {"x": {"data": data}}})
        answer = chief.request("COPY", "/plain/a", headers={"destination": "b%2Fc"})
        assert (answer.status_code, answer.json()["id"]) == (201, "b/c")
        assert answer.headers["location"].endswith("/plain/b%2Fc")
        assert chief.get("/plain/b%2Fc").json()["n"] == 1
        assert chief.get("/plain/b%2Fc/x").content == b"x"

    def test_over_another(self, chief, plain):
        first = chief.put("/plain/a", json={"n": 1}).json()["rev"]
        chief.put("/plain/a", json={"n": 2, "_rev": first})
        target = chief.put("/plain/b", json={}).json()["rev"]
        assert chief.request("COPY", "/plain/a", headers={"destination": "b"}).status_code == 409
        headers = {"destination": f"b?rev={target}"}
        assert chief.request("COPY", f"/plain/a?rev={first}", headers=headers).json()["rev"].startswith("2-")
        assert chief.get("/plain/b").json()["n"] == 1

    @pytest.mark.parametrize(
        "destination", [None, "/plain/b", "http://example.org/b", "b?rev=x", "b?x=1", "_b"]
    )
    def test_nowhere(self, chief, plain, destination):
        chief.put("/plain/a", json={})
        headers = {} if destination is None else {"destination": destination}
        assert chief.request("COPY", "/plain/a", headers=headers).status_code == 400

    def test_of_what_is_not_there(self, chief, plain):
        assert chief.request("COPY", "/plain/a", headers={"destination": "b"}).status_code == 404


class TestWriting:
    def test_a_batch_is_accepted_without_its_revision_but_stored(self, chief, plain):
        for answer in (
            chief.put("/plain/a?batch=ok", json={}),
            chief.post("/plain?batch=ok", json={"_id": "b"}),
        ):
            assert (answer.status_code, [*answer.json()]) == (202, ["ok", "id"])
        assert plain.info().doc_count == 2

    def test_etag_and_revision_must_agree(self, chief, plain):
        rev = chief.put("/plain/a", json={}).json()["rev"]
        answer = chief.delete(f"/plain/a?rev={rev}", headers={"if-match": "1-x"})
        assert answer.json()["reason"] == "Document rev and etag have different values"

    def test_a_deletion_by_put_is_200(self, chief, plain):
        rev = chief.put("/plain/a", json={}).json()["rev"]
        assert chief.put("/plain/a", json={"_rev": rev, "_deleted": True}).status_code == 200
        assert chief.delete(f"/plain/a?rev={rev}").json()["reason"] == "deleted"

    @pytest.mark.parametrize(
        ("path", "body", "error"),
        [
            ("/plain/_odd", {}, "illegal_docid"),
            ("/plain/_design%2F", {}, "illegal_docid"),
            ("/plain/" + "x" * 3000, {}, "illegal_docid"),
            ("/plain/a", {"_zing": 4}, "doc_validation"),
            ("/plain/a", [], "bad_request"),
            ("/plain/a?new_edits=false", {}, "bad_request"),
            ("/plain/a", {"_rev": "nonsense"}, "bad_request"),
            ("/plain/a?new_edits=false", {"_revisions": {"start": "1", "ids": ["a"]}}, "doc_validation"),
            ("/plain/a?new_edits=false", {"_revisions": {"start": 1, "ids": "a"}}, "doc_validation"),
            (
                "/plain/a?new_edits=false",
                {"_rev": "1-a", "_revisions": {"start": 2, "ids": ["b"]}},
                "doc_validation",
            ),
        ],
    )
    def test_what_cannot_be_stored(self, chief, plain, path, body, error):
        answer = chief.put(path, json=body)
        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert plain.info().update_seq == 0

    def test_all_or_nothing_is_not_promised(self, chief, plain):
        answer = chief.post("/plain/_bulk_docs", json={"docs": [{"_id": "a"}], "all_or_nothing": True})
        assert (answer.status_code, answer.json()[0]["error"]) == (417, "not_implemented")
        assert plain.info().update_seq == 0

    def test_local_documents_may_come_in_bulk(self, chief, plain):
        docs = [{"_id": "_local/x", "n": 1}, {"_id": "a"}, {"_id": "_local/x"}]
        first, second, third = chief.post("/plain/_bulk_docs", json={"docs": docs}).json()
        assert first == {"ok": True, "id": "_local/x", "rev": "0-1"}
        assert (second["id"], third["error"]) == ("a", "conflict")
        assert chief.get("/plain/_local/x").json()["n"] == 1

    def test_what_is_written_is_told_by_its_address(self, server, chief, plain):
        base = f"{server[0]}/db/plain"
        for name in ("a%2Fb", "docid%0A", "%E6%B0%B4"):
            assert chief.put(f"/plain/{name}", json={}).headers["location"] == f"{base}/{name}"
            assert chief.put(f"/plain/x{name}/y", content=b"").headers["location"] == f"{base}/x{name}/y"
        posted = chief.post("/plain/?batch=no", json={"_id": "docid%0A/c"})
        assert posted.headers["location"] == f"{base}/docid%250A%2Fc"
        elsewhere = chief.put("/plain/e", json={}, headers={"x-forwarded-host": "farm.example"})
        assert elsewhere.headers["location"] == "http://farm.example/sync/db/plain/e"

    @pytest.mark.parametrize("name", ["_local", "_local/", "_local%2F", "_local/foo/bar", "_local%2Ffoo/bar"])
    def test_what_cannot_be_a_local_document(self, chief, plain, name):
        answer = chief.put(f"/plain/{name}", json={})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")

    def test_a_lowered_limit_of_revisions_holds_at_once(self, chief, plain):
        rev = None
        for n in range(8):
            rev = chief.put("/plain/a", json={"n": n, **({"_rev": rev} if rev else {})}).json()["rev"]
        assert len(chief.get("/plain/a?revs=true").json()["_revisions"]["ids"]) == 8
        chief.put("/plain/_revs_limit", content=b"5")
        found = chief.get("/plain/a?revs=true").json()["_revisions"]
        assert (found["start"], len(found["ids"])) == (8, 5)

    def test_a_client_that_can_only_post_says_what_it_means(self, chief, plain):
        headers = {"x-http-method-override": "PUT"}
        assert chief.post("/plain/a", json={"n": 1}, headers=headers).status_code == 201
        assert chief.get("/plain/a").json()["n"] == 1

    def test_a_request_keeps_its_number(self, chief, plain):
        assert (
            chief.get("/plain", headers={"x-couch-request-id": "E749-x"}).headers["x-couch-request-id"]
            == "E749-x"
        )
        assert len(chief.get("/plain").headers["x-couch-request-id"]) == 10


class TestLists:
    @pytest.fixture
    def letters(self, plain):
        plain.write([{"_id": name} for name in ("a", "b", "c", "_design/x", "_design/y")])
        return plain

    def rows(self, answer):
        return [row.get("id", row["key"]) for row in answer.json()["rows"]]

    def test_design_documents(self, chief, letters):
        answer = chief.get("/plain/_design_docs?update_seq=true")
        assert (self.rows(answer), answer.json()["total_rows"]) == (["_design/x", "_design/y"], 2)
        assert answer.json()["update_seq"].startswith("5-")
        assert self.rows(chief.get("/plain/_design_docs?descending=true&limit=1")) == ["_design/y"]
        assert self.rows(chief.get('/plain/_design_docs?end_key="_design/y"&inclusive_end=false')) == [
            "_design/x"
        ]
        asked = {"keys": ["_design/y", "_design/z"]}
        assert self.rows(chief.post("/plain/_design_docs", json=asked)) == ["_design/y", "_design/z"]
        assert self.rows(chief.post("/plain/_design_docs", json={})) == ["_design/x", "_design/y"]

    def test_local_documents_are_ones_own(self, server, chief, anna, plain):
        for name in ("foo", "foo2"):
            chief.put(f"/plain/_local/{name}", json={"n": 1})
        row, _ = chief.get("/plain/_local_docs?include_docs=true").json()["rows"]
        assert (row["id"], row["value"]["rev"], row["doc"]["n"]) == ("_local/foo", "0-1", 1)
        keys = {"keys": ["_local/foo2", "_local/foo"], "limit": 2}
        assert self.rows(chief.post("/plain/_local_docs", json=keys)) == ["_local/foo2", "_local/foo"]
        assert self.rows(chief.post("/plain/_local_docs?limit=0", json=keys)) == []
        chief.put("/village/_local/chiefs", json={})
        assert self.rows(anna.get("/village/_local_docs")) == []

    def test_several_at_once(self, chief, letters):
        queries = [
            {"limit": 1},
            {"keys": ["b", "zz"]},
            {"startkey": "b", "endkey": "b", "include_docs": True},
        ]
        answer = chief.post("/plain/_all_docs/queries", json={"queries": queries}).json()["results"]
        assert [[row["key"] for row in each["rows"]] for each in answer] == [
            ["_design/x"],
            ["b", "zz"],
            ["b"],
        ]
        assert answer[2]["rows"][0]["doc"]["_id"] == "b"
        assert chief.post("/plain/_all_docs/queries", json={}).status_code == 400

    def test_the_query_goes_before_the_body(self, chief, letters):
        asked = {"limit": 5, "include_docs": True}
        (row,) = chief.post("/plain/_all_docs?limit=1", json=asked).json()["rows"]
        assert row["doc"]["_id"] == "_design/x"

    def test_a_bound_that_is_no_text_stands_before_all(self, chief, letters):
        assert len(chief.get("/plain/_all_docs?startkey=7").json()["rows"]) == 5
        assert chief.get("/plain/_all_docs?endkey={}").json() == {"total_rows": 5, "offset": 0, "rows": []}
        assert chief.get("/plain/_all_docs?key=7").json()["rows"] == []

    def test_keys_have_no_offset_and_no_bounds(self, chief, letters):
        assert chief.get('/plain/_all_docs?keys=["c"]').json()["offset"] is None
        answer = chief.get('/plain/_all_docs?keys=["c"]&startkey="a"')
        assert answer.json()["error"] == "query_parse_error"

    def test_a_deleted_key_is_told_from_a_missing_one(self, chief, letters):
        rev = chief.get("/plain/a").json()["_rev"]
        chief.delete(f"/plain/a?rev={rev}")
        asked = {"keys": ["a", "zz"], "include_docs": True}
        deleted, missing = chief.post("/plain/_all_docs", json=asked).json()["rows"]
        assert (deleted["value"]["deleted"], deleted["doc"]) == (True, None)
        assert missing == {"key": "zz", "error": "not_found"}


class TestBulkGet:
    def test_what_is_asked_wrongly_is_told_in_its_place(self, chief, plain):
        chief.put("/plain/a", json={})
        asked = [7, {}, {"rev": "1-a"}, {"id": "a", "rev": "x"}, {"id": "a", "atts_since": 7}, {"id": "a"}]
        results = chief.post("/plain/_bulk_get", json={"docs": asked}).json()["results"]
        said = [result["docs"][0] for result in results]
        assert [each["error"]["error"] for each in said[:5]] == ["bad_request"] * 5
        assert said[5]["ok"]["_id"] == "a"
        assert said[3]["error"] == {
            "id": "a",
            "rev": "x",
            "error": "bad_request",
            "reason": "Invalid rev format",
        }


class TestPurge:
    def purge(self, http, asked, database="plain"):
        return http.post(f"/{database}/_purge", json=asked)

    def test_forgets_a_document_as_if_it_had_never_been(self, chief, plain):
        rev = chief.put("/plain/a", json={}).json()["rev"]
        before = chief.get("/plain").json()
        answer = self.purge(chief, {"a": [rev, "1-none"], "none": ["1-x"]})
        assert (answer.status_code, answer.json()["purged"]) == (201, {"a": [rev], "none": []})
        assert chief.get("/plain/a").json()["reason"] == "missing"
        assert chief.get(f"/plain/a?rev={rev}").status_code == 404
        assert chief.get("/plain/_changes").json()["results"] == []
        after = chief.get("/plain").json()
        assert (after["doc_count"], after["purge_seq"] != before["purge_seq"]) == (0, True)
        assert chief.put("/plain/a", json={}).json()["rev"].startswith("1-")

    def test_forgets_one_branch_and_the_other_wins(self, chief, plain):
        for ids in (["c", "b", "a"], ["x", "a"]):
            doc = {"_revisions": {"start": len(ids), "ids": ids}}
            chief.put("/plain/d?new_edits=false", json=doc)
        seq = plain.info().update_seq
        assert self.purge(chief, {"d": ["3-c", "1-a"]}).json()["purged"] == {"d": ["3-c"]}
        found = chief.get("/plain/d?revs=true&conflicts=true").json()
        assert (found["_rev"], found["_revisions"]["ids"]) == ("2-x", ["x", "a"])
        assert "_conflicts" not in found
        assert plain.info().update_seq > seq
        assert chief.get("/plain/d?rev=2-b").status_code == 404

    def test_takes_a_document_from_its_group(self, server, chief):
        village = server[1].database("village")
        opening = write(village, {"_id": "opening", "group": "p", "opens": ["anna", "ben"]})
        write(village, {"_id": "other", "group": "p", "opens": ["ben"]})
        assert {"opening", "other"} <= set(seen(village, ANNA))
        assert self.purge(chief, {"opening": [opening]}, "village").status_code == 201
        assert not {"opening", "other"} & set(seen(village, ANNA))
        assert "other" in seen(village, BEN)

    @pytest.mark.parametrize(
        "asked",
        [
            {"a": "1-a"},
            {"a": ["x"]},
            {"a": [1]},
            {str(n): ["1-a"] for n in range(101)},
            {"a": ["1-a"] * 1001},
        ],
    )
    def test_nonsense_is_refused(self, chief, plain, asked):
        assert self.purge(chief, asked).status_code == 400

    def test_is_the_administrators(self, anna):
        assert self.purge(anna, {"a": ["1-a"]}, "village").status_code == 401

    def test_its_limit(self, chief, plain):
        assert chief.get("/plain/_purged_infos_limit").json() == 1000
        assert chief.put("/plain/_purged_infos_limit", content=b"5").json() == {"ok": True}
        assert chief.get("/plain/_purged_infos_limit").json() == 5
        assert chief.put("/plain/_purged_infos_limit", content=b"0").status_code == 400


class TestSettings:
    def test_security_is_kept_for_plain_databases(self, chief, anna, plain):
        assert chief.get("/plain/_security").json()["admins"]["roles"] == ["_admin"]
        given = {"admins": {"names": ["x"], "roles": []}, "members": {"names": [], "roles": ["y"]}, "more": 1}
        assert chief.put("/plain/_security", json=given).json() == {"ok": True}
        assert chief.get("/plain/_security").json() == given
        assert chief.put("/plain/_security", json={"admins": {"names": "x"}}).status_code == 400
        assert chief.put("/village/_security", json=given).status_code == 403
        assert anna.put("/village/_security", json=given).status_code == 401

    def test_upkeep_of_views_that_are_not_there(self, chief, plain):
        assert chief.post("/plain/_view_cleanup", headers=JSON).status_code == 202
        assert chief.post("/plain/_compact/x", headers=JSON).status_code == 404
        chief.put("/plain/_design/x", json={})
        assert chief.post("/plain/_compact/x", headers=JSON).status_code == 202

    def test_the_server_tells_administrators_about_itself(self, chief, anna, plain):
        assert chief.get("/_active_tasks").json() == []
        assert len(chief.get("/_membership").json()["all_nodes"]) == 1
        found, missing = chief.post("/_dbs_info", json={"keys": ["plain", "none"]}).json()
        assert (found["info"]["db_name"], missing["error"]) == ("plain", "not_found")
        assert chief.get('/_all_dbs?limit=1&start_key="q"').json() == ["village"]
        assert chief.get("/_all_dbs?skip=1&descending=true").json() == ["plain"]
        for path in ("/_active_tasks", "/_membership", "/_all_dbs"):
            assert anna.get(path).status_code == 401

    @pytest.mark.parametrize(
        "path", ["_replicate", "_users", "plain/_find", "plain/_index", "_scheduler/jobs"]
    )
    def test_what_is_absent_on_purpose_says_so(self, chief, plain, path):
        answer = chief.post(f"/{path}", json={})
        assert (answer.status_code, answer.json()["error"]) == (501, "not_implemented")
        assert answer.json()["reason"].endswith(".")

    def test_configuration_is_not_there(self, chief):
        assert chief.get("/_node/_local/_config").status_code == 404


class TestSession:
    @pytest.mark.parametrize(
        "form", [{"json": {"name": "anna", "password": "x"}}, {"data": {"name": "anna", "password": "x"}}]
    )
    def test_a_cookie_stands_for_credentials(self, nobody, form):
        answer = nobody.post("/_session", **form)
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "name": "anna", "roles": []})
        assert "HttpOnly" in answer.headers["set-cookie"]
        said = nobody.get("/_session").json()
        assert (said["userCtx"]["name"], said["info"]["authenticated"]) == ("anna", "cookie")
        assert nobody.get("/village").status_code == 200
        assert nobody.delete("/_session").json() == {"ok": True}
        assert nobody.get("/village").status_code == 401

    def test_wrong_credentials_are_told(self, nobody):
        answer = nobody.post("/_session", json={"name": "none", "password": "x"})
        assert (answer.status_code, answer.json()["reason"]) == (401, "Name or password is incorrect.")
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize("body", [b"", b"{}", b'{"name": 7, "password": 8}', b"[]", b"\xff"])
    def test_nonsense_is_refused(self, nobody, body):
        assert nobody.post("/_session", content=body, headers=JSON).status_code == 400

    def test_a_form_of_another_site_logs_nobody_in(self, nobody):
        form = {"name": "anna", "password": "x"}
        answer = nobody.post("/_session", data=form, headers={"sec-fetch-site": "cross-site"})
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)

    def test_a_stale_cookie_is_nobodys(self, server, nobody):
        assert nobody.get("/village", headers={"cookie": "AuthSession=stale"}).status_code == 401


class TestOtherPages:
    """CORS: pages of other sites, which a browser asks for."""

    ASKING: ClassVar = {
        "origin": PAGE,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "x-a",
    }

    def test_may_ask_where_they_are_named(self, nobody, anna):
        answer = nobody.options("/village/a", headers=self.ASKING)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "PUT" in answer.headers["access-control-allow-methods"]
        answer = anna.get("/village", headers={"origin": PAGE})
        assert answer.headers["access-control-allow-origin"] == PAGE

    def test_may_not_where_they_are_not(self, nobody, anna):
        assert (
            nobody.options(
                "/village/a", headers={**self.ASKING, "origin": "https://evil.example"}
            ).status_code
            == 400
        )
        answer = anna.get("/village", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers

    def test_may_not_where_nobody_said_so(self, tmp_path):
        with (
            SQLiteStore(tmp_path / "data.db", POLICIES) as store,
            serving(store) as address,
            client(address + "/db", "anna") as http,
        ):
            assert "access-control-allow-origin" not in http.get("/village", headers={"origin": PAGE}).headers


class TestCompressedBodies:
    def put(self, http, body, encoding):
        return http.put("/plain/a", content=body, headers={"content-encoding": encoding, **JSON})

    def raw(self, data):
        machine = zlib.compressobj(wbits=-15)
        return machine.compress(data) + machine.flush()

    def test_are_unfolded(self, chief, plain):
        text = json.dumps({"text": "病" * 1000}).encode()
        for body, encoding in (
            (gzip.compress(text, mtime=0), "gzip"),
            (zlib.compress(text), "deflate"),
            (self.raw(text), "deflate"),
            (gzip.compress(text[:100]) + gzip.compress(text[100:]), "x-gzip"),
            (gzip.compress(zlib.compress(text)), "deflate, gzip"),
        ):
            rev = self.put(chief, body, encoding).json()["rev"]
            assert chief.get("/plain/a").json()["text"] == "病" * 1000
            chief.delete(f"/plain/a?rev={rev}")

    def test_a_bomb_is_too_large(self, chief, plain):
        answer = self.put(chief, gzip.compress(b"0" * 50_000_000), "gzip")
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")

    @pytest.mark.parametrize(
        "body",
        [b"nonsense", gzip.compress(b"{}", mtime=0)[:-4], gzip.compress(b"{}", mtime=0) + b"more"],
        ids=["no gzip", "cut short", "followed by more"],
    )
    def test_a_broken_one_is_told(self, chief, plain, body):
        answer = self.put(chief, body, "gzip")
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


class TestFilteredChanges:
    @pytest.fixture
    def many(self, plain):
        docs = [{"_id": f"{n:04d}", "n": n, "crop": ["rice", "maize"][n % 2]} for n in range(500)]
        plain.write([*docs, {"_id": "_design/x", "filters": {"mine": "function"}, "views": {}}])
        return plain

    def select(self, http, selector, query="", **more):
        body = {"selector": selector, **more}
        return http.post(f"/plain/_changes?filter=_selector{query}", json=body)

    def ids(self, answer):
        return [row["id"] for row in answer.json()["results"]]

    def test_by_selector(self, chief, many):
        answer = self.select(chief, {"crop": "maize", "n": {"$gt": 490}})
        assert self.ids(answer) == ["0491", "0493", "0495", "0497", "0499"]
        assert "doc" not in answer.json()["results"][0]
        assert answer.json()["last_seq"].startswith("501-")

    def test_page_by_page(self, chief, many):
        found, since = [], "0"
        while True:
            page = self.select(chief, {"crop": "rice"}, f"&limit=60&since={since}")
            found += self.ids(page)
            since = page.json()["last_seq"]
            if len(self.ids(page)) < 60:
                break
        assert found == [f"{n:04d}" for n in range(0, 500, 2)]

    def test_with_documents_or_some_of_their_members(self, chief, many):
        (row,) = self.select(chief, {"n": 7}, "&include_docs=true").json()["results"]
        assert row["doc"]["crop"] == "maize"
        (row,) = self.select(chief, {"n": 7}, "&include_docs=true", fields=["_id", "n", "a.b"]).json()[
            "results"
        ]
        assert row["doc"] == {"_id": "0007", "n": 7}

    def test_backwards_from_the_end_whatever_since_says(self, chief, many):
        assert len(chief.get("/plain/_changes?descending=true&since=499").json()["results"]) == 501
        assert self.ids(self.select(chief, {"n": {"$lt": 2}}, "&descending=true&limit=1")) == ["0001"]

    def test_deletions_match_by_what_they_carry(self, chief, many):
        rev = chief.get("/plain/0003").json()["_rev"]
        chief.delete(f"/plain/0003?rev={rev}")
        assert self.ids(self.select(chief, {"_deleted": True})) == ["0003"]

    def test_design_documents_only(self, chief, many):
        assert self.ids(chief.get("/plain/_changes?filter=_design")) == ["_design/x"]

    @pytest.mark.parametrize(
        ("query", "status", "error"),
        [
            ("filter=x/mine", 501, "not_implemented"),
            ("filter=x/none", 404, "not_found"),
            ("filter=none/mine", 404, "not_found"),
            ("filter=mine", 400, "bad_request"),
            ("filter=_view", 400, "bad_request"),
            ("filter=_view&view=x/none", 404, "not_found"),
            ("filter=_selector", 400, "bad_request"),
            ("heartbeat=-1000", 400, "bad_request"),
            ("heartbeat=a1000", 400, "bad_request"),
            ("seq_interval=0", 400, "bad_request"),
        ],
    )
    def test_what_is_not_offered_says_so(self, chief, many, query, status, error):
        answer = chief.get(f"/plain/_changes?{query}")
        assert (answer.status_code, answer.json()["error"]) == (status, error)

    @pytest.mark.parametrize(
        "body", [{}, {"selector": 7}, {"selector": {"n": {"$odd": 1}}}, {"selector": {}, "fields": 7}]
    )
    def test_a_selector_must_be_one(self, chief, many, body):
        assert chief.post("/plain/_changes?filter=_selector", json=body).status_code == 400

    def test_a_waiting_feed_goes_on_behind_what_does_not_match(self, chief, many, server):
        answer = self.select(chief, {"n": 1000}, "&feed=longpoll&timeout=50")
        assert (self.ids(answer), answer.json()["last_seq"].split("-")[0]) == ([], "501")
        query = {
            "filter": "_selector",
            "feed": "continuous",
            "since": answer.json()["last_seq"],
            "limit": "1",
        }
        selector = {"selector": {"n": {"$gte": 1000}}}
        with chief.stream("POST", "/plain/_changes", params=query, json=selector) as feed:
            many.write([{"_id": "no", "n": 5}])
            many.write([{"_id": "yes", "n": 1000}])
            lines = [json.loads(line) for line in feed.iter_lines() if line]
        assert (lines[0]["id"], lines[1]["last_seq"].split("-")[0]) == ("yes", "503")

    def test_live_is_continuous(self, chief, many):
        lines = chief.get("/plain/_changes?feed=live&timeout=50&limit=2").text.strip().split("\n")
        assert len(lines) == 3

    def test_an_event_source_takes_up_where_its_browser_was(self, chief, many):
        since = chief.get("/plain/_changes?limit=499").json()["last_seq"]
        headers = {"last-event-id": since, "accept": "text/event-stream"}
        text = chief.get("/plain/_changes?feed=eventsource&timeout=50&since=0", headers=headers).text
        assert text.count("data: {") == 2
