"""A row of the benchmark table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """`value` and `peer_value` in `unit`; the ratio is value / peer."""

    what: str
    value: float
    unit: str
    peer: str
    peer_value: float

    def row(self) -> str:
        ratio = self.value / self.peer_value
        return (
            f"| {self.what} | {self.value:.3g} {self.unit} | {self.peer}: {self.peer_value:.3g} {self.unit}"
            f" | {ratio:.2f} |"
        )
