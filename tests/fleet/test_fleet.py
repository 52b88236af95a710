"""A short run of the fleet; `make fleet` is the long one."""

import asyncio

from tests.fleet.invariants import judge
from tests.fleet.scoreboard import lines
from tests.fleet.simulation import Plan, Simulation

SHORT = Plan(phones=60, days=3, kills=5, seed=20260731, power_cut=0.1, full_disk=0.08)


def test_a_short_life_of_a_county_loses_and_leaks_nothing(tmp_path):
    async def live():
        async with Simulation(SHORT, tmp_path / "data") as fleet:
            await fleet.live()
            await fleet.settle()
            found = await judge(fleet)
            assert not found, "\n\n".join([*found, *lines(fleet, 0, found)])
            return fleet

    fleet = asyncio.run(live())
    counts = fleet.ledger.counts
    assert fleet.server.kills == SHORT.kills
    # A run in which nothing went wrong would prove nothing. Whether a short life takes a case away from a
    # phone that holds it depends on timing: tests/sync/test_access_model.py and the long run see to that.
    for mishap in ("power cuts", "wrong clocks", "full disks", "syncs cut", "told refused"):
        assert counts[mishap] > 0, mishap
