"""Documents a second: push (_revs_diff + _bulk_docs), pull (_changes + _bulk_get), fifty clients at once.

Requests are written before the clock runs; both servers get the same bytes. Ours answers after fsync, the
peer keeps everything in memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import orjson

from tests.bench.sync.corpus import BATCH, Doc, batches
from tests.bench.sync.servers import Target, plain, pouchdb, tianwen
from tests.bench.table import Measured

DOCUMENTS = 10_000
CLIENTS = 50
EACH = 300
ROUNDS = 3
PEER = "pouchdb-server 4.2.0 in memory"


def measure() -> list[Measured]:
    return asyncio.run(_measure())


async def _measure() -> list[Measured]:
    """The servers take turns, and each keeps its best round: what it can do when nothing else disturbs."""
    best: dict[tuple[str, str], float] = {}
    for round_number in range(ROUNDS):
        async with both(f"round{round_number}") as targets:
            for target in targets:
                await target.make()
                figures = {
                    "push": await push(target, DOCUMENTS),
                    "pull": await pull(target, DOCUMENTS),
                    "many": await push_from_many(target),
                }
                for name, figure in figures.items():
                    key = (target.name, name)
                    best[key] = max(best.get(key, 0), figure)
    wanted = {"push": "at least 1.5x", "pull": "at least 1.5x", "many": "at least 2x"}
    titles = {
        "push": "push, one client, batches of 100, durable",
        "pull": "pull, one client, batches of 100",
        "many": f"push, {CLIENTS} clients at once",
    }
    return [
        Measured(titles[name], best["tianwen", name], "documents/s", PEER, best["peer", name], target)
        for name, target in wanted.items()
    ]


@asynccontextmanager
async def both(database: str) -> AsyncIterator[list[Target]]:
    with pouchdb() as port:
        async with tianwen() as (county, server):
            yield [Target("peer", port, "", database, {}), plain(county, server, database)]


def written(docs: list[Doc]) -> tuple[bytes, bytes]:
    """The bodies of the two requests of a batch."""
    diff = {doc["_id"]: [doc["_rev"]] for doc in docs}
    return orjson.dumps(diff), orjson.dumps({"docs": docs, "new_edits": False})


async def push(target: Target, count: int, prefix: str = "a") -> float:
    """One client that asks what is missing and sends it; documents a second."""
    bodies = [written(docs) for docs in batches(prefix, count)]
    begun = time.perf_counter()
    await _push(target, bodies)
    return count / (time.perf_counter() - begun)


async def _push(target: Target, bodies: list[tuple[bytes, bytes]]) -> None:
    wire = target.wire()
    for diff, bulk in bodies:
        answer = await wire.ask("POST", f"{target.path}/_revs_diff", diff)
        assert answer.status == 200, answer
        answer = await wire.ask("POST", f"{target.path}/_bulk_docs", bulk)
        assert answer.status == 201, answer
    wire.close()


async def push_from_many(target: Target) -> float:
    """Fifty clients at once, batches of a hundred each."""
    work = [[written(docs) for docs in batches(f"m{client:02d}-", EACH)] for client in range(CLIENTS)]
    begun = time.perf_counter()
    await asyncio.gather(*(_push(target, bodies) for bodies in work))
    return CLIENTS * EACH / (time.perf_counter() - begun)


async def pull(target: Target, count: int) -> float:
    """One client that reads the feed and fetches what it names, batch by batch."""
    wire, since, got = target.wire(), "0", 0
    begun = time.perf_counter()
    while got < count:
        query = f"style=all_docs&limit={BATCH}&since={quote(since)}"
        page = (await wire.ask("GET", f"{target.path}/_changes?{query}")).json()
        docs = [
            {"id": row["id"], "rev": change["rev"]} for row in page["results"] for change in row["changes"]
        ]
        answer = await wire.ask("POST", f"{target.path}/_bulk_get?revs=true&latest=true", {"docs": docs})
        results = answer.json()["results"]
        assert len(results) == BATCH, answer
        got, since = got + len(results), str(page["last_seq"])
    seconds = time.perf_counter() - begun
    wire.close()
    return got / seconds
