"""Loads the demonstration county once: Beichuan, people in every role, a history, consultations under way.

Everything in it is invented, and says so: phones are 138-0000-xxxx, and each past consultation carries the
source "演示数据". MISSION S1 gives the townships and their targets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from itertools import islice, product
from typing import Any

from models.clock import next_stamp, stamp
from models.ids import SERVER_DEVICE, demand_id, derived_ulid, event_id
from models.programme import Programme
from models.workflow import Doc, iso
from server.accounts import Accounts, NewPerson, Person
from server.deployment import Deployment
from server.importing import Report, import_history
from sync.store import Range

SOURCE = "演示数据"
HISTORY = ("history_crops.jsonl", "history_animals.jsonl")
INFORMANTS_A_TOWNSHIP = 2

# Printed by `make run`: role, phone, what to do with it.
ACCOUNTS_SHOWN = (
    ("信息员", "138-0000-0301", "手机端：报需求、转告、评价"),
    ("专家", "138-0000-0101", "手机端：答复（玉米、水稻）"),
    ("乡镇管理员", "138-0000-0201", "手机端：看本乡镇的咨询"),
    ("县运管中心", "138-0000-0002", "控制台：分派、回访"),
    ("管理员", "138-0000-0001", "控制台：索引、人员"),
)


def load_demo(deployment: Deployment, say: Callable[[str], None]) -> None:
    """Load everything; a second call finds it there and adds nothing."""
    people = demo_people(deployment.programme)
    say(f"登记 {len(people)} 位演示人员 …")
    deployment.accounts.add(people)
    total = Report()
    for name in HISTORY:
        with as_file(files("server.demo").joinpath(name)) as path:
            report = import_history(path, deployment.database, deployment.programme, source=SOURCE)
        total.imported += report.imported
        total.doubled += report.doubled
    say(f"导入 {total.imported + total.doubled} 条历史咨询 …")
    for documents in open_consultations(deployment.programme, deployment.accounts):
        # Their moments are new with each call; only the demand's id says that they are there already.
        if deployment.database.all_docs(Range(keys=(documents[0]["_id"],))).rows[0].error:
            deployment.database.write(documents)
    deployment.consultations.catch_up()


def demo_people(programme: Programme) -> list[NewPerson]:
    """The staff, the experts, and for each township its lead and two informants.

    Phones: 0001 administrator, 0002.. centre, 0101.. experts, 0201.. leads, 0301.. informants.
    """
    raw = json.loads(files("server.demo").joinpath("people.json").read_text("utf-8"))
    password, county = raw["password"], programme.county

    def person(number: int, entry: Mapping[str, Any], role: str, region: str) -> NewPerson:
        return NewPerson(
            login=f"138-0000-{number:04d}", password=password, role=role, region=region, name=entry["name"],
            title=entry.get("title", ""), industries=tuple(entry.get("industries", ())),
            level=entry.get("level", "county"), must_change_password=role not in ("centre", "administrator"),
        )  # fmt: skip

    people = [person(1, raw["administrator"], "administrator", county)]
    people += [person(2 + place, entry, "centre", county) for place, entry in enumerate(raw["centre"])]
    people += [person(101 + place, entry, "expert", county) for place, entry in enumerate(raw["experts"])]
    names = _names(raw)
    for place, township in enumerate(programme.townships):
        lead = {"name": next(names), "title": f"{township.name} 总信息员"}
        people.append(person(201 + place, lead, "township_lead", township.code))
    places = product(range(INFORMANTS_A_TOWNSHIP), programme.townships)
    for place, (village, township) in enumerate(places):
        there = township.villages[village]
        informant = {"name": next(names), "title": f"{there.name}信息员"}
        people.append(person(301 + place, informant, "informant", there.code))
    return people


def _names(raw: Mapping[str, Any]) -> Iterator[str]:
    """Invented names, none twice: the pairs run along the diagonal of surnames and given names."""
    surnames, given = raw["surnames"], raw["given"]
    taken = {entry["name"] for entry in (raw["administrator"], *raw["centre"], *raw["experts"])}
    for shift in range(len(given)):
        for place, surname in enumerate(surnames):
            name = surname + given[(place + shift) % len(given)]
            if name not in taken:
                yield name


def open_consultations(programme: Programme, accounts: Accounts) -> Iterator[list[Doc]]:
    """The documents of each consultation under way, as phones and the centre would have written them.

    Receipts and deadlines count from `minutes` ago, so that the queues look like a morning's.
    """
    raw = json.loads(files("server.demo").joinpath("open.json").read_text("utf-8"))
    for entry in raw:
        yield list(_Story(entry, programme, accounts).documents())


class _Story:
    """One consultation under way."""

    def __init__(self, entry: Mapping[str, Any], programme: Programme, accounts: Accounts) -> None:
        self._entry = entry
        self._programme = programme
        self._begun = datetime.now(UTC) - timedelta(minutes=entry["minutes"])
        self._id = derived_ulid(1767225600000, entry["text"])
        township = next(place for place in programme.townships if place.name == entry["township"])
        self._village = township.villages[0].code
        self._reporter = self._somebody(accounts, lambda known: known.region == self._village)
        industry, _crop = programme.crop(entry["crop"]) or ("其他", "")
        self._industry = industry
        self._expert = self._somebody(accounts, lambda known: industry in known.industries, "expert")
        self._centre = self._somebody(accounts, lambda _known: True, "centre")
        self._clock = stamp(int(self._begun.timestamp() * 1000))

    @staticmethod
    def _somebody(accounts: Accounts, fits: Callable[[Person], bool], role: str = "informant") -> Person:
        return next(known for known in accounts.people(role, limit=1000) if fits(known))

    def documents(self) -> Iterator[Doc]:
        steps = ("received", "assigned", "replied", "relayed", "solved")
        yield self._demand()
        for minute, kind in enumerate(islice(steps, steps.index(self._entry["until"]) + 1)):
            yield self._event(kind, self._begun + timedelta(minutes=10 * minute))

    def _demand(self) -> Doc:
        # Written under the server's device, whose demands get no second receipt: this one's is in the past.
        return {
            "_id": demand_id(self._id), "type": "demand", "reporter": self._reporter.id,
            "region": self._village, "industry": self._industry, "crop": self._entry["crop"],
            "part": self._entry["part"], "text": self._entry["text"],
            "urgent": self._entry.get("urgent", False), "clock": self._clock, "device": SERVER_DEVICE,
            "at": iso(self._begun),
        }  # fmt: skip

    def _event(self, kind: str, moment: datetime) -> Doc:
        expert = {"expert": self._expert.id, "expert_name": self._expert.name}
        steps: dict[str, tuple[str, dict[str, Any]]] = {
            "received": ("server", {
                "reporter_name": self._reporter.name,
                "region_name": self._programme.region_name(self._village),
            }),
            "assigned": (self._centre.id, {
                **expert, "expert_title": self._expert.title,
                "due": iso(moment + timedelta(minutes=self._programme.limits.reply_minutes)),
            }),
            "replied": (self._expert.id, {
                "diagnosis": self._entry.get("diagnosis"), "text": self._entry.get("answer"),
            }),
            "relayed": (self._reporter.id, {}),
            "solved": (self._reporter.id, {}),
        }  # fmt: skip
        by, payload = steps[kind]
        self._clock = next_stamp(int(moment.timestamp() * 1000), [self._clock])
        return {
            "_id": event_id(self._id, self._clock, SERVER_DEVICE), "type": "event", "kind": kind,
            "demand": self._id, "by": by, "device": SERVER_DEVICE, "clock": self._clock, "at": iso(moment),
            **payload,
        }  # fmt: skip
