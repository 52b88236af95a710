"""What was acknowledged is there after `kill -9`, at any moment of the story (issue 2, "Must hold").

A server process; three threads play consultations against it over HTTP. It is killed in the middle of their
requests, started again, and asked for everything that it had acknowledged. Then the stories go on: what was
not acknowledged is sent again, as a phone would, and nothing is doubled.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from models.clock import next_stamp
from models.ids import event_id
from models.workflow import Doc
from server.accounts import Person
from server.deployment import Deployment, Settings
from server.importing import import_history
from server.sessions import COOKIE
from sync.store import Range
from tests.server.conftest import PASSWORD, PEOPLE, account, register
from tests.server.stories import Story

DB = "/sync/db/tianwen"
ROUNDS = 8
PLAYERS = 3
PHOTO, CHUNKS = 60_000, 3
# What a whole consultation holds in the end, in order.
WHOLE = ["received", "assigned", "replied", "relayed", "solved", "rated", "called_back"]


class Server:
    """`tianwen serve` on a port of its own choice."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._command = [sys.executable, "-m", "server.cli", "serve", "--port", "0", "--data", str(folder)]
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        """Return when it says that it answers."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, text=True, env=self._environment
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert "http://" in line, line
        self.url = "http://" + line.split("http://")[1].split("/")[0]

    def kill(self) -> None:
        """SIGKILL: nothing is said goodbye to."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Server]:
    server = Server(folder, **environment)
    try:
        server.start()
        yield server
    finally:
        server.kill()


class Cut(Exception):
    """The server died during a request: what it answered is not known."""


class Visitor:
    """Somebody with a session that outlives the server, as a phone's or a browser's does."""

    def __init__(self, server: Server, name: str) -> None:
        self._server = server
        self.name = name
        self.headers: dict[str, str] = {}
        self.token = ""
        self._client = httpx2.Client(timeout=30, trust_env=False)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, method: str, path: str, **more: Any) -> httpx2.Response:
        try:
            return self._client.request(method, f"{self._server.url}{path}", headers=self.headers, **more)
        except httpx2.TransportError as fault:
            raise Cut from fault

    def log_in(self) -> None:
        phone = PEOPLE[self.name][0]
        answer = self.send("POST", "/api/login", json={"phone": phone, "password": PASSWORD})
        self.headers = {"authorization": f"Bearer {answer.json()['token']}"}

    def log_in_on_console(self) -> None:
        phone = PEOPLE[self.name][0]
        answer = self.send("POST", "/console/login", data={"phone": phone, "password": PASSWORD})
        self.headers = {"cookie": f"{COOKIE}={answer.cookies[COOKIE]}"}
        self.token = hmac.new(answer.cookies[COOKIE].encode(), b"tianwen csrf", hashlib.sha256).hexdigest()

    def submit(self, path: str, **form: str) -> None:
        """A form of the console; done when it leads on."""
        answer = self.send("POST", path, data={**form, "csrf": self.token})
        assert answer.status_code == 303, answer.text

    def push(self, documents: list[Doc]) -> None:
        """As a replicator does: with the revisions of the sender, so that sending again changes nothing."""
        answer = self.send("POST", f"{DB}/_bulk_docs", json={"docs": documents, "new_edits": False})
        assert (answer.status_code, answer.json()) == (201, []), answer.text


def revised(document: Doc) -> Doc:
    digest = hashlib.md5(json.dumps(document, sort_keys=True).encode(), usedforsecurity=False)
    return {**document, "_rev": f"1-{digest.hexdigest()}"}


class Record:
    """What the server has acknowledged; wakes whoever waits for a number of them."""

    def __init__(self) -> None:
        self.documents: dict[str, Doc] = {}
        self.decisions: set[tuple[str, str]] = set()
        self._count = 0
        self._news = threading.Condition()

    def note(self, documents: list[Doc], decision: tuple[str, str] | None = None) -> None:
        with self._news:
            self.documents.update({document["_id"]: document for document in documents})
            if decision:
                self.decisions.add(decision)
            self._count += 1
            self._news.notify_all()

    def wait_for(self, more: int) -> None:
        """Until so many further requests were acknowledged."""
        with self._news:
            wanted = self._count + more
            assert self._news.wait_for(lambda: self._count >= wanted, timeout=60)


class Play:
    """One consultation, request by request. `go_on` repeats the request that was cut off."""

    def __init__(self, cast: dict[str, Visitor], people: Callable[[str], Person], record: Record) -> None:
        self._cast, self._people, self._record = cast, people, record
        self.story = Story(people("informant"), text="洋芋从芯芯头烂起走")
        self._clock = next_stamp(0, [self.story.clock])
        photo = [revised(document) for document in self.story.photo(os.urandom(PHOTO))]
        first = [
            self.story.demand(media=[photo[0]["_id"][6:]]),
            self.story.contact("何大爷", "138-0000-4444"),
        ]
        self._steps: list[Callable[[], None]] = [
            lambda: self._push("informant", [*map(revised, first), photo[0]]),
            *(lambda chunk=chunk: self._push("informant", [chunk]) for chunk in photo[1:]),  # type: ignore[misc]
            self._assign,
            self._event("expert", "replied", diagnosis="像是晚疫病", text="先摘病叶\n再打药"),
            self._event("informant", "relayed"),
            self._event("informant", "solved"),
            self._event("informant", "rated", stars=5),
            self._call_back,
        ]

    @property
    def over(self) -> bool:
        return not self._steps

    def go_on(self) -> None:
        """The next request. Cut leaves it to be done again."""
        self._steps[0]()
        del self._steps[0]

    def _push(self, name: str, documents: list[Doc]) -> None:
        self._cast[name].push(documents)
        self._record.note(documents)

    def _event(self, name: str, kind: str, **payload: Any) -> Callable[[], None]:
        """An event, written when its turn comes and kept until it has arrived."""
        written: list[Doc] = []

        def send() -> None:
            if not written:
                written.append(self._write(name, kind, payload))
            self._push(name, written)

        return send

    def _write(self, name: str, kind: str, payload: dict[str, Any]) -> Doc:
        seen = [event["clock"] for event in thread(self._cast["centre"], self.story.id)]
        event = self.story.event(kind, self._people(name), **payload)
        event["clock"] = next_stamp(0, seen)
        return revised({**event, "_id": event_id(self.story.id, event["clock"], event["device"])})

    def _assign(self) -> None:
        expert = self._people("expert").id
        self._cast["desk"].submit(f"/console/triage/{self.story.id}/assign", expert=expert, seen="1")
        self._record.note([], (self.story.id, "assigned"))

    def _call_back(self) -> None:
        form = {
            "reached": "reached",
            "outcome": "solved",
            "verdict": "valid",
            "category": "病害",
            "seen": "6",
        }
        self._cast["desk"].submit(f"/console/callback/{self.story.id}", **form)
        self._record.note([], (self.story.id, "called_back"))


def thread(reader: Visitor, demand: str) -> list[Doc]:
    """The events of a consultation in order, as a reader of it gets them."""
    within = f'startkey="event:{demand}:"&endkey="event:{demand}:~"&include_docs=true'
    rows = reader.send("GET", f"{DB}/_all_docs?{within}").json()["rows"]
    return sorted((row["doc"] for row in rows), key=lambda event: (event["clock"], event["device"]))


class Player(threading.Thread):
    """Plays one consultation after another until the server is cut off, or `enough` is set."""

    def __init__(self, plays: list[Play], begin: Callable[[], Play], enough: threading.Event) -> None:
        super().__init__(daemon=True)
        self._plays, self._begin, self._enough = plays, begin, enough
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._plays[-1].over or not self._enough.is_set():
                if self._plays[-1].over:
                    self._plays.append(self._begin())
                self._plays[-1].go_on()
        except Cut:
            return
        except BaseException as fault:
            self.fault = fault


def play_all(plays: list[list[Play]], begin: Callable[[], Play], enough: threading.Event) -> list[Player]:
    players = [Player(own, begin, enough) for own in plays]
    for player in players:
        player.start()
    return players


def await_all(players: list[Player]) -> None:
    for player in players:
        player.join(60)
        assert not player.is_alive()
        if player.fault is not None:
            raise player.fault


def missing_from(reader: Visitor, record: Record) -> dict[str, Any]:
    """What was acknowledged and is not there as it was sent."""
    wanted = dict(record.documents)
    rows = reader.send("POST", f"{DB}/_all_docs", json={"keys": list(wanted), "include_docs": True}).json()[
        "rows"
    ]
    found = {row["key"]: row.get("doc") for row in rows}
    lost: dict[str, Any] = {name: found[name] for name, document in wanted.items() if found[name] != document}
    for demand, kind in record.decisions:
        if kind not in [event["kind"] for event in thread(reader, demand)]:
            lost[demand] = kind
    return lost


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    folder, chance = tmp_path / "data", random.Random(20261121)
    with Deployment(Settings(folder)) as deployment:
        register(deployment)
        known = {name: account(deployment, name) for name in PEOPLE}
    record, enough = Record(), threading.Event()

    def begin() -> Play:
        return Play(cast, known.__getitem__, record)

    with serving(folder) as server, ExitStack() as visitors:
        roles = {"informant": "informant", "expert": "expert", "centre": "centre", "desk": "centre"}
        cast = {part: visitors.enter_context(Visitor(server, name)) for part, name in roles.items()}
        cast["desk"].log_in_on_console()
        for name in ("informant", "expert", "centre"):
            cast[name].log_in()
        plays = [[begin()] for _ in range(PLAYERS)]
        for _ in range(ROUNDS):
            players = play_all(plays, begin, enough)
            record.wait_for(chance.randint(1, 25))
            server.kill()
            await_all(players)
            server.start()
            assert missing_from(cast["centre"], record) == {}
        enough.set()
        await_all(play_all(plays, begin, enough))
        assert missing_from(cast["centre"], record) == {}
        stories = [play.story.id for own in plays for play in own]
        for demand in stories:
            kinds = [event["kind"] for event in thread(cast["centre"], demand)]
            assert kinds == WHOLE, Counter(kinds)
    with Deployment(Settings(folder)) as deployment:
        deployment.consultations.catch_up()
        rows = deployment.consultations.archive(known["centre"].region, limit=1000)
        assert {row.id for row in rows} == set(stories)
        assert {(row.state, row.rating, row.verdict) for row in rows} == {("closed", 5, "valid")}
        assert deployment.database.quarantined() == []
        kinds = Counter(row.key.split(":")[0] for row in deployment.database.all_docs(Range()).rows)
        # Written by the server where it came to it.
        assert kinds.pop("similar", 0) <= len(stories)
        each = {"demand": 1, "contact": 1, "media": 1, "chunk": CHUNKS, "event": len(WHOLE)}
        assert kinds == {kind: number * len(stories) for kind, number in each.items()}


class TestColdStart:
    """The server answers at once; find similar loads behind it, and says so until it is ready."""

    HISTORY = '{"question": "玉米叶子从叶尖往里黄", "answer": "缺氮，追尿素", "crop": "玉米"}\n'

    @pytest.fixture
    def indexed(self, tmp_path: Path) -> Path:
        folder = tmp_path / "data"
        (tmp_path / "h.jsonl").write_text(self.HISTORY, "utf-8")
        with Deployment(Settings(folder)) as deployment:
            register(deployment)
            import_history(tmp_path / "h.jsonl", deployment.database, deployment.programme)
            deployment.consultations.catch_up()
            deployment.finder.build_now()
        return folder

    @pytest.fixture
    def slow_encoder(self, tmp_path: Path) -> Path:
        """The shipped encoder, of which one file arrives only when the test writes it: a pipe."""
        shipped = Path(__file__).parents[2] / "search" / "encoder"
        folder = tmp_path / "encoder"
        shutil.copytree(shipped, folder)
        (folder / "tokenizer.json").unlink()
        os.mkfifo(folder / "tokenizer.json")
        return folder

    def test_it_answers_while_search_loads_and_search_answers_afterwards(
        self, indexed: Path, slow_encoder: Path
    ) -> None:
        with (
            serving(indexed, TIANWEN_ENCODER=str(slow_encoder)) as server,
            Visitor(server, "informant") as visitor,
        ):
            assert visitor.send("GET", "/healthz").json() == {"ok": True}
            visitor.log_in()
            for _ in range(3):
                waiting = self.ask(visitor)
                assert (waiting.status_code, waiting.json()["error"]) == (503, "search_loading")
                assert "正在准备" in waiting.json()["reason"]
            assert visitor.send("GET", DB).status_code == 200

            shipped = Path(__file__).parents[2] / "search" / "encoder" / "tokenizer.json"
            (slow_encoder / "tokenizer.json").write_bytes(shipped.read_bytes())
            answer = next(found for _ in range(5000) if (found := self.ask(visitor)).status_code != 503)
            assert answer.json()["results"][0]["answer"] == "缺氮，追尿素"

    @staticmethod
    def ask(visitor: Visitor) -> httpx2.Response:
        return visitor.send("POST", "/api/similar", json={"text": "玉米叶尖发黄"})
