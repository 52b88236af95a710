"""`make bench`: prints a table of what was measured, each beside a peer measured in the same run.

python -m tests.bench                      all
python -m tests.bench similar              one bench
python -m tests.bench similar 100000       with that many generated cases
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable

from tests.bench import similar, startup
from tests.bench.table import Measured

BENCHES: dict[str, Callable[[], list[Measured]]] = {"startup": startup.measure, "similar": similar.measure}


def main() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}\n")
    print("| what | measured | peer in the same run | ratio |\n|---|---|---|---|")
    for bench in chosen(sys.argv[1:]):
        for measured in bench():
            print(measured.row(), flush=True)


def chosen(arguments: list[str]) -> list[Callable[[], list[Measured]]]:
    """The benches that the command line asks for."""
    if not arguments:
        return list(BENCHES.values())
    name, *sizes = arguments
    if name not in BENCHES or (sizes and name != "similar") or not all(map(str.isdecimal, sizes)):
        raise SystemExit(f"usage: python -m tests.bench [{' | '.join(BENCHES)}] [cases ...]")
    return [lambda size=size: similar.large(int(size)) for size in sizes] or [BENCHES[name]]


if __name__ == "__main__":
    main()
