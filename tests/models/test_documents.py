"""Every type of document: a good one, each fault with its sentence, identifiers that lie."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models import documents
from models.documents import Malformed, check
from models.workflow import fold, workflow

DEMAND, PERSON, MEDIA, OTHER, FEEDBACK = (
    name.ljust(26, "0") for name in ("01HWDEMAND", "01HWREP0RTER", "01HWMED1A", "01HW0THER", "01HWFEEDBACK")
)
CLOCK, DEVICE, AT = "019df20050000000", "0a0a0a0a", "2026-05-04T08:00:00.000Z"
SIMILAR_CASE = {"id": "demand:x", "score": 0.5, "question": "叶子黄", "answer": "打药"}

GOOD: dict[str, dict[str, Any]] = {
    "demand": {
        "_id": f"demand:{DEMAND}", "type": "demand", "reporter": PERSON,
        "region": "510726105201", "industry": "粮油", "crop": "玉米", "part": "叶子",
        "text": "叶子黄了", "media": [MEDIA], "urgent": True, "clock": CLOCK, "device": DEVICE, "at": AT,
    },
    "event": {
        "_id": f"event:{DEMAND}:{CLOCK}:{DEVICE}", "type": "event", "demand": DEMAND, "kind": "replied",
        "by": PERSON, "diagnosis": "锈病", "text": "打三唑酮", "on_site": False, "media": [MEDIA],
        "clock": CLOCK, "device": DEVICE, "at": AT,
    },
    "media": {
        "_id": f"media:{MEDIA}", "type": "media", "demand": DEMAND, "by": PERSON, "mime": "image/jpeg",
        "bytes": 30000, "chunks": 2, "sha256": "0" * 64, "width": 1280, "height": 960, "caption": "叶背",
        "clock": CLOCK, "device": DEVICE, "at": AT,
    },
    "chunk": {
        "_id": f"chunk:{MEDIA}:0001", "type": "chunk", "demand": DEMAND, "media": MEDIA, "n": 1,
        "data": "AAAA", "by": PERSON, "device": DEVICE,
    },
    "contact": {
        "_id": f"contact:{DEMAND}", "type": "contact", "demand": DEMAND, "region": "510726105201",
        "reporter": PERSON, "name": "老乡甲", "phone": "000-0000-0001", "device": DEVICE, "at": AT,
    },
    "similar": {
        "_id": f"similar:{DEMAND}", "type": "similar", "demand": DEMAND, "build": 3, "abstained": False,
        "results": [SIMILAR_CASE], "device": "server00", "at": AT,
    },
    "feedback": {
        "_id": f"feedback:{FEEDBACK}", "type": "feedback", "by": PERSON, "region": "510726105201",
        "text": "叶子黄了", "case": DEMAND, "helpful": False, "offline": True, "device": DEVICE, "at": AT,
    },
}  # fmt: skip
TYPES = sorted(GOOD)
FIELDS = [(kind, field) for kind in TYPES for field in GOOD[kind] if field not in ("_id", "type")]


def good(kind: str, /, **changes: Any) -> dict[str, Any]:
    return {**GOOD[kind], **changes}


def refusal(document: dict[str, Any]) -> Malformed:
    with pytest.raises(Malformed) as caught:
        check(document)
    assert str(caught.value) == caught.value.reason
    return caught.value


def spoken(field: str) -> str:
    """The field as a sentence names it; what only programs write keeps its own name."""
    return documents.FIELD_NAMES.get(field, field)


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


class TestGood:
    def test_there_is_one_of_every_type(self) -> None:
        assert GOOD.keys() == documents.TYPES.keys()

    @pytest.mark.parametrize("kind", TYPES)
    def test_is_taken(self, kind: str) -> None:
        check(GOOD[kind])

    @pytest.mark.parametrize("kind", TYPES)
    def test_is_taken_with_only_what_its_type_requires(self, kind: str) -> None:
        model = documents.TYPES[kind]
        optional = [name for name, field in model.model_fields.items() if not field.is_required()]
        check({**without(GOOD[kind], *optional), "type": kind})

    @pytest.mark.parametrize("kind", TYPES)
    def test_is_taken_with_what_the_store_adds(self, kind: str) -> None:
        check(good(kind, _rev="1-" + "0" * 32, _revisions={"start": 1, "ids": ["0" * 32]}))

    @pytest.mark.parametrize("kind", sorted(workflow().kinds))
    def test_every_kind_of_event_is_taken(self, kind: str) -> None:
        check(good("event", kind=kind))

    def test_the_largest_that_still_fits(self) -> None:
        check(good("demand", text="黄" * 4000, media=[MEDIA] * 9))
        check(good("chunk", data=base64.b64encode(bytes(24 * 1024)).decode()))
        check(good("chunk", n=511, _id=f"chunk:{MEDIA}:0511"))
        check(good("media", bytes=24 * 1024 * 512, chunks=512))
        check(good("feedback", text="黄" * 500, case="长" * 80))

    def test_what_the_server_writes(self) -> None:
        check(good("event", by="server", device="server00", _id=f"event:{DEMAND}:{CLOCK}:server00"))


class TestFaults:
    @pytest.mark.parametrize(
        ("document", "sentence"),
        [
            (good("demand", text=""), "“写的内容”是空的，县里收不了。请改一下再送。"),
            (good("demand", text="黄" * 4001), "“写的内容”太长了，县里收不了。请改一下再送。"),
            (good("demand", media=[MEDIA] * 10), "“照片”太多了，县里收不了。请改一下再送。"),
            (good("demand", media=["1.jpg"]), "“照片.0”格式不对，县里收不了。请改一下再送。"),
            (good("demand", region="510726"), "“村”格式不对，县里收不了。请改一下再送。"),
            (
                good("demand", region="５１０７２６１０５２０１"),
                "“村”格式不对，县里收不了。请改一下再送。",
            ),
            (good("demand", reporter="13800000000"), "“reporter”格式不对，县里收不了。请改一下再送。"),
            (good("demand", industry=""), "“产业”是空的，县里收不了。请改一下再送。"),
            (good("demand", urgent="yes"), "“urgent”不对，县里收不了。请改一下再送。"),
            (good("demand", price=3), "“price”不该有，县里收不了。请改一下再送。"),
            (without(GOOD["demand"], "text"), "“写的内容”没有填，县里收不了。请改一下再送。"),
            (good("event", demand="nonsense"), "“demand”格式不对，县里收不了。请改一下再送。"),
            (good("event", kind="teleported"), "“kind”不对，县里收不了。请改一下再送。"),
            (good("event", by="nobody"), "“by”格式不对，县里收不了。请改一下再送。"),
            (good("event", clock="019DF20050000000"), "“时间”格式不对，县里收不了。请改一下再送。"),
            (good("event", device="phone"), "“device”格式不对，县里收不了。请改一下再送。"),
            (good("event", at="2026-05-04 08:00"), "“时间”格式不对，县里收不了。请改一下再送。"),
            (good("event", at="2026-05-04T08:00:00Z"), "“时间”格式不对，县里收不了。请改一下再送。"),
            (good("event", at="2026-02-30T08:00:00.000Z"), "“时间”不对，县里收不了。请改一下再送。"),
            (good("event", at="2026-05-04T25:00:00.000Z"), "“时间”不对，县里收不了。请改一下再送。"),
            (good("event", at="9999-12-31T23:59:59.999Z"), "“时间”不对，县里收不了。请改一下再送。"),
            (good("event", at="٢٠٢٦-05-04T08:00:00.000Z"), "“时间”格式不对，县里收不了。请改一下再送。"),
            (good("event", due="soon"), "“due”格式不对，县里收不了。请改一下再送。"),
            (good("event", stars=0), "“评几颗星”不对，县里收不了。请改一下再送。"),
            (good("event", stars=6), "“评几颗星”不对，县里收不了。请改一下再送。"),
            (good("event", stars=4.5), "“评几颗星”不对，县里收不了。请改一下再送。"),
            (good("event", stars=True), "“评几颗星”不对，县里收不了。请改一下再送。"),
            (good("event", reason="因" * 201), "“原因”太长了，县里收不了。请改一下再送。"),
            (good("event", outcome="perhaps"), "“解决没有”不对，县里收不了。请改一下再送。"),
            (good("event", verdict="good"), "“有效性”不对，县里收不了。请改一下再送。"),
            (good("event", text=["a"]), "“写的内容”不对，县里收不了。请改一下再送。"),
            (good("media", mime="image/svg+xml"), "“mime”不对，县里收不了。请改一下再送。"),
            (good("media", bytes=0), "“bytes”不对，县里收不了。请改一下再送。"),
            (good("media", bytes=24 * 1024 * 512 + 1), "“bytes”不对，县里收不了。请改一下再送。"),
            (good("media", chunks=513), "“chunks”不对，县里收不了。请改一下再送。"),
            (good("media", sha256="ab"), "“sha256”格式不对，县里收不了。请改一下再送。"),
            (good("media", width=20001), "“width”不对，县里收不了。请改一下再送。"),
            (good("chunk", media=OTHER[:-1]), "“照片”格式不对，县里收不了。请改一下再送。"),
            (good("chunk", n=512), "“n”不对，县里收不了。请改一下再送。"),
            (good("chunk", n=-1), "“n”不对，县里收不了。请改一下再送。"),
            (good("chunk", data=""), "“照片”是空的，县里收不了。请改一下再送。"),
            (good("chunk", data="<script>"), "“照片”格式不对，县里收不了。请改一下再送。"),
            (
                good("chunk", data=base64.b64encode(bytes(24 * 1024 + 1)).decode()),
                "“照片”太长了，县里收不了。请改一下再送。",
            ),
            (good("chunk", at=AT), "“时间”不该有，县里收不了。请改一下再送。"),
            (good("contact", name=""), "“名字”是空的，县里收不了。请改一下再送。"),
            (good("contact", phone="call me"), "“电话”格式不对，县里收不了。请改一下再送。"),
            (good("contact", id_number="0"), "“id_number”不该有，县里收不了。请改一下再送。"),
            (good("feedback", text="黄" * 501), "“写的内容”太长了，县里收不了。请改一下再送。"),
            (good("feedback", text=" \u3000\n"), "“写的内容”格式不对，县里收不了。请改一下再送。"),
            (good("feedback", case=""), "“哪一条类似”是空的，县里收不了。请改一下再送。"),
            (good("feedback", case="长" * 81), "“哪一条类似”太长了，县里收不了。请改一下再送。"),
            (good("feedback", helpful="yes"), "“有没有用”不对，县里收不了。请改一下再送。"),
            (good("feedback", helpful=None), "“有没有用”不对，县里收不了。请改一下再送。"),
            (good("feedback", offline=1), "“offline”不对，县里收不了。请改一下再送。"),
            (good("feedback", region="510726"), "“村”格式不对，县里收不了。请改一下再送。"),
            (good("feedback", by="server"), "“by”格式不对，县里收不了。请改一下再送。"),
            (good("feedback", phone="138-0000-0001"), "“电话”不该有，县里收不了。请改一下再送。"),
            (good("similar", build="3"), "“build”不对，县里收不了。请改一下再送。"),
            (
                good("similar", results=[without(SIMILAR_CASE, "answer")]),
                "“results.0.answer”没有填，县里收不了。请改一下再送。",
            ),
        ],
    )
    def test_each_has_its_sentence(self, document: dict[str, Any], sentence: str) -> None:
        fault = refusal(document)
        assert (fault.code, fault.reason) == ("schema", sentence)

    @pytest.mark.parametrize(("kind", "field"), FIELDS)
    def test_every_required_field_is_missed(self, kind: str, field: str) -> None:
        document = without(GOOD[kind], field)
        if documents.TYPES[kind].model_fields[field].is_required():
            assert refusal(document).reason == f"“{spoken(field)}”没有填，县里收不了。请改一下再送。"
        else:
            check(document)

    @pytest.mark.parametrize("kind", ["drone", "person", "notice", "", None, 7, [], {}])
    def test_unknown_types(self, kind: Any) -> None:
        fault = refusal({**GOOD["demand"], "type": kind})
        assert fault.code == "unknown_type"
        assert fault.reason == f"不认识这种内容：{kind}。请更新手机上的田问再送。"

    def test_no_type_at_all(self) -> None:
        assert refusal({"_id": "x"}).code == "unknown_type"

    @pytest.mark.parametrize("kind", TYPES)
    @pytest.mark.parametrize("attached", [{"leaf.jpg": {"stub": True}}, {}, None])
    def test_attachments_are_refused_on_every_type(self, kind: str, attached: Any) -> None:
        """Bytes beside the document would pass every bound of this module."""
        fault = refusal(good(kind, _attachments=attached))
        assert fault.code == "schema"
        assert fault.reason == "照片要一片一片送，不能附在文字上。请更新手机上的田问再送。"


# What people type, choose or photograph (MISSION S1.6, S1.11, S2.2), told apart from models.documents.
FILLED_IN = {
    "demand": {"region", "industry", "crop", "part", "text", "media", "at", "clock"},
    "event": {
        "text", "diagnosis", "reason", "media", "stars", "case", "expert", "expert_name", "outcome",
        "verdict", "category", "at", "clock",
    },
    "media": {"caption", "at", "clock"},
    "chunk": {"data", "media"},
    "contact": {"region", "name", "phone", "at"},
    "feedback": {"region", "text", "case", "helpful", "at"},
}  # fmt: skip


class TestFieldNames:
    @pytest.mark.parametrize("kind", sorted(FILLED_IN))
    def test_what_people_fill_in_has_a_chinese_name(self, kind: str) -> None:
        assert FILLED_IN[kind] <= documents.TYPES[kind].model_fields.keys()
        assert FILLED_IN[kind] <= documents.FIELD_NAMES.keys()

    def test_so_has_whatever_a_kind_of_event_needs(self) -> None:
        needed = {name for kind in workflow().kinds.values() for name in kind.required}
        assert needed <= documents.FIELD_NAMES.keys()

    def test_they_are_chinese_and_of_fields_that_exist(self) -> None:
        fields = {name for model in documents.TYPES.values() for name in model.model_fields}
        assert documents.FIELD_NAMES.keys() <= fields
        assert all(re.fullmatch("[一-鿿]+", name) for name in documents.FIELD_NAMES.values())


class TestIdentifiers:
    @pytest.mark.parametrize(
        "document",
        [
            good("demand", _id=f"media:{DEMAND}"),
            good("event", _id=f"event:{OTHER}:{CLOCK}:{DEVICE}"),
            good("event", _id=f"event:{DEMAND}:{CLOCK}:0b0b0b0b"),
            good("event", _id=f"event:{DEMAND}:019df20050000001:{DEVICE}"),
            good("event", _id=f"event:{DEMAND}:{CLOCK}:{DEVICE}:more"),
            good("event", _id=f"demand:{DEMAND}"),
            good("media", _id=f"demand:{MEDIA}"),
            good("chunk", _id=f"chunk:{OTHER}:0001"),
            good("chunk", _id=f"chunk:{MEDIA}:0002"),
            good("chunk", _id=f"chunk:{MEDIA}:1"),
            good("contact", _id=f"contact:{OTHER}"),
            good("similar", _id=f"similar:{OTHER}"),
            good("feedback", _id=f"demand:{FEEDBACK}"),
            without(GOOD["event"], "_id"),
        ],
    )
    def test_that_lie_are_refused(self, document: dict[str, Any]) -> None:
        fault = refusal(document)
        assert fault.code == "schema"
        assert fault.reason == f"编号和内容对不上：{document.get('_id')}"[:69]

    @pytest.mark.parametrize("kind", ["demand", "media", "feedback"])
    @pytest.mark.parametrize("name", ["", "1", DEMAND.lower(), DEMAND + "0", f"{DEMAND}:x", "O" * 26])
    def test_that_are_no_ulids_are_refused(self, kind: str, name: str) -> None:
        fault = refusal(good(kind, _id=f"{kind}:{name}"))
        assert (fault.code, fault.reason) == ("schema", f"编号不对：{kind}:{name}")

    @pytest.mark.parametrize("identifier", [None, 7, ["demand"], "", "demand"])
    def test_that_are_none_are_refused(self, identifier: Any) -> None:
        assert refusal(good("demand", _id=identifier)).code == "schema"


SENTENCE = re.compile(r"[^\n\r]{5,130}")
TELLTALE = re.compile(r"Traceback|pydantic|Error|File \"|https?:|input_value|Value error", re.IGNORECASE)


class TestSentences:
    SECRET = "0816-5555-1234"

    @pytest.mark.parametrize(("kind", "field"), FIELDS)
    def test_tell_nothing_of_the_content(self, kind: str, field: str) -> None:
        for value in (self.SECRET * 4000, [self.SECRET] * 600, {"inner": self.SECRET}):
            fault = refusal(good(kind, **{field: value}))
            assert self.SECRET not in fault.reason
            assert f"“{spoken(field)}" in fault.reason

    @pytest.mark.parametrize("kind", TYPES)
    def test_stay_short_whatever_was_sent(self, kind: str) -> None:
        assert SENTENCE.fullmatch(refusal(good(kind, **{"x" * 100_000: 1})).reason)
        assert SENTENCE.fullmatch(refusal(good(kind, _id="x" * 100_000)).reason)
        assert SENTENCE.fullmatch(refusal({"type": "x" * 100_000}).reason)

    @pytest.mark.parametrize("kind", TYPES)
    def test_come_without_the_error_that_they_tell_of(self, kind: str) -> None:
        fault = refusal({"type": kind})
        assert fault.__cause__ is None
        assert fault.__suppress_context__


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
moments = st.from_regex(documents.Demand.model_json_schema()["properties"]["at"]["pattern"], fullmatch=True)


def verdict(document: dict[str, Any]) -> str | None:
    """The sentence with which a document is refused; None where it is taken."""
    try:
        check(document)
    except Malformed as fault:
        return fault.reason
    return None


class TestAnythingAtAll:
    @given(st.sampled_from(FIELDS), json_values)
    def test_one_strange_field_is_taken_or_gets_a_sentence(self, place: tuple[str, str], value: Any) -> None:
        kind, field = place
        reason = verdict(good(kind, **{field: value}))
        assert reason is None or (SENTENCE.fullmatch(reason) and not TELLTALE.search(reason))

    @given(st.dictionaries(st.sampled_from(["_id", "type", "demand", "at", "kind", "n"]), json_values))
    def test_rubbish_gets_a_sentence(self, rubbish: dict[str, Any]) -> None:
        refusal(rubbish)

    @given(moments, st.sampled_from(["received", "adopted", "unsolved", "assigned", "withdrawn"]))
    @example("9999-12-30T00:00:00.000Z", "adopted")
    @example("0000-01-01T00:00:00.000Z", "received")
    @example("0001-01-01T00:00:00.000Z", "adopted")
    @example("9998-12-31T23:59:59.999Z", "adopted")
    def test_a_moment_that_is_taken_can_be_folded(self, at: str, kind: str) -> None:
        event = good("event", kind=kind, at=at, expert=PERSON, expert_name="王兽医")
        if verdict(event):
            return
        receipt = good("event", kind="received", clock="0" * 16, _id="event:receipt")
        for history in ([event], [receipt, event]):
            consultation = fold([GOOD["demand"], *history])
            assert consultation is not None
            assert len(consultation.thread) == len(history)
