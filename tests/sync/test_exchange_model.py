"""Cuts at every point: requests lost or doubled, answers lost, power lost, places lost, rights changed.

Devices speak the exchange with a real store; whatever happened, syncing to the end leaves each with exactly
what its person may read, at the same revisions with the same histories, and every document that a device
wrote is stored or in quarantine.
"""

import copy
import tempfile
from pathlib import Path

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sync.exchange.answering import answer, leaves_of
from sync.exchange.device import Device
from sync.exchange.messages import Request
from sync.sqlite import SQLiteStore
from sync.store import Wanted
from tests.sync.conformance import POLICIES
from tests.sync.village import villager

CHANNELS = ("anna", "ben", "dora")
RIGHTS = (("anna",), ("ben",), ("anna", "ben"), ("dora",))
NAMES = ("first", "second")
GROUPS = st.sampled_from(["g", "h"])
CHANNEL_LISTS = st.lists(st.sampled_from(CHANNELS), max_size=2)
members = st.fixed_dictionaries({"group": GROUPS}, optional={"opens": CHANNEL_LISTS, "closes": CHANNEL_LISTS})
SERVED = st.sampled_from(["a", "b", "bulk:c", "bulk:d", "e"])
BUDGETS = st.sampled_from([0, 150, 100_000])


def is_bulky(identifier):
    return identifier.startswith("bulk:")


class Cuts(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = SQLiteStore(Path(self.folder.name) / "data.db", POLICIES)
        self.village = self.store.database("village")
        self.devices = {name: Device() for name in NAMES}
        self.rights = dict.fromkeys(NAMES, ("anna",))
        self.written = {name: {} for name in NAMES}
        self.late = []
        self.count = 0

    def teardown(self):
        try:
            for name in NAMES:
                self.sync_to_the_end(name, 150)
        finally:
            self.store.close()
            self.folder.cleanup()

    @initialize()
    def a_first_document(self):
        self.village.write([{"_id": "a", "group": "g", "opens": ["anna"]}])

    def caller(self, name):
        return villager(name, *self.rights[name])

    def reply(self, name, message):
        """Over the wire and back: what is answered is JSON."""
        request = Request.parse(orjson.loads(orjson.dumps(message)))
        return orjson.loads(answer(self.village, self.caller(name), request, is_bulky).to_json())

    @rule(identifier=SERVED, doc=members, fork=st.booleans(), deleted=st.booleans())
    def the_server_writes(self, identifier, doc, fork, deleted):
        """New documents, edits, deletions, and conflicts such as another peer may leave."""
        self.count += 1
        leaves = [orjson.loads(leaf) for leaf in leaves_of(self.village, None, identifier)]
        path = []
        if leaves:
            start, ids = int(leaves[0]["_rev"].split("-")[0]), [leaves[0]["_rev"].split("-")[1]]
            history = leaves[0].get("_revisions", {"start": start, "ids": ids})
            path = history["ids"][1:] if fork and start > 1 else history["ids"]
        ids = [f"{self.count:032x}", *path]
        extra = {"_deleted": True} if deleted and path else {}
        rev = f"{len(ids)}-{ids[0]}"
        revisions = {"start": len(ids), "ids": ids}
        (result,) = self.village.write(
            [{**doc, **extra, "_id": identifier, "_rev": rev, "_revisions": revisions}], new_edits=False
        )
        assert result.error is None

    @rule(name=st.sampled_from(NAMES), doc=members, refuse=st.booleans(), bulky=st.booleans())
    def a_device_writes(self, name, doc, refuse, bulky):
        self.count += 1
        identifier = f"{'bulk:' if bulky else ''}{name}:{self.count:03}"
        written = {
            **doc,
            "_id": identifier,
            "_rev": f"1-{self.count:032x}",
            "t": "x" * (3000 if bulky else 9),
        }
        if refuse:
            written["refuse"] = "no"
        self.devices[name].write(written)
        self.written[name][identifier] = written

    @rule(name=st.sampled_from(NAMES), budget=BUDGETS, push=st.integers(1, 3))
    def an_exchange(self, name, budget, push):
        message = self.devices[name].request(budget=budget, push=push)
        self.devices[name].take(message, self.reply(name, message))

    @rule(name=st.sampled_from(NAMES), push=st.integers(1, 3))
    def the_request_is_lost(self, name, push):
        self.devices[name].lost(self.devices[name].request(push=push))

    @rule(name=st.sampled_from(NAMES), push=st.integers(1, 3))
    def the_answer_is_lost(self, name, push):
        message = self.devices[name].request(push=push)
        self.reply(name, message)
        self.devices[name].lost(message)

    @rule(name=st.sampled_from(NAMES), budget=BUDGETS)
    def the_request_arrives_twice(self, name, budget):
        message = self.devices[name].request(budget=budget)
        self.reply(name, message)
        self.devices[name].take(message, self.reply(name, message))

    @rule(name=st.sampled_from(NAMES))
    def the_request_arrives_much_later_again(self, name):
        message = self.devices[name].request()
        self.devices[name].take(message, self.reply(name, message))
        self.late.append((name, message))

    @rule()
    def what_was_late_arrives(self):
        for name, message in self.late:
            self.reply(name, message)
        self.late.clear()

    @rule(name=st.sampled_from(NAMES))
    def the_power_goes_before_the_answer_is_safe(self, name):
        device = self.devices[name]
        message = device.request()
        safe = copy.deepcopy(device)
        device.take(message, self.reply(name, message))
        self.devices[name] = safe

    @rule(name=st.sampled_from(NAMES))
    def the_place_is_lost(self, name):
        self.devices[name].since = None
        self.devices[name].comparing = None

    @rule(name=st.sampled_from(NAMES), rights=st.sampled_from(RIGHTS))
    def rights_change(self, name, rights):
        self.rights[name] = rights

    @rule(name=st.sampled_from(NAMES), budget=BUDGETS)
    def everything_arrives(self, name, budget):
        self.sync_to_the_end(name, budget)

    def sync_to_the_end(self, name, budget):
        device = self.devices[name]
        for _ in range(200):
            message = device.request(budget=budget)
            if not device.take(message, self.reply(name, message)):
                break
        else:
            raise AssertionError("it never comes to an end")
        assert not device.pending
        caller = self.caller(name)
        readable = [row.id for row in self.village.changes(Wanted(), caller=caller).rows]
        held = {i: sorted(map(self.bare, revs.values()), key=str) for i, revs in device.readable().items()}
        assert held == {
            i: sorted(map(self.bare, map(orjson.loads, leaves_of(self.village, caller, i))), key=str)
            for i in readable
        }
        self.nothing_is_lost(name)

    def bare(self, doc):
        return {key: value for key, value in doc.items() if key != "_attachments"}

    def nothing_is_lost(self, name):
        kept = {case.id for case in self.village.quarantined(name, limit=1000)}
        for identifier, written in self.written[name].items():
            stored = [orjson.loads(leaf)["_rev"] for leaf in leaves_of(self.village, None, identifier)]
            assert (written["_rev"] in stored) != (identifier in kept)


TestCuts = Cuts.TestCase
TestCuts.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
