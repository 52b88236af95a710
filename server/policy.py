"""The domain's access rules in the shape that `sync` asks for (sync/policy.py, DESIGN.md "Access")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from models import access
from models.clock import next_stamp
from models.ids import SERVER_DEVICE
from models.programme import Programme
from models.workflow import Doc, iso
from server.accounts import Accounts, Person
from sync.policy import Caller, Refused


class DomainPolicy:
    """Groups, channels and rules of writing of models/access.py, and the receipt of every demand."""

    def __init__(self, accounts: Accounts, programme: Programme, now: Callable[[], datetime] | None = None):
        self._accounts = accounts
        self._programme = programme
        self._now = now or (lambda: datetime.now(UTC))

    def group(self, doc: Doc) -> str | None:
        return access.group_of(doc)

    def outline(self, doc: Doc) -> Doc:
        return access.outline(doc)

    def channels(self, group: str, docs: Sequence[Doc]) -> frozenset[str]:
        return access.channels_of_group(group, docs)

    def may_write(self, caller: Caller, doc: Doc, group_docs: Sequence[Doc]) -> None:
        writer = access.Writer(caller.name, caller.roles, caller.claims.get("region", ""))
        try:
            access.may_write(writer, doc, group_docs, self._programme.forbidden)
        except access.Denied as denied:
            raise Refused(denied.code, denied.reason) from None

    def consequences(self, doc: Doc, group_docs: Sequence[Doc]) -> Sequence[Doc]:
        """The receipt of a demand that a phone wrote, in the transaction that stores it."""
        if doc.get("type") != "demand" or doc.get("device") == SERVER_DEVICE or doc.get("_deleted"):
            return []
        reporter = self._accounts.person(doc["reporter"])
        names = {
            "reporter_name": reporter.name if reporter else "",
            "region_name": self._programme.region_name(doc["region"]),
        }
        # Right behind the demand whatever its clock says, and so with the same id each time.
        clock = next_stamp(0, [doc["clock"]])
        return [access.receipt(doc, iso(self._now()), clock, **{k: v for k, v in names.items() if v})]


def caller_of(person: Person) -> Caller:
    """A person as `sync` knows callers. Administrators read and write whole databases."""
    return Caller(
        name=person.id,
        channels=person.channels,
        roles=frozenset({person.role}),
        claims={"region": person.region},
        admin=person.role == access.ADMINISTRATOR,
    )
