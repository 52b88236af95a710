"""The store contract: what every backend promises.

One conformance suite checks it (tests/sync/conformance.py).

Methods block and may be called from any thread. Errors are those of `sync.errors`. A write has reached the
disk (fsync) when it returns. Wherever `caller` is taken, None means the server itself: everything is read,
nothing asked.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

from sync.errors import BadRequest, NotImplementedHere
from sync.policy import Caller, Doc, Policy, Scope

Unsubscribe = Callable[[], None]
Style = Literal["main_only", "all_docs"]
State = Literal["held", "resent", "discarded", "released"]

# What a store may be unable to do. "purge": forget documents as if they had never been. "old_revisions": keep
# the bodies of revisions that are not leaves until compaction, whoever wrote them. "one_writer": of two edits
# of one revision at the same moment, one is always a conflict; a store with several nodes may keep both as
# leaves, as a CouchDB cluster does.
Capability = Literal["purge", "old_revisions", "one_writer"]
EVERYTHING: frozenset[Capability] = frozenset({"purge", "old_revisions", "one_writer"})
STATES: tuple[State, ...] = ("held", "resent", "discarded", "released")


@dataclass(frozen=True)
class Info:
    """What a caller may know of a database. Counts and `update_seq` are over what the caller reads."""

    name: str
    uuid: str
    doc_count: int
    doc_del_count: int
    update_seq: int
    size: int
    purge_seq: int = 0


@dataclass(frozen=True)
class WriteResult:
    """The fate of one document of a batch. `error` None: stored as `rev`.

    "conflict": not stored, nothing kept. "forbidden": not stored, kept in quarantine under `receipt`.
    """

    id: str
    rev: str | None = None
    error: str | None = None
    reason: str | None = None
    receipt: str | None = None


@dataclass(frozen=True)
class Change:
    """One row of a feed.

    `removed`: the caller may no longer read the document. `deleted`: the winner is deleted.
    """

    seq: int
    id: str
    revs: tuple[str, ...]
    deleted: bool = False
    removed: bool = False
    doc: Doc | None = None


@dataclass(frozen=True)
class Changes:
    """`last_seq` is where to go on from; `pending` counts the rows after it, up to 10,000."""

    rows: list[Change]
    last_seq: int
    pending: int


@dataclass(frozen=True)
class Row:
    """One row of `all_docs`.

    `error` "not_found" for an asked key that the caller cannot read or is not there.
    """

    key: str
    rev: str | None = None
    deleted: bool = False
    doc: Doc | None = None
    error: str | None = None


@dataclass(frozen=True)
class Rows:
    rows: list[Row]
    total: int
    offset: int


@dataclass(frozen=True)
class Leaf:
    """One answer of `get_leaves`: `doc`, or None when `rev` is not stored."""

    rev: str
    doc: Doc | None


@dataclass(frozen=True)
class Shown:
    """Which computed members `get` and its kin add to a document.

    `attachments`: inline as base64 rather than as stubs; `atts_since`: inline only those newer than these
    revisions.
    """

    revs: bool = False
    revs_info: bool = False
    conflicts: bool = False
    deleted_conflicts: bool = False
    local_seq: bool = False
    attachments: bool = False
    atts_since: tuple[str, ...] = ()


PLAIN = Shown()


@dataclass(frozen=True)
class Range:
    """Which rows `all_docs` gives. `keys` overrides the bounds and keeps its order."""

    start: str | None = None
    end: str | None = None
    inclusive_end: bool = True
    keys: tuple[str, ...] | None = None
    limit: int | None = None
    skip: int = 0
    descending: bool = False


@dataclass(frozen=True)
class Wanted:
    """Which changes are asked for. `doc_ids` None: of all documents."""

    since: int = 0
    limit: int | None = None
    style: Style = "main_only"
    descending: bool = False
    doc_ids: tuple[str, ...] | None = None
    include_docs: bool = False
    removals: bool = False
    shown: Shown = PLAIN


@dataclass(frozen=True)
class Missing:
    """What `revs_diff` says of one document."""

    missing: tuple[str, ...]
    possible_ancestors: tuple[str, ...] = ()


@dataclass(frozen=True)
class AttachmentData:
    content_type: str
    digest: str
    data: bytes


@dataclass(frozen=True)
class Quarantined:
    """A document that the policy refused, kept whole. Times are ISO 8601 UTC with milliseconds.

    `new_edits`: how it was written, and how a release writes it.
    """

    receipt: str
    owner: str
    id: str
    rev: str | None
    body: Doc
    code: str
    reason: str
    at: str
    state: State = "held"
    settled_by: str | None = None
    settled_reason: str | None = None
    settled_at: str | None = None
    new_edits: bool = True


@dataclass(frozen=True)
class Quota:
    """How much of one person's may lie in quarantine, so that a broken phone cannot fill the disk.

    Settled cases make room, oldest first; held ones never do.
    """

    cases: int = 2000
    bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True)
class Notice:
    """Something was committed.

    `channels`: those with new feed rows; readers of the whole database always look.
    """

    database: str
    seq: int
    channels: frozenset[str] = field(default_factory=frozenset)


class Database(ABC):
    """One database of a store, with its policy."""

    name: str
    uuid: str
    policy: Policy

    def reading(self) -> AbstractContextManager[None]:
        """Within it, all that this thread reads is of one moment, and costs less. Write nothing inside."""
        return nullcontext()

    @abstractmethod
    def info(self, caller: Caller | None = None) -> Info: ...

    @abstractmethod
    def write(
        self, docs: Sequence[Doc], *, caller: Caller | None = None, new_edits: bool = True
    ) -> list[WriteResult]:
        """Store a batch in one transaction, durable on return; one result for each document, in order.

        `new_edits` False: documents bring their revisions (`_rev`, `_revisions`), and are merged, never in
        conflict. A document that the policy refuses, or whose id the caller cannot read, goes to quarantine
        in the same transaction; the others are stored. A malformed document (BadRequest, TooLarge, or
        PreconditionFailed for a stub of nothing) fails the whole batch, and nothing of it is stored; but when
        a caller who is confined to channels replicates (`new_edits` False) it goes to quarantine too, for it
        would block their device for ever.

        QuarantineFull when a refused document does not fit into the caller's quota: it is not kept, and the
        device must not forget it. The batch's other documents are stored all the same.
        """

    @abstractmethod
    def get(
        self, id: str, *, rev: str | None = None, caller: Caller | None = None, shown: Shown = PLAIN
    ) -> Doc:
        """The winning revision, or `rev`. NotFound "missing" or "deleted"; an unreadable one is "missing"."""

    @abstractmethod
    def get_leaves(
        self,
        id: str,
        revs: Sequence[str] | Literal["all"] = "all",
        *,
        latest: bool = False,
        caller: Caller | None = None,
        shown: Shown = PLAIN,
    ) -> list[Leaf]:
        """The named revisions, or all leaves.

        `latest`: in place of a revision, the leaves that descend from it.
        """

    @abstractmethod
    def attachment(
        self, id: str, name: str, *, rev: str | None = None, caller: Caller | None = None
    ) -> AttachmentData:
        """One attachment's bytes.

        NotFound as for `get`; "Document is missing attachment" when it has none such.
        """

    @abstractmethod
    def revs_diff(
        self, revs: Mapping[str, Sequence[str]], *, caller: Caller | None = None
    ) -> dict[str, Missing]:
        """Which revisions are not here, by document. All revisions of an unreadable document are missing."""

    @abstractmethod
    def all_docs(
        self, within: Range, *, caller: Caller | None = None, include_docs: bool = False, shown: Shown = PLAIN
    ) -> Rows: ...

    @abstractmethod
    def changes(self, wanted: Wanted, *, caller: Caller | None = None) -> Changes:
        """The feed after `wanted.since`: of the whole database, or over the caller's channels.

        `limit` 0 asks only where the feed stands. Each document once, at its newest row. `removals` adds rows
        for documents that left the caller's sight.
        """

    @abstractmethod
    def group_docs(self, group: str) -> list[Doc]:
        """The winning, undeleted documents of a group in outline, in the order of their last write."""

    @abstractmethod
    def subscribe(self, callback: Callable[[Notice], None]) -> Unsubscribe:
        """Call `callback` after each commit, on the writer's thread: return at once, raise nothing."""

    @abstractmethod
    def wait(self, since: int, channels: Scope, timeout_s: float) -> bool:
        """Block until something after `since` may be there in `channels` (None: anywhere).

        False: time-out.
        """

    @abstractmethod
    def local_get(self, owner: str, id: str) -> Doc:
        """The `_local` document `id` (without "_local/") of one user. NotFound."""

    @abstractmethod
    def local_put(self, owner: str, id: str, doc: Doc) -> str:
        """Write it; the new revision "0-<n>". Conflict unless `_rev` is the stored one."""

    @abstractmethod
    def local_delete(self, owner: str, id: str, rev: str | None = None) -> None: ...

    def local_list(self, owner: str) -> list[Doc]:
        """All `_local` documents of one user, in the order of their ids. NotImplementedHere by default."""
        raise NotImplementedHere("This store does not list _local documents.")

    @abstractmethod
    def quarantined(
        self,
        owner: str | None = None,
        *,
        state: State | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> list[Quarantined]:
        """What is in quarantine, oldest first; `after` is the last receipt of the page before."""

    def quarantine_counts(self) -> dict[State, int]:
        """How many cases there are of each state. Stores count better than this, which reads them all."""
        counts = dict.fromkeys(STATES, 0)
        after = None
        while page := self.quarantined(limit=500, after=after):
            for case in page:
                counts[case.state] += 1
            after = page[-1].receipt
        return counts

    @abstractmethod
    def quarantined_one(self, receipt: str) -> Quarantined:
        """NotFound."""

    @abstractmethod
    def settle(self, receipt: str, state: State, *, by: str, reason: str = "") -> Quarantined:
        """Close a case. "released" stores the document, as the server, in the same transaction.

        Saying the same again changes nothing. NotFound; Conflict when it is settled otherwise, or when a
        release meets another document of that id.
        """

    @abstractmethod
    def take_over(self, case: Quarantined) -> None:
        """Keep a case of another store, with its receipt and its state; quotas are not asked.

        Without effect where there is a case of that receipt, or of that document and owner.
        """

    @abstractmethod
    def revs_limit(self) -> int: ...

    @abstractmethod
    def set_revs_limit(self, limit: int) -> None: ...

    @abstractmethod
    def compact(self) -> None:
        """Drop the bodies of revisions that are not leaves."""

    # -- what not every store can do: NotImplementedHere unless a store says otherwise

    def purge(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Forget leaves as if they had never been, with the ancestors that no other leaf needs.

        For each document which of the named revisions were leaves, and are gone. A document without leaves is
        gone altogether.
        """
        raise NotImplementedHere("This store does not purge.")

    def purged_infos_limit(self) -> int:
        """How many purges are remembered; CouchDB's setting, kept for its clients."""
        raise NotImplementedHere("This store does not purge.")

    def set_purged_infos_limit(self, limit: int) -> None:
        raise NotImplementedHere("This store does not purge.")

    def security(self) -> Doc | None:
        """The security object that was set, None where none was. It decides nothing here."""
        raise NotImplementedHere("This store keeps no security object.")

    def set_security(self, security: Doc) -> None:
        raise NotImplementedHere("This store keeps no security object.")


class Store(ABC):
    """All databases of one deployment."""

    uuid: str
    capabilities: frozenset[Capability] = EVERYTHING

    @abstractmethod
    def database(self, name: str) -> Database:
        """NotFound "Database does not exist."."""

    @abstractmethod
    def create(self, name: str) -> Database:
        """A plain database. PreconditionFailed file_exists; BadRequest illegal_database_name."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """NotFound; Forbidden for a database that has a policy."""

    @abstractmethod
    def names(self) -> list[str]: ...

    @abstractmethod
    def close(self) -> None:
        """Finish what was accepted, then refuse with Unavailable. Idempotent."""

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()


def check_database_name(name: str) -> str:
    """CouchDB's rule for names; BadRequest illegal_database_name or database_name_too_long."""
    if re.fullmatch(r"[a-z][a-z0-9_$()+/-]*", name):
        if len(name) > 238:
            raise BadRequest(
                f"At least one path segment of `{name[:300]}` is too long.", "database_name_too_long"
            )
        return name
    raise BadRequest(
        f"Name: '{name}'. Only lowercase characters (a-z), digits (0-9), and any of the characters "
        "_, $, (, ), +, -, and / are allowed. Must begin with a letter.",
        "illegal_database_name",
    )
