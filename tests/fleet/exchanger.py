"""The exchange's road: sync/exchange/device.py, kept on the phone's disk from one answer to the next."""

from __future__ import annotations

import gzip
from dataclasses import asdict
from typing import Any

import orjson

from sync.exchange.client import packed
from sync.exchange.device import Comparison, Device, Message
from tests.fleet.phone import Phone
from tests.fleet.replicator import ServerTrouble
from tests.fleet.wire import Wire

PATH = "/sync/exchange"
BUDGET = 64 * 1024
HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
MOST_REQUESTS = 5000


async def synchronise(phone: Phone, wire: Wire) -> None:
    """Exchange until there is nothing more to do. ConnectionError; PowerCut, DiskFull."""
    device = read(phone)
    # Where an answer came and was not kept, the device is as it was before: `device` is thrown away.
    for _ in range(MOST_REQUESTS):
        message = device.request(budget=BUDGET)
        try:
            answer = await ask(wire, message)
            if phone.random.random() < 0.05:  # a request that is repeated
                answer = await ask(wire, message)
        except ConnectionError:
            device.lost(message)
            phone.disk.commit(notes={"unsure": list(device.unsure)})
            raise
        more = device.take(message, answer)
        save(phone, device, message, answer)
        if not more:
            return
    raise ServerTrouble(f"{MOST_REQUESTS} exchanges, and still more to do: {message}")


async def ask(wire: Wire, message: Message) -> Message:
    """One exchange. ConnectionError for a broken link and for 5xx, as any phone takes them."""
    body, headers = packed(message)
    answer = await wire.ask("POST", PATH, body, {**HEADERS, **headers})
    if answer.status >= 500 and answer.status != 500:
        raise ConnectionError(str(answer.status))
    if answer.status != 200:
        raise ServerTrouble(f"POST {PATH}: {answer.status} {answer.body[:500]!r}")
    plain = gzip.decompress(answer.body) if answer.headers.get("content-encoding") == "gzip" else answer.body
    found: Message = orjson.loads(plain)
    return found


def read(phone: Phone) -> Device:
    """The device as the disk has it."""
    disk = phone.disk
    waiting = sorted(disk.outbox, key=disk.own.__getitem__)
    comparing = disk.notes.get("comparing")
    return Device(
        docs={name: {doc["_rev"]: doc} for name, doc in {**disk.docs, **disk.outbox}.items()},
        pending=dict.fromkeys(waiting),
        unsure={name: None for name in disk.notes.get("unsure", ()) if name in disk.outbox},
        own=dict.fromkeys(disk.own),
        since=disk.notes.get("since"),
        comparing=Comparison(**comparing) if comparing else None,
    )


def save(phone: Phone, device: Device, message: Message, answer: Message) -> None:
    """One transaction: all that the answer changed. What the phone was told is noted beside it."""
    disk = phone.disk
    refused = {row[0]: (str(row[3]), str(row[1])) for row in answer.get("f", ())}
    without = [name for name, (receipt, _) in refused.items() if receipt == "None"]
    if without:
        raise ServerTrouble(f"neither stored nor in quarantine: {answer['f']}")
    done = [name for name in disk.outbox if name not in device.pending]
    for name in done:
        if name in refused:
            phone.ledger.told_refused(name, *refused[name], phone.name)
        else:
            phone.ledger.told_stored(name, disk.outbox[name]["_rev"], phone.name)
    readable = {name: next(iter(revs.values())) for name, revs in device.readable().items()}
    gone = {name: None for name in disk.docs if name not in readable}
    came = {name: doc for name, doc in readable.items() if disk.docs.get(name) is not doc}
    back = {name: disk.docs[name] for name in device.pending if name in disk.docs}
    told = {doc["_id"] for doc in answer.get("d", ())}
    came |= phone.arrived([came[name] for name in came if name in told])
    changes: dict[str, dict[str, Any]] = {
        "docs": {**gone, **came},
        "outbox": {**dict.fromkeys(done), **back},
        "refused": {name: receipt for name, (receipt, _) in refused.items()},
        "notes": {
            "since": device.since,
            "comparing": asdict(device.comparing) if device.comparing else None,
            "unsure": list(device.unsure),
        },
    }
    disk.commit(**changes)
    phone.ledger.counts["forgotten"] += len(gone.keys() - back.keys())
    for name in gone.keys() - back.keys():
        phone.ledger.tell(name, f"{phone.name} may no longer read it and forgets it")
    if message.get("k"):
        phone.ledger.counts["comparisons"] += 1
