"""Nobody reads what is not theirs, through any address of /api and /sync (issue 2, "Must hold").

An informant writes a whole consultation. A stranger of another township, a neighbour of the same one, and
experts who were not asked then go through every address: nothing of it may show in any answer. A route that
is new fails `TestEveryAddressIsTried` until it has a line in ADDRESSES.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from search.pack.container import MAGIC, read
from server import api
from server.accounts import Person
from server.deployment import Deployment
from sync.protocol import routing
from tests.server.conftest import PEOPLE
from tests.server.stories import Story

QUESTION = "杜鹃花田里的怪虫子专吃嫩心"
RELAYED = "转告的话只有我们晓得"
REPLY = "机密答复用糖醋液诱杀"
CAPTION = "花田东头第三行"
LOOKED_UP = "查过羊肚菌白霉怎么办"
FARMER, FARMER_PHONE = "何独秀", "138-0000-4321"
CHECKPOINT = "checkpoint-of-the-informant"
ABSENT = "0" * 26


@dataclass
class Secrets:
    """What was written: its texts, and its ids (the last is the phone's, which stands in those of events)."""

    demand: str
    media: str
    event: str
    rev: str
    contact_rev: str
    feedback: str
    texts: tuple[str, ...] = field(default=())

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.demand, self.media, self.rev, self.contact_rev, self.feedback, self.event[-8:])


@dataclass(frozen=True)
class Address:
    """One request. `{demand}`, `{media}`, `{event}`, `{feedback}`, `{rev}` stand for the informant's;
    `writes` marks those that leave something of the asker's own behind, which is then no leak when it is read
    again."""

    method: str
    path: str
    body: Any = None
    writes: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, client: TestClient, ids: dict[str, str]) -> Any:
        def filled(value: Any) -> Any:
            if isinstance(value, str):
                for name, identifier in ids.items():
                    value = value.replace("{" + name + "}", identifier)
                return value
            if isinstance(value, list):
                return [filled(each) for each in value]
            if isinstance(value, dict):
                return {filled(name): filled(each) for name, each in value.items()}
            return value

        return client.request(
            self.method, filled(self.path), json=filled(self.body), headers=filled(self.headers)
        )

    @property
    def named(self) -> bool:
        """Whether the asker says an id themselves, so that an answer may repeat it."""
        said = self.path + json.dumps(self.body)
        return any(
            "{" + name + "}" in said for name in ("demand", "media", "event", "rev", "receipt", "feedback")
        )


DB = "/sync/db/tianwen"
EVERYTHING = "include_docs=true&conflicts=true&attachments=true"
DOCUMENTS = ("demand:{demand}", "{event}", "media:{media}", "chunk:{media}:0000", "contact:{demand}",
             "similar:{demand}", "feedback:{feedback}")  # fmt: skip
ALL_IDS = [*DOCUMENTS, "consultation:{demand}"]

# Under each route, the requests that try it.
ADDRESSES: dict[str, list[Address]] = {
    "/api POST /login": [Address("POST", "/api/login", {"phone": PEOPLE["informant"][0], "password": "x"})],
    "/api POST /password": [Address("POST", "/api/password", {"old": "x", "new": "another password"})],
    "/api PUT /profile": [Address("PUT", "/api/profile", {"village": "x"})],
    "/api GET /me": [Address("GET", "/api/me")],
    "/api POST /logout": [Address("POST", "/api/logout")],
    "/api GET /programme": [Address("GET", "/api/programme")],
    "/api POST /similar": [Address("POST", "/api/similar", {"text": QUESTION, "k": 50})],
    "/api GET /similar/pack": [
        Address("GET", "/api/similar/pack"),
        Address("HEAD", "/api/similar/pack"),
        Address("GET", "/api/similar/pack?since=0123456789abcdef&language=0123456789abcdef"),
        Address("GET", "/api/similar/pack", headers={"range": "bytes=0-99"}),
    ],
    "/api GET /media/{media}": [Address("GET", "/api/media/{media}"), Address("GET", "/api/media/{demand}")],
    "/api * /{rest:path}": [Address("GET", "/api/demand/{demand}")],
    "server GET _session": [Address("GET", "/sync/db/_session")],
    "server GET _up": [Address("GET", "/sync/db/_up")],
    "server GET _all_dbs": [Address("GET", "/sync/db/_all_dbs")],
    "server POST _dbs_info": [Address("POST", "/sync/db/_dbs_info", {"keys": ["tianwen"]})],
    "server GET _active_tasks": [Address("GET", "/sync/db/_active_tasks")],
    "server GET _membership": [Address("GET", "/sync/db/_membership")],
    "server GET _uuids": [Address("GET", "/sync/db/_uuids?count=3")],
    "server GET /": [Address("GET", "/sync/db/")],
    "database GET": [Address("GET", DB), Address("HEAD", DB)],
    "database PUT": [Address("PUT", DB)],
    "database DELETE": [Address("DELETE", DB)],
    "database POST": [Address("POST", DB, {"_id": "demand:{demand}", "type": "demand"}, writes=True)],
    "database POST _bulk_docs": [
        Address("POST", f"{DB}/_bulk_docs", {"docs": [{"_id": name} for name in ALL_IDS]}, writes=True),
        Address(
            "POST",
            f"{DB}/_bulk_docs",
            {"docs": [{"_id": name, "_rev": "2-" + "f" * 32} for name in ALL_IDS], "new_edits": False},
            writes=True,
        ),
        Address("POST", f"{DB}/_bulk_docs", {"docs": [{"_id": DOCUMENTS[0], "_deleted": True}]}, writes=True),
    ],
    "database POST _bulk_get": [
        Address("POST", f"{DB}/_bulk_get?revs=true&attachments=true", {"docs": [{"id": n} for n in ALL_IDS]}),
        Address("POST", f"{DB}/_bulk_get?latest=true", {"docs": [{"id": DOCUMENTS[0], "rev": "{rev}"}]}),
    ],
    "database POST _revs_diff": [
        Address("POST", f"{DB}/_revs_diff", {DOCUMENTS[0]: ["{rev}", "9-" + "a" * 32]}),
    ],
    "database POST _missing_revs": [
        Address("POST", f"{DB}/_missing_revs", {DOCUMENTS[0]: ["{rev}", "9-" + "a" * 32]}),
    ],
    "database GET _all_docs": [
        Address("GET", f"{DB}/_all_docs?{EVERYTHING.replace('conflicts=true&', '')}"),
        Address("GET", f"{DB}/_all_docs?include_docs=true&descending=true"),
        Address("GET", f'{DB}/_all_docs?include_docs=true&startkey="demand:"&endkey="demand:~"'),
        Address("GET", f'{DB}/_all_docs?include_docs=true&key="demand:{{demand}}"'),
    ],
    "database POST _all_docs": [
        Address("POST", f"{DB}/_all_docs", {"keys": ALL_IDS, "include_docs": True}),
        Address("POST", f"{DB}/_all_docs", {"include_docs": True}),
    ],
    "database GET _revs_limit": [Address("GET", f"{DB}/_revs_limit")],
    "database PUT _revs_limit": [Address("PUT", f"{DB}/_revs_limit", 1)],
    "database POST _ensure_full_commit": [Address("POST", f"{DB}/_ensure_full_commit", {})],
    "database POST _compact": [Address("POST", f"{DB}/_compact", {})],
    "database GET _security": [Address("GET", f"{DB}/_security")],
    "database PUT _security": [Address("PUT", f"{DB}/_security", {"admins": {"names": ["x"]}})],
    "database POST _purge": [Address("POST", f"{DB}/_purge", {DOCUMENTS[0]: ["{rev}"]})],
    "database GET _purged_infos_limit": [Address("GET", f"{DB}/_purged_infos_limit")],
    "database PUT _purged_infos_limit": [Address("PUT", f"{DB}/_purged_infos_limit", 1)],
    "database POST _view_cleanup": [Address("POST", f"{DB}/_view_cleanup", {})],
    "database GET _design_docs": [Address("GET", f"{DB}/_design_docs?include_docs=true")],
    "database POST _design_docs": [Address("POST", f"{DB}/_design_docs", {"keys": ALL_IDS})],
    "database GET _local_docs": [Address("GET", f"{DB}/_local_docs?include_docs=true")],
    "database POST _local_docs": [Address("POST", f"{DB}/_local_docs", {"include_docs": True})],
    "queries POST _all_docs": [
        Address("POST", f"{DB}/_all_docs/queries", {"queries": [{"include_docs": True}, {"keys": ALL_IDS}]}),
    ],
    "queries POST _design_docs": [Address("POST", f"{DB}/_design_docs/queries", {"queries": [{}]})],
    "queries POST _local_docs": [
        Address("POST", f"{DB}/_local_docs/queries", {"queries": [{"include_docs": True}]}),
    ],
    "database _changes": [
        Address("GET", f"{DB}/_changes?{EVERYTHING}&style=all_docs&since=0"),
        Address("GET", f"{DB}/_changes?include_docs=true&descending=true"),
        Address("GET", f"{DB}/_changes?include_docs=true&removals=true"),
        Address("GET", f"{DB}/_changes?feed=longpoll&timeout=1&include_docs=true&since=0"),
        Address("GET", f"{DB}/_changes?feed=continuous&timeout=1&include_docs=true&since=0"),
        Address("GET", f"{DB}/_changes?feed=eventsource&timeout=1&include_docs=true&since=0"),
        Address("POST", f"{DB}/_changes?filter=_doc_ids&include_docs=true", {"doc_ids": ALL_IDS}),
        Address("GET", f"{DB}/_changes?filter=_design&include_docs=true"),
        Address(
            "POST", f"{DB}/_changes?filter=_selector&include_docs=true", {"selector": {"_id": {"$gt": ""}}}
        ),
    ],
    "document GET": [
        *(Address("GET", f"{DB}/{name}") for name in ALL_IDS),
        *(Address("HEAD", f"{DB}/{name}") for name in ALL_IDS),
        *(Address("GET", f"{DB}/{name}?rev={{rev}}&revs=true") for name in DOCUMENTS),
        *(Address("GET", f"{DB}/{name}?open_revs=all&revs=true") for name in DOCUMENTS),
        Address("GET", f'{DB}/{DOCUMENTS[0]}?open_revs=["{{rev}}"]&latest=true'),
        Address("GET", f"{DB}/{DOCUMENTS[0]}?meta=true&local_seq=true&attachments=true"),
        *(
            Address("GET", f"{DB}/{name}?open_revs=all", headers={"accept": "multipart/mixed"})
            for name in DOCUMENTS
        ),
        Address("GET", f"{DB}/{DOCUMENTS[0]}?attachments=true", headers={"accept": "multipart/related"}),
    ],
    "document POST": [Address("POST", f"{DB}/{DOCUMENTS[0]}", {"_rev": "{rev}"})],
    "document COPY": [
        Address("COPY", f"{DB}/{name}", writes=True, headers={"destination": "mine"}) for name in DOCUMENTS
    ],
    "document PUT": [
        *(Address("PUT", f"{DB}/{name}", {"type": "event", "x": 1}, writes=True) for name in DOCUMENTS),
        Address("PUT", f"{DB}/{DOCUMENTS[0]}?rev={{rev}}", {"type": "demand"}, writes=True),
    ],
    "document DELETE": [
        *(Address("DELETE", f"{DB}/{name}?rev={{rev}}", writes=True) for name in DOCUMENTS),
        Address("DELETE", f"{DB}/{DOCUMENTS[0]}", writes=True),
    ],
    "attachment GET": [Address("GET", f"{DB}/{name}/photo.jpg") for name in DOCUMENTS],
    "attachment PUT": [
        *(Address("PUT", f"{DB}/{name}/photo.jpg?rev={{rev}}", {}, writes=True) for name in DOCUMENTS),
        Address("PUT", f"{DB}/{DOCUMENTS[0]}/photo.jpg", {}, writes=True),
    ],
    "attachment DELETE": [
        Address("DELETE", f"{DB}/{name}/photo.jpg?rev={{rev}}", writes=True) for name in DOCUMENTS
    ],
    "local GET": [Address("GET", f"{DB}/_local/{CHECKPOINT}"), Address("GET", f"{DB}/_local/{{demand}}")],
    "local PUT": [Address("PUT", f"{DB}/_local/mine", {"x": 1}, writes=True)],
    "local DELETE": [Address("DELETE", f"{DB}/_local/{CHECKPOINT}?rev=0-1")],
    "exchange": [
        Address("POST", "/sync/exchange", {}),
        Address("POST", "/sync/exchange/tianwen", {"s": "0", "b": 4_000_000}),
        Address("POST", "/sync/exchange", {"l": [1, {"0": ""}]}),
        Address("POST", "/sync/exchange", {"k": "A" * 11 + "="}),
        Address("POST", "/sync/exchange", {"q": [[name, "{rev}"] for name in ALL_IDS]}),
        Address(
            "POST", "/sync/exchange", {"d": [{"_id": n, "_rev": "{rev}"} for n in DOCUMENTS]}, writes=True
        ),
    ],
    "quarantine GET": [Address("GET", "/sync/quarantine"), Address("GET", "/sync/quarantine?limit=500")],
    "quarantine POST": [
        Address("POST", "/sync/quarantine/{receipt}", {"state": "released"}),
        Address("POST", "/sync/quarantine/{receipt}", {"state": "discarded", "reason": "x"}),
    ],
}
FLAT = [(route, address) for route, addresses in ADDRESSES.items() for address in addresses]


class TestEveryAddressIsTried:
    def test_of_the_api(self) -> None:
        routes = {
            f"/api {method} {route.path}"
            for route in api.routes
            if isinstance(route, Route) and route.path != "/{rest:path}"
            for method in (route.methods or set()) - {"HEAD"}
        }
        assert {name for name in ADDRESSES if name.startswith("/api")} == {*routes, "/api * /{rest:path}"}

    def test_of_sync(self) -> None:
        routes = {
            f"server {method} {name}" for name, methods in routing._SERVER.items() for method in methods
        }
        routes |= {f"database {method} {n}" for n, methods in routing._DATABASE.items() for method in methods}
        routes |= {f"queries {method} {n}" for n, methods in routing._QUERIES.items() for method in methods}
        for kind, methods in (
            ("database", routing._ITSELF),
            ("document", routing._DOCUMENT),
            ("attachment", routing._ATTACHMENT),
            ("local", routing._LOCAL),
        ):
            routes |= {f"{kind} {method}" for method in methods}
        others = {"server GET /", "database _changes", "exchange", "quarantine GET", "quarantine POST"}
        assert {name for name in ADDRESSES if not name.startswith("/api")} == routes | others


def post(client: TestClient, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = client.post(f"{DB}/_bulk_docs", json={"docs": documents})
    assert answer.status_code == 201, answer.text
    results: list[dict[str, Any]] = answer.json()
    return results


@pytest.fixture
def informant(phone_as: Callable[[str], TestClient]) -> TestClient:
    return phone_as("informant")


@pytest.fixture
def story(informant: TestClient, person: Callable[[str], Person]) -> Story:
    return Story(person("informant"), device=informant.headers["x-test-device"], text=QUESTION)


@pytest.fixture
def secrets(
    deployment: Deployment,
    informant: TestClient,
    story: Story,
    phone_as: Callable[[str], TestClient],
    person: Callable[[str], Person],
) -> Secrets:
    """The informant's consultation, written through sync, answered by an expert and relayed."""
    photo = story.photo(os.urandom(30_000), CAPTION)
    demand = story.demand(media=[photo[0]["_id"].removeprefix("media:")])
    contact = story.contact(FARMER, FARMER_PHONE)
    stored = post(informant, [demand, contact, *photo])
    expert = person("expert")
    deployment.database.write(
        [story.event("assigned", person("centre"), expert=expert.id, expert_name=expert.name)]
    )
    stored += post(phone_as("expert"), [story.event("replied", expert, text=REPLY)])
    relayed = story.event("relayed", story.reporter, text=RELAYED)
    stored += post(informant, [relayed])
    looked_up = story.feedback(ABSENT, text=LOOKED_UP)
    stored += post(informant, [looked_up])
    assert [result for result in stored if "error" in result] == []
    assert informant.put(f"{DB}/_local/{CHECKPOINT}", json={"last": CHECKPOINT * 2}).status_code == 201
    return Secrets(
        demand=story.id,
        media=demand["media"][0],
        event=relayed["_id"],
        rev=stored[0]["rev"],
        contact_rev=stored[1]["rev"],
        feedback=looked_up["_id"].removeprefix("feedback:"),
        texts=(
            QUESTION, RELAYED, REPLY, CAPTION, LOOKED_UP, FARMER, FARMER_PHONE, CHECKPOINT * 2,
            story.reporter.name, story.reporter.id, PEOPLE["informant"][0], photo[0]["sha256"],
            photo[1]["data"][:60], photo[1]["data"][-60:],
        ),
    )  # fmt: skip


@pytest.fixture
def receipt(deployment: Deployment, informant: TestClient, story: Story) -> str:
    """A case of the informant's in quarantine: it holds the question too."""
    wrong = story.demand(region="510726107201") | {"_id": "demand:01J00000000000000000000000"}
    [result] = post(informant, [wrong])
    return str(result["receipt"])


def everything(answer: Any) -> str:
    """Body and headers, with what JSON or a browser may have escaped, and what an offline pack holds."""
    text = answer.content.decode("utf-8", "replace")
    if answer.content.startswith(MAGIC) and answer.status_code == 200:
        pack = read(answer.content)
        text = f"{pack.header}{pack.content('cases').decode()}"
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return f"{text}\n{text.encode().decode('unicode_escape', 'replace')}\n{headers}"


def leaks(answer: Any, secrets: Secrets, address: Address) -> list[str]:
    """What shows; the ids only where the asker did not say them."""
    shown = everything(answer)
    hidden = list(secrets.texts)
    if not (address.named or address.writes):
        hidden += secrets.ids
    return [text for text in hidden if text in shown]


@pytest.fixture(params=["stranger", "neighbour", "other_expert", "nobody"])
def other(
    request: pytest.FixtureRequest, client: TestClient, phone_as: Callable[[str], TestClient]
) -> TestClient:
    name: str = request.param
    return client if name == "nobody" else phone_as(name)


class TestOthers:
    def test_see_nothing_through_any_address(self, other: TestClient, secrets: Secrets, receipt: str) -> None:
        """Reads first: a later read may show the asker's own refused writes."""
        ids = {
            "demand": secrets.demand, "media": secrets.media, "event": secrets.event, "rev": secrets.rev,
            "feedback": secrets.feedback, "receipt": receipt,
        }  # fmt: skip
        last = {"/api POST /logout", "/api POST /password"}
        order = sorted(FLAT, key=lambda each: (each[0] in last, each[1].writes, each[0] == "quarantine POST"))
        found = {}
        for route, address in order:
            answer = address.send(other, ids)
            assert answer.status_code != 500, (route, address, answer.text)
            if shown := leaks(answer, secrets, address):
                found[route, address.path] = shown
        assert found == {}

    def test_cannot_tell_it_from_what_is_not_there(self, other: TestClient, secrets: Secrets) -> None:
        """Where one names an id, the answer is the same as for an id that nobody has."""
        there = {"demand": secrets.demand, "media": secrets.media, "event": secrets.event, "rev": secrets.rev,
                 "feedback": secrets.feedback, "receipt": ABSENT}  # fmt: skip
        event = f"event:{ABSENT}:{'0' * 16}:{'0' * 8}"
        absent = {**there, "demand": ABSENT, "media": ABSENT, "event": event, "feedback": "1" * 26}
        for route, address in FLAT:
            if not address.named or address.writes or "receipt" in address.path:
                continue
            foreign, nothing = address.send(other, there), address.send(other, absent)
            assert foreign.status_code == nothing.status_code, (route, address.path)
            shown = foreign.text
            for name in ("event", "demand", "media", "feedback"):
                shown = shown.replace(there[name], absent[name])
            assert shown == nothing.text, (route, address.path)

    def test_change_nothing_of_it(
        self, other: TestClient, secrets: Secrets, receipt: str, informant: TestClient, deployment: Deployment
    ) -> None:
        before = {row["id"]: row for row in informant.get(f"{DB}/_all_docs?include_docs=true").json()["rows"]}
        ids = {"demand": secrets.demand, "media": secrets.media, "event": secrets.event, "rev": secrets.rev,
               "feedback": secrets.feedback, "receipt": receipt}  # fmt: skip
        for _, address in FLAT:
            if address.path not in ("/api/logout", "/api/password"):
                address.send(other, ids)
        after = informant.get(f"{DB}/_all_docs?include_docs=true").json()["rows"]
        assert {row["id"]: row for row in after} == before
        assert informant.get(f"{DB}/_local/{CHECKPOINT}").json()["last"] == CHECKPOINT * 2
        assert deployment.database.quarantined_one(receipt).state == "held"


class TestTheReporter:
    def test_reads_all_of_it(self, informant: TestClient, secrets: Secrets) -> None:
        """Else the tests above would pass over an empty house."""
        rows = informant.get(f"{DB}/_all_docs?include_docs=true").json()["rows"]
        text = json.dumps(rows, ensure_ascii=False)
        assert {row["id"].split(":")[0] for row in rows} == {
            "demand", "event", "media", "chunk", "contact", "feedback",
        }  # fmt: skip
        kinds = {row["doc"]["kind"] for row in rows if row["doc"]["type"] == "event"}
        assert kinds == {"received", "assigned", "replied", "relayed"}
        for secret in (QUESTION, RELAYED, REPLY, CAPTION, LOOKED_UP, FARMER, FARMER_PHONE):
            assert secret in text


class TestTheTownshipLead:
    def test_reads_the_demand_but_not_the_farmer(
        self, phone_as: Callable[[str], TestClient], secrets: Secrets
    ) -> None:
        lead = phone_as("township_lead")
        assert lead.get(f"{DB}/demand:{secrets.demand}").json()["text"] == QUESTION
        assert lead.get(f"{DB}/{secrets.event}").json()["text"] == RELAYED
        assert lead.get(f"/api/media/{secrets.media}").status_code == 200
        assert lead.get(f"{DB}/contact:{secrets.demand}").status_code == 404
        for path in ("_all_docs?include_docs=true", "_changes?include_docs=true"):
            text = lead.get(f"{DB}/{path}").text
            assert QUESTION in text
            assert FARMER not in text
            assert FARMER_PHONE not in text
            assert "contact:" not in text


class TestTheExpert:
    def test_reads_it_only_once_asked(
        self,
        deployment: Deployment,
        informant: TestClient,
        story: Story,
        phone_as: Callable[[str], TestClient],
        person: Callable[[str], Person],
    ) -> None:
        expert = phone_as("expert")
        asked = person("expert")
        described, *chunks = story.photo(os.urandom(100))
        post(informant, [story.demand(), story.contact(FARMER, FARMER_PHONE), described, *chunks])
        paths = [
            f"{DB}/demand:{story.id}",
            f"{DB}/{described['_id']}",
            f"/api/{described['_id'].replace(':', '/')}",
        ]
        before = expert.get(f"{DB}/_changes").json()["last_seq"]

        assert [expert.get(path).status_code for path in paths] == [404, 404, 404]
        deployment.database.write(
            [story.event("assigned", person("centre"), expert=asked.id, expert_name=asked.name)]
        )
        assert [expert.get(path).status_code for path in paths] == [200, 200, 200]
        news = expert.get(f"{DB}/_changes?include_docs=true&since={before}").text
        assert QUESTION in news
        assert FARMER not in news
        assert expert.get(f"{DB}/contact:{story.id}").status_code == 404
        assert phone_as("other_expert").get(paths[0]).status_code == 404

        post(expert, [story.event("declined", asked, reason="不是我这一行")])
        assert [expert.get(path).status_code for path in paths] == [404, 404, 404]
        assert QUESTION not in expert.get(f"{DB}/_changes?include_docs=true&since=0").text


class TestTheCentre:
    def test_reads_the_farmer_s_number_too(
        self, phone_as: Callable[[str], TestClient], secrets: Secrets
    ) -> None:
        found = phone_as("centre").get(f"{DB}/contact:{secrets.demand}").json()
        assert (found["name"], found["phone"]) == (FARMER, FARMER_PHONE)
