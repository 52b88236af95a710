"""A thousand phones on open connections, each syncing once a minute, one in a hundred with something new."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from statistics import quantiles

from sync.exchange.device import Device
from tests.bench.sync.link import demand, headers_of
from tests.bench.sync.servers import tianwen
from tests.bench.table import Measured
from tests.fleet.county import Member
from tests.fleet.exchanger import ask
from tests.fleet.process import ServerProcess
from tests.fleet.wire import Wire

PHONES = 1_000
MINUTES = 2
WRITING = 0.01
OPENING_S = 20.0


@dataclass
class Times:
    """Milliseconds of each exchange once all phones are connected; the server's memory on the way, in MB."""

    milliseconds: list[float] = field(default_factory=list)
    memory: float = 0


def measure() -> list[Measured]:
    times = asyncio.run(_measure())
    each = quantiles(times.milliseconds, n=100)
    what = f"{PHONES:,} connected phones, each once a minute, 1 % writing:"
    return [
        Measured(f"{what} exchange p50", each[49], "ms"),
        Measured(f"{what} exchange p99", each[98], "ms", target="under 250"),
        Measured(f"{what} server's memory", times.memory, "MB", target="under 400"),
    ]


async def _measure() -> Times:
    async with tianwen(phones=PHONES) as (county, server):
        times = Times()
        people = [member for member in county.members.values() if member is not county.administrator]
        begun = time.monotonic()
        await asyncio.gather(
            _weigh(server, times, begun), *(_phone(member, server.port, times, begun) for member in people)
        )
        return times


async def _phone(member: Member, port: int, times: Times, begun: float) -> None:
    """Connects within the opening, then syncs each minute at its own second."""
    luck = random.Random(member.id)
    device, wire = Device(), Wire(port, headers_of(member))
    await asyncio.sleep(luck.random() * OPENING_S)
    await _exchange(device, wire)
    phase = luck.random() * 60
    for minute in range(MINUTES):
        await asyncio.sleep(begun + OPENING_S + minute * 60 + phase - time.monotonic())
        if member.role in ("informant", "township_lead") and luck.random() < WRITING:
            device.write(demand(member, minute))
        times.milliseconds += await _exchange(device, wire)
    wire.close()


async def _exchange(device: Device, wire: Wire) -> list[float]:
    """One sync; the milliseconds of its exchanges."""
    spent = []
    while True:
        message = device.request()
        begun = time.perf_counter()
        answer = await ask(wire, message)
        spent.append((time.perf_counter() - begun) * 1000)
        if not device.take(message, answer):
            return spent


async def _weigh(server: ServerProcess, times: Times, begun: float) -> None:
    while time.monotonic() - begun < OPENING_S + MINUTES * 60:
        times.memory = max(times.memory, server.memory_mb())
        await asyncio.sleep(1)
