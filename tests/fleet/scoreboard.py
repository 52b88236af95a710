"""What a run did, as lines to read."""

from __future__ import annotations

from statistics import median

from tests.fleet.simulation import Simulation


def lines(run: Simulation, seconds: float, findings: list[str]) -> list[str]:
    counts, plan = run.ledger.counts, run.plan
    roads = sorted(name.removesuffix(" syncs") for name in counts if name.endswith(" syncs"))
    return [
        f"{plan.phones} phones, {plan.days} simulated days, seed {plan.seed}, {seconds:.0f} s",
        f"server: killed {run.server.kills} times, restarts p50 {median(run.server.restart_s):.2f} s, "
        f"{run.server.memory_mb():.0f} MB at the end; link: {run.link.cuts} cuts, "
        f"{counts['syncs cut']} syncs broken off",
        f"phones: {counts['power cuts']} power cuts, {counts['full disks']} full disks, "
        f"{counts['wrong clocks']} wrong clocks, {counts['phones gone for days']} times gone for days, "
        f"{counts['roles changed']} roles changed, {counts['forgotten']} documents forgotten",
        f"documents: {counts['written']} written on phones, {len(run.ledger.stored)} told stored, "
        f"{counts['told refused']} told refused, {counts['documents in the county']} in the county",
        *(
            f"{road}: {counts[f'{road} syncs']} syncs, {counts[f'{road} requests']} requests, "
            f"{counts[f'{road} bytes'] / 1e6:.1f} MB"
            for road in roads
        ),
        f"findings: {len(findings)}",
    ]
