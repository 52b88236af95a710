"""One person's 200 documents, first sync: out of a million in the store, and out of ten thousand.

The store is filled through its own API by a policy that gives each person 200 documents, in cases of four,
spread over the whole life of the store.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import orjson

from sync.exchange.answering import answer
from sync.exchange.messages import Request
from sync.policy import Caller, Doc
from sync.sqlite import SQLiteStore
from sync.store import Database, Shown, Wanted
from tests.bench.sync.corpus import document
from tests.bench.table import Measured

OF_ONE = 200
OF_A_CASE = 4
FEW, MANY = 10_000, 1_000_000
PEOPLE_MEASURED = 100
AT_ONCE = 5_000


class Notebooks:
    """Everybody reads their own documents, which come in cases of four."""

    def group(self, doc: Doc) -> str | None:
        return f"{doc['by']}/{doc['case']}"

    def outline(self, doc: Doc) -> Doc:
        return {"_id": doc["_id"]}

    def channels(self, group: str, docs: Sequence[Doc]) -> frozenset[str]:
        return frozenset({group.partition("/")[0]})

    def may_write(self, caller: Caller, doc: Doc, group_docs: Sequence[Doc]) -> None:
        return None

    def consequences(self, doc: Doc, group_docs: Sequence[Doc]) -> Sequence[Doc]:
        return ()


def measure() -> list[Measured]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = {count: Path(folder) / f"{count}.sqlite3" for count in (FEW, MANY)}
        for count, file in path.items():
            fill(file, count)
        times = first_syncs(path)
    return [
        Measured(
            f"first sync of one person's {OF_ONE} documents out of {MANY:,}: {road}, p50",
            times[MANY][road], "ms", f"the same out of {FEW:,}", times[FEW][road], "at most 1.3x",
        )
        for road in times[MANY]
    ]  # fmt: skip


def fill(path: Path, count: int) -> None:
    """`count` documents, each person's spread over the whole life of the store."""
    luck = random.Random(count)
    texts = [document("x", luck)["text"] for _ in range(50)]
    people = count // OF_ONE
    with SQLiteStore(path, {"notes": Notebooks()}) as store:
        database = store.database("notes")
        for start in range(0, count, AT_ONCE):
            database.write(
                [
                    {
                        "_id": f"note:{n:08d}",
                        "by": f"p{n // OF_A_CASE % people}",
                        "case": n // OF_A_CASE,
                        "text": texts[n % len(texts)],
                    }
                    for n in range(start, start + AT_ONCE)
                ]
            )


def first_syncs(paths: Mapping[int, Path]) -> dict[int, dict[str, float]]:
    """Milliseconds, by store and road: the median over people, each person once.

    The stores take turns, so that whatever else the machine does meets both.
    """
    spent: dict[int, dict[str, list[float]]] = {count: {} for count in paths}
    for road, pull in {"exchange": by_exchange, "_changes + bodies": by_changes}.items():
        luck = random.Random(road)
        with ExitStack() as open_stores:
            databases = {
                count: open_stores.enter_context(SQLiteStore(path, {"notes": Notebooks()})).database("notes")
                for count, path in paths.items()
            }
            for database in databases.values():
                pull(database, Caller("p0", frozenset({"p0"})))  # The code is warm; the documents are not.
            for _ in range(PEOPLE_MEASURED):
                for count, database in databases.items():
                    person = f"p{luck.randrange(1, count // OF_ONE)}"
                    begun = time.perf_counter()
                    got = pull(database, Caller(person, frozenset({person})))
                    spent[count].setdefault(road, []).append((time.perf_counter() - begun) * 1000)
                    assert got == OF_ONE, (road, got)
    return {count: {road: median(each) for road, each in roads.items()} for count, roads in spent.items()}


def by_exchange(database: Database, caller: Caller) -> int:
    """Answers of 64 KiB until there is no more."""
    place: str | None = None
    got = 0
    while True:
        said = answer(database, caller, Request.parse({"b": 65536, **({"s": place} if place else {})}), _text)
        text = orjson.loads(said.to_json())
        got, place = got + len(text.get("d", ())), text["s"]
        if not text.get("n"):
            return got


def by_changes(database: Database, caller: Caller) -> int:
    """A page of the feed, and the bodies of what it names."""
    rows = database.changes(Wanted(limit=1000, style="all_docs"), caller=caller).rows
    leaves = [
        leaf
        for row in rows
        for leaf in database.get_leaves(row.id, row.revs, latest=True, caller=caller, shown=Shown(revs=True))
    ]
    return len([leaf for leaf in leaves if leaf.doc])


def _text(_identifier: str) -> bool:
    return False
