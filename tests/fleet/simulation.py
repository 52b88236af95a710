"""A county's days: phones wake, people act, phones sync through the bad link, the server is killed.

Time is simulated: a day is some ticks, and in each a part of the phones is awake, many at once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fleet import conduct, exchanger, replicator
from tests.fleet.county import County
from tests.fleet.disk import DiskFull, PowerCut
from tests.fleet.ledger import Ledger
from tests.fleet.link import FAIR, POOR, FleetLink, Weather
from tests.fleet.phone import Phone
from tests.fleet.process import ServerProcess
from tests.fleet.replicator import ServerTrouble
from tests.fleet.wire import Wire

TICKS_A_DAY = 4
TICK_MS = 24 * 3_600_000 // TICKS_A_DAY
DAYS_MS = 24 * 3_600_000
AWAKE_AT_ONCE = 24
TRIES = 3
LAST_ROUNDS = 8

Synchronise = Callable[[Phone, Wire], Awaitable[None]]
ROADS: dict[str, Synchronise] = {
    "pouchdb": replicator.synchronise,
    "exchange": exchanger.synchronise,
}


@dataclass(frozen=True)
class Plan:
    """What a run is made of. `offline`: the chance that a phone, after a waking, is gone for days."""

    phones: int = 60
    days: int = 3
    kills: int = 5
    seed: int = 1
    offline: float = 0.08
    power_cut: float = 0.05
    wrong_clock: float = 0.04
    full_disk: float = 0.04
    moves_a_day: float = 0.02
    weather: Weather = POOR


@dataclass
class Simulation:
    """One run: `live` plays the days, `settle` brings every phone home; invariants.py judges."""

    plan: Plan
    folder: Path
    tell: Callable[[str], None] = lambda _line: None
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        self.random = random.Random(f"{self.plan.seed}/world")
        self.county = County(self.folder, self.plan.phones, self.random)
        self.server = ServerProcess(self.folder)
        self.link = FleetLink(self.server.port, random.Random(f"{self.plan.seed}/link"), self.plan.weather)
        roads = list(ROADS)
        people = [each for each in self.county.members.values() if each is not self.county.administrator]
        self.phones = [
            Phone(member, roads[n % len(roads)], f"{self.plan.seed}/phone/{n}", self.ledger)
            for n, member in enumerate(people)
        ]
        self.troubles: list[str] = []
        self._up = asyncio.Event()
        self._woken = 0
        self._begun_ms = int(time.time() * 1000)

    async def __aenter__(self) -> Simulation:
        await self.server.start()
        self._up.set()
        await self.link.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.link.close()
        await self.server.stop()

    # -- the days

    async def live(self) -> None:
        ticks = self.plan.days * TICKS_A_DAY
        kills = sorted(self.random.randrange(ticks) for _ in range(self.plan.kills))
        for tick in range(ticks):
            day, part = divmod(tick, TICKS_A_DAY)
            self.ledger.moment = f"day {day + 1}.{part + 1}"
            self._people_move()
            awake = [phone for phone in self.phones if phone.wakes_at <= tick]
            self.random.shuffle(awake)
            await self._tick(tick, awake, kills.count(tick))
            self.tell(f"{self.ledger.moment}: {len(awake)} phones awake, {self.server.kills} kills")

    def _people_move(self) -> None:
        movers = [phone for phone in self.phones if phone.reports]
        for phone in movers:
            if self.random.random() < self.plan.moves_a_day / TICKS_A_DAY:
                self.county.move(self.county.members[phone.member.id])
                self.ledger.counts["roles changed"] += 1

    async def _tick(self, tick: int, awake: list[Phone], kills: int) -> None:
        doors = asyncio.Semaphore(AWAKE_AT_ONCE)
        moment = self._begun_ms + tick * TICK_MS
        self._woken = 0

        async def wake(phone: Phone) -> None:
            async with doors:
                await self._wake(phone, tick, moment)
                self._woken += 1

        work = [asyncio.ensure_future(wake(phone)) for phone in awake]
        killing = asyncio.ensure_future(self._kill(kills, len(awake)))
        try:
            await asyncio.gather(*work)
            await killing
        finally:
            for task in (*work, killing):
                task.cancel()

    async def _kill(self, kills: int, awake: int) -> None:
        """SIGKILL at random moments of the tick, while requests are on their way."""
        for threshold in sorted(self.random.randrange(max(1, awake)) for _ in range(kills)):
            while self._woken < threshold:
                await asyncio.sleep(0.005)
            await asyncio.sleep(self.random.random() * 0.05)
            self._up.clear()
            await self.server.kill()
            await self.server.start()
            self._up.set()

    # -- one waking of one phone

    async def _wake(self, phone: Phone, tick: int, moment: int) -> None:
        phone.wakes_at = tick + self._rest(phone.random)
        self._mishaps(phone)
        try:
            if not phone.disk.full:
                conduct.act(phone, self.county, moment)
            if phone.random.random() < 0.85:  # otherwise there is no network today
                await self._sync(phone)
        except PowerCut:
            phone.lost_power()
        except DiskFull:
            self.ledger.counts["full disks"] += 1

    def _rest(self, luck: random.Random) -> int:
        if luck.random() < self.plan.offline:
            self.ledger.counts["phones gone for days"] += 1
            return luck.randint(1, 5) * TICKS_A_DAY
        return luck.randint(1, TICKS_A_DAY)

    def _mishaps(self, phone: Phone) -> None:
        luck = phone.random
        phone.disk.full = luck.random() < self.plan.full_disk
        phone.disk.fails_in = luck.randint(0, 8) if luck.random() < self.plan.power_cut else None
        if luck.random() < self.plan.wrong_clock:
            years = 365 * DAYS_MS
            phone.clock_offset_ms = luck.choice([0, -600_000, 600_000, -3 * years, 3 * years, -56 * years])
            self.ledger.counts["wrong clocks"] += 1

    async def _sync(self, phone: Phone) -> None:
        """A few tries, as an application does. What the server must never answer goes up."""
        for _ in range(TRIES):
            await self._up.wait()
            if await self.sync_once(phone, self.link.port):
                return
            self.ledger.counts["syncs cut"] += 1

    async def sync_once(self, phone: Phone, port: int) -> bool:
        """Whether a whole sync went through."""
        phone.member = self.county.members[phone.member.id]
        wire = Wire(port, {"Authorization": f"Bearer {phone.member.token}"})
        try:
            await ROADS[phone.road](phone, wire)
        except ConnectionError:
            return False
        except ServerTrouble as trouble:
            self.troubles.append(
                f"{self.ledger.moment}, {phone.name}: {trouble}\n{self.server.log()[-1500:]}"
            )
        finally:
            wire.close()
            self.ledger.counts[f"{phone.road} requests"] += wire.requests
            self.ledger.counts[f"{phone.road} bytes"] += wire.sent + wire.received
        self.ledger.counts[f"{phone.road} syncs"] += 1
        return True

    # -- the end

    async def settle(self) -> None:
        """Fair weather, room on every disk: everybody syncs until nothing changes any more."""
        self.link.weather = FAIR
        self.ledger.moment = "the end"
        for phone in self.phones:
            phone.disk.full, phone.disk.fails_in = False, None
        before: object = None
        for _ in range(LAST_ROUNDS):
            await self._everybody()
            if self.troubles:
                return
            state = (await self.update_seq(), [len(phone.disk.docs) for phone in self.phones])
            if state == before and not any(phone.disk.outbox for phone in self.phones):
                return
            before = state
        raise AssertionError("the fleet does not come to rest")

    async def _everybody(self) -> None:
        doors = asyncio.Semaphore(AWAKE_AT_ONCE)

        async def home(phone: Phone) -> None:
            async with doors:
                assert await self.sync_once(phone, self.link.port), (
                    f"{phone.name} cannot sync in fair weather"
                )

        await asyncio.gather(*(home(phone) for phone in self.phones))

    async def update_seq(self) -> int:
        info = await self.as_administrator("GET", replicator.DB)
        return int(str(info["update_seq"]).partition("-")[0])

    async def as_administrator(self, method: str, path: str, body: object = None) -> dict[str, object]:
        wire = Wire(self.server.port, {"Authorization": f"Bearer {self.county.administrator.token}"})
        try:
            found: dict[str, object] = await replicator.expect(wire, method, path, body)
            return found
        finally:
            wire.close()
