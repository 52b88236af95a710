"""The device's side of the exchange, without I/O.

`Device` is plain data: what a device must keep through a loss of power is its fields, and a request that was
lost, doubled or answered in vain costs nothing but its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from sync.exchange.digest import Digest, Fingerprint, Listing, fingerprint, parse_marks, size_for
from sync.policy import Doc

Message = dict[str, Any]
PUSHED_AT_ONCE = 50
ASKED_AT_ONCE = 500


@dataclass
class Comparison:
    """Under way since the place in the feed was lost. `place`: where the feed goes on when it is over."""

    place: str | None = None
    size: int = 0
    buckets: list[int] = field(default_factory=list)


@dataclass
class Device:
    """What one device holds. Documents by id and revision: its own, and what it was told.

    `pending`: ids of its own documents that nobody acknowledged. `unsure`: those of them of which an answer
    may have been lost, so that it asks before it sends them again. `refused`: what the server keeps in
    quarantine, as [id, error, reason, receipt, code]. `own`: ids that this device wrote.
    """

    docs: dict[str, dict[str, Doc]] = field(default_factory=dict)
    pending: dict[str, None] = field(default_factory=dict)
    unsure: dict[str, None] = field(default_factory=dict)
    own: dict[str, None] = field(default_factory=dict)
    refused: dict[str, list[Any]] = field(default_factory=dict)
    since: str | None = None
    comparing: Comparison | None = None

    def write(self, *docs: Doc) -> None:
        """The device stores documents of its own, each with its `_rev`."""
        for doc in docs:
            self.docs[doc["_id"]] = {doc["_rev"]: doc}
            self.pending[doc["_id"]] = None
            self.own[doc["_id"]] = None

    def readable(self) -> dict[str, dict[str, Doc]]:
        """What the server told, or took: all but what waits and what was refused."""
        return {i: revs for i, revs in self.docs.items() if i not in self.pending and i not in self.refused}

    # -- asking

    def request(self, *, budget: int = 64 * 1024, wait_s: int = 0, push: int = PUSHED_AT_ONCE) -> Message:
        """The next request. `push`: how many documents it may bring."""
        asked = [i for i in self.unsure if i in self.pending][:ASKED_AT_ONCE]
        sent = [i for i in self.pending if i not in self.unsure][:push]
        message: Message = {"b": budget}
        if sent:
            message["d"] = [doc for i in sent for doc in self.docs[i].values()]
        if asked:
            message["q"] = [[i, rev] for i in asked for rev in self.docs[i]]
        if wait_s:
            message["w"] = wait_s
        return message | self._place()

    def _place(self) -> Message:
        if self.comparing is None and self.since is None and self.readable():
            self.comparing = Comparison()
        if self.comparing is None:
            return {} if self.since is None else {"s": self.since}
        marks = self.marks()
        if self.comparing.place is None:
            self.comparing.size = size_for(len(marks))
            return {"k": Digest.of(marks, self.comparing.size).to_text()}
        return {"l": Listing.of(marks, self.comparing.size, self.comparing.buckets).to_json()}

    def marks(self) -> dict[Fingerprint, str]:
        """Fingerprints of what the server told or took, with the ids."""
        held = self.readable().items()
        return {fingerprint(identifier, rev): identifier for identifier, revs in held for rev in revs}

    def lost(self, message: Message) -> None:
        """No answer came: what was sent may have arrived or not. Asking is for what is dear to send."""
        for doc in message.get("d", ()):
            if len(orjson.dumps(doc)) > 2000:
                self.unsure[doc["_id"]] = None

    # -- being answered

    def take(self, message: Message, answer: Message) -> bool:
        """Take in the answer to `message`; whether there is more to do at once."""
        self._settle(message, answer)
        for identifier in answer.get("x", ()):
            if identifier not in self.pending:
                self.docs.pop(identifier, None)
        told: dict[str, dict[str, Doc]] = {}
        for doc in answer.get("d", ()):
            told.setdefault(doc["_id"], {})[doc["_rev"]] = doc
        for identifier, revs in told.items():
            if identifier not in self.pending:
                self.docs[identifier] = revs
                self.refused.pop(identifier, None)
        self._follow(message, answer)
        return bool(answer.get("n") or answer.get("o") or self.comparing or self.pending)

    def _settle(self, message: Message, answer: Message) -> None:
        for row in answer.get("f", ()):
            self.refused[row[0]] = row
        for doc in message.get("d", ()):
            self.pending.pop(doc["_id"], None)
        for identifier, _ in message.get("q", ()):
            self.unsure.pop(identifier, None)  # what has not arrived is sent again
        for identifier in answer.get("h", ()):
            self.pending.pop(identifier, None)

    def _follow(self, message: Message, answer: Message) -> None:
        if answer.get("o"):
            self.since = None
            self.comparing = Comparison() if self.readable() else None
        elif "k" in message and self.comparing is not None:
            self.comparing.place, self.comparing.buckets = answer["s"], answer["c"]
            if not answer["c"]:
                self.since, self.comparing = answer["s"], None
        elif "l" in message and self.comparing is not None:
            self._reconcile(parse_marks(answer.get("u", "")))
            if not answer.get("n"):
                self.since, self.comparing = self.comparing.place, None
        elif "s" in answer:
            self.since = answer["s"]

    def _reconcile(self, unknown: list[Fingerprint]) -> None:
        """What the server does not have: own work is brought again (it may have been restored from a backup;
        what is no longer ours comes back as removed), other people's is no longer ours to read."""
        marks = self.marks()
        for mark in unknown:
            identifier = marks.get(mark)
            if identifier is None:
                continue
            if identifier in self.own:
                self.pending[identifier] = None
            else:
                self.docs.pop(identifier, None)
