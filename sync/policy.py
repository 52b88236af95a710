"""Who may read and write: the policy that a deployment gives to its database, and who is asking.

`sync` knows nothing of what documents mean. Every document belongs to one group, a group is readable in a set
of channels, a caller holds a set of channels; a caller reads a document iff its group and the caller share a
channel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Doc = dict[str, Any]

# The channels that a read is confined to; None means the whole database.
Scope = frozenset[str] | None


@dataclass(frozen=True)
class Caller:
    """Who asks: `channels` decide what is read; `roles` and `claims` are for the policy; `admin` reads and
    writes all.
    """

    name: str
    channels: frozenset[str]
    roles: frozenset[str] = frozenset()
    claims: Mapping[str, str] = field(default_factory=dict, hash=False)
    admin: bool = False


class Refused(Exception):
    """A document may not be written.

    `code` is for programs ("schema", "role"...), `reason` is what the user reads.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Policy(Protocol):
    """The rules of one database. Pure functions: same arguments, same answer, no waiting.

    Documents carry `_id`, and `_rev` once they are stored. They are shared with a cache: never change one.
    """

    def group(self, doc: Doc) -> str | None:
        """The group that `doc` belongs to; None: readable by administrators only."""

    def outline(self, doc: Doc) -> Doc:
        """What decisions about its group need of `doc`, with its `_id`; `doc` itself where that is all.

        Groups are kept in memory and handed to the functions below so: a picture's bytes stay out.
        """

    def channels(self, group: str, docs: Sequence[Doc]) -> frozenset[str]:
        """The channels in which `group` is readable; `docs` are its winning, undeleted documents."""

    def may_write(self, caller: Caller, doc: Doc, group_docs: Sequence[Doc]) -> None:
        """Raise Refused when `caller` may not write `doc`.

        `group_docs`: the group's documents before the write.

        Not asked for the server's own writes, for administrators, and for a revision that is already stored.
        An edit of a stored document shows as one of `group_docs` with the same `_id`; a deletion has
        `_deleted`.
        """

    def consequences(self, doc: Doc, group_docs: Sequence[Doc]) -> Sequence[Doc]:
        """Documents that the server itself writes in the same transaction as `doc`, each with a deterministic
        `_id`.

        `group_docs`: the group's documents after the write. A consequence whose `_id` exists already is
        skipped.
        """


class OpenPolicy:
    """For plain databases: whoever may open the database reads all of it, and nothing is refused."""

    def group(self, doc: Doc) -> str | None:
        return None

    def outline(self, doc: Doc) -> Doc:
        return doc

    def channels(self, group: str, docs: Sequence[Doc]) -> frozenset[str]:
        return frozenset()

    def may_write(self, caller: Caller, doc: Doc, group_docs: Sequence[Doc]) -> None:
        return None

    def consequences(self, doc: Doc, group_docs: Sequence[Doc]) -> Sequence[Doc]:
        return ()


def scope_of(caller: Caller | None, policy: Policy) -> Scope:
    """What `caller` is confined to: None (everything) for the server, administrators and open databases."""
    if caller is None or caller.admin or isinstance(policy, OpenPolicy):
        return None
    return caller.channels
