"""A village's link (64 kbit/s, 400 ms each way): one demand stored and its receipt back; a sync with no news.

Beside it PouchDB's replicator, against the same server through the same proxy. Bytes count both ways with
headers; the exchange sends those that Chromium on Android sends. A new connection costs a round trip, as
TCP's handshake does; both have a warm one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import quote

from models.access import CENTRE, INFORMANT
from sync.exchange.device import Device
from tests.bench.sync.corpus import SENTENCES
from tests.bench.sync.servers import tianwen
from tests.bench.table import Measured
from tests.e2e.link import VILLAGE, BadLink
from tests.fleet.county import PASSWORD, County, Member
from tests.fleet.exchanger import ask
from tests.fleet.ledger import Doc, Ledger
from tests.fleet.phone import Phone, with_revision
from tests.fleet.process import ServerProcess
from tests.fleet.wire import Wire
from tests.sync import pouchdb_peer

DEMANDS = 2_000
PEER = "PouchDB 9 replicator"
CHROMIUM = {
    "Connection": "keep-alive",
    "sec-ch-ua-platform": '"Android"',
    "User-Agent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/126.0.0.0 Mobile Safari/537.36",
    "sec-ch-ua": '"Not/A)Brand";v="8", "Chromium";v="126"',
    "sec-ch-ua-mobile": "?1",
    "Accept": "*/*",
    "Origin": "https://tianwen.example",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Referer": "https://tianwen.example/",
    "Accept-Encoding": "gzip",
    "Accept-Language": "zh-CN,zh;q=0.9",
}


@dataclass
class Cost:
    """What one sync took."""

    seconds: float = 0
    bytes: int = 0
    requests: int = 0


class VillageLink(BadLink):
    """A new connection waits for its handshake."""

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * self._quality.delay)
        await super()._carry(reader, writer)


def measure() -> list[Measured]:
    return asyncio.run(_measure())


async def _measure() -> list[Measured]:
    async with tianwen(phones=20) as (county, server):
        link = VillageLink(server.port)
        try:
            # The link has a thread of its own; node is waited for beside this loop.
            demand, idle, crowd = await by_exchange(county, server, link)
            peer_demand, peer_idle = await asyncio.to_thread(by_pouchdb, county, link)
        finally:
            link.close()
    where = "64 kbit/s, 400 ms each way:"
    return [
        Measured(f"{where} a 600-byte demand and its receipt", demand.seconds, "s", PEER,
                 peer_demand.seconds, "at least 8x faster"),
        Measured(f"{where} the same, on the wire", demand.bytes, "bytes", PEER, peer_demand.bytes,
                 "under 2,000"),
        Measured(f"{where} the same", demand.requests, "requests", PEER, peer_demand.requests, "1"),
        Measured(f"{where} nothing new", idle.seconds, "s", PEER, peer_idle.seconds, "at least 8x faster"),
        Measured(f"{where} the same, on the wire", idle.bytes, "bytes", PEER, peer_idle.bytes, "under 1,000"),
        Measured(f"{where} nothing new, {2 * DEMANDS:,} documents held", crowd.bytes, "bytes",
                 target="under 1,000"),
    ]  # fmt: skip


# -- the exchange


async def by_exchange(county: County, server: ServerProcess, link: BadLink) -> tuple[Cost, Cost, Cost]:
    """A demand; no news; no news for somebody who holds thousands of documents."""
    informant, centre = of_role(county, INFORMANT), of_role(county, CENTRE)
    writer = Device()
    writer.write(*[demand(informant, n) for n in range(DEMANDS)])
    crowd, device = Device(), Device()
    await everything(writer, Wire(server.port, headers_of(informant)), [])
    await everything(crowd, Wire(server.port, headers_of(centre)), [])
    device = replace(writer)
    link.quality(VILLAGE)
    wire, other = (Wire(link.port, headers_of(member)) for member in (informant, centre))
    await everything(device, wire, [])
    device.write(demand(informant, DEMANDS))
    sent = await everything(device, wire, ["received"])
    nothing = await everything(device, wire, [])
    await everything(crowd, other, [])
    still = await everything(crowd, other, [])
    wire.close()
    other.close()
    return sent, nothing, still


async def everything(device: Device, wire: Wire, kinds: list[str]) -> Cost:
    """Exchange to the end; the answers must bring events of these kinds."""
    before, begun = (wire.sent + wire.received, wire.requests), time.perf_counter()
    came: list[Doc] = []
    while True:
        message = device.request()
        answer = await ask(wire, message)
        came += answer.get("d", ())
        if not device.take(message, answer):
            break
    assert not device.pending
    assert not device.refused, device.refused
    if kinds:
        assert [doc.get("kind") for doc in came] == kinds, came
    seconds = time.perf_counter() - begun
    return Cost(seconds, wire.sent + wire.received - before[0], wire.requests - before[1])


def headers_of(member: Member) -> dict[str, str]:
    return {**CHROMIUM, "Authorization": f"Bearer {member.token}"}


def of_role(county: County, role: str) -> Member:
    return next(member for member in county.members.values() if member.role == role)


def demand(member: Member, number: int) -> Doc:
    """A demand of about 600 bytes as its reporter's phone writes it."""
    phone = Phone(member, "bench", f"link/{number}", Ledger())
    moment = int(time.time() * 1000)
    ulid = phone.ulid(moment)
    text = "".join(phone.random.choices(SENTENCES, k=9))[:82]
    return with_revision(
        {
            "_id": f"demand:{ulid}", "type": "demand", "reporter": member.id, "region": member.region,
            "industry": "粮油", "crop": "玉米", "text": text, **phone.stamped(ulid, moment),
        }
    )  # fmt: skip


# -- PouchDB's replicator


def by_pouchdb(county: County, link: BadLink) -> tuple[Cost, Cost]:
    """The same demand and the same silence, by a stock PouchDB with everything pulled before."""
    pouchdb_peer.install()
    members = [member for member in county.members.values() if member.role == INFORMANT]
    login = members[1].login
    url = f"http://{login}:{quote(PASSWORD)}@127.0.0.1:{link.port}/sync/db/tianwen"
    peer = pouchdb_peer.Peer()
    try:
        peer.do("once", db="phone", url=url)
        doc = {key: value for key, value in demand(members[1], 1).items() if key != "_rev"}
        peer.do("put", db="phone", doc=doc)
        with measured(link) as sent:
            outcome = peer.do("once", db="phone", url=url)
        assert outcome["pushed"] == 1, outcome
        peer.do("once", db="phone", url=url)  # The receipt may come in a second one.
        with measured(link) as nothing:
            peer.do("once", db="phone", url=url)
    finally:
        peer.close()
    return sent, nothing


@contextmanager
def measured(link: BadLink) -> Iterator[Cost]:
    cost = Cost()
    bytes_before, requests_before = link.sent_up + link.sent_down, link.requests
    begun = time.perf_counter()
    yield cost
    cost.seconds = time.perf_counter() - begun
    cost.bytes = link.sent_up + link.sent_down - bytes_before
    cost.requests = link.requests - requests_before
