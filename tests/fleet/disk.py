"""What a phone keeps: tables whose changes are transactions, lost from the end when the power goes.

As in a browser's database, a transaction is whole or absent, and the last ones may be absent together: the
disk had not been asked to keep them yet. `keep` asks.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

Undo = list[tuple[str, str, Any]]
TABLES = ("docs", "outbox", "own", "refused", "unconfirmed", "notes")


class DiskFull(Exception):
    """The transaction was not carried out."""


class PowerCut(Exception):
    """The phone is off; the transaction was not carried out, and some before it are lost."""


class Disk:
    """`docs` by id; `outbox` what is not acknowledged; `own` the number of what was written here; `refused`
    receipts; `unconfirmed` what was acknowledged and not yet seen in a feed; `notes` where sync stands."""

    def __init__(self, random_source: random.Random) -> None:
        self.full = False
        self.fails_in: int | None = None
        self._tables: dict[str, dict[str, Any]] = {name: {} for name in TABLES}
        self._tail: list[Undo] = []
        self._random = random_source

    def __getattr__(self, name: str) -> dict[str, Any]:
        if name in TABLES:
            table: dict[str, Any] = self._tables[name]
            return table
        raise AttributeError(name)

    def commit(self, **changes: Mapping[str, Any]) -> None:
        """One transaction: {table: {key: value}}, where the value None deletes. DiskFull, PowerCut."""
        if self.fails_in is not None:
            self.fails_in -= 1
            if self.fails_in < 0:
                self.cut_power()
                raise PowerCut
        if self.full and any(value is not None for table in changes.values() for value in table.values()):
            raise DiskFull
        undo: Undo = []
        for table, entries in changes.items():
            kept = self._tables[table]
            for key, value in entries.items():
                undo.append((table, key, kept.get(key)))
                if value is None:
                    kept.pop(key, None)
                else:
                    kept[key] = value
        self._tail.append(undo)

    def keep(self) -> None:
        """What was committed survives a power cut."""
        self._tail.clear()

    def cut_power(self) -> None:
        """Lose a part of what was not kept, from the end."""
        self.fails_in = None
        for _ in range(self._random.randint(0, len(self._tail))):
            for table, key, value in reversed(self._tail.pop()):
                if value is None:
                    self._tables[table].pop(key, None)
                else:
                    self._tables[table][key] = value
        self._tail.clear()
