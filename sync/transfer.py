"""Moving a deployment from one store to another: every revision, attachment and case of quarantine, verified.

What is there already is not sent again, so an interrupted copy is simply started again. `_local` documents
stay behind: they are places in the feeds of the old store, and mean nothing in the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync.errors import NotFound, NotImplementedHere
from sync.policy import Caller, Doc, Policy
from sync.store import Change, Database, Quarantined, Shown, Store, Wanted

_PAGE = 200
_BATCH_BYTES = 2 * 1024 * 1024
_WHOLE = Shown(revs=True, revs_info=True, attachments=True)
_FINDINGS = 100

# (database, documents looked at so far)
Progress = Callable[[str, int], None]


@dataclass
class Report:
    """`findings`: what differs, up to a hundred of each database; empty: the copy is whole."""

    documents: int = 0
    revisions: int = 0
    cases: int = 0
    findings: list[str] = field(default_factory=list)


class Quiet:
    """A deployment's policy for stores that only take over: groups and channels hold, nothing is written in
    consequence. What follows from a document was written in the old store, and comes along."""

    def __init__(self, policy: Any) -> None:
        """`policy` needs only `group`, `outline` and `channels`."""
        self._policy = policy

    def group(self, doc: Doc) -> str | None:
        name: str | None = self._policy.group(doc)
        return name

    def outline(self, doc: Doc) -> Doc:
        outline: Doc = self._policy.outline(doc)
        return outline

    def channels(self, group: str, docs: Sequence[Doc]) -> frozenset[str]:
        return frozenset(self._policy.channels(group, docs))

    def may_write(self, caller: Caller, doc: Doc, group_docs: Sequence[Doc]) -> None:
        return None

    def consequences(self, doc: Doc, group_docs: Sequence[Doc]) -> Sequence[Doc]:
        return ()


def quiet(policies: Mapping[str, Any]) -> dict[str, Policy]:
    return {name: Quiet(policy) for name, policy in policies.items()}


def transfer(source: Store, target: Store, progress: Progress = lambda _name, _done: None) -> Report:
    """Copy all databases. Nothing may be writing to the source meanwhile that must come along."""
    report = Report()
    for name in source.names():
        _copy(source.database(name), _database_in(target, name), report, progress)
    return report


def verify(source: Store, target: Store, progress: Progress = lambda _name, _done: None) -> list[str]:
    """What of the source is not in the target as it is in the source: findings that name documents."""
    findings: list[str] = []
    for name in source.names():
        try:
            there = target.database(name)
        except NotFound:
            findings.append(f"{name}: not there")
            continue
        findings += _differences(source.database(name), there, progress)
    return findings


def _database_in(target: Store, name: str) -> Database:
    try:
        return target.database(name)
    except NotFound:
        return target.create(name)


def _copy(here: Database, there: Database, report: Report, progress: Progress) -> None:
    there.set_revs_limit(here.revs_limit())
    _copy_security(here, there)
    looked = 0
    for page in _pages(here):
        looked += len(page)
        missing = there.revs_diff({change.id: change.revs for change in page})
        wanted = {identifier: each.missing for identifier, each in missing.items()}
        for batch in _batches(_revisions(here, wanted)):
            refused = [result for result in there.write(batch, new_edits=False) if result.error]
            report.findings += [f"{here.name}: {result.id}: {result.reason}" for result in refused]
            report.revisions += len(batch) - len(refused)
        report.documents += len(wanted)
        progress(here.name, looked)
    for case in _cases(here):
        there.take_over(case)
        report.cases += 1


def _copy_security(here: Database, there: Database) -> None:
    try:
        security = here.security()
        if security is not None:
            there.set_security(security)
    except NotImplementedHere:
        return


def _pages(database: Database) -> Iterator[list[Change]]:
    since = 0
    while True:
        page = database.changes(Wanted(since=since, limit=_PAGE, style="all_docs"))
        if not page.rows:
            return
        yield page.rows
        since = page.last_seq


def _revisions(database: Database, wanted: Mapping[str, Sequence[str]]) -> Iterator[Doc]:
    """The named leaves, each behind those of its ancestors whose bodies are kept."""
    for identifier, revs in wanted.items():
        sent: set[str] = set()
        for rev in revs:
            for each in reversed(_kept(database, identifier, rev)):
                if each not in sent:
                    sent.add(each)
                    yield _whole(database, identifier, each)


def _kept(database: Database, identifier: str, rev: str) -> list[str]:
    (leaf,) = database.get_leaves(identifier, [rev], shown=Shown(revs_info=True))
    info = leaf.doc["_revs_info"] if leaf.doc else []
    return [each["rev"] for each in info if each["status"] != "missing"]


def _whole(database: Database, identifier: str, rev: str) -> Doc:
    (found,) = database.get_leaves(identifier, [rev], shown=_WHOLE)
    assert found.doc is not None
    return found.doc


def _batches(docs: Iterator[Doc]) -> Iterator[list[Doc]]:
    batch: list[Doc] = []
    size = 0
    for doc in docs:
        batch.append(doc)
        size += len(str(doc))
        if size > _BATCH_BYTES or len(batch) >= _PAGE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _cases(database: Database) -> Iterator[Quarantined]:
    after: str | None = None
    while page := database.quarantined(limit=_PAGE, after=after):
        yield from page
        after = page[-1].receipt


# -- verifying


def _differences(here: Database, there: Database, progress: Progress) -> list[str]:
    findings: list[str] = []
    ours, theirs = here.info(), there.info()
    for what in ("doc_count", "doc_del_count"):
        if getattr(ours, what) != getattr(theirs, what):
            findings.append(f"{here.name}: {what} {getattr(ours, what)}, there {getattr(theirs, what)}")
    looked = 0
    for page in _pages(here):
        findings += [f"{here.name}: {each}" for each in _of_page(here, there, page)]
        looked += len(page)
        progress(here.name, looked)
    cases = {case.receipt: case for case in _cases(there)}
    for case in _cases(here):
        if cases.get(case.receipt) != case:
            findings.append(f"{here.name}: case {case.receipt} is not there, or is another")
    return findings[:_FINDINGS]


def _of_page(here: Database, there: Database, page: Sequence[Change]) -> Iterator[str]:
    asked = tuple(change.id for change in page)
    rows = there.changes(Wanted(doc_ids=asked, style="all_docs")).rows
    leaves = {row.id: row.revs for row in rows}
    for change in page:
        if set(leaves.get(change.id, ())) != set(change.revs):
            yield f"{change.id}: leaves {list(change.revs)}, there {list(leaves.get(change.id, ()))}"
            continue
        for rev in change.revs:
            if _content(here, change.id, rev) != _content(there, change.id, rev):
                yield f"{change.id}: the content of {rev} differs"


def _content(database: Database, identifier: str, rev: str) -> Doc:
    """A revision with its history and its attachments' digests; not what a server counts for itself."""
    (leaf,) = database.get_leaves(identifier, [rev], shown=Shown(revs=True))
    doc = dict(leaf.doc or {})
    if "_attachments" in doc:
        doc["_attachments"] = {
            name: {key: stub[key] for key in ("content_type", "digest", "length")}
            for name, stub in doc["_attachments"].items()
        }
    return doc
