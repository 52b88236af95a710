"""Cases that arrived or left since the last build: a log beside the builds, so that a restart keeps them.

`fresh.jsonl` holds one entry a line, numbered from 1: ``{"n": 7, "add": {case}}`` or ``{"n": 8, "remove":
"case id"}``. A build remembers the last number that it contains; whoever opens a build replays the entries
after it. So a rollback neither loses a newer case nor brings back a withdrawn one. Several processes write
to one log: each takes a lock, reads what the others wrote, and numbers its entry after theirs.
"""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import orjson

from search.cases import Case
from search.errors import BadCase
from search.lock import held


@dataclass(frozen=True)
class Entry:
    """One change: `case` was added, or is None and `id` was removed."""

    n: int
    id: str
    case: Case | None


@dataclass(frozen=True)
class Changes:
    """The net effect of entries: cases to show, and ids that older segments must hide."""

    cases: dict[str, Case]
    hidden: frozenset[str]


class FreshLog:
    """The log file. Not thread-safe: its owner holds a lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[Entry] = []
        self._seen = (0, 0, 0)
        self.look()

    @property
    def last(self) -> int:
        """The number of the newest entry, 0 when there is none."""
        return self.entries[-1].n if self.entries else 0

    def changed(self) -> bool:
        """Whether the file is another than the one last read: one system call."""
        return self._stamp() != self._seen

    def look(self) -> bool:
        """Read what other processes wrote; return whether there was anything."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self.entries, self._seen = self._read(), stamp
        return True

    def add(self, case: Case, at_least: int = 0) -> None:
        """Append a case and wait until it is on disk. Its number is above `at_least` too."""
        with self._alone():
            self.look()
            n = max(self.last, at_least) + 1
            self._append({"n": n, "add": case.to_row()}, Entry(n, case.id, case))

    def remove(self, case_id: str, at_least: int = 0) -> None:
        """Append a withdrawal and wait until it is on disk."""
        with self._alone():
            self.look()
            n = max(self.last, at_least) + 1
            self._append({"n": n, "remove": case_id}, Entry(n, case_id, None))

    def since(self, n: int) -> Changes:
        """What the entries after number n add up to."""
        cases: dict[str, Case] = {}
        hidden: set[str] = set()
        for entry in self.entries:
            if entry.n <= n:
                continue
            hidden.add(entry.id)
            cases.pop(entry.id, None)
            if entry.case:
                cases[entry.id] = entry.case
        return Changes(cases, frozenset(hidden))

    def forget(self, n: int) -> None:
        """Drop the entries up to number n, which every kept build contains."""
        with self._alone():
            self.look()
            kept = [entry for entry in self.entries if entry.n > n]
            if len(kept) == len(self.entries):
                return
            fresh = self.path.with_suffix(".tmp")
            with fresh.open("wb") as file:
                for entry in kept:
                    file.write(_line(entry))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            self.entries, self._seen = kept, self._stamp()

    def _alone(self) -> AbstractContextManager[None]:
        return held(self.path.with_suffix(".lock"))

    def _append(self, row: dict[str, object], entry: Entry) -> None:
        with self.path.open("ab") as file:
            # a crash may have cut the last line; never write on to its stump
            if file.tell() and self.path.read_bytes()[-1:] != b"\n":
                file.write(b"\n")
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
            file.flush()
            os.fsync(file.fileno())
        self.entries.append(entry)
        self._seen = self._stamp()

    def _stamp(self) -> tuple[int, int, int]:
        """What changes when the file does: inode, size, time of change in ns; zeros where there is none."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    def _read(self) -> list[Entry]:
        entries: list[Entry] = []
        if not self.path.exists():
            return entries
        for line in self.path.read_bytes().splitlines():
            try:
                row = orjson.loads(line)
                case = Case.from_row(row["add"]) if "add" in row else None
                entries.append(Entry(row["n"], case.id if case else row["remove"], case))
            except (orjson.JSONDecodeError, BadCase, KeyError, TypeError):
                continue  # a line cut by a crash was never acknowledged
        return entries


def _line(entry: Entry) -> bytes:
    change = {"add": entry.case.to_row()} if entry.case else {"remove": entry.id}
    return orjson.dumps({"n": entry.n, **change}, option=orjson.OPT_APPEND_NEWLINE)
