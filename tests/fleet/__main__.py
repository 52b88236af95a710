"""`make fleet`: a long run, with a scoreboard.

FLEET_PHONES, FLEET_DAYS, FLEET_KILLS and FLEET_SEED change it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.fleet.invariants import judge
from tests.fleet.scoreboard import lines
from tests.fleet.simulation import Plan, Simulation


def plan() -> Plan:
    def number(name: str, default: int) -> int:
        return int(os.environ.get(f"FLEET_{name}") or default)

    return Plan(
        phones=number("PHONES", 1000),
        days=number("DAYS", 20),
        kills=number("KILLS", 200),
        seed=number("SEED", secrets.randbelow(1_000_000)),
    )


async def run(plan: Plan, folder: Path) -> int:
    begun = time.monotonic()
    async with Simulation(plan, folder, tell=lambda line: print(line, flush=True)) as fleet:
        await fleet.live()
        print("everybody comes home ...", flush=True)
        await fleet.settle()
        found = await judge(fleet)
        for finding in found:
            print(finding)
        print("\n".join(lines(fleet, time.monotonic() - begun, found)))
    return 1 if found else 0


def main() -> int:
    chosen = plan()
    print(f"seed {chosen.seed}: FLEET_SEED={chosen.seed} makes the same county again", flush=True)
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        return asyncio.run(run(chosen, Path(folder) / "data"))


if __name__ == "__main__":
    sys.exit(main())
