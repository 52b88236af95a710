"""The answer to one request: what is pushed is written, what is new is read, within the device's budget.

The pulled part depends on nothing but the place that the device names and on what it may read, so a lost
answer is simply asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import orjson

from sync.errors import NotFound
from sync.exchange import cursor as cursors
from sync.exchange.cursor import Cursor
from sync.exchange.digest import Digest, Fingerprint, Listing, fingerprint
from sync.exchange.messages import Answer, Refusal, Request, refusal_of
from sync.policy import Caller, Doc, scope_of
from sync.sequences import epoch_of
from sync.store import Change, Database, Shown, Wanted

# Rows of the feed that are looked at in one read; their bodies are read one by one, while there is room.
PAGE = 500
_WHOLE = Shown(revs=True, attachments=True)

Bulky = Callable[[str], bool]
# The revisions that a request itself has named: they need not come back.
Named = dict[str, set[str]]


def answer(database: Database, caller: Caller, request: Request, bulky: Bulky) -> Answer:
    """Push, then pull. Everything in `request.docs` that is not refused is on disk when this returns."""
    pushed = _push(database, caller, request)
    if request.digest is not None:
        return _join(pushed, _compared(database, caller, request.digest))
    if request.listing is not None:
        return _join(pushed, _listed(database, caller, request.listing, request.budget, bulky))
    return _join(pushed, pull(database, caller, request, bulky))


def _join(pushed: Answer, pulled: Answer) -> Answer:
    told = dict.fromkeys([*pushed.removed, *pulled.removed])
    return replace(pulled, refused=pushed.refused, arrived=pushed.arrived, removed=list(told))


# -- pushing


def _push(database: Database, caller: Caller, request: Request) -> Answer:
    """What became of the documents, which of the asked ones are here, and which the caller may not keep."""
    refused: list[Refusal] = []
    stored: dict[str, list[str]] = {}
    if request.docs:
        results = database.write(request.docs, caller=caller, new_edits=False)
        for doc, result in zip(request.docs, results, strict=True):
            if result.error is None:
                stored.setdefault(result.id, []).append(str(result.rev))
            else:
                code = database.quarantined_one(result.receipt).code if result.receipt else None
                refused.append(replace(refusal_of(result, code), id=str(doc["_id"])))
    # Somebody may write what ends their own access: the event that gives a case away is not theirs to keep.
    removed = list(database.revs_diff(stored, caller=caller)) if stored else []
    return Answer(refused=refused, removed=removed, arrived=_arrived(database, caller, request))


def _arrived(database: Database, caller: Caller, request: Request) -> list[str]:
    if not request.asked:
        return []
    asked: dict[str, list[str]] = {}
    for identifier, rev in request.asked:
        asked.setdefault(identifier, []).append(rev)
    missing = database.revs_diff(asked, caller=caller)
    return [identifier for identifier in asked if identifier not in missing]


# -- pulling


def pull(database: Database, caller: Caller, request: Request, bulky: Bulky) -> Answer:
    """What is new since the place that the device names."""
    with database.reading():
        return _pull(database, caller, request, bulky)


def _pull(database: Database, caller: Caller, request: Request, bulky: Bulky) -> Answer:
    epoch = epoch_of(database.uuid, scope_of(caller, database.policy))
    newest = database.changes(Wanted(limit=0), caller=caller).last_seq
    at = cursors.parse(request.since or "0", epoch, newest)
    if at is None:
        return Answer(elsewhere=True)
    reader = _Reader(database, caller, bulky, _Load(request.budget), _named(request))
    at = reader.texts(at)
    if not reader.load.full:
        at = reader.bulk(at)
    load = reader.load
    docs = [leaf for leaves in load.docs.values() for leaf in leaves]
    return Answer(cursors.to_text(at, epoch), docs, list(load.removed), more=load.full)


def _named(request: Request) -> Named:
    named: Named = {}
    for doc in request.docs:
        named.setdefault(doc["_id"], set()).add(str(doc.get("_rev")))
    for identifier, rev in request.asked:
        named.setdefault(identifier, set()).add(rev)
    return named


@dataclass
class _Load:
    """What goes into an answer. `full` once something did not fit any more; the first always fits."""

    budget: int
    docs: dict[str, list[bytes]] = field(default_factory=dict)
    removed: dict[str, None] = field(default_factory=dict)
    spent: int = 0
    full: bool = False

    def take(self, identifier: str, leaves: list[bytes]) -> bool:
        size = sum(map(len, leaves))
        if self.spent and self.spent + size > self.budget:
            self.full = True
            return False
        self.spent += size
        self.removed.pop(identifier, None)
        self.docs[identifier] = leaves
        return True

    def drop(self, identifier: str) -> bool:
        if self.spent and self.spent + len(identifier) > self.budget:
            self.full = True
            return False
        self.spent += len(identifier)
        self.docs.pop(identifier, None)
        self.removed[identifier] = None
        return True


@dataclass(frozen=True)
class _Reader:
    database: Database
    caller: Caller
    bulky: Bulky
    load: _Load
    named: Named

    def texts(self, at: Cursor) -> Cursor:
        """Everything but bulky documents, and what left the caller's sight, bulky or not."""
        has_any = at != cursors.BEGINNING  # a device that begins has nothing to forget
        for row, place in self._rows(at.text, removals=has_any):
            if row is not None and not self._text(row):
                break
            at = replace(at, text=place)
        return at

    def _text(self, row: Change) -> bool:
        if row.removed:
            return self.load.drop(row.id)
        return self.bulky(row.id) or self._tell(row)

    def bulk(self, at: Cursor) -> Cursor:
        """Bulky documents, as far as texts were told: what came since is told with the texts next time."""
        if at.bulk == at.text:
            return at
        for row, place in self._rows(at.bulk, removals=False):
            if place > at.text:
                return replace(at, bulk=at.text)
            if row is not None and self.bulky(row.id) and not self._tell(row):
                return at
            at = replace(at, bulk=place)
        return replace(at, bulk=at.text) if not self.load.full else at

    def _tell(self, row: Change) -> bool:
        if set(row.revs) <= self.named.get(row.id, set()):
            return True
        leaves = leaves_of(self.database, self.caller, row.id)
        return not leaves or self.load.take(row.id, leaves)

    def _rows(self, since: int, *, removals: bool) -> Iterator[tuple[Change | None, int]]:
        """Rows of the feed with their places; at its end None and where the feed stands."""
        while True:
            wanted = Wanted(since=since, limit=PAGE, style="all_docs", removals=removals)
            page = self.database.changes(wanted, caller=self.caller)
            for row in page.rows:
                yield row, row.seq
            since = page.last_seq
            if len(page.rows) < PAGE:
                yield None, since
                return


def leaves_of(database: Database, caller: Caller, identifier: str) -> list[bytes]:
    """All leaves of a document as JSON, each with its history if it has one; none when unreadable."""
    try:
        leaves = database.get_leaves(identifier, "all", caller=caller, shown=_WHOLE)
    except NotFound:
        return []
    return [orjson.dumps(_compact(leaf.doc)) for leaf in leaves if leaf.doc is not None]


def _compact(doc: Doc) -> Doc:
    """Without `_revisions` where `_rev` says the same."""
    if len(doc["_revisions"]["ids"]) == 1:
        del doc["_revisions"]
    return doc


# -- comparing


def marks_of(database: Database, caller: Caller) -> dict[Fingerprint, str]:
    """The fingerprints of all that the caller reads, with the ids: texts and bulk, deletions too."""
    found: dict[str, tuple[str, ...]] = {}
    since = 0
    while True:
        page = database.changes(Wanted(since=since, limit=PAGE, style="all_docs"), caller=caller)
        found.update((row.id, row.revs) for row in page.rows)
        since = page.last_seq
        if len(page.rows) < PAGE:
            break
    return {fingerprint(identifier, rev): identifier for identifier, revs in found.items() for rev in revs}


def _compared(database: Database, caller: Caller, theirs: Digest) -> Answer:
    """Which buckets differ, and the place from which the feed tells what comes after this comparison."""
    epoch = epoch_of(database.uuid, scope_of(caller, database.policy))
    place = database.changes(Wanted(limit=0), caller=caller).last_seq
    ours = Digest.of(marks_of(database, caller), theirs.size)
    return Answer(cursors.to_text(Cursor(place, place), epoch), differing=ours.differing(theirs))


def _listed(database: Database, caller: Caller, listing: Listing, budget: int, bulky: Bulky) -> Answer:
    """The documents that the device lacks in the buckets it lists, and what it holds that is not here."""
    ours = marks_of(database, caller)
    load = _Load(budget)
    lacking = dict.fromkeys(identifier for mark, identifier in ours.items() if listing.lacks(mark))
    for identifier in _texts_first(list(lacking), bulky):
        leaves = leaves_of(database, caller, identifier)
        if leaves and not load.take(identifier, leaves):
            break
    docs = [leaf for leaves in load.docs.values() for leaf in leaves]
    return Answer(docs=docs, more=load.full, unknown=listing.unknown(ours))


def _texts_first(identifiers: Sequence[str], bulky: Bulky) -> list[str]:
    return sorted(identifiers, key=bulky)
