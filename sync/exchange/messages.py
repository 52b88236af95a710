"""What is asked and what is answered, checked and written down. Pure; no I/O.

Keys are one letter long: a phone that has nothing to say says it in thirty bytes. An absent key means none.
The meaning of each stands in docs/sync.md, "The exchange".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from sync.documents import check_id
from sync.errors import BadRequest
from sync.exchange.digest import Digest, Fingerprint, Listing, marks_to_text
from sync.policy import Doc
from sync.revisions import Rev
from sync.store import WriteResult

DEFAULT_BUDGET = 64 * 1024
MOST_BUDGET = 4 * 1024 * 1024
MOST_DOCUMENTS = 2000
MOST_ASKED = 5000
LONGEST_WAIT_S = 60


@dataclass(frozen=True)
class Request:
    """One request. `docs` carry the device's own revisions; `asked` are (id, rev) that may have arrived."""

    since: str | None = None
    budget: int = DEFAULT_BUDGET
    docs: Sequence[Doc] = ()
    asked: Sequence[tuple[str, str]] = ()
    wait_s: float = 0
    digest: Digest | None = None
    listing: Listing | None = None

    @classmethod
    def parse(cls, given: object) -> Request:
        """BadRequest, with the key that is wrong, for what is no request."""
        if not isinstance(given, dict):
            raise BadRequest("Request body must be a JSON object")
        since = given.get("s")
        if since is not None and not isinstance(since, str):
            raise BadRequest("`s` must be a string")
        return cls(
            since=since,
            budget=min(_whole(given, "b", DEFAULT_BUDGET), MOST_BUDGET),
            docs=_documents(given.get("d", [])),
            asked=_asked(given.get("q", [])),
            wait_s=min(_whole(given, "w", 0), LONGEST_WAIT_S),
            digest=Digest.parse(given["k"]) if "k" in given else None,
            listing=Listing.parse(given["l"]) if "l" in given else None,
        )


@dataclass(frozen=True)
class Refusal:
    """A document that the server keeps in quarantine, or (no receipt) did not take for now."""

    id: str
    error: str
    reason: str
    receipt: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class Answer:
    """One answer.

    `docs`: leaves as encoded JSON, all those of a document together. `elsewhere`: the place that was named is
    none of this feed, so the sets must be compared. `since`: what to send next, once this answer is safe.
    """

    since: str | None = None
    docs: Sequence[bytes] = ()
    removed: Sequence[str] = ()
    refused: Sequence[Refusal] = ()
    arrived: Sequence[str] = ()
    more: bool = False
    elsewhere: bool = False
    differing: Sequence[int] | None = None
    unknown: Sequence[Fingerprint] = field(default_factory=tuple)

    @property
    def is_news(self) -> bool:
        """Whether there is anything to tell that a device would not rather wait for."""
        return bool(self.docs or self.removed or self.refused or self.arrived or self.elsewhere) or (
            self.differing is not None
        )

    def to_json(self) -> bytes:
        shape: dict[str, Any] = {
            "s": self.since,
            "d": [orjson.Fragment(doc) for doc in self.docs],
            "x": self.removed,
            "f": [[each.id, each.error, each.reason, each.receipt, each.code] for each in self.refused],
            "h": self.arrived,
            "n": int(self.more),
            "o": int(self.elsewhere),
            "u": marks_to_text(self.unknown),
        }
        said = {key: value for key, value in shape.items() if value}
        if self.differing is not None:
            said["c"] = self.differing
        return orjson.dumps(said)


def refusal_of(result: WriteResult, code: str | None) -> Refusal:
    return Refusal(result.id, result.error or "", result.reason or "", result.receipt, code)


def _whole(given: dict[str, Any], key: str, default: int) -> int:
    value = given.get(key, default)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53:
        return value
    raise BadRequest(f"`{key}` must be a whole number, zero or more")


def _documents(given: object) -> list[Doc]:
    """Documents that can at least be named: what is wrong inside of one is quarantined, not answered 400."""
    if not isinstance(given, list) or len(given) > MOST_DOCUMENTS:
        raise BadRequest(f"`d` must be an array of at most {MOST_DOCUMENTS} documents")
    for doc in given:
        if not isinstance(doc, dict):
            raise BadRequest("Document must be a JSON object")
        check_id(doc.get("_id"))
    return given


def _asked(given: object) -> list[tuple[str, str]]:
    if not isinstance(given, list) or len(given) > MOST_ASKED:
        raise BadRequest(f"`q` must be an array of at most {MOST_ASKED} [id, rev]")
    found = []
    for each in given:
        if not isinstance(each, list) or len(each) != 2 or not isinstance(each[0], str):
            raise BadRequest("`q` must be an array of [id, rev]")
        found.append((each[0], str(Rev.parse(each[1]))))
    return found
