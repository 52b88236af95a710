"""What must hold after any run. Each check gives findings as text; an empty list is what one wants."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections import Counter, defaultdict
from urllib.parse import quote

from models.access import channels_of_group, group_of
from tests.fleet.ledger import Doc
from tests.fleet.phone import Phone
from tests.fleet.process import ROOT
from tests.fleet.replicator import DB
from tests.fleet.simulation import ROADS, Simulation

PAGE = 2000
SHOWN = 3
COMPARED = 24


async def judge(run: Simulation) -> list[str]:
    """Every finding of a settled run."""
    stored = {doc["_id"]: doc for doc in await everything(run)}
    run.ledger.counts["documents in the county"] = len(stored)
    return [
        *run.troubles[:SHOWN],
        *told_and_absent(run, stored),
        *quarantined_and_absent(run, await quarantined(run)),
        *wrong_sets(run, expected_sets(run, stored)),
        *wrong_receipts(stored),
        *await roads_that_differ(run),
        *await broken_store(run),
    ]


async def everything(run: Simulation) -> list[Doc]:
    """All documents of the county, as an administrator reads them, page by page."""
    docs: list[Doc] = []
    after = ""
    while True:
        start = f"&startkey={quote(chr(34) + after + chr(34))}&skip=1" if after else ""
        page = await run.as_administrator("GET", f"{DB}/_all_docs?include_docs=true&limit={PAGE}{start}")
        rows = page["rows"]
        assert isinstance(rows, list)
        docs += [row["doc"] for row in rows]
        if len(rows) < PAGE:
            return docs
        after = rows[-1]["id"]


def told_and_absent(run: Simulation, stored: dict[str, Doc]) -> list[str]:
    """Every document that any phone was told is stored is stored."""
    lost = [
        name for name, rev in run.ledger.stored.items() if name not in stored or stored[name]["_rev"] != rev
    ]
    return findings(run, "told that it is stored, and it is not", lost)


async def quarantined(run: Simulation) -> set[str]:
    """The receipts of all quarantine, read from the file: there may be more than a page."""
    with sqlite3.connect(run.folder / "tianwen.sqlite3", timeout=30) as connection:
        receipts = {receipt for (receipt,) in connection.execute("SELECT receipt FROM quarantine")}
    connection.close()
    return receipts


def quarantined_and_absent(run: Simulation, receipts: set[str]) -> list[str]:
    """Every receipt of quarantine that a phone was given is there."""
    lost = [name for receipt, name in run.ledger.refused.items() if receipt not in receipts]
    return findings(run, "told that it is in quarantine, and it is not", lost)


def expected_sets(run: Simulation, stored: dict[str, Doc]) -> dict[str, dict[str, str]]:
    """What each person may read, from nothing but the documents and the rules: {person: {id: revision}}."""
    groups: dict[str, list[Doc]] = defaultdict(list)
    for doc in stored.values():
        name = group_of(doc)
        if name is not None:
            groups[name].append(doc)
    by_channel: dict[str, dict[str, str]] = defaultdict(dict)
    for name, docs in groups.items():
        for channel in channels_of_group(name, docs):
            by_channel[channel].update({doc["_id"]: doc["_rev"] for doc in docs})
    return {
        person: {name: rev for channel in member.channels for name, rev in by_channel[channel].items()}
        for person, member in run.county.members.items()
    }


def wrong_sets(run: Simulation, expected: dict[str, dict[str, str]]) -> list[str]:
    """Every phone ends with exactly its readable set."""
    found = []
    for phone in run.phones:
        has, wants = phone.readable(), expected[phone.member.id]
        missing = [name for name, rev in wants.items() if has.get(name) != rev]
        extra = sorted(has.keys() - wants.keys())
        found += findings(run, f"missing on the phone of {phone.name}", missing)
        found += findings(run, f"not for the eyes of {phone.name}, and on the phone", extra)
    return found


def wrong_receipts(stored: dict[str, Doc]) -> list[str]:
    """No demand without exactly one receipt."""
    receipts = Counter(doc["demand"] for doc in stored.values() if doc.get("kind") == "received")
    demands = [name.removeprefix("demand:") for name in stored if name.startswith("demand:")]
    wrong = [f"{name}: {receipts[name]} receipts" for name in demands if receipts[name] != 1]
    orphans = sorted(receipts.keys() - set(demands))
    return [*wrong[:SHOWN], *(f"{name}: a receipt without a demand" for name in orphans[:SHOWN])]


async def roads_that_differ(run: Simulation) -> list[str]:
    """A new phone of the same person, by each road, ends with what the old one has."""
    found = []
    for phone in run.phones[:: max(1, len(run.phones) // COMPARED)]:
        for road in ROADS:
            fresh = Phone(phone.member, road, f"{run.plan.seed}/fresh/{road}", run.ledger)
            assert await run.sync_once(fresh, run.server.port), f"a new phone of {phone.name} cannot sync"
            differing = fresh.readable().items() ^ phone.readable().items()
            names = sorted({name for name, _ in differing})
            found += findings(run, f"{phone.name} and a new phone by {road} differ", names)
    return found


async def broken_store(run: Simulation) -> list[str]:
    """What `tianwen store verify` says: trees, winners, groups, feeds and counters, checked."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.cli", "store", "verify", "--data", str(run.folder), cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return [] if process.returncode == 0 else [f"tianwen store verify: {said.decode()[-2000:]}"]


def findings(run: Simulation, what: str, names: list[str]) -> list[str]:
    """The first of them with their stories, and how many there are."""
    if not names:
        return []
    shown = "\n".join(run.ledger.story(name) for name in names[:SHOWN])
    return [f"{len(names)} documents: {what} (seed {run.plan.seed})\n{shown}"]
