"""A policy small enough to see through, and the people that the tests play with.

A document says its own `group`; `opens` and `closes` list channels that it adds to and takes from the group.
`refuse` makes the policy refuse it, `echo` has the server write `echo:<id>` beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sync.policy import Caller, Doc, Refused


class VillagePolicy:
    def group(self, doc: Doc) -> str | None:
        return doc.get("group")

    def channels(self, group: str, docs: Sequence[Doc]) -> frozenset[str]:
        opened = {channel for doc in docs for channel in doc.get("opens", ())}
        return frozenset(opened - {channel for doc in docs for channel in doc.get("closes", ())})

    def may_write(self, caller: Caller, doc: Doc, group_docs: Sequence[Doc]) -> None:
        if "refuse" in doc:
            raise Refused("schema", doc["refuse"])
        if doc.get("crash"):
            raise KeyError("the policy did not foresee this")

    def outline(self, doc: Doc) -> Doc:
        return {name: value for name, value in doc.items() if name != "bulk"}

    def consequences(self, doc: Doc, group_docs: Sequence[Doc]) -> Sequence[Doc]:
        if not doc.get("echo"):
            return []
        return [{"_id": f"echo:{doc['_id']}", "group": doc["group"], "heard": len(group_docs)}]


def villager(name: str, *more: str) -> Caller:
    """Somebody who holds the channel named after them, and `more`."""
    return Caller(name, frozenset({name, *more}))


ANNA, BEN = villager("anna"), villager("ben")
BOTH = villager("carla", "anna", "ben")
CHIEF = Caller("chief", frozenset(), admin=True)
CENTRE = Caller("centre", frozenset({"anna"}), roles=frozenset({"centre"}))
FAR_CENTRE = Caller("far", frozenset({"elsewhere"}), roles=frozenset({"centre"}))
PEOPLE = {caller.name: caller for caller in (ANNA, BEN, BOTH, CHIEF, CENTRE, FAR_CENTRE)}
