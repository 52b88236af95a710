"""The documents that phones and the server write, one pydantic model a type.

Every document is written once and never edited (DESIGN.md, "Documents never conflict"). Texts that phones
send are bounded here; a document that does not fit is quarantined by `sync` with the sentence of `describe`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import MAXYEAR, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from models import ids

TEXT_LIMIT = 4000
QUESTION_LIMIT = 500
CHUNK_LIMIT = 24 * 1024
CHUNKS_LIMIT = 512


def _on_the_calendar(moment: str) -> str:
    """Refuse the 45th of a month, and the last year that dates can tell: limits are added to moments."""
    if datetime.fromisoformat(moment).year == MAXYEAR:
        raise ValueError("too late to add a time limit to")
    return moment


Ulid = Annotated[str, Field(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
PersonId = Annotated[str, Field(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
Region = Annotated[
    str, Field(pattern=r"^[0-9]{12}$", description="GB/T 2260 and statistical code, 12 digits")
]
Moment = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
        description="ISO 8601, UTC",
    ),
    AfterValidator(_on_the_calendar),
]
Stamp = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$", description="hybrid logical clock")]
Device = Annotated[str, Field(pattern=r"^([0-9a-f]{8}|server00)$")]
Text = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT, pattern=r"\S")]
ShortText = Annotated[str, Field(max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"\S")]

EventKind = Literal[
    "received", "imported", "assigned", "queried", "dispatched", "rejected", "called_back", "call_missed",
    "replied", "asked", "declined", "visited", "added", "relayed", "solved", "unsolved", "adopted", "rated",
    "withdrawn",
]  # fmt: skip
Outcome = Literal["solved", "better", "unsolved"]
Verdict = Literal["valid", "popular_science", "irrelevant", "worthless"]


class Document(BaseModel):
    """What all documents share. `_id` and `_rev` belong to the store and are checked against the rest."""

    model_config = ConfigDict(extra="forbid", strict=True)

    at: Moment
    device: Device


class Demand(Document):
    """What was asked (MISSION S1.6): in the farmer's words, with pictures."""

    type: Literal["demand"] = "demand"
    reporter: PersonId
    region: Region
    industry: Name
    crop: Annotated[str, Field(max_length=40)] = ""
    part: Annotated[str, Field(max_length=40)] = ""
    text: Text
    media: Annotated[list[Ulid], Field(max_length=9)] = []
    urgent: bool = False
    clock: Stamp


class Event(Document):
    """What happened to a consultation. Which fields a kind needs is in workflow.json."""

    type: Literal["event"] = "event"
    demand: Ulid
    kind: EventKind
    by: Annotated[str, Field(pattern=r"^(server|[0-7][0-9A-HJKMNP-TV-Z]{25})$")]
    clock: Stamp
    text: Annotated[str, Field(max_length=TEXT_LIMIT)] | None = None
    diagnosis: ShortText | None = None
    reason: ShortText | None = None
    media: Annotated[list[Ulid], Field(max_length=9)] | None = None
    on_site: bool | None = None
    stars: Annotated[int, Field(ge=1, le=5)] | None = None
    case: Annotated[str, Field(max_length=80)] | None = None
    expert: PersonId | None = None
    expert_name: Name | None = None
    expert_title: ShortText | None = None
    due: Moment | None = None
    reporter_name: Name | None = None
    region_name: ShortText | None = None
    outcome: Outcome | None = None
    verdict: Verdict | None = None
    category: Annotated[str, Field(max_length=40)] | None = None
    date: Annotated[str, Field(max_length=10)] | None = None
    source: ShortText | None = None


class Media(Document):
    """A picture, described; its bytes follow as chunks."""

    type: Literal["media"] = "media"
    demand: Ulid
    by: PersonId
    mime: Literal["image/jpeg", "image/png", "image/webp"]
    bytes: Annotated[int, Field(ge=1, le=CHUNK_LIMIT * CHUNKS_LIMIT)]
    chunks: Annotated[int, Field(ge=1, le=CHUNKS_LIMIT)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    width: Annotated[int, Field(ge=1, le=20000)]
    height: Annotated[int, Field(ge=1, le=20000)]
    caption: ShortText | None = None
    clock: Stamp


class Chunk(BaseModel):
    """A piece of a picture, so that a broken link costs one piece. `data` is base64 of at most 24 KiB."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["chunk"] = "chunk"
    demand: Ulid
    media: Ulid
    n: Annotated[int, Field(ge=0, lt=CHUNKS_LIMIT)]
    data: Annotated[str, Field(min_length=1, max_length=CHUNK_LIMIT * 4 // 3, pattern=r"^[A-Za-z0-9+/]+=*$")]
    by: PersonId
    device: Device


class Contact(Document):
    """The farmer's name and phone, readable by fewer people than the demand (DESIGN.md, "Access")."""

    type: Literal["contact"] = "contact"
    demand: Ulid
    region: Region
    reporter: PersonId
    name: Name
    phone: Annotated[str, Field(pattern=r"^[0-9+() -]{5,20}$")] | None = None


class SimilarCase(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    score: float
    question: str
    answer: str
    industry: str = ""
    crop: str = ""
    region: str = ""
    date: str = ""


class Similar(Document):
    """The past consultations that the server found for a demand (MISSION S2.1 找类似)."""

    type: Literal["similar"] = "similar"
    demand: Ulid
    build: int
    abstained: bool
    results: list[SimilarCase]


class Feedback(Document):
    """Whether a past consultation helped with a question (MISSION S2.1).

    For what was looked up without reporting a demand: a demand that a case solved has an `adopted` event.
    `text` is what was asked, `case` the consultation that was shown, `offline` whether the phone found it.
    """

    type: Literal["feedback"] = "feedback"
    by: PersonId
    region: Region
    text: Annotated[str, Field(min_length=1, max_length=QUESTION_LIMIT, pattern=r"\S")]
    case: Annotated[str, Field(min_length=1, max_length=80, pattern=r"\S")]
    helpful: bool
    offline: bool = False


AnyDocument = Annotated[
    Demand | Event | Media | Chunk | Contact | Similar | Feedback, Field(discriminator="type")
]
DOCUMENTS: TypeAdapter[Any] = TypeAdapter(AnyDocument)
TYPES: dict[str, type[BaseModel]] = {
    "demand": Demand, "event": Event, "media": Media, "chunk": Chunk, "contact": Contact, "similar": Similar,
    "feedback": Feedback,
}  # fmt: skip


# What people call the fields that they fill in, for sentences.
FIELD_NAMES = {
    "text": "写的内容", "diagnosis": "是什么问题", "reason": "原因", "stars": "评几颗星", "name": "名字",
    "phone": "电话", "crop": "作物", "industry": "产业", "part": "部位", "region": "村", "media": "照片",
    "caption": "照片说明", "expert": "专家", "expert_name": "专家", "outcome": "解决没有",
    "verdict": "有效性", "category": "类别", "case": "哪一条类似", "at": "时间", "clock": "时间",
    "data": "照片", "helpful": "有没有用",
}  # fmt: skip


class Malformed(ValueError):
    """A document does not have the shape of its type. `reason` is a sentence for the person who sent it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def expected_id(document: Mapping[str, Any]) -> str:
    """The `_id` that this document must have, from its own fields."""
    match document["type"]:
        case "event":
            return ids.event_id(document["demand"], document["clock"], document["device"])
        case "chunk":
            return ids.chunk_id(document["media"], document["n"])
        case "contact":
            return ids.contact_id(document["demand"])
        case "similar":
            return ids.similar_id(document["demand"])
    return str(document["_id"])


def check(document: Mapping[str, Any]) -> None:
    """Raise Malformed unless the document has its type's shape and the `_id` that follows from it."""
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise Malformed("unknown_type", f"不认识这种内容：{str(kind)[:40]}。请更新手机上的田问再送。")
    if "_attachments" in document:
        raise Malformed("schema", "照片要一片一片送，不能附在文字上。请更新手机上的田问再送。")
    body = {name: value for name, value in document.items() if not name.startswith("_")}
    try:
        DOCUMENTS.validate_python(body)
    except ValidationError as error:
        raise Malformed("schema", describe(error)) from None
    identifier = str(document.get("_id"))
    prefix, _, rest = identifier.partition(":")
    if kind in ("demand", "media", "feedback") and not ids.is_ulid(rest):
        raise Malformed("schema", f"编号不对：{identifier[:60]}")
    if prefix != kind or identifier != expected_id(document):
        raise Malformed("schema", f"编号和内容对不上：{identifier[:60]}")


def describe(error: ValidationError) -> str:
    """The first fault of a document as one Chinese sentence, without its content."""
    first = error.errors(include_input=False, include_url=False)[0]
    _type, *path = first["loc"]
    place = ".".join(FIELD_NAMES.get(str(step), str(step)) for step in path)[:60]
    meaning = {
        "missing": "没有填",
        "string_too_long": "太长了",
        "string_too_short": "是空的",
        "extra_forbidden": "不该有",
        "string_pattern_mismatch": "格式不对",
        "too_long": "太多了",
    }.get(first["type"], "不对")
    return f"“{place}”{meaning}，县里收不了。请改一下再送。"
