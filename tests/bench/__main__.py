"""`make bench`: prints a table of what was measured, each beside a peer measured in the same run.

python -m tests.bench                      all
python -m tests.bench sync                 one chapter
python -m tests.bench throughput link      parts of it
python -m tests.bench similar 100000       with that many generated cases
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Sequence
from functools import partial

from tests.bench import pack, pack_phone, similar, startup
from tests.bench.sync import connected, link, one_of_many, throughput
from tests.bench.table import Measured

Bench = Callable[[], list[Measured]]
BENCHES: dict[str, Bench] = {
    "startup": startup.measure,
    "similar": similar.measure,
    "pack": pack.measure,
    "pack_phone": pack_phone.measure,
    "throughput": throughput.measure,
    "one_of_many": one_of_many.measure,
    "link": link.measure,
    "connected": connected.measure,
}
CHAPTERS = {"sync": ("throughput", "one_of_many", "link", "connected")}


def main(names: Sequence[str]) -> int:
    if len(names) > 1 and names[0] == "similar" and all(name.isdecimal() for name in names[1:]):
        return show([partial(similar.large, int(size)) for size in names[1:]])
    chosen = [bench for name in names for bench in CHAPTERS.get(name, (name,))] or list(BENCHES)
    unknown = [name for name in chosen if name not in BENCHES]
    if unknown:
        print(f"There is no bench {unknown[0]}. There are: {', '.join([*CHAPTERS, *BENCHES])}")
        return 2
    return show([BENCHES[name] for name in chosen])


def show(benches: Sequence[Bench]) -> int:
    print(f"Python {platform.python_version()}, {platform.machine()}\n")
    print("| what | measured | peer in the same run | ratio | target |\n|---|---|---|---|---|")
    for bench in benches:
        for measured in bench():
            print(measured.row(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
