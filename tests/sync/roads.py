"""A device on the interoperable road: what PouchDB's replicator asks, with removals and epochs heeded.

`docs` by id and revision, as the exchange's `Device` holds them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx2

Doc = dict[str, Any]


@dataclass
class Replica:
    """`refused`: what the server keeps in quarantine, the answered row by id."""

    docs: dict[str, dict[str, Doc]] = field(default_factory=dict)
    pending: dict[str, None] = field(default_factory=dict)
    refused: dict[str, Doc] = field(default_factory=dict)
    since: str = "0"

    def write(self, *docs: Doc) -> None:
        for doc in docs:
            self.docs[doc["_id"]] = {doc["_rev"]: doc}
            self.pending[doc["_id"]] = None

    def readable(self) -> dict[str, dict[str, Doc]]:
        return {i: revs for i, revs in self.docs.items() if i not in self.pending and i not in self.refused}

    async def sync(self, http: httpx2.AsyncClient, database: str, page: int = 100) -> None:
        """Push, then pull, to the end. `database`: the path of the database."""
        await self._push(http, database)
        await self._pull(http, database, page)

    async def _push(self, http: httpx2.AsyncClient, database: str) -> None:
        """Everything that the server lacks goes again, also what it had before a restore."""
        held = {
            identifier: list(revs) for identifier, revs in self.docs.items() if identifier not in self.refused
        }
        missing = await _ask(http, "POST", f"{database}/_revs_diff", held)
        sent = [self.docs[identifier][rev] for identifier, row in missing.items() for rev in row["missing"]]
        if sent:
            body = {"docs": sent, "new_edits": False}
            rows = await _ask(http, "POST", f"{database}/_bulk_docs", body)
            self.refused |= {row["id"]: row for row in rows}
        self.pending.clear()

    async def _pull(self, http: httpx2.AsyncClient, database: str, page: int) -> None:
        heard: set[str] = set()
        before = self.since
        while True:
            path = f"{database}/_changes?style=all_docs&removals=true&limit={page}&since={self.since}"
            answer = await _ask(http, "GET", path)
            gone = {row["id"] for row in answer["results"] if row.get("removed")}
            there = {
                row["id"]: [change["rev"] for change in row["changes"]]
                for row in answer["results"]
                if not row.get("removed")
            }
            heard |= there.keys()
            heard -= gone
            await self._take(http, database, there)
            for identifier in gone:
                self.docs.pop(identifier, None)
            self.since = answer["last_seq"]
            if len(answer["results"]) < page:
                break
        if _epoch(before) != _epoch(self.since):
            # The feed began again: what it did not tell is no longer ours to read.
            self.docs = {i: revs for i, revs in self.docs.items() if i in heard or i in self.refused}

    async def _take(self, http: httpx2.AsyncClient, database: str, there: dict[str, list[str]]) -> None:
        for identifier, revs in there.items():
            self.refused.pop(identifier, None)
            self.docs[identifier] = {
                rev: doc for rev, doc in self.docs.get(identifier, {}).items() if rev in revs
            }
        asked = [
            {"id": identifier, "rev": rev}
            for identifier, revs in there.items()
            for rev in revs
            if rev not in self.docs[identifier]
        ]
        if not asked:
            return
        answer = await _ask(http, "POST", f"{database}/_bulk_get?revs=true", {"docs": asked})
        for result in answer["results"]:
            for found in result["docs"]:
                self.docs[result["id"]][found["ok"]["_rev"]] = found["ok"]


def _epoch(since: str) -> str:
    return since.partition("-")[2]


async def _ask(http: httpx2.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    answer = (
        await http.request(method, path, json=body) if body is not None else await http.request(method, path)
    )
    assert answer.status_code < 300, answer.text
    return answer.json()
