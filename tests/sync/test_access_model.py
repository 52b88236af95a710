"""Exact access: random writes, grants and revocations against a reference model of ten lines.

Each reader follows the feed with removals in small pages, as a device does, and holds after every sync
exactly the documents that the model says are theirs, at their newest revisions.
"""

import asyncio
import tempfile
from pathlib import Path

import httpx2
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sync.exchange.client import ExchangeClient
from sync.exchange.device import Device
from sync.policy import Caller, Refused
from sync.protocol import couch_app
from sync.sqlite import SQLiteStore
from sync.sqlite.verify import verify
from sync.store import Range, Wanted
from tests.sync.conformance import POLICIES
from tests.sync.roads import Replica
from tests.sync.village import VillagePolicy, villager

CHANNELS = ("anna", "ben", "dora")
READERS = (villager("anna"), villager("ben"), villager("carla", "anna", "ben"), villager("all", *CHANNELS))
channels = st.lists(st.sampled_from(CHANNELS), max_size=2)
documents = st.fixed_dictionaries(
    {"_id": st.sampled_from("abcdefgh"), "group": st.sampled_from(["g", "h", None])},
    optional={"opens": channels, "closes": channels, "_deleted": st.just(True), "n": st.integers(0, 9)},
)


class Village(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = SQLiteStore(Path(self.folder.name) / "data.db", POLICIES)
        self.village = self.store.database("village")
        self.model = {}
        self.devices = {reader.name: {} for reader in READERS}
        self.since = dict.fromkeys(self.devices, 0)

    def teardown(self):
        self.store.close()
        assert list(verify(Path(self.folder.name) / "data.db", POLICIES)) == []
        self.folder.cleanup()

    @rule(batch=st.lists(documents, min_size=1, max_size=4))
    def write(self, batch):
        docs = []
        for doc in batch:
            if any(doc["_id"] == other["_id"] for other in docs):
                continue
            known = self.model.get(doc["_id"])
            docs.append({**doc, **({"_rev": known["_rev"]} if known else {})})
        for doc, result in zip(docs, self.village.write(docs), strict=True):
            assert result.error is None
            group = (
                self.model[doc["_id"]]["group"]
                if doc.get("_deleted") and doc["_id"] in self.model
                else doc["group"]
            )
            self.model[doc["_id"]] = {**doc, "_rev": result.rev, "group": group}

    def readable(self, reader):
        """The reference: a document is read iff its group has a channel of the reader."""
        alive = [doc for doc in self.model.values() if not doc.get("_deleted")]
        found = {}
        for identifier, doc in self.model.items():
            members = [other for other in alive if other["group"] == doc["group"]]
            opened = {channel for other in members for channel in other.get("opens", ())}
            closed = {channel for other in members for channel in other.get("closes", ())}
            if doc["group"] is not None and (opened - closed) & reader.channels:
                found[identifier] = doc["_rev"]
        return found

    @rule(reader=st.sampled_from(READERS), limit=st.integers(1, 3), pages=st.integers(1, 3))
    def sync_a_little(self, reader, limit, pages):
        for _ in range(pages):
            self.page(reader, limit)

    def page(self, reader, limit):
        wanted = Wanted(since=self.since[reader.name], limit=limit, removals=True)
        page = self.village.changes(wanted, caller=reader)
        device = self.devices[reader.name]
        assert len({row.id for row in page.rows}) == len(page.rows) <= limit
        for row in page.rows:
            if row.removed:
                device.pop(row.id, None)
            else:
                device[row.id] = row.revs[0]
        self.since[reader.name] = page.last_seq
        return page

    @rule(reader=st.sampled_from(READERS), limit=st.integers(1, 5))
    def sync_to_the_end(self, reader, limit):
        while self.page(reader, limit).rows:
            pass
        assert self.devices[reader.name] == self.readable(reader)

    @invariant()
    def every_door_agrees(self):
        for reader in READERS:
            mine = self.readable(reader)
            feed = self.village.changes(Wanted(), caller=reader).rows
            assert {row.id: row.revs[0] for row in feed} == mine
            assert {row.id for row in feed if row.deleted} == {
                i for i in mine if self.model[i].get("_deleted")
            }
            listed = self.village.all_docs(Range(), caller=reader)
            assert {row.key for row in listed.rows} == {i for i in mine if not self.model[i].get("_deleted")}
            info = self.village.info(reader)
            assert info.doc_count + info.doc_del_count == len(mine)
            assert len(
                self.village.revs_diff({i: [d["_rev"]] for i, d in self.model.items()}, caller=reader)
            ) == len(self.model) - len(mine)


TestAccess = Village.TestCase
TestAccess.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


# -- the same over the wire


NAMES = ("anna", "ben", "carla", "dora")


class Guarded(VillagePolicy):
    """Only who reads a group writes to it, or begins it."""

    def may_write(self, caller, doc, group_docs):
        if group_docs and not self.channels(doc["group"], group_docs) & caller.channels:
            raise Refused("role", "这一组已经不归您管。")


class Roads(RuleBasedStateMachine):
    """People, assignments and revocations over HTTP; every person has a device on each road.

    After each step every device syncs, and must hold exactly what the reference says: nothing less, and
    nothing of anybody else's. What was written on a device whose access had ended is in quarantine.
    """

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = SQLiteStore(Path(self.folder.name) / "data.db", {"village": Guarded()})
        self.village = self.store.database("village")
        self.held = {name: {name} for name in NAMES}
        self.replicas = {name: Replica() for name in NAMES}
        self.devices = {name: Device() for name in NAMES}
        self.model, self.opened, self.quarantined, self.number = {}, {}, set(), 0
        self.runner = asyncio.Runner()
        transport = httpx2.ASGITransport(couch_app(self.store, self.who))
        self.clients = {
            name: httpx2.AsyncClient(transport=transport, base_url="http://village", headers={"x-name": name})
            for name in NAMES
        }

    async def who(self, request):
        name = request.headers["x-name"]
        return Caller(name, frozenset(self.held[name]))

    def teardown(self):
        for client in self.clients.values():
            self.runner.run(client.aclose())
        self.runner.close()
        self.store.close()
        assert list(verify(Path(self.folder.name) / "data.db", POLICIES)) == []
        self.folder.cleanup()

    def readable(self, name):
        """The reference: a document is read iff its group is open in a channel that the person holds."""
        return {
            i: {doc["_rev"]} for i, doc in self.model.items() if self.opened[doc["group"]] & self.held[name]
        }

    def server_writes(self, group, **members):
        self.number += 1
        doc = {"_id": f"s{self.number}", "group": group, **members}
        [result] = self.village.write([doc])
        self.model[doc["_id"]] = {**doc, "_rev": result.rev}
        now = self.opened.setdefault(group, set())
        now |= set(members.get("opens", ()))
        closed = {c for d in self.model.values() if d["group"] == group for c in d.get("closes", ())}
        self.opened[group] = now - closed

    @rule(group=st.sampled_from("gh"), name=st.sampled_from(NAMES))
    def assign(self, group, name):
        self.server_writes(group, opens=[name])

    @rule(group=st.sampled_from("gh"), name=st.sampled_from(NAMES))
    def revoke(self, group, name):
        self.server_writes(group, closes=[name])

    @rule(name=st.sampled_from(NAMES), channel=st.sampled_from(NAMES))
    def grant(self, name, channel):
        self.held[name].add(channel)

    @rule(name=st.sampled_from(NAMES), channel=st.sampled_from(NAMES))
    def withdraw(self, name, channel):
        if channel != name:
            self.held[name].discard(channel)

    @rule(
        name=st.sampled_from(NAMES),
        group=st.sampled_from("gh"),
        road=st.sampled_from(["replicas", "devices"]),
        closing=st.booleans(),
    )
    def write(self, name, group, road, closing):
        """A document written without network; `closing`: the author's access ends before it is sent."""
        self.number += 1
        doc = {"_id": f"p{self.number}", "_rev": f"1-{self.number:032x}", "group": group, "opens": []}
        if group not in self.opened:
            doc["opens"], self.opened[group] = [name], {name}
        getattr(self, road)[name].write(doc)
        if closing:
            self.server_writes(group, closes=[name])
        if self.opened[group] & self.held[name]:
            self.model[doc["_id"]] = doc
        else:
            self.quarantined.add(doc["_id"])
        self.sync(name)

    def sync(self, name):
        self.runner.run(self.replicas[name].sync(self.clients[name], "/db/village", page=2))
        client = ExchangeClient("/exchange", self.clients[name])
        self.runner.run(client.sync(self.devices[name], budget=300))

    @invariant()
    def every_device_holds_exactly_what_is_theirs(self):
        for name in NAMES:
            self.sync(name)
            for device in (self.replicas[name], self.devices[name]):
                assert not device.pending
                found = {i: set(revs) for i, revs in device.readable().items()}
                assert found == self.readable(name), (name, type(device).__name__)

    @invariant()
    def unsent_work_is_rescued(self):
        assert {case.id for case in self.village.quarantined(limit=500)} == self.quarantined


TestRoads = Roads.TestCase
TestRoads.settings = settings(
    max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
