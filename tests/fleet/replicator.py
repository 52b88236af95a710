"""PouchDB's road: the replication protocol, request by request, as PouchDB's replicator goes it.

Order of checkpoints, comparison of histories and batches follow pouchdb-replication 9 and
pouchdb-checkpointer 9 (CouchDB replication protocol, "Replication Algorithm"). Two things are the phone's
own: it pushes only what its owner wrote, and it asks for `removals`, to forget what left its sight.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.fleet.ledger import Doc
from tests.fleet.phone import Phone
from tests.fleet.wire import Wire

DB = "/sync/db/tianwen"
BATCH = 100
HISTORY = 5
Checkpoint = dict[str, Any]


class ServerTrouble(Exception):
    """An answer that no phone should get; not a broken link."""


async def expect(wire: Wire, method: str, path: str, body: Any = None, *fine: int) -> Any:
    """The JSON of an answer whose status is 200, 201 or one of `fine`.

    ConnectionError for 5xx: what a phone does about those is to come again.
    """
    answer = await wire.ask(method, path, body)
    if answer.status in (200, 201, *fine):
        return answer.json()
    if answer.status >= 500 and answer.status != 500:
        raise ConnectionError(f"{answer.status} {answer.body[:200]!r}")
    raise ServerTrouble(f"{method} {path}: {answer.status} {answer.body[:500]!r}")


async def synchronise(phone: Phone, wire: Wire) -> None:
    """Push, then pull to the end. ConnectionError where the link or the server broke; PowerCut, DiskFull."""
    session = f"{phone.random.getrandbits(64):016x}"
    await expect(wire, "GET", DB)
    await _push(phone, wire, session)
    await _pull(phone, wire, session)


# -- push: the source is the phone, the target the county


async def _push(phone: Phone, wire: Wire, session: str) -> None:
    name = f"push-{phone.member.device}"
    target = await _remote(wire, name)
    since = agreed(source=phone.disk.notes.get(name, {}), target=target) or 0
    number = phone.disk.notes.get("local seq", 0)
    while since < number:
        upto = min(number, since + BATCH)
        ids = [phone.disk.notes.get(f"log:{n:08d}") for n in range(since + 1, upto + 1)]
        await _push_batch(phone, wire, [name for name in ids if name in phone.disk.outbox])
        since = upto
        # The target first, then the source.
        target = await _save_remote(wire, name, target, session, since)
        phone.disk.commit(notes={name: _grown(phone.disk.notes.get(name, {}), session, since)})
        phone.disk.keep()


async def _push_batch(phone: Phone, wire: Wire, ids: list[str]) -> None:
    if not ids:
        return
    outbox = phone.disk.outbox
    missing = await expect(wire, "POST", f"{DB}/_revs_diff", {name: [outbox[name]["_rev"]] for name in ids})
    phone.acknowledge([name for name in ids if name not in missing])
    docs = [_with_history(outbox[name]) for name in ids if name in missing]
    if not docs:
        return
    body = {"docs": docs, "new_edits": False}
    errors = await expect(wire, "POST", f"{DB}/_bulk_docs", body)
    if phone.random.random() < 0.05:  # a request that is repeated, as proxies and impatient people do
        again = await expect(wire, "POST", f"{DB}/_bulk_docs", body)
        if [each["id"] for each in again] != [each["id"] for each in errors]:
            raise ServerTrouble(f"a repeated request ended otherwise: {errors} then {again}")
    settle(phone, [doc["_id"] for doc in docs], errors)


def settle(phone: Phone, ids: list[str], errors: list[dict[str, Any]]) -> None:
    """Take in what the county said of each document: what is no error is stored."""
    unexpected = [each for each in errors if "receipt" not in each]
    if unexpected:
        raise ServerTrouble(f"neither stored nor in quarantine: {unexpected}")
    receipts = {each["id"]: (each["receipt"], each.get("reason", "")) for each in errors}
    phone.acknowledge([name for name in ids if name not in receipts])
    phone.refuse(receipts)


def _with_history(doc: Doc) -> Doc:
    generation, _, name = doc["_rev"].partition("-")
    return {**doc, "_revisions": {"start": int(generation), "ids": [name]}}


# -- pull: the source is the county, the target the phone


async def _pull(phone: Phone, wire: Wire, session: str) -> None:
    name = f"pull-{phone.member.device}"
    source = await _remote(wire, name)
    since = agreed(source=source, target=phone.disk.notes.get(name, {}))
    waiting = set(phone.disk.unconfirmed)
    named: set[str] | None = None
    while True:
        query = f"style=all_docs&removals=true&limit={BATCH}"
        if since:
            query += f"&since={quote(str(since))}"
        page = await expect(wire, "GET", f"{DB}/_changes?{query}")
        rows, last = page["results"], page["last_seq"]
        if not since or _epoch(since) != _epoch(last):
            named = set()  # a feed of its own: the answer began at its beginning
        await _take(phone, wire, rows)
        if named is not None:
            named |= {row["id"] for row in rows if not row.get("removed")}
        since = last
        if len(rows) < BATCH:
            break
        if named is None:
            source = await _checkpoint(phone, wire, name, source, session, since)
    if named is not None:
        phone.forget([each for each in phone.disk.docs if each not in named and each not in waiting])
    # Acknowledged before this pull and not in the feed: stored, and not its author's to read.
    phone.forget(waiting & phone.disk.unconfirmed.keys())
    await _checkpoint(phone, wire, name, source, session, since)


def _epoch(since: object) -> str:
    return str(since).partition("-")[2]


async def _take(phone: Phone, wire: Wire, rows: list[dict[str, Any]]) -> None:
    """One page of the feed: documents that are not here are fetched, in one transaction with what it says."""
    phone.forget([row["id"] for row in rows if row.get("removed")])
    there = {
        row["id"]: [change["rev"] for change in row["changes"]] for row in rows if not row.get("removed")
    }
    held = phone.disk.docs
    wanted = [
        {"id": name, "rev": rev}
        for name, revs in there.items()
        for rev in revs
        if name not in held or held[name]["_rev"] != rev
    ]
    docs: list[Doc] = []
    if wanted:
        found = await expect(wire, "POST", f"{DB}/_bulk_get?revs=true&latest=true", {"docs": wanted})
        docs = [each["ok"] for result in found["results"] for each in result["docs"] if "ok" in each]
    arrived = phone.arrived([{k: v for k, v in doc.items() if k != "_revisions"} for doc in docs])
    phone.disk.commit(docs=arrived, unconfirmed=dict.fromkeys(there))


# -- checkpoints


async def _remote(wire: Wire, name: str) -> Checkpoint:
    found: Checkpoint = await expect(wire, "GET", f"{DB}/_local/{name}", None, 404)
    return {} if "error" in found else found


async def _save_remote(wire: Wire, name: str, known: Checkpoint, session: str, since: Any) -> Checkpoint:
    grown = _grown(known, session, since)
    saved = await expect(wire, "PUT", f"{DB}/_local/{name}", grown, 409)
    if "error" in saved:  # an earlier answer was lost: its revision is not known here
        grown["_rev"] = (await _remote(wire, name)).get("_rev")
        saved = await expect(wire, "PUT", f"{DB}/_local/{name}", grown)
    return {**grown, "_rev": saved["rev"]}


async def _checkpoint(
    phone: Phone, wire: Wire, name: str, source: Checkpoint, session: str, since: Any
) -> Checkpoint:
    """The target, which is the phone, first: what it says it has is on its disk."""
    phone.disk.commit(notes={name: _grown(phone.disk.notes.get(name, {}), session, since)})
    phone.disk.keep()
    return await _save_remote(wire, name, source, session, since)


def _grown(known: Checkpoint, session: str, since: Any) -> Checkpoint:
    older = [entry for entry in known.get("history", []) if entry["session_id"] != session]
    history = [{"last_seq": since, "session_id": session}, *older][:HISTORY]
    grown = {"last_seq": since, "session_id": session, "history": history, "version": 1}
    return grown | ({"_rev": known["_rev"]} if "_rev" in known else {})


def agreed(*, source: Checkpoint, target: Checkpoint) -> Any:
    """Where both say that replication stands; None: from the beginning."""
    if not source or not target:
        return None
    if source["session_id"] == target["session_id"]:
        return source["last_seq"]
    mine, theirs = source["history"], target["history"]
    while mine and theirs:
        if mine[0]["session_id"] in {entry["session_id"] for entry in theirs}:
            return mine[0]["last_seq"]
        if theirs[0]["session_id"] in {entry["session_id"] for entry in mine[1:]}:
            return theirs[0]["last_seq"]
        mine, theirs = mine[1:], theirs[1:]
    return None
