"""Revision trees, as CouchDB keeps them. Pure functions; no I/O.

A tree is a set of revisions, each with its parent where the parent is known. Merging is the least upper bound
of two such sets: commutative, associative, idempotent. So documents may arrive in any order, by any road,
twice.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from sync.errors import BadRequest

_REV = re.compile(r"([1-9]\d{0,8})-([^\s\x00-\x1f\"]{1,128})")


class Rev(NamedTuple):
    """One revision. Ordered as CouchDB orders them: generation first, then hash."""

    generation: int
    hash: str

    def __str__(self) -> str:
        return f"{self.generation}-{self.hash}"

    @classmethod
    def parse(cls, text: object) -> Rev:
        """Read "3-abc"; BadRequest when it is not a revision."""
        match = _REV.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise BadRequest("Invalid rev format")
        return cls(int(match[1]), match[2])


class Node(NamedTuple):
    """What is known of a revision: its parent, whether its body was seen here, whether it is a deletion."""

    parent: Rev | None
    stored: bool
    deleted: bool


@dataclass(frozen=True)
class Tree:
    """The revisions of one document. Roots may be several: histories that share no known ancestor."""

    nodes: Mapping[Rev, Node]

    def __contains__(self, rev: object) -> bool:
        return rev in self.nodes


EMPTY = Tree({})


def path_tree(path: Sequence[Rev], *, deleted: bool) -> Tree:
    """The tree of one document that arrives with its ancestors: `path` newest first, only the newest has a
    body.

    BadRequest when the generations do not go down by one.
    """
    if not path or any(child.generation != parent.generation + 1 for child, parent in _steps(path)):
        raise BadRequest("Invalid rev format")
    nodes = {rev: Node(parent, False, False) for rev, parent in _steps(path)}
    nodes[path[-1]] = Node(None, False, False)
    nodes[path[0]] = nodes[path[0]]._replace(stored=True, deleted=deleted)
    return Tree(nodes)


def _steps(path: Sequence[Rev]) -> Iterable[tuple[Rev, Rev]]:
    return itertools.pairwise(path)


def merge(left: Tree, right: Tree) -> Tree:
    """Both trees in one.

    A hash names one history, so parents agree; where a peer lies the greater is taken.
    """
    nodes = dict(left.nodes)
    for rev, node in right.nodes.items():
        mine = nodes.get(rev)
        nodes[rev] = node if mine is None else _join(mine, node)
    return Tree(nodes)


def _join(left: Node, right: Node) -> Node:
    parents = [parent for parent in (left.parent, right.parent) if parent is not None]
    return Node(max(parents, default=None), left.stored or right.stored, left.deleted or right.deleted)


def leaves(tree: Tree) -> list[Rev]:
    """The revisions that nothing follows, the winner first.

    Only stored ones: an ancestor that a lying peer orphaned has no body to show.

    CouchDB's order: not deleted before deleted, then the highest generation, then the greatest hash.
    """
    parents = {node.parent for node in tree.nodes.values()}
    found = [rev for rev, node in tree.nodes.items() if node.stored and rev not in parents]
    return sorted(found, key=lambda rev: (not tree.nodes[rev].deleted, rev), reverse=True)


def winner(tree: Tree) -> Rev:
    return leaves(tree)[0]


def ancestry(tree: Tree, rev: Rev) -> list[Rev]:
    """`rev` and its known ancestors, newest first."""
    path = []
    at: Rev | None = rev
    while at is not None and at in tree.nodes:
        path.append(at)
        at = tree.nodes[at].parent
    return path


def latest(tree: Tree, rev: Rev) -> list[Rev]:
    """The leaves that descend from `rev` (or `rev` itself when it is one), the winner first."""
    return [leaf for leaf in leaves(tree) if rev in ancestry(tree, leaf)]


def missing(tree: Tree | None, revs: Iterable[Rev]) -> list[Rev]:
    """Which of `revs` the tree does not know, in the order asked."""
    return [rev for rev in revs if tree is None or rev not in tree.nodes]


def possible_ancestors(tree: Tree, absent: Sequence[Rev]) -> list[Rev]:
    """Leaves that may be ancestors of an absent revision, by generation: a hint for `_revs_diff`."""
    highest = max((rev.generation for rev in absent), default=0)
    return [leaf for leaf in leaves(tree) if leaf.generation < highest]


def stem(tree: Tree, limit: int) -> Tree:
    """The tree with at most `limit` revisions of history for each leaf. No leaf is lost."""
    kept = {rev for leaf in leaves(tree) for rev in ancestry(tree, leaf)[:limit]}
    if len(kept) == len(tree.nodes):
        return tree
    nodes = {rev: tree.nodes[rev] for rev in kept}
    return Tree({rev: n if n.parent in kept else n._replace(parent=None) for rev, n in nodes.items()})


def prune(tree: Tree, gone: Iterable[Rev]) -> Tree:
    """The tree without the leaves `gone`, and without the ancestors that no other leaf has.

    What is not a leaf stays. Nothing may be left.
    """
    doomed = set(gone)
    kept = {rev for leaf in leaves(tree) if leaf not in doomed for rev in ancestry(tree, leaf)}
    return tree if len(kept) == len(tree.nodes) else Tree({rev: tree.nodes[rev] for rev in kept})


def content_digest(content: Any) -> bytes:
    """md5 of canonical JSON (sorted keys): the same content gives the same digest everywhere."""
    text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return hashlib.md5(text, usedforsecurity=False).digest()


def next_revision(parent: Rev | None, *, deleted: bool, digest: bytes) -> Rev:
    """The revision that an edit of `parent` with this content gets. Deterministic, so equal edits meet."""
    marks = f"{parent or ''}/{int(deleted)}/".encode()
    name = hashlib.md5(marks + digest, usedforsecurity=False).hexdigest()
    return Rev(1 if parent is None else parent.generation + 1, name)


def to_bytes(tree: Tree) -> bytes:
    """For the disk: [[generation, hash, parent's hash or null, flags], ...]; flags: 1 stored, 2 deleted."""
    rows = [
        [rev.generation, rev.hash, node.parent.hash if node.parent else None, node.stored + 2 * node.deleted]
        for rev, node in sorted(tree.nodes.items())
    ]
    return orjson.dumps(rows)


def from_bytes(text: bytes) -> Tree:
    nodes = {}
    for generation, name, parent, flags in orjson.loads(text):
        above = Rev(generation - 1, parent) if parent is not None else None
        nodes[Rev(generation, name)] = Node(above, bool(flags & 1), bool(flags & 2))
    return Tree(nodes)
