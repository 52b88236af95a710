"""A virtual phone: what it keeps, what its clock says, and the writing of documents. Sync is in the roads."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from models.access import TOWNSHIP_LEAD
from models.clock import next_stamp
from models.ids import new_ulid
from models.workflow import iso
from sync.documents import data_of
from sync.revisions import content_digest, next_revision
from tests.fleet.county import Member
from tests.fleet.disk import Disk
from tests.fleet.ledger import Doc, Ledger


def with_revision(doc: Doc) -> Doc:
    """The document with its first revision, as a phone's own database gives it."""
    return {**doc, "_rev": str(next_revision(None, deleted=False, digest=content_digest(data_of(doc))))}


def demand_of(doc: Doc) -> str:
    """The consultation that a document belongs to; empty where to none."""
    kind, _, rest = str(doc["_id"]).partition(":")
    return rest if kind == "demand" else str(doc.get("demand", ""))


class Phone:
    """One person's phone. `clock_offset_ms` is how wrong its clock is."""

    def __init__(self, member: Member, road: str, seed: str, ledger: Ledger) -> None:
        self.member = member
        self.road = road
        self.random = random.Random(seed)
        self.disk = Disk(self.random)
        self.ledger = ledger
        self.clock_offset_ms = 0
        self.wakes_at = 0
        self.name = f"{member.role} {member.name} ({road})"
        self.fresh: set[str] = set()
        self._threads: dict[str, set[str]] | None = None

    # -- what it knows

    def threads(self) -> dict[str, set[str]]:
        """The ids of every consultation's documents on this phone."""
        if self._threads is None:
            self._threads = {}
            for doc in (*self.disk.docs.values(), *self.disk.outbox.values()):
                self._threads.setdefault(demand_of(doc), set()).add(doc["_id"])
        return self._threads

    def thread(self, demand: str) -> list[Doc]:
        found = (
            self.disk.outbox.get(name) or self.disk.docs.get(name)
            for name in sorted(self.threads().get(demand, ()))
        )
        return [doc for doc in found if doc]

    def readable(self) -> dict[str, str]:
        """What it holds of the county's documents: {id: revision}."""
        return {name: doc["_rev"] for name, doc in self.disk.docs.items()}

    # -- what people do

    def now_ms(self, moment_ms: int) -> int:
        return moment_ms + self.clock_offset_ms + self.random.randrange(1000)

    def ulid(self, moment_ms: int) -> str:
        """A ULID by this phone's clock; its random part comes from the seed."""
        head = new_ulid(max(0, self.now_ms(moment_ms)))[:10]
        return head + "".join(self.random.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=16))

    def stamped(self, demand: str, moment_ms: int) -> dict[str, Any]:
        """The clock, the device and the moment of a new document of a consultation."""
        now = self.now_ms(moment_ms)
        seen = [doc["clock"] for doc in self.thread(demand) if "clock" in doc]
        at = iso(datetime.fromtimestamp(max(0, now) / 1000, UTC))
        return {"clock": next_stamp(now, seen), "device": self.member.device, "at": at}

    def write(self, docs: Iterable[Doc]) -> None:
        """Save in one transaction what its owner wrote. DiskFull, PowerCut: nothing was saved."""
        written = [with_revision(doc) for doc in docs]
        number = self.disk.notes.get("local seq", 0)
        log = {f"log:{number + n:08d}": doc["_id"] for n, doc in enumerate(written, 1)}
        self.disk.commit(
            outbox={doc["_id"]: doc for doc in written},
            own={doc["_id"]: number + n for n, doc in enumerate(written, 1)},
            notes={**log, "local seq": number + len(written)},
        )
        for doc in written:
            self.threads().setdefault(demand_of(doc), set()).add(doc["_id"])
            self.ledger.counts["written"] += 1
            self.ledger.tell(doc["_id"], f"{self.name} writes it")

    # -- what replication brings (each in the caller's transaction)

    def arrived(self, docs: Iterable[Doc]) -> dict[str, Doc]:
        """Documents that came from the county, ready for a transaction."""
        found = {}
        for doc in docs:
            known = self.ledger.same(doc)
            found[known["_id"]] = known
            self.threads().setdefault(demand_of(known), set()).add(known["_id"])
            self.fresh.add(demand_of(known))
        return found

    def acknowledge(self, ids: Iterable[str]) -> None:
        """The county said that it has these of the outbox."""
        docs: dict[str, Doc] = {}
        for name in ids:
            doc = self.disk.outbox[name]
            docs[name] = doc
            self.ledger.told_stored(name, doc["_rev"], self.name)
        pending = {name: True for name, doc in docs.items() if self.disk.docs.get(name) != doc}
        self.disk.commit(docs=docs, unconfirmed=pending, outbox=dict.fromkeys(docs))

    def refuse(self, receipts: dict[str, tuple[str, str]]) -> None:
        """The county keeps these in quarantine: {id: (receipt, code)}."""
        for name, (receipt, code) in receipts.items():
            self.ledger.told_refused(name, receipt, code, self.name)
        kept = {name: receipt for name, (receipt, _) in receipts.items()}
        self.disk.commit(refused=kept, outbox=dict.fromkeys(receipts))

    def forget(self, ids: Iterable[str]) -> None:
        """These left its sight."""
        gone = [name for name in ids if name in self.disk.docs]
        if gone:
            self.disk.commit(docs=dict.fromkeys(gone), unconfirmed=dict.fromkeys(gone))
            self.ledger.counts["forgotten"] += len(gone)
            for name in gone:
                self.ledger.tell(name, f"{self.name} may no longer read it and forgets it")

    def lost_power(self) -> None:
        """What was in memory is gone."""
        self._threads = None
        self.fresh.clear()
        self.ledger.counts["power cuts"] += 1

    @property
    def reports(self) -> bool:
        return self.member.role in ("informant", TOWNSHIP_LEAD)
