"""A row of the benchmark table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """`value` and `peer_value` in `unit`; the ratio is value / peer. `target`: what is to be reached."""

    what: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    target: str = ""

    def row(self) -> str:
        beside = ratio = ""
        if self.peer_value is not None:
            beside = f"{self.peer}: {number(self.peer_value)} {self.unit}"
            ratio = f"{self.value / self.peer_value:.2f}"
        measured = f"{number(self.value)} {self.unit}"
        return f"| {self.what} | {measured} | {beside} | {ratio} | {self.target} |"


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
