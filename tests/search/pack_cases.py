"""A county's archive for the tests of packs: the questions of the sets and of the demonstration, with the
replies of the demonstration in turn."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from itertools import cycle, islice
from pathlib import Path

import orjson

from models.ids import derived_ulid
from search.cases import Case

ARCHIVE = Path(__file__).with_name("sets") / "archive.jsonl"
HISTORIES = ("history_crops.jsonl", "history_animals.jsonl")
BEGAN = 1_700_000_000_000
A_QUARTER = 86_400_000 // 4


def realistic(count: int) -> list[Case]:
    """So many cases, four a day; a text that comes again is hundreds of others away."""
    told = [row for name in HISTORIES for row in _rows(files("server.demo").joinpath(name).read_bytes())]
    asked = [*_rows(ARCHIVE.read_bytes()), *told]
    found = []
    for number, (row, reply) in enumerate(islice(zip(cycle(asked), cycle(told), strict=False), count)):
        moment = BEGAN + number * A_QUARTER
        identifier = derived_ulid(moment, row["question"], str(number))
        day = datetime.fromtimestamp(moment / 1000, UTC).date().isoformat()
        found.append(
            Case(
                identifier, row["question"], reply["answer"], row["industry"], row["crop"],
                reply["region"], day,
            )
        )  # fmt: skip
    return found


def _rows(content: bytes) -> list[dict[str, str]]:
    return [orjson.loads(line) for line in content.splitlines() if line]
