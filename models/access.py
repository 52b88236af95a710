"""Who may read and write what: groups, channels and the rules of writing (DESIGN.md, "Access").

Pure functions over documents and people. `sync` receives them as its policy and knows nothing else of
farming. Every document of a consultation belongs to one group; a farmer's contact has a group of its own.

    consultation:<demand>  the reporter, the experts asked, the township's lead, the county centre
    contact:<demand>       the reporter and the county centre
    feedback:<ulid>        who wrote it and the county centre
    person:<id>            that person and the county centre
    notice:<county>        everybody in the county
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from models import ids
from models.documents import FIELD_NAMES, Malformed, check
from models.forbidden import NONE, ForbiddenWords
from models.regions import county_of, township_of, within
from models.workflow import Doc, fold, workflow

INFORMANT, TOWNSHIP_LEAD, EXPERT = "informant", "township_lead", "expert"
CENTRE, ADMINISTRATOR = "centre", "administrator"
ROLES = (INFORMANT, TOWNSHIP_LEAD, EXPERT, CENTRE, ADMINISTRATOR)
REPORTERS = frozenset({INFORMANT, TOWNSHIP_LEAD})
# Whoever looks past answers up on a phone.
FIELD_WORKERS = REPORTERS | {EXPERT}

# The centre may log a visit for an expert who came without a phone.
ON_BEHALF = {"visited": CENTRE}


class Denied(Exception):
    """A document may not be written. `code` for programs, `reason` a sentence for the person."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Writer:
    """Who writes: person id, roles, and the region (12 digits) that they are responsible for.

    `at_server`: through the console, whose documents carry the server's device.
    """

    id: str
    roles: frozenset[str]
    region: str
    at_server: bool = False


def channels_of(person: str, role: str, region: str, counties: Collection[str] = ()) -> frozenset[str]:
    """The channels that a person holds.

    `counties` are the county codes below a province's or city's centre; a county centre's own is added.
    """
    held = {f"person:{person}"}
    if role == TOWNSHIP_LEAD:
        held.add(f"region:{township_of(region)}")
    if role in (CENTRE, ADMINISTRATOR):
        held.update(f"region:{county}" for county in {*counties, county_of(region)})
    held.add(f"notice:{county_of(region)}")
    return frozenset(held)


def group_of(document: Doc) -> str | None:
    """The group of a document; None for what only administrators read."""
    match document.get("type"):
        case "demand":
            return "consultation:" + str(document["_id"]).removeprefix("demand:")
        case "event" | "media" | "chunk" | "similar":
            return f"consultation:{document.get('demand')}"
        case "contact":
            return f"contact:{document.get('demand')}"
        case "person" | "feedback":
            return str(document["_id"])
        case "notice":
            return f"notice:{document.get('county')}"
    return None


def outline(document: Doc) -> Doc:
    """What decisions need of a document: of a picture's piece, everything but its bytes."""
    if document.get("type") != "chunk":
        return document
    return {name: value for name, value in document.items() if name != "data"}


def channels_of_group(group: str, documents: Sequence[Doc]) -> frozenset[str]:
    """The channels in which a group is readable, from its documents (winning, not deleted)."""
    kind, _, name = group.partition(":")
    match kind:
        case "consultation":
            consultation = fold(documents)
            if consultation is None:
                return frozenset()
            region, reporter = consultation.demand["region"], consultation.demand["reporter"]
            people = {reporter, *consultation.experts}
            return frozenset(
                {f"person:{person}" for person in people}
                | {f"region:{township_of(region)}", f"region:{county_of(region)}"}
            )
        case "contact":
            return frozenset(
                channel
                for document in documents
                for channel in (f"person:{document['reporter']}", f"region:{county_of(document['region'])}")
            )
        case "feedback":
            return frozenset(
                channel
                for document in documents
                for channel in (f"person:{document['by']}", f"region:{county_of(document['region'])}")
            )
        case "person":
            counties = {county_of(document["region"]) for document in documents if "region" in document}
            return frozenset({f"person:{name}"} | {f"region:{county}" for county in counties})
        case "notice":
            return frozenset({group})
    return frozenset()


def may_write(writer: Writer, document: Doc, group: Sequence[Doc], forbidden: ForbiddenWords = NONE) -> None:
    """Raise Denied unless the writer may add this document to its group.

    State does not matter here: two people may act while one has no network, and the fold decides which
    event counts. Authorship, role and place do.
    """
    if document.get("_deleted"):
        raise Denied("deletion", "送到县里的内容不能删，只能再写一条更正。")
    try:
        check(document)
    except Malformed as fault:
        raise Denied(fault.code, fault.reason) from None
    if (word := forbidden.find(document)) is not None:
        raise Denied("forbidden_word", f"写的内容里有不能用的词“{word}”，县里收不了。请改一下再送。")
    if document.get("device") == ids.SERVER_DEVICE and not writer.at_server:
        raise Denied("author", "这条写的是县里机器的名字，请用自己的手机写。")
    if any(other["_id"] == document["_id"] for other in group):
        raise Denied("edit", "送到县里的内容不能改，只能再写一条更正。")
    _RULES.get(document["type"], _server_only)(writer, document, group)


def _server_only(_writer: Writer, _document: Doc, _group: Sequence[Doc]) -> None:
    raise Denied("role", "这种内容只有县里的机器能写。")


def _demand(writer: Writer, document: Doc, _group: Sequence[Doc]) -> None:
    if not writer.roles & REPORTERS:
        raise Denied("role", "只有信息员能报需求。")
    if document["reporter"] != writer.id:
        raise Denied("author", "这条需求写的是别人的名字，请用自己的账号报。")
    if not within(document["region"], writer.region):
        raise Denied("region", "选的村不归您管。请改成您管的村，或者请那个村的信息员来报。")


def _contact(writer: Writer, document: Doc, _group: Sequence[Doc]) -> None:
    if document["reporter"] != writer.id or not writer.roles & REPORTERS:
        raise Denied("author", "农户的电话只能由报需求的信息员来写。")
    if not within(document["region"], writer.region):
        raise Denied("region", "选的村不归您管。请改成您管的村。")


def _feedback(writer: Writer, document: Doc, _group: Sequence[Doc]) -> None:
    if not writer.roles & FIELD_WORKERS:
        raise Denied("role", "只有信息员和专家能说查到的有没有用。")
    if document["by"] != writer.id:
        raise Denied("author", "这条写的是别人的名字，请用自己的账号写。")
    if not within(document["region"], writer.region):
        raise Denied("region", "写的村不归您管。请改成您管的村。")


def _media(writer: Writer, document: Doc, group: Sequence[Doc]) -> None:
    demand = _demand_of(group)
    if document["by"] != writer.id:
        raise Denied("author", "照片写的是别人的名字，请用自己的账号传。")
    if writer.id != demand["reporter"] and writer.id not in _asked(group):
        raise Denied("role", "只有报这条需求的人和被请的专家能加照片。")
    described = next((other for other in group if other["_id"] == _picture(document)), document)
    if described["by"] != writer.id:
        raise Denied("author", "这张照片是别人拍的，不能替别人传。")


def _picture(document: Doc) -> str:
    """The `_id` of the media document that a media document or a chunk belongs to."""
    return ids.media_id(document["media"]) if document["type"] == "chunk" else str(document["_id"])


def _event(writer: Writer, document: Doc, group: Sequence[Doc]) -> None:
    demand = _demand_of(group)
    kind = workflow().kinds[document["kind"]]
    missing = [name for name in kind.required if not str(document.get(name) or "").strip()]
    if missing:
        raise Denied("schema", f"还差一样：{FIELD_NAMES.get(missing[0], missing[0])}。请补上再送。")
    if kind.actor == "server":
        raise Denied("role", "这种记录只有县里的机器能写。")
    if document["by"] != writer.id:
        raise Denied("author", "这条写的是别人的名字，请用自己的账号写。")
    if not _acts_as(kind.actor, writer, demand, group) and not _on_behalf(document, writer, demand):
        raise Denied("role", _WHO[kind.actor])


_WHO: Mapping[str, str] = {
    "reporter": "只有报这条需求的信息员能这样记。",
    "expert": "县里没有请您答这条，或者已经换了人。",
    "centre": "只有县运管中心能这样记。",
}


def _acts_as(actor: str, writer: Writer, demand: Doc, group: Sequence[Doc]) -> bool:
    if actor == "reporter":
        return bool(writer.id == demand["reporter"])
    if actor == "expert":
        return writer.id in _asked(group)
    return CENTRE in writer.roles and _responsible(writer, demand)


_RULES: Mapping[str, Callable[[Writer, Doc, Sequence[Doc]], None]] = {
    "demand": _demand, "event": _event, "media": _media, "chunk": _media, "contact": _contact,
    "feedback": _feedback,
}  # fmt: skip


def _responsible(writer: Writer, demand: Doc) -> bool:
    return within(str(demand["region"]), writer.region)


def _on_behalf(document: Doc, writer: Writer, demand: Doc) -> bool:
    role = ON_BEHALF.get(document["kind"])
    return role in writer.roles and _responsible(writer, demand)


def _demand_of(group: Sequence[Doc]) -> Doc:
    for document in group:
        if document.get("type") == "demand":
            return document
    raise Denied("no_demand", "县里还没收到这条需求本身，先留着，收到了再补。")


def _asked(group: Sequence[Doc]) -> set[str]:
    """Every expert who was ever asked: who was replaced while offline may still send what they wrote."""
    return {
        document["expert"]
        for document in group
        if document.get("type") == "event" and document.get("kind") in ("assigned", "dispatched")
    }


def receipt(demand: Doc, at: str, clock: str, **names: str) -> Doc:
    """The `received` event that the server writes when a demand first arrives (DESIGN.md)."""
    identifier = str(demand["_id"]).removeprefix("demand:")
    return {
        "_id": ids.event_id(identifier, clock, ids.SERVER_DEVICE),
        "type": "event", "kind": "received", "demand": identifier, "by": ids.SERVER,
        "device": ids.SERVER_DEVICE, "clock": clock, "at": at, **names,
    }  # fmt: skip
