"""What people do with their phones: report, assign, answer, reassign, close; now and then something wrong.

Everybody acts on what their own phone shows, however old that is.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from models.access import CENTRE, EXPERT, FIELD_WORKERS, TOWNSHIP_LEAD
from models.ids import chunk_id, contact_id, demand_id, event_id, feedback_id, media_id
from models.workflow import Consultation, fold
from tests.fleet.county import County
from tests.fleet.ledger import Doc
from tests.fleet.phone import Phone

ACTS = 3
QUESTIONS = ("苞谷叶子发黄", "猪不吃食还拉稀", "茶树嫩芽卷起来了", "蜂子飞出去不回来", "洋芋叶子起黑斑")


def act(phone: Phone, county: County, moment_ms: int) -> None:
    """One waking: perhaps a new demand, and answers to what is news. DiskFull, PowerCut."""
    if phone.reports and phone.random.random() < 0.5:
        phone.write(_demand(phone, county, moment_ms))
    if phone.random.random() < 0.03:
        phone.write(_wrong(phone, moment_ms))
    if phone.member.role in FIELD_WORKERS and phone.random.random() < 0.1:
        phone.write([_feedback(phone, moment_ms)])
    for demand in _chosen(phone):
        consultation = fold(phone.thread(demand))
        if consultation is not None:
            _respond(phone, county, consultation, moment_ms)
        phone.fresh.discard(demand)


def _chosen(phone: Phone) -> list[str]:
    """Some consultations with news, and an old one."""
    fresh = sorted(phone.fresh - {""})
    acts = ACTS * 8 if phone.member.role == CENTRE else ACTS
    chosen = phone.random.sample(fresh, min(acts, len(fresh)))
    known = [demand for demand in phone.threads() if demand]
    if known and phone.random.random() < 0.3:
        chosen.append(phone.random.choice(sorted(known)))
    return list(dict.fromkeys(chosen))


def _respond(phone: Phone, county: County, consultation: Consultation, moment_ms: int) -> None:
    role = phone.member.role
    respond = _RESPONSES.get(role, _as_reporter)
    found = respond(phone, county, consultation)
    if found is None:
        return
    kind, payload = found
    demand = consultation.id
    stamped = phone.stamped(demand, moment_ms)
    doc = {
        "_id": event_id(demand, stamped["clock"], stamped["device"]), "type": "event", "kind": kind,
        "demand": demand, "by": phone.member.id, **stamped, **payload,
    }  # fmt: skip
    # The same words twice in one moment would be one document written twice.
    if doc["_id"] not in phone.disk.outbox and doc["_id"] not in phone.disk.docs:
        phone.write([doc])


Response = tuple[str, dict[str, Any]] | None


def _as_reporter(phone: Phone, _county: County, seen: Consultation) -> Response:
    if seen.demand["reporter"] != phone.member.id:
        return None
    luck = phone.random.random()
    match seen.state:
        case "replied" | "visited":
            if luck < 0.6:
                return "solved", {"text": "好了"}
            return ("relayed", {}) if luck < 0.8 else ("unsolved", {"text": "还是不行"})
        case "clarifying" | "asking":
            return "added", {"text": "底下的叶子先黄"}
        case "closed" if luck < 0.3:
            return "rated", {"stars": phone.random.randint(1, 5)}
        case "received" | "assigned" if luck < 0.05:
            return "withdrawn", {}
    return None


def _as_expert(phone: Phone, _county: County, seen: Consultation) -> Response:
    if seen.expert != phone.member.id or seen.state not in ("assigned", "dispatched", "reopened"):
        return None
    luck = phone.random.random()
    if seen.state == "dispatched" and luck < 0.5:
        return "visited", {"text": "到地里看了"}
    if luck < 0.15:
        return "declined", {"reason": "出差了"}
    if luck < 0.3 and seen.state == "assigned":
        return "asked", {"text": "叶子哪一面有虫？"}
    return "replied", {"text": "追一次尿素，一亩十斤", "diagnosis": "缺氮"}


def _as_centre(phone: Phone, county: County, seen: Consultation) -> Response:
    luck = phone.random.random()
    expert = phone.random.choice(county.experts)
    asked = {"expert": expert.id, "expert_name": expert.name}
    match seen.state:
        case "received" | "reopened":
            if luck < 0.05:
                return "rejected", {"reason": "不是农事"}
            if luck < 0.15:
                return "queried", {"text": "是哪个村？"}
            if luck < 0.3:
                return "dispatched", {**asked, "text": "请到地里看看"}
            return "assigned", asked
        case "assigned" if luck < 0.3:  # somebody else: the first loses sight of it
            return "assigned", asked
        case "solved" | "adopted" if luck < 0.7:
            return "called_back", {"outcome": "solved", "verdict": "valid", "category": "病虫害"}
    return None


_RESPONSES: dict[str, Callable[[Phone, County, Consultation], Response]] = {
    EXPERT: _as_expert,
    CENTRE: _as_centre,
}


def _demand(phone: Phone, county: County, moment_ms: int) -> list[Doc]:
    """A demand; often with the farmer's phone number, sometimes with a small picture."""
    ulid = phone.ulid(moment_ms)
    region = phone.member.region
    if phone.member.role == TOWNSHIP_LEAD:
        inside = [village for village in county.villages if village.startswith(region[:9])]
        region = phone.random.choice(inside)
    stamped = phone.stamped(ulid, moment_ms)
    who = {"reporter": phone.member.id, "region": region}
    docs: list[Doc] = [
        {"_id": demand_id(ulid), "type": "demand", "industry": "粮油", "crop": "玉米",
         "text": phone.random.choice(QUESTIONS) * phone.random.randint(1, 20), **who, **stamped},
    ]  # fmt: skip
    shared = {"demand": ulid, "device": stamped["device"]}
    if phone.random.random() < 0.5:
        docs.append(
            {"_id": contact_id(ulid), "type": "contact", "name": "王大爷", "phone": "13900000000",
             "at": stamped["at"], **who, **shared},
        )  # fmt: skip
    if phone.random.random() < 0.15:
        docs += _picture(phone, {**shared, "by": phone.member.id}, stamped, moment_ms)
    return docs


def _feedback(phone: Phone, moment_ms: int) -> Doc:
    """What somebody says of a case that they looked up."""
    ulid = phone.ulid(moment_ms)
    stamped = phone.stamped("", moment_ms)
    return {
        "_id": feedback_id(ulid), "type": "feedback", "by": phone.member.id, "region": phone.member.region,
        "text": phone.random.choice(QUESTIONS), "case": ulid, "helpful": phone.random.random() < 0.7,
        "offline": True, "device": stamped["device"], "at": stamped["at"],
    }  # fmt: skip


def _picture(phone: Phone, shared: Doc, stamped: Doc, moment_ms: int) -> list[Doc]:
    media = phone.ulid(moment_ms)
    pieces = [phone.random.randbytes(600) for _ in range(phone.random.randint(1, 3))]
    content = b"".join(pieces)
    described = {
        "_id": media_id(media), "type": "media", "mime": "image/jpeg", "bytes": len(content),
        "chunks": len(pieces), "sha256": hashlib.sha256(content).hexdigest(), "width": 64, "height": 48,
        "clock": stamped["clock"], "at": stamped["at"], **shared,
    }  # fmt: skip
    chunks = (
        {"_id": chunk_id(media, n), "type": "chunk", "media": media, "n": n,
         "data": b64encode(piece).decode(), **shared}
        for n, piece in enumerate(pieces)
    )  # fmt: skip
    return [described, *chunks]


def _wrong(phone: Phone, moment_ms: int) -> list[Doc]:
    """What the county cannot accept: it belongs into quarantine, and must hold up nothing."""
    ulid = phone.ulid(moment_ms)
    stamped = phone.stamped(ulid, moment_ms)
    whole = {
        "_id": demand_id(ulid), "type": "demand", "reporter": phone.member.id, "industry": "粮油",
        "region": phone.member.region, "text": "苞谷", **stamped,
    }  # fmt: skip
    faults: list[Doc] = [
        {"text": "长" * 4001},
        {"type": "riddle"},
        {"reporter": ulid},
        {"region": "110101001001"},
        {"industry": None},
    ]
    return [{**whole, **phone.random.choice(faults)}]
