"""Hostile requests to every address of the protocol: the right 4xx, nothing stored, nothing leaked, no 5xx.

A fixed number of examples, the same at every run.
"""

from __future__ import annotations

import base64
import gzip
import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.sqlite import SQLiteStore
from tests.sync.conformance import POLICIES, write
from tests.sync.serving import client, serving
from tests.sync.village import VillagePolicy

SECRET = "秘密-of-ben"
DIGEST = "of-bens-attachment"

_ids = st.one_of(
    st.sampled_from(
        [
            "a",
            "b",
            "bens",
            "_design/x",
            "_design/",
            "_local/x",
            "_local/bens",
            "_bad",
            "a/b",
            " ",
            "水稻",
            "\x00",
        ]
    ),
    st.text(max_size=12),
    st.just("long" * 600),
)
_revs = st.sampled_from(
    [
        "1-a",
        "2-b",
        "1-" + "f" * 32,
        "0-1",
        "-1-a",
        "nonsense",
        "1-",
        "99999999999999999999-a",
        "1-a b",
        "1-水",
        '"',
    ]
)
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    _revs,
)
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_attachment = st.one_of(
    _json,
    st.fixed_dictionaries(
        {},
        optional={
            "content_type": st.sampled_from(["text/plain", "text/病", "a\r\nx: y", ""]) | _scalars,
            "data": st.sampled_from(["", "aGVsbG8=", "!!", "aGVsbG8"]) | _scalars,
            "digest": st.sampled_from(["md5-" + "A" * 22 + "==", DIGEST]) | _scalars,
            "revpos": _scalars,
            "stub": _scalars,
            "follows": _scalars,
            "encoding": st.sampled_from(["gzip", "br"]),
            "length": _scalars,
        },
    ),
)
_doc = st.fixed_dictionaries(
    {},
    optional={
        "_id": _ids | _scalars,
        "_rev": _revs | _scalars,
        "_deleted": _scalars,
        "_revisions": _json
        | st.fixed_dictionaries({"start": _scalars, "ids": st.lists(_scalars, max_size=3)}),
        "_attachments": st.dictionaries(st.sampled_from(["x", "_y", "", "水/z"]), _attachment, max_size=3)
        | _json,
        "_conflicts": _json,
        "_odd": _json,
        "group": st.sampled_from(["g", "bens"]) | _scalars,
        "opens": _json | st.just(["anna"]),
        "echo": _scalars,
        "n": _json,
    },
)
_operators = st.sampled_from(
    [
        "$eq",
        "$gt",
        "$in",
        "$nin",
        "$and",
        "$or",
        "$nor",
        "$not",
        "$regex",
        "$mod",
        "$size",
        "$all",
        "$type",
        "$elemMatch",
        "$allMatch",
        "$keyMapMatch",
        "$exists",
        "$beginsWith",
        "$odd",
        "n",
        "a.b",
        ".",
        "",
    ]
)
_selector = st.recursive(
    _json,
    lambda inner: st.dictionaries(_operators, inner | st.lists(inner, max_size=3), max_size=3),
    max_leaves=8,
)
_batch = st.fixed_dictionaries(
    {"docs": st.lists(_doc | _json, max_size=4) | _json}, optional={"new_edits": st.booleans() | _scalars}
)
_asked = st.fixed_dictionaries(
    {
        "docs": st.lists(
            st.fixed_dictionaries({}, optional={"id": _ids, "rev": _revs | _scalars, "atts_since": _json})
        )
    }
)
_revs_of_ids = st.dictionaries(_ids, st.lists(_revs | _scalars, max_size=3) | _json, max_size=3)
_find = st.fixed_dictionaries({"selector": _selector}, optional={"fields": _json})
_list = st.fixed_dictionaries(
    {},
    optional={"keys": st.lists(_ids) | _json, "limit": _scalars, "skip": _scalars}
    | dict.fromkeys(("startkey", "end_key", "include_docs", "update_seq", "inclusive_end"), _json),
)
_people = st.fixed_dictionaries({}, optional=dict.fromkeys(("admins", "members", "name", "password"), _json))


def _text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


_raw = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"",
            b"{",
            b"[" * 5000,
            b'{"a":' * 2000,
            b"null",
            b"\xff\xfe",
            gzip.compress(b"0" * 9_000_000, mtime=0),
        ]
    ),
    st.binary(max_size=60).map(lambda tail: b"--b\r\ncontent-type: application/json\r\n\r\n{}\r\n--b" + tail),
    st.just(b'--b\r\n\r\n{"_attachments":{"x":{"follows":true,"length":1}}}\r\n--b\r\n\r\nab\r\n--b--'),
)
_flags = (
    "include_docs",
    "descending",
    "attachments",
    "conflicts",
    "revs",
    "revs_info",
    "latest",
    "new_edits",
)
_query = st.fixed_dictionaries(
    {},
    optional={
        "rev": _revs | st.text(max_size=5),
        "open_revs": st.sampled_from(["all", "[]", '["1-a"]', "[1]", "{"]),
        "atts_since": st.sampled_from(['["1-a"]', "[]", "7", "["]),
        "since": st.sampled_from(["0", "now", "-1", "9" * 30, "5-abc", "x", ""]),
        "limit": st.sampled_from(["0", "1", "-1", "x", "9" * 30]),
        "skip": st.sampled_from(["0", "1", "-1", "9" * 30]),
        "filter": st.sampled_from(["_doc_ids", "_selector", "_design", "_view", "a/b", "a", "_odd"]),
        "view": st.sampled_from(["a/b", "", "x"]),
        "feed": st.sampled_from(["normal", "longpoll", "continuous", "eventsource", "odd"]),
        "heartbeat": st.sampled_from(["true", "0", "-5", "x", "9" * 30]),
        "style": st.sampled_from(["all_docs", "main_only", "odd"]),
        "seq_interval": st.sampled_from(["0", "2", "-1", "x"]),
        "keys": st.sampled_from(['["a"]', "[", "7", "[7]"]),
        "startkey": st.sampled_from(['"a"', "7", "{}", "["]),
        "batch": st.just("ok"),
        "count": st.sampled_from(["2", "-1", "99999"]),
    }
    | {name: st.sampled_from(["true", "false", "perhaps", ""]) for name in _flags},
).map(lambda query: {"timeout": "20", **query})
_printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
_headers = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from(
            [
                "application/json",
                "text/plain",
                "multipart/related;boundary=b",
                "multipart/related",
                "multipart/form-data; boundary=b",
            ]
        )
        | _printable,
        "content-encoding": st.sampled_from(["gzip", "deflate", "identity", "br", "gzip, gzip"]),
        "accept": st.sampled_from(
            ["*/*", "multipart/mixed", "multipart/related", "application/json", "image/png"]
        ),
        "if-match": _printable | st.just('"1-a"'),
        "if-none-match": _printable | st.just("*"),
        "range": st.sampled_from(["bytes=0-1", "bytes=5-1", "bytes=-0", "bytes=0-0,1-1", "bytes=9" * 9, "x"]),
        "destination": st.sampled_from(["b", "b?rev=1-a", "/x", "_bad", "b?x", "%ff", "bens"]) | _printable,
        "content-md5": _printable,
        "cookie": st.just("AuthSession=stale; tianwen_session=x"),
        "x-http-method-override": st.sampled_from(["PUT", "DELETE", "COPY", "odd"]),
        "x-couch-request-id": _printable,
        "last-event-id": _printable,
    },
)
_document = st.one_of(
    _ids.map(lambda name: "/" + quote(name, safe="")),
    _ids.map(lambda name: "/" + quote(name)),
    st.sampled_from(["/%ff", "/%", "//", "/../village/bens", "/_odd", "/_design", "/_design/x/_view/y"]),
)
_file = st.tuples(_ids, st.sampled_from(["photo", "x", "_y", "水/z", ".."])).map(
    lambda pair: f"/{quote(pair[0], safe='')}/{quote(pair[1])}"
)
_none = st.just(b"")


@dataclass(frozen=True)
class Hostile:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


def _request(methods, paths, bodies=_none, kind="application/json", query=None):
    """Requests that go to where they belong, with what belongs there, more or less."""
    json_headers = _headers.map(lambda given: {"content-type": kind, **given})
    few = st.fixed_dictionaries(
        {}, optional={"accept": st.sampled_from(["multipart/mixed", "multipart/related"])}
    )
    sane = few.map(lambda given: {"content-type": kind, **given})
    return st.builds(
        Hostile,
        st.sampled_from(methods),
        paths if isinstance(paths, st.SearchStrategy) else st.sampled_from(paths),
        query if query is not None else (st.just({}) | _query),
        st.one_of(sane, sane, json_headers),
        bodies if isinstance(bodies, st.SearchStrategy) else _none,
    )


def _json_of(*strategies):
    return st.one_of(*(each.map(_text) for each in strategies))


_within = st.one_of(
    _request(["POST"], ["/_bulk_docs"], _json_of(_batch), query=st.just({})),
    _request(["POST"], ["/_bulk_get"], _json_of(_asked, _json)),
    _request(["POST"], ["/_revs_diff", "/_missing_revs", "/_purge"], _json_of(_revs_of_ids, _json)),
    _request(["POST"], ["/_all_docs", "/_design_docs", "/_local_docs"], _json_of(_list)),
    _request(
        ["POST"],
        ["/_all_docs/queries"],
        _json_of(st.fixed_dictionaries({"queries": st.lists(_list) | _json})),
    ),
    _request(["GET"], ["/_all_docs", "/_changes", "/_security", "/_revs_limit", "", "/_find"]),
    _request(
        ["POST"],
        ["/_changes"],
        _json_of(_find),
        query=_query.map(lambda given: {**given, "filter": "_selector"}) | st.just({"filter": "_selector"}),
    ),
    _request(["PUT"], ["/_revs_limit", "/_purged_infos_limit", "/_security"], _json_of(_json, _people)),
    _request(["POST"], ["/_compact", "/_compact/x", "/_view_cleanup", "/_ensure_full_commit", "/_find"]),
    _request(["PUT"], _document, _json_of(_doc)),
    _request(["PUT"], _document, _json_of(_doc), query=st.just({"new_edits": "false"})),
    _request(["PUT", "POST"], _document, _raw, kind="multipart/related; boundary=b"),
    _request(["POST"], _document, _raw, kind="multipart/form-data; boundary=b"),
    _request(["POST"], [""], _json_of(_doc)),
    _request(["GET", "HEAD", "DELETE", "COPY"], _document),
    _request(["GET", "HEAD", "PUT", "DELETE"], _file, _raw, kind="text/plain"),
    _request(["PUT", "POST"], ["/_bulk_docs", "/a", ""], _raw),
    _request(["OPTIONS", "PATCH", "DELETE", "PUT"], ["/_changes", "/a", "/_bulk_docs", "/_all_docs"]),
)
_elsewhere = _request(
    ["GET", "POST", "PUT", "DELETE"],
    [
        "/db/_session",
        "/db/_all_dbs",
        "/db/_dbs_info",
        "/db/_uuids",
        "/db/_membership",
        "/db/_node/_local/_config",
        "/db/_replicate",
        "/db/_users",
        "/db/Upper",
        "/db/" + "n" * 300,
        "/quarantine",
        "/quarantine/x",
        "/odd",
        "/exchange",
        "/db/_utils",
        "/db/other/bens",
        "/db/other",
        "/db/other/_all_docs",
    ],
    _json_of(_people, _json),
)


def hostile(database):
    inside = _within.map(lambda request: replace(request, path=f"/db/{database}{request.path}"))
    return st.one_of(inside, inside, inside, inside, _elsewhere)


@dataclass(frozen=True)
class Running:
    store: SQLiteStore
    clients: dict[str | None, httpx2.Client]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "data.db"
    with SQLiteStore(path, {**POLICIES, "other": VillagePolicy()}) as store, ExitStack() as stack:
        files = {"photo": {"content_type": "text/plain", "data": base64.b64encode(SECRET.encode()).decode()}}
        bens = {"_id": "bens", "group": "bens", "opens": ["ben"], "text": SECRET, "_attachments": files}
        for name in ("village", "other"):
            write(store.database(name), dict(bens))
            store.database(name).local_put("ben", "bens", {"text": SECRET})
        store.create("plain")
        address = stack.enter_context(serving(store, max_body_bytes=1_000_000))
        yield Running(
            store, {name: stack.enter_context(client(address, name)) for name in ("anna", "chief", None)}
        )


def check(server, name, database, request):
    """What holds of every answer; the answer."""
    watched = {each: server.store.database(each) for each in ("village", "other", database)}
    before = {each: found.info().update_seq for each, found in watched.items()}
    answer = server.clients[name].request(
        request.method, request.path, params=request.query, headers=request.headers, content=request.body
    )
    server.clients[name].cookies.clear()
    assert answer.status_code < 500 or answer.status_code == 501, answer.text
    if answer.status_code >= 400:
        assert {each: found.info().update_seq for each, found in watched.items()} == before
        if request.method != "HEAD" and answer.status_code != 417:
            assert {"error", "reason"} <= set(answer.json())
    return answer


def settled(examples):
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@settled(600)
@given(request=hostile("village"))
def test_one_who_may_read_little(server, request):
    """Anna reads nothing of Ben's, whatever she sends."""
    answer = check(server, "anna", "village", request)
    for told in (SECRET.encode(), base64.b64encode(SECRET.encode())):
        assert told not in answer.content


@settled(600)
@given(request=hostile("plain"))
def test_an_administrator(server, request):
    if "plain" not in server.store.names():
        server.store.create("plain")
    check(server, "chief", "plain", request)


@settled(100)
@given(request=hostile("village"))
def test_nobody(server, request):
    """Without credentials there is nothing but the welcome, the session and the pulse."""
    answer = check(server, None, "village", request)
    assert SECRET.encode() not in answer.content
    assert answer.status_code >= 400 or request.path.rstrip("/") in ("/db", "/db/_session", "/db/_up")
