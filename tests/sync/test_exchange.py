"""POST /sync/exchange over real HTTP, as docs/sync.md ("The exchange") describes it."""

import gzip
import json
import socket
import threading
from urllib.parse import urlsplit

import orjson
import pytest

from sync.exchange.device import Device
from sync.exchange.digest import Digest, fingerprint
from sync.sqlite import SQLiteStore
from tests.sync.conformance import POLICIES, replicate, seen, write
from tests.sync.serving import client, serving
from tests.sync.village import ANNA


def is_bulky(identifier):
    return identifier.startswith("bulk:")


@pytest.fixture
def server(tmp_path):
    with (
        SQLiteStore(tmp_path / "data.db", POLICIES) as store,
        serving(store, bulky=is_bulky, max_body_bytes=100_000) as address,
    ):
        yield address, store


@pytest.fixture
def village(server):
    return server[1].database("village")


@pytest.fixture
def anna(server):
    with client(server[0], "anna") as http:
        yield http


@pytest.fixture
def ben(server):
    with client(server[0], "ben") as http:
        yield http


def ask(http, **message):
    answer = http.post("/exchange", json=message)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer):
    return [doc["_id"] for doc in answer.get("d", [])]


def sync(http, device, **options):
    """To the end; how many requests it took."""
    for count in range(1, 100):
        message = device.request(**options)
        if not device.take(message, ask(http, **message)):
            return count
    raise AssertionError("the device never comes to an end")


def doc(identifier, rev="1-aaaa", **members):
    return {"_id": identifier, "_rev": rev, "group": "g", **members}


class TestPushing:
    def test_the_receipt_comes_in_the_same_answer(self, anna, village):
        answer = ask(anna, d=[doc("a", opens=["anna"], echo=True, text="水稻叶子发黄")])
        assert village.get("a", caller=ANNA)["text"] == "水稻叶子发黄"
        assert ids(answer) == ["echo:a"]
        assert set(answer) == {"s", "d"}

    def test_twice_is_once(self, anna, village):
        message = {"d": [doc("a", opens=["anna"], echo=True)]}
        first = ask(anna, **message)
        assert ask(anna, **message) == first
        assert village.info().update_seq == 2

    def test_one_bad_document_does_not_hold_up_the_others(self, anna, village):
        answer = ask(anna, d=[doc("a", opens=["anna"]), doc("bad", refuse="字数太多"), doc("z")])
        (case,) = village.quarantined("anna")
        assert answer["f"] == [["bad", "forbidden", "字数太多", case.receipt, "schema"]]
        assert case.body["refuse"] == "字数太多"
        assert seen(village, ANNA) == ["a", "z"]

    def test_a_revision_that_lies_is_kept_apart(self, anna, village):
        answer = ask(anna, d=[doc("a", opens=["anna"]), doc("bad", rev="nonsense")])
        assert [row[0] for row in answer["f"]] == ["bad"]
        assert [case.id for case in village.quarantined("anna")] == ["bad"]
        assert seen(village, ANNA) == ["a"]

    def test_who_ends_their_own_access_is_told_to_forget(self, ben, village):
        write(village, {"_id": "opening", "group": "g", "opens": ["ben", "anna"]})
        since = ask(ben)["s"]
        message = {"s": since, "d": [doc("declined", closes=["ben"])]}
        answer = ask(ben, **message)
        assert sorted(answer["x"]) == ["declined", "opening"]
        assert ask(ben, **message) == answer, "the same again, for an answer may be lost"
        assert village.quarantined("ben") == []

    def test_asking_spares_sending(self, anna, village):
        ask(anna, d=[doc("a", opens=["anna"]), doc("b")])
        answer = ask(anna, q=[["a", "1-aaaa"], ["b", "1-bbbb"], ["c", "1-aaaa"]])
        assert answer["h"] == ["a"]
        assert ids(answer) == ["b"], "what was named is not sent back"

    def test_another_revision_than_named_does_come(self, anna, village):
        first = write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        write(village, {"_id": "a", "_rev": first, "group": "g", "opens": ["anna"], "n": 2})
        (got,) = ask(anna, d=[doc("a", first, opens=["anna"])])["d"]
        assert (got["n"], len(got["_revisions"]["ids"])) == (2, 2)


class TestPulling:
    def test_history_is_told_only_where_there_is_one(self, anna, village):
        replicate(village, "edited", "3-c 2-b 1-a", group="g", opens=["anna"])
        write(village, {"_id": "fresh", "group": "g"})
        edited, fresh = ask(anna)["d"]
        assert edited["_revisions"] == {"start": 3, "ids": ["c", "b", "a"]}
        assert "_revisions" not in fresh

    def test_conflicts_and_deletions_come_whole(self, anna, village):
        write(village, {"_id": "opening", "group": "g", "opens": ["anna"]})
        replicate(village, "a", "2-bbbb 1-aaaa", group="g")
        replicate(village, "a", "2-cccc 1-aaaa", group="g")
        replicate(village, "gone", "1-aaaa", group="g")
        replicate(village, "gone", "2-aaaa 1-aaaa", group="g", _deleted=True)
        _, winner, loser, gone = ask(anna)["d"]
        assert (winner["_rev"], loser["_rev"]) == ("2-cccc", "2-bbbb")
        assert gone["_deleted"]

    def test_goes_on_where_it_was(self, anna, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        since = ask(anna)["s"]
        write(village, {"_id": "b", "group": "g"})
        assert ids(ask(anna, s=since)) == ["b"]
        assert ask(anna, s=ask(anna)["s"]) == {"s": ask(anna)["s"]}

    def test_a_budget_is_kept_and_one_document_always_comes(self, anna, village):
        village.write([{"_id": f"d{n}", "group": "g", "opens": ["anna"], "t": "x" * 1000} for n in range(9)])
        told, since = [], "0"
        for _ in range(9):
            body = ask(anna, s=since, b=3500)
            assert sum(len(orjson.dumps(each)) for each in body["d"]) <= 3500
            told += ids(body)
            since = body["s"]
            if "n" not in body:
                break
        assert told == [f"d{n}" for n in range(9)]
        assert ids(ask(anna, b=0)) == ["d0"]

    def test_text_comes_before_bulk(self, anna, village):
        for n in range(3):
            write(village, {"_id": f"bulk:{n}", "group": "g", "opens": ["anna"], "t": "x" * 1000})
            write(village, {"_id": f"text{n}", "group": "g"})
        first = ask(anna, b=1200)
        assert ids(first) == ["text0", "text1", "text2"]
        second = ask(anna, s=first["s"], b=1200)
        assert ids(second) == ["bulk:0"]
        write(village, {"_id": "urgent", "group": "g"})
        third = ask(anna, s=second["s"], b=1200)
        assert ids(third)[0] == "urgent"
        rest = ask(anna, s=third["s"])
        assert sorted(ids(third)[1:] + ids(rest)) == ["bulk:1", "bulk:2"]
        assert ask(anna, s=rest["s"]) == {"s": rest["s"]}
        assert rest["s"].startswith("7-")

    def test_what_left_ones_sight_is_told(self, ben, village):
        write(village, {"_id": "opening", "group": "g", "opens": ["ben"]})
        write(village, {"_id": "bulk:a", "group": "g"})
        since = ask(ben, b=0)["s"]
        write(village, {"_id": "closing", "group": "g", "closes": ["ben"]})
        answer = ask(ben, s=since)
        assert (sorted(answer["x"]), ids(answer)) == (["bulk:a", "opening"], [])

    def test_what_came_back_is_not_told_as_gone(self, ben, village):
        write(village, {"_id": "opening", "group": "g", "opens": ["ben"]})
        since = ask(ben)["s"]
        closing = write(village, {"_id": "closing", "group": "g", "closes": ["ben"]})
        write(village, {"_id": "closing", "_rev": closing, "group": "g"})
        answer = ask(ben, s=since)
        assert "x" not in answer
        assert sorted(ids(answer)) == ["closing", "opening"]

    def test_nothing_of_others(self, ben, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        assert ids(ask(ben)) == []
        named = ask(ben, q=[["a", village.get("a")["_rev"]]], d=[doc("b", group="h", opens=["ben"])])
        assert (ids(named), named.get("h")) == ([], None)


class TestComparing:
    """A lost checkpoint, another node, a restored backup: a comparison, never a full download."""

    @pytest.fixture
    def device(self, anna, village):
        village.write(
            [{"_id": f"d{n:03}", "group": "g", "opens": ["anna"], "t": "x" * 600} for n in range(300)]
        )
        device = Device()
        device.write(doc("mine", t="ours"))
        sync(anna, device, budget=1_000_000)
        assert len(device.docs) == 301
        return device

    def test_equal_sets_cost_one_small_request(self, anna, device):
        before, device.since = device.since, None
        message = device.request()
        answer = ask(anna, **message)
        assert answer == {"s": before, "c": []}
        assert len(orjson.dumps(message)) < 600
        assert not device.take(message, answer)
        assert device.since == before

    def test_only_what_differs_is_sent(self, anna, village, device):
        del device.docs["d007"]
        write(village, {"_id": "new", "group": "g"})
        device.since = None
        told = []
        while True:
            message = device.request()
            answer = ask(anna, **message)
            told += ids(answer)
            if not device.take(message, answer):
                break
        assert sorted(told) == ["d007", "new"]
        assert sync(anna, device) == 1

    def test_what_happens_meanwhile_is_not_lost(self, anna, village, device):
        del device.docs["d007"]
        device.since = None
        compare = device.request()
        device.take(compare, ask(anna, **compare))
        write(village, {"_id": "meanwhile", "group": "g"})
        sync(anna, device)
        sync(anna, device)
        assert {"d007", "meanwhile"} <= set(device.docs)

    def test_a_listing_goes_on_within_the_budget(self, anna, village, device):
        device.docs = {"mine": device.docs["mine"]}
        device.since = None
        assert sync(anna, device, budget=50_000) > 4
        assert len(device.docs) == 301

    def test_other_rights_are_another_feed(self, server, ben, village, device):
        """A device in other hands: what is no longer readable is forgotten, its own not sent in vain."""
        assert ask(ben, s=device.since) == {"o": 1}
        sync(ben, device)
        assert device.docs == {}
        assert village.quarantined("ben") == []

    def test_a_database_that_lost_documents_gets_them_back(self, tmp_path, device):
        with (
            SQLiteStore(tmp_path / "restored.db", POLICIES) as store,
            serving(store) as address,
            client(address, "anna") as http,
        ):
            restored = store.database("village")
            write(restored, {"_id": "opening", "group": "g", "opens": ["anna"]})
            sync(http, device)
            assert seen(restored, ANNA) == ["opening", "mine"]
            assert sorted(device.docs) == ["mine", "opening"]

    def test_a_digest_of_the_right_set_is_the_servers(self, anna, village, device):
        rows = {identifier: next(iter(revs)) for identifier, revs in device.docs.items()}
        marks = [fingerprint(identifier, rev) for identifier, rev in rows.items()]
        assert ask(anna, k=Digest.of(marks, 1).to_text())["c"] == []
        assert ask(anna, k=Digest.of(marks[1:], 1).to_text())["c"] == [0]


class TestWaiting:
    def test_news_ends_it(self, anna, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        since = ask(anna)["s"]
        said = []
        waiting = threading.Thread(target=lambda: said.append(ask(anna, s=since, w=60)))
        waiting.start()
        write(village, {"_id": "other", "group": "h", "opens": ["ben"]})
        write(village, {"_id": "b", "group": "g"})
        waiting.join(30)
        assert ids(said[0]) == ["b"]

    def test_without_news_it_ends_where_it_began(self, anna, village):
        write(village, {"_id": "a", "group": "g", "opens": ["anna"]})
        since = ask(anna)["s"]
        assert ask(anna, s=since, w=1) == {"s": since}

    def test_who_brings_something_does_not_wait(self, anna):
        assert ask(anna, w=60, d=[doc("a", opens=["anna"])])["s"].startswith("1-")


class TestBadInput:
    @pytest.mark.parametrize(
        "message",
        [
            [],
            {"s": 5},
            {"s": "soon"},
            {"s": "-1-abcdef"},
            {"s": "99999999999999999999999-ab"},
            {"b": -1},
            {"b": True},
            {"b": "many"},
            {"w": -1},
            {"d": {}},
            {"d": [1]},
            {"d": [{}]},
            {"d": [{"_id": 7}]},
            {"d": [{"_id": "_local/x"}]},
            {"q": [["a"]]},
            {"q": [["a", "nonsense"]]},
            {"k": "?"},
            {"k": ""},
            {"k": "AAAA"},
            {"k": "A" * 32},
            {"l": {}},
            {"l": [3, {}]},
            {"l": [2, {"2": ""}]},
            {"l": [2, {"x": ""}]},
        ],
    )
    def test_is_said_and_nothing_stored(self, anna, village, message):
        answer = anna.post("/exchange", json=message)
        assert (answer.status_code, set(answer.json())) == (400, {"error", "reason"})
        assert village.info().update_seq == 0

    def test_a_bomb_does_not_unfold(self, anna):
        bomb = gzip.compress(b'{"s":"' + b"0" * 10_000_000 + b'"}')
        headers = {"content-encoding": "gzip", "content-type": "application/json"}
        assert anna.post("/exchange", content=bomb, headers=headers).status_code == 413

    @pytest.mark.parametrize(
        ("body", "status"), [(b"no gzip", 400), (gzip.compress(b"{}", mtime=0)[:-3], 400)]
    )
    def test_broken_gzip(self, anna, body, status):
        headers = {"content-encoding": "gzip", "content-type": "application/json"}
        assert anna.post("/exchange", content=body, headers=headers).status_code == status

    def test_the_rest_of_http(self, server, anna):
        assert anna.get("/exchange").status_code == 405
        assert anna.post("/exchange", content=b"{}").status_code == 415
        assert anna.post("/exchange/nowhere", json={}).status_code == 404
        with client(server[0], None) as nobody:
            assert nobody.post("/exchange", json={}).status_code == 401

    def test_a_plain_database_is_the_administrators(self, server, anna):
        server[1].create("plain")
        assert anna.post("/exchange/plain", json={}).status_code == 404
        with client(server[0], "chief") as chief:
            chief.post("/exchange/plain", json={"d": [{"_id": "a", "_rev": "1-a"}]})
            assert [each["_id"] for each in chief.post("/exchange/plain", json={}).json()["d"]] == ["a"]


AGENT = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/120.0.0.0 Mobile Safari/537.36"
)
# What Chromium 120 on Android sends beside the body.
PHONE = """POST /sync/exchange HTTP/1.1
Host: tianwen.example.gov.cn
Connection: keep-alive
Content-Length: {length}
sec-ch-ua: "Not_A Brand";v="8", "Chromium";v="120", "Android WebView";v="120"
Content-Type: application/json
Authorization: Basic YW5uYTpzZWNyZXQ=
sec-ch-ua-mobile: ?1
User-Agent: {agent}
sec-ch-ua-platform: "Android"
Accept: */*
Origin: https://tianwen.example.gov.cn
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: cors
Sec-Fetch-Dest: empty
Accept-Encoding: gzip, deflate, br
Accept-Language: zh-CN,zh;q=0.9
"""


def bytes_of(address, message):
    """(bytes up, bytes down, answer) of one request as a phone sends it."""
    body, fold = orjson.dumps(message), b""
    if len(body) > 200:
        body, fold = gzip.compress(body), b"Content-Encoding: gzip\n"
    head = PHONE.format(length=len(body), agent=AGENT).encode() + fold + b"\n"
    sent = head.replace(b"\n", b"\r\n") + body
    url = urlsplit(address)
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall(sent)
        got = b""
        while b"\r\n\r\n" not in got or len(got.partition(b"\r\n\r\n")[2]) < length_of(got):
            got += connection.recv(65536)
    answer = got.partition(b"\r\n\r\n")[2]
    return len(sent), len(got), json.loads(gzip.decompress(answer) if answer[:2] == b"\x1f\x8b" else answer)


def length_of(answer):
    head = answer.partition(b"\r\n\r\n")[0].lower()
    return int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])


class TestBytes:
    """On 64 kbit/s every kilobyte is an eighth of a second."""

    def test_a_demand_and_its_receipt_in_two_kilobytes(self, server):
        text = "水稻分蘖期叶片发黄,叶尖枯焦,一块田里东一片西一片,连着下了五天雨,田里水排不出去。" * 4
        demand = doc(
            "demand:01HWDEMAND0000000000000000",
            "1-" + "0123456789abcdef" * 2,
            opens=["anna"],
            echo=True,
            text=text[:170],
        )
        assert 560 < len(orjson.dumps(demand)) < 700
        up, down, answer = bytes_of(server[0], {"s": "0", "d": [demand]})
        assert len(answer["d"]) == 1
        assert up + down < 2048

    def test_an_idle_sync_in_one_kilobyte_whatever_there_is(self, server, anna, village):
        village.write([{"_id": f"d{n}", "group": "g", "opens": ["anna"]} for n in range(3000)])
        since = ask(anna, b=4_000_000)["s"]
        up, down, answer = bytes_of(server[0], {"s": since})
        assert answer == {"s": since}
        assert up + down < 1024
