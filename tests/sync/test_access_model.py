"""Exact access: random writes, grants and revocations against a reference model of ten lines.

Each reader follows the feed with removals in small pages, as a device does, and holds after every sync
exactly the documents that the model says are theirs, at their newest revisions.
"""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sync.sqlite import SQLiteStore
from sync.store import Range, Wanted
from tests.sync.conformance import POLICIES
from tests.sync.village import villager

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
