"""Attachments over real HTTP: inline, stub, in parts of their own, byte by byte, checked by digest."""

import base64
import gzip
import hashlib
import json

import pytest

from sync.protocol import multipart
from sync.sqlite import SQLiteStore
from tests.sync.conformance import POLICIES
from tests.sync.serving import client, serving

TEXT = b"This is a base64 encoded text"


def digest(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def inline(data, kind="text/plain", **more):
    return {"content_type": kind, "data": base64.b64encode(data).decode(), **more}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with (
        SQLiteStore(tmp_path_factory.mktemp("server") / "data.db", POLICIES) as store,
        serving(store) as address,
        client(address + "/db", "chief") as http,
    ):
        yield http


@pytest.fixture
def http(server):
    assert server.put("/plain").status_code == 201
    yield server
    server.delete("/plain")


@pytest.fixture
def doc(http):
    """`/plain/a` with TEXT as x.txt; its revision."""
    files = {"x.txt": inline(TEXT, "application/octet-stream")}
    return http.put("/plain/a", json={"n": 1, "_attachments": files}).json()["rev"]


def parts_of(answer):
    return multipart.parse(answer.headers["content-type"], answer.content)


class TestByteByByte:
    def test_a_new_one_makes_the_document(self, http):
        answer = http.put("/plain/b/y/z.txt", content=b"\x00\xff", headers={"content-type": "image/png"})
        assert (answer.status_code, answer.json()["id"]) == (201, "b")
        assert answer.headers["location"].endswith("/plain/b/y/z.txt")
        found = http.get("/plain/b/y/z.txt")
        assert (found.content, found.headers["content-type"]) == (b"\x00\xff", "image/png")

    def test_is_added_beside_what_is_there(self, http, doc):
        rev = http.put(f"/plain/a/y?rev={doc}", content=b"").json()["rev"]
        found = http.get("/plain/a").json()
        assert (found["_rev"], found["n"], [*found["_attachments"]]) == (rev, 1, ["x.txt", "y"])
        assert found["_attachments"]["y"] == {
            "content_type": "application/octet-stream",
            "revpos": 2,
            "digest": "md5-1B2M2Y8AsgTpgAmY7PhCfg==",
            "length": 0,
            "stub": True,
        }

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    def test_its_revision_must_be_the_one_that_stands(self, http, doc, method):
        assert http.request(method, "/plain/a/x.txt").status_code == 409
        answer = http.request(method, "/plain/a/x.txt?rev=4-garbage")
        assert (answer.status_code, answer.json()) == (409, {"error": "not_found", "reason": "missing_rev"})
        http.put("/plain/a", json={"_rev": doc, "_attachments": {"x.txt": {"stub": True}}})
        answer = http.request(method, f"/plain/a/x.txt?rev={doc}")
        assert (answer.status_code, answer.json()["error"]) == (409, "conflict")

    def test_is_deleted(self, http, doc):
        assert http.delete(f"/plain/a/none?rev={doc}").json()["reason"] == "Document is missing attachment"
        answer = http.delete("/plain/a/x.txt", headers={"if-match": f'"{doc}"'})
        assert answer.status_code == 200
        assert http.get("/plain/a/x.txt").status_code == 404
        assert http.get(f"/plain/a/x.txt?rev={doc}").content == TEXT
        assert "_attachments" not in http.get("/plain/a").json()

    def test_its_digest_names_it(self, http, doc):
        answer = http.get("/plain/a/x.txt")
        assert answer.headers["etag"] == f'"{digest(TEXT)}"'
        assert answer.headers["content-md5"] == digest(TEXT)
        again = http.get("/plain/a/x.txt", headers={"if-none-match": f'"other", W/"{digest(TEXT)}"'})
        assert (again.status_code, again.content) == (304, b"")

    def test_a_wrong_digest_stores_nothing(self, http):
        answer = http.put("/plain/b/y", content=b"x", headers={"content-md5": digest(b"y")})
        assert (answer.status_code, answer.json()["error"]) == (400, "content_md5_mismatch")
        assert http.get("/plain/b").status_code == 404

    def test_arrives_compressed(self, http):
        http.put("/plain/b/y", content=gzip.compress(TEXT), headers={"content-encoding": "gzip"})
        assert http.get("/plain/b/y").content == TEXT

    def test_no_document_is_made_under_a_reserved_id(self, http):
        assert http.put("/plain/_odd/y", content=b"x").json()["error"] == "illegal_docid"

    def test_a_kind_that_no_header_can_carry(self, http):
        http.put("/plain/b", json={"_attachments": {"y": inline(b"x", "text/病")}})
        assert http.get("/plain/b/y").headers["content-type"] == "application/octet-stream"

    def test_a_large_one(self, http):
        data = bytes(range(256)) * 20_000
        http.put("/plain/b/y", content=data)
        assert http.get("/plain/b/y").content == data


class TestRanges:
    @pytest.mark.parametrize(
        ("asked", "expected", "told"),
        [
            ("bytes=0-28", TEXT, "bytes 0-28/29"),
            ("bytes=2-", TEXT[2:], "bytes 2-28/29"),
            ("bytes=0-3", b"This", "bytes 0-3/29"),
            ("bytes=10-15", b"base64", "bytes 10-15/29"),
            ("bytes=-3", b"ext", "bytes 26-28/29"),
            ("bytes=20-1000", TEXT[20:], "bytes 20-28/29"),
        ],
    )
    def test_a_part(self, http, doc, asked, expected, told):
        answer = http.get("/plain/a/x.txt", headers={"range": asked})
        assert (answer.status_code, answer.content) == (206, expected)
        assert answer.headers["content-range"] == told
        assert answer.headers["content-length"] == str(len(expected))

    @pytest.mark.parametrize(
        "asked", ["bytes=0-", "bytes=0-,0-", "bytes:0-", "bytes=0-1" + ",0-1" * 9, "lines=1-2"]
    )
    def test_the_whole(self, http, doc, asked):
        answer = http.get("/plain/a/x.txt", headers={"range": asked})
        assert (answer.status_code, answer.content) == (200, TEXT)
        assert answer.headers["accept-ranges"] == "bytes"

    @pytest.mark.parametrize("asked", ["bytes=5-3", "bytes=300-310", "bytes=-0"])
    def test_nothing(self, http, doc, asked):
        answer = http.get("/plain/a/x.txt", headers={"range": asked})
        assert (answer.status_code, answer.json()["error"]) == (416, "requested_range_not_satisfiable")

    def test_several(self, http, doc):
        answer = http.get("/plain/a/x.txt", headers={"range": "bytes=0-3,10-15"})
        assert answer.status_code == 206
        assert answer.headers["content-type"].startswith("multipart/byteranges")
        assert [(part.body, part.headers["content-range"]) for part in parts_of(answer)] == [
            (b"This", "bytes 0-3/29"),
            (b"base64", "bytes 10-15/29"),
        ]


class TestInline:
    def test_a_stub_keeps_what_is_there(self, http, doc):
        rev = http.put("/plain/a", json={"_rev": doc, "_attachments": {"x.txt": {"stub": True}}}).json()[
            "rev"
        ]
        assert http.get("/plain/a/x.txt").content == TEXT
        assert http.get("/plain/a").json()["_attachments"]["x.txt"]["revpos"] == 1
        wrong = {"_rev": rev, "_attachments": {"x.txt": {"stub": True, "revpos": 10}}}
        assert http.put("/plain/a", json=wrong).json()["error"] == "missing_stub"

    @pytest.mark.parametrize(
        "stub",
        [{"stub": True}, {"stub": True, "digest": f"md5-{digest(TEXT)}"}, {"stub": True, "digest": "md5-x"}],
    )
    def test_a_stub_of_nothing_stores_nothing(self, http, doc, stub):
        answer = http.put("/plain/b", json={"_attachments": {"x.txt": stub}})
        assert (answer.status_code, answer.json()["error"]) == (412, "missing_stub")
        assert http.get("/plain/b").status_code == 404

    @pytest.mark.parametrize(
        ("file", "error"),
        [
            ({"content_type": "text/plain", "data": "notBase64Encoded="}, "bad_request"),
            ({"content_type": "text/plain"}, "bad_request"),
            (inline(TEXT, digest=f"md5-{digest(b'other')}"), "content_md5_mismatch"),
            ({"follows": True, "content_type": "text/plain", "length": 3}, "bad_request"),
            ("text", "doc_validation"),
        ],
    )
    def test_what_cannot_be_one(self, http, file, error):
        answer = http.put("/plain/b", json={"_attachments": {"x.txt": file}})
        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert http.get("/plain/b").status_code == 404

    def test_a_name_with_an_underscore_is_refused(self, http):
        answer = http.put("/plain/b", json={"_attachments": {"_x": inline(b"x")}})
        assert answer.json()["reason"] == "Attachment name '_x' starts with prohibited character '_'"

    def test_only_newer_ones_are_sent(self, http, doc):
        http.put(f"/plain/a/y?rev={doc}", content=b"new")
        found = http.get("/plain/a", params={"atts_since": json.dumps([doc, "1-2897589"])}).json()[
            "_attachments"
        ]
        assert (found["x.txt"]["stub"], found["y"]["data"]) == (True, base64.b64encode(b"new").decode())

    def test_lists_and_feeds_carry_them_when_asked(self, http, doc):
        for path in ("/plain/_all_docs", "/plain/_changes"):
            answer = http.get(f"{path}?include_docs=true&attachments=true&att_encoding_info=true").json()
            (row,) = answer.get("rows") or answer["results"]
            assert base64.b64decode(row["doc"]["_attachments"]["x.txt"]["data"]) == TEXT


class TestForgetting:
    """Compaction drops the bytes that no revision names any more, and no others."""

    def files(self, database):
        with database._store.readers.snapshot() as connection:
            return {digest for (digest,) in connection.execute("SELECT digest FROM attachments")}

    def test_after_an_edit_a_purge_or_a_dropped_database(self, tmp_path):
        with SQLiteStore(tmp_path / "data.db", POLICIES) as store:
            plain, other = store.create("plain"), store.create("other")
            (first,) = plain.write(
                [{"_id": "a", "_attachments": {"x": inline(b"old"), "y": inline(b"kept")}}]
            )
            stub = {"y": {"stub": True}, "z": inline(b"new")}
            plain.write([{"_id": "a", "_rev": first.rev, "_attachments": stub}])
            (second,) = plain.write(
                [{"_id": "b", "text": '"_attachments":', "_attachments": {"x": inline(b"b")}}]
            )
            other.write([{"_id": "c", "_attachments": {"x": inline(b"old"), "w": inline(b"w")}}])
            conflict = {"_id": "a", "_rev": "1-z", "_attachments": {"x": inline(b"conflict")}}
            plain.write([conflict], new_edits=False)
            expected = {b"old", b"kept", b"new", b"b", b"w", b"conflict"}
            plain.compact()
            assert self.files(plain) == {f"md5-{digest(data)}" for data in expected}
            plain.purge({"b": [second.rev], "a": ["1-z"]})
            store.drop("other")
            plain.compact()
            assert self.files(plain) == {f"md5-{digest(data)}" for data in (b"kept", b"new")}
            assert plain.attachment("a", "y").data == b"kept"


class TestParts:
    """multipart/related and multipart/mixed, as CouchDB's replicator speaks them."""

    def put(self, http, doc, *files, boundary="abc123", path="/plain/m", **headers):
        parts = [({"Content-Type": "application/json"}, json.dumps(doc).encode()), *files]
        body = multipart.encode(parts, boundary)
        kind = f'multipart/related;boundary="{boundary}"'
        return http.put(path, content=body, headers={"content-type": kind, **headers})

    def follows(self, length, **more):
        return {"follows": True, "content_type": "application/test", "length": length, **more}

    def test_bytes_follow_the_document_in_order(self, http):
        doc = {"n": 1, "_attachments": {"foo": self.follows(3), "bar": self.follows(2), "in": inline(b"x")}}
        assert self.put(http, doc, ({}, b"foo"), ({}, b"b\r")).status_code == 201
        assert [http.get(f"/plain/m/{name}").content for name in ("foo", "bar", "in")] == [
            b"foo",
            b"b\r",
            b"x",
        ]
        found = http.get("/plain/m").json()
        assert (found["n"], found["_attachments"]["foo"]["stub"]) == (1, True)
        assert "follows" not in found["_attachments"]["foo"]

    def test_or_by_their_names(self, http):
        doc = {"_attachments": {"foo": self.follows(3), "bar": self.follows(3)}}
        named = [
            ({"Content-Disposition": f'attachment; filename="{name}"'}, name.encode())
            for name in ("bar", "foo")
        ]
        self.put(http, doc, *named)
        assert http.get("/plain/m/bar").content == b"bar"

    def test_with_a_revision_of_a_peer(self, http):
        doc = {
            "_rev": "2-b",
            "_revisions": {"start": 2, "ids": ["b", "a"]},
            "_attachments": {"foo": self.follows(3, revpos=1, digest=f"md5-{digest(b'foo')}")},
        }
        assert self.put(http, doc, ({}, b"foo"), path="/plain/m?new_edits=false").json()["rev"] == "2-b"
        assert http.get("/plain/m").json()["_attachments"]["foo"]["revpos"] == 1

    def test_compressed_by_a_peer(self, http):
        """CouchDB keeps texts compressed, and their digest is that of the compressed bytes."""
        packed = gzip.compress(TEXT)
        more = {"encoding": "gzip", "encoded_length": len(packed), "digest": f"md5-{digest(packed)}"}
        doc = {"_rev": "1-a", "_attachments": {"foo": self.follows(len(TEXT), **more)}}
        self.put(http, doc, ({"Content-Encoding": "gzip"}, packed), path="/plain/m?new_edits=false")
        assert http.get("/plain/m/foo").content == TEXT
        stub = {"stub": True, "revpos": 1, **more, "content_type": "application/test"}
        edit = {"_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", "a"]}, "_attachments": {"foo": stub}}
        assert http.put("/plain/m?new_edits=false", json=edit).status_code == 201
        assert http.get("/plain/m/foo").content == TEXT

    @pytest.mark.parametrize(
        ("attachments", "files"),
        [
            ({"foo": {"follows": True, "length": 3}}, []),
            ({"foo": {"follows": True, "length": 4}}, [({}, b"foo")]),
            ({"foo": {"follows": True, "digest": "md5-wrong"}}, [({}, b"foo")]),
            ({}, [({}, b"foo")]),
            ({"foo": {"follows": True, "encoding": "gzip"}}, [({}, b"no gzip")]),
        ],
    )
    def test_what_does_not_fit_stores_nothing(self, http, attachments, files):
        assert self.put(http, {"_attachments": attachments}, *files).status_code == 400
        assert http.get("/plain/m").status_code == 404

    @pytest.mark.parametrize(
        "body", [b"", b"--x", b"--x\r\n\r\n{}", b"--x\r\n\r\n[]\r\n--x--", b"--x\r\n\r\n{\r\n--x--"]
    )
    def test_what_is_no_multipart_is_told(self, http, body):
        answer = http.put("/plain/m", content=body, headers={"content-type": "multipart/related; boundary=x"})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")

    def test_a_document_is_given_in_parts_when_asked_by_name(self, http, doc):
        rev = http.put(f"/plain/a/y?rev={doc}", content=b"new").json()["rev"]
        related = {"accept": "multipart/related,*/*;"}
        head, first, second = parts_of(http.get("/plain/a?attachments=true", headers=related))
        assert head.headers["content-type"] == "application/json"
        shown = json.loads(head.body)
        assert (shown["_rev"], shown["_attachments"]["x.txt"]["follows"]) == (rev, True)
        assert (first.filename, first.body, first.headers["content-length"]) == ("x.txt", TEXT, "29")
        assert second.body == b"new"
        since = http.get("/plain/a", params={"atts_since": json.dumps([doc])}, headers=related)
        head, only = parts_of(since)
        assert (json.loads(head.body)["_attachments"]["x.txt"]["stub"], only.body) == (True, b"new")
        assert "data" in http.get("/plain/a?attachments=true").json()["_attachments"]["y"]

    def test_revisions_are_given_in_parts(self, http, doc):
        asked = f'/plain/a?open_revs=["{doc}","2-none"]&revs=true'
        found, missing = parts_of(http.get(asked, headers={"accept": "multipart/mixed"}))
        head, file = multipart.parse(found.headers["content-type"], found.body)
        assert (json.loads(head.body)["_revisions"]["start"], file.body) == (1, TEXT)
        assert missing.headers["content-type"] == 'application/json; error="true"'
        assert json.loads(missing.body) == {"missing": "2-none"}

    def test_a_revision_without_files_is_plain_json(self, http):
        http.put("/plain/b", json={"n": 1})
        (only,) = parts_of(http.get("/plain/b?open_revs=all", headers={"accept": "multipart/mixed"}))
        assert (only.headers["content-type"], json.loads(only.body)["n"]) == ("application/json", 1)

    def test_so_are_many_documents(self, http, doc):
        asked = {"docs": [{"id": "a"}, {"id": "none"}]}
        answer = http.post("/plain/_bulk_get", json=asked, headers={"accept": "multipart/mixed"})
        found, missing = parts_of(answer)
        assert found.headers["x-doc-id"] == "a"
        assert multipart.parse(found.headers["content-type"], found.body)[1].body == TEXT
        assert json.loads(missing.body)["error"] == "not_found"

    def test_a_strange_name_stays_on_its_line(self, http):
        name = '病"\r\nx: y\\'
        http.put("/plain/b", json={"_attachments": {name: inline(b"x")}})
        answer = http.get("/plain/b?attachments=true", headers={"accept": "multipart/related"})
        head, file = parts_of(answer)
        assert [*json.loads(head.body)["_attachments"]] == [name]
        assert "x" not in file.headers
        assert file.body == b"x"


class TestForms:
    """POST of a form with files, as a page of one's own may send it."""

    def post(self, http, path, fields, files=()):
        parts = [
            ({"Content-Disposition": f'form-data; name="{name}"'}, value) for name, value in fields.items()
        ]
        for name, data in files:
            disposition = f'form-data; name="_attachments"; filename="{name}"'
            parts.append(({"Content-Disposition": disposition, "Content-Type": "text/plain"}, data))
        headers = {"content-type": "multipart/form-data; boundary=----TF"}
        return http.post(path, content=multipart.encode(parts, "----TF"), headers=headers)

    def test_files_are_added_to_a_revision(self, http, doc):
        assert (
            self.post(http, "/plain/a", {"_rev": doc.encode()}, [("file.txt", b"contents\r\n")]).status_code
            == 201
        )
        found = http.get("/plain/a").json()
        assert (found["n"], found["_attachments"]["file.txt"]["length"]) == (1, 10)
        assert http.get("/plain/a/x.txt").content == TEXT

    def test_the_document_may_come_along(self, http):
        assert self.post(http, "/plain/b", {"_doc": b'{"n": 2}'}).json()["id"] == "b"
        assert http.get("/plain/b").json()["n"] == 2

    @pytest.mark.parametrize("fields", [{}, {"_doc": b"["}, {"_doc": b"[]"}, {"_rev": b"nonsense"}])
    def test_or_not(self, http, fields):
        assert self.post(http, "/plain/b", fields).status_code == 400

    def test_another_kind_of_body_is_none(self, http, doc):
        assert http.post("/plain/a", json={}).status_code == 415
