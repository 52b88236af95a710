"""`make bench`: prints a table of what was measured, each beside a peer measured in the same run."""

from __future__ import annotations

import platform
from collections.abc import Callable

from tests.bench import similar, startup
from tests.bench.table import Measured

BENCHES: tuple[Callable[[], list[Measured]], ...] = (startup.measure, similar.measure)


def main() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}\n")
    print("| what | measured | peer in the same run | ratio |\n|---|---|---|---|")
    for bench in BENCHES:
        for measured in bench():
            print(measured.row(), flush=True)


if __name__ == "__main__":
    main()
