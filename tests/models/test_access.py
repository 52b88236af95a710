"""Who reads and who writes what, enumerated (DESIGN.md, "Access")."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import access, ids
from models.access import Denied, Writer, channels_of, channels_of_group, group_of, may_write, receipt
from models.clock import stamp
from models.documents import FIELD_NAMES, check
from models.forbidden import ForbiddenWords
from models.programme import load_programme
from models.workflow import fold, later, workflow

COUNTY, NEXT_COUNTY = "510726000000", "510727000000"
TOWN, OTHER_TOWN = "510726105000", "510726107000"
VILLAGE, NEXT_VILLAGE, OTHER_VILLAGE = "510726105201", "510726105202", "510726107201"
START = 1777881600000


def person_id(name: str) -> str:
    return f"01HW{name}".ljust(26, "0")


# Everybody in the county's play: name -> (role, region).
PEOPLE: dict[str, tuple[str, str]] = {
    "reporter": ("informant", VILLAGE),
    "neighbour": ("informant", NEXT_VILLAGE),
    "stranger": ("informant", OTHER_VILLAGE),
    "lead": ("township_lead", TOWN),
    "other lead": ("township_lead", OTHER_TOWN),
    "asked": ("expert", COUNTY),
    "replaced": ("expert", COUNTY),
    "unasked": ("expert", COUNTY),
    "centre": ("centre", COUNTY),
    "next centre": ("centre", NEXT_COUNTY),
    "administrator": ("administrator", COUNTY),
}
IDS = {name: person_id(f"P{number:02d}") for number, name in enumerate(PEOPLE)}
DEMAND, MEDIA, FEEDBACK = person_id("DEMAND"), person_id("MED1A"), person_id("FEEDBACK")


def writer(name: str) -> Writer:
    role, region = PEOPLE[name]
    return Writer(IDS[name], frozenset({role}), region)


def common(minutes: int) -> dict[str, Any]:
    at = later("2026-05-04T08:00:00.000Z", minutes=minutes)
    return {"at": at, "device": "0a0a0a0a", "clock": stamp(START + minutes * 60_000)}


def demand(reporter: str = "reporter", region: str = VILLAGE) -> dict[str, Any]:
    return {
        "_id": f"demand:{DEMAND}", "type": "demand", "reporter": IDS[reporter], "region": region,
        "industry": "粮油", "text": "叶子黄了", **common(0),
    }  # fmt: skip


PAYLOAD = {
    "text": "打三唑酮", "reason": "不懂", "case": "demand:x", "stars": 5, "outcome": "solved",
    "verdict": "valid", "category": "病害", "expert": IDS["asked"], "expert_name": "王兽医",
}  # fmt: skip


def event(kind: str, by: str, minutes: int = 30, **payload: Any) -> dict[str, Any]:
    shared = common(minutes)
    needed = {name: PAYLOAD[name] for name in workflow().kinds[kind].required}
    return {
        "_id": ids.event_id(DEMAND, shared["clock"], shared["device"]), "type": "event", "demand": DEMAND,
        "kind": kind, "by": IDS.get(by, by), **needed, **payload, **shared,
    }  # fmt: skip


def media(by: str) -> dict[str, Any]:
    return {
        "_id": f"media:{MEDIA}", "type": "media", "demand": DEMAND, "by": IDS[by],
        "mime": "image/jpeg", "bytes": 3, "chunks": 1, "sha256": "0" * 64, "width": 4, "height": 3,
        **common(1),
    }  # fmt: skip


def chunk(by: str) -> dict[str, Any]:
    return {
        "_id": f"chunk:{MEDIA}:0000", "type": "chunk", "demand": DEMAND, "media": MEDIA, "n": 0,
        "data": "AAAA", "by": IDS[by], "device": "0a0a0a0a",
    }  # fmt: skip


def contact(reporter: str = "reporter", region: str = VILLAGE) -> dict[str, Any]:
    return {
        "_id": f"contact:{DEMAND}", "type": "contact", "demand": DEMAND, "region": region,
        "reporter": IDS[reporter], "name": "老乡甲", "phone": "000-0000-0001",
        "device": "0a0a0a0a", "at": common(0)["at"],
    }  # fmt: skip


def similar() -> dict[str, Any]:
    return {
        "_id": f"similar:{DEMAND}", "type": "similar", "demand": DEMAND, "build": 1,
        "abstained": True, "results": [], "device": "server00", "at": common(0)["at"],
    }  # fmt: skip


def feedback(by: str = "reporter", region: str = VILLAGE, **more: Any) -> dict[str, Any]:
    return {
        "_id": f"feedback:{FEEDBACK}", "type": "feedback", "by": IDS[by], "region": region,
        "text": "叶子黄了", "case": DEMAND, "helpful": True, "device": "0a0a0a0a", "at": common(0)["at"],
        **more,
    }  # fmt: skip


def assigned(expert: str, minutes: int) -> dict[str, Any]:
    return event("assigned", "centre", minutes, expert=IDS[expert], expert_name="王兽医")


def replied(expert: str, minutes: int) -> dict[str, Any]:
    return event("replied", expert, minutes)


RECEIVED = receipt(demand(), common(1)["at"], stamp(START, 1))
# Assigned to one, then to another: the first may still send what they wrote, but reads no longer.
HISTORY = [demand(), RECEIVED, assigned("replaced", 5), assigned("asked", 10)]


def readers(document: dict[str, Any], documents: list[dict[str, Any]]) -> set[str]:
    """Everybody who shares a channel with the document's group."""
    group = group_of(document)
    channels = channels_of_group(group, documents) if group else frozenset()
    return {
        name for name, (role, region) in PEOPLE.items() if channels & channels_of(IDS[name], role, region)
    }


COUNTY_STAFF = {"centre", "administrator"}


class TestReading:
    @pytest.mark.parametrize(
        "document",
        [demand(), RECEIVED, assigned("asked", 10), media("reporter"), chunk("reporter"), similar()],
        ids=lambda document: document["_id"].partition(":")[0],
    )
    def test_a_consultation_is_read_by_who_has_to_do_with_it(self, document: dict[str, Any]) -> None:
        assert readers(document, [*HISTORY, media("reporter"), chunk("reporter")]) == {
            "reporter", "lead", "asked", *COUNTY_STAFF,
        }  # fmt: skip

    def test_a_contact_is_read_by_the_reporter_and_the_county_alone(self) -> None:
        assert readers(contact(), [contact()]) == {"reporter", *COUNTY_STAFF}

    def test_a_contacts_group_is_narrower_than_its_consultations(self) -> None:
        narrow = channels_of_group(f"contact:{DEMAND}", [contact()])
        assert narrow < channels_of_group(f"consultation:{DEMAND}", HISTORY)

    def test_feedback_is_read_by_who_wrote_it_and_the_county_alone(self) -> None:
        assert group_of(feedback()) == f"feedback:{FEEDBACK}"
        assert readers(feedback(), [feedback()]) == {"reporter", *COUNTY_STAFF}
        assert readers(feedback("asked", COUNTY), [feedback("asked", COUNTY)]) == {"asked", *COUNTY_STAFF}
        assert channels_of_group(f"feedback:{FEEDBACK}", []) == frozenset()

    def test_a_person_is_read_by_themselves_and_their_county(self) -> None:
        person = {"_id": f"person:{IDS['neighbour']}", "type": "person", "region": NEXT_VILLAGE}
        assert readers(person, [person]) == {"neighbour", *COUNTY_STAFF}

    def test_a_notice_is_read_by_everybody_in_the_county(self) -> None:
        notice = {"_id": f"notice:{person_id('N')}", "type": "notice", "county": COUNTY}
        assert readers(notice, [notice]) == PEOPLE.keys() - {"next centre"}

    @pytest.mark.parametrize("document", [{"_id": "x", "type": "drone"}, {"_id": "x"}])
    def test_what_nobody_knows_is_read_by_nobody(self, document: dict[str, Any]) -> None:
        assert group_of(document) is None
        assert channels_of_group("drone:x", [document]) == frozenset()

    def test_events_without_their_demand_are_read_by_nobody(self) -> None:
        assert readers(RECEIVED, HISTORY[1:]) == set()
        assert channels_of_group(f"contact:{DEMAND}", []) == frozenset()

    def test_a_larger_centre_reads_the_counties_below_it(self) -> None:
        channels = channels_of_group(f"consultation:{DEMAND}", HISTORY)
        city = "510700000000"
        assert not channels & channels_of(person_id("C1TY"), "centre", city)
        assert channels & channels_of(person_id("C1TY"), "centre", city, {COUNTY, NEXT_COUNTY})

    @pytest.mark.parametrize("role", ["informant", "expert", "township_lead"])
    def test_only_centres_are_given_whole_counties(self, role: str) -> None:
        held = channels_of(IDS["reporter"], role, COUNTY, {NEXT_COUNTY})
        assert f"region:{NEXT_COUNTY}" not in held

    @pytest.mark.parametrize("role", ["informant", "expert"])
    def test_informants_and_experts_hold_no_place(self, role: str) -> None:
        held = channels_of(IDS["reporter"], role, VILLAGE)
        assert held == {f"person:{IDS['reporter']}", f"notice:{COUNTY}"}


class TestAnExpertsReading:
    """An expert gains with the assignment, keeps by answering, and loses by declining or being replaced."""

    @pytest.mark.parametrize(
        ("happened", "expected"),
        [
            ([], set()),
            ([assigned("asked", 5)], {"asked"}),
            ([event("dispatched", "centre", 5)], {"asked"}),
            ([assigned("asked", 5), event("declined", "asked", 6)], set()),
            ([assigned("replaced", 5), assigned("asked", 6)], {"asked"}),
            ([assigned("replaced", 5), assigned("asked", 6), replied("replaced", 7)], {"asked", "replaced"}),
            ([assigned("asked", 5), replied("asked", 6)], {"asked"}),
            ([assigned("asked", 5), replied("asked", 6), event("unsolved", "reporter", 7)], {"asked"}),
            (
                [
                    assigned("replaced", 5), replied("replaced", 6), event("unsolved", "reporter", 7),
                    assigned("asked", 8),
                ],
                {"asked", "replaced"},
            ),
            (
                [
                    assigned("asked", 5), replied("asked", 6), event("unsolved", "reporter", 7),
                    assigned("asked", 8), event("declined", "asked", 9),
                ],
                {"asked"},
            ),
            ([assigned("asked", 5), replied("unasked", 6)], {"asked"}),
            ([assigned("asked", 5), event("rejected", "centre", 6)], {"asked"}),
        ],
    )  # fmt: skip
    def test_follows_what_happened(self, happened: list[dict[str, Any]], expected: set[str]) -> None:
        experts = {name for name, (role, _) in PEOPLE.items() if role == "expert"}
        assert readers(demand(), [demand(), RECEIVED, *happened]) & experts == expected


class TestNeighbours:
    """Nothing of one informant reaches another, wherever the two live."""

    VILLAGES = tuple(village.code for township in load_programme().townships for village in township.villages)

    def test_no_informant_reads_another_informants_consultation_or_contact(self) -> None:
        holders = {
            village: channels_of(person_id(f"V{number}"), "informant", village)
            for number, village in enumerate(self.VILLAGES)
        }
        for village in self.VILLAGES:
            documents = [demand(region=village), *HISTORY[1:]]
            seen_in = channels_of_group(f"consultation:{DEMAND}", documents)
            seen_in |= channels_of_group(f"contact:{DEMAND}", [contact(region=village)])
            seen_in |= channels_of_group(f"feedback:{FEEDBACK}", [feedback(region=village)])
            assert [other for other, held in holders.items() if held & seen_in] == []

    def test_a_township_lead_reads_their_own_township_alone(self) -> None:
        for township in load_programme().townships:
            held = channels_of(person_id("LEAD"), "township_lead", township.code)
            read = {
                village
                for village in self.VILLAGES
                if held & channels_of_group(f"consultation:{DEMAND}", [demand(region=village)])
            }
            assert read == {village.code for village in township.villages}

    @given(
        st.lists(st.sampled_from(sorted(workflow().kinds)), max_size=8),
        st.sampled_from(["neighbour", "stranger"]),
    )
    def test_whatever_happens_to_it(self, kinds: list[str], other: str) -> None:
        by = {"server": "server", "centre": "centre", "expert": "asked", "reporter": "reporter"}
        events = [
            event(kind, by[workflow().kinds[kind].actor], minute)
            for minute, kind in enumerate(kinds, start=2)
        ]
        assert other not in readers(demand(), [demand(), RECEIVED, *events])


# Who may write which kind of event (common language of MISSION S1.11, S2.2), told apart from workflow.json.
BY_REPORTER, BY_EXPERT, BY_CENTRE = {"reporter"}, {"asked", "replaced"}, {"centre"}
MAY_WRITE: dict[str, set[str]] = {
    "received": set(), "imported": set(),
    "assigned": BY_CENTRE, "queried": BY_CENTRE, "dispatched": BY_CENTRE, "rejected": BY_CENTRE,
    "called_back": BY_CENTRE, "call_missed": BY_CENTRE,
    "replied": BY_EXPERT, "asked": BY_EXPERT, "declined": BY_EXPERT, "visited": BY_EXPERT | BY_CENTRE,
    "added": BY_REPORTER, "relayed": BY_REPORTER, "solved": BY_REPORTER, "unsolved": BY_REPORTER,
    "adopted": BY_REPORTER, "rated": BY_REPORTER, "withdrawn": BY_REPORTER,
}  # fmt: skip
REFUSAL = {
    "reporter": "只有报这条需求的信息员能这样记。",
    "expert": "县里没有请您答这条，或者已经换了人。",
    "centre": "只有县运管中心能这样记。",
    "server": "这种记录只有县里的机器能写。",
}
CHINESE = re.compile(r"[一-鿿][^\n]*。")


def denial(by: str, document: dict[str, Any], group: list[dict[str, Any]]) -> Denied:
    with pytest.raises(Denied) as caught:
        may_write(writer(by), document, group)
    assert CHINESE.search(caught.value.reason)
    assert str(caught.value) == caught.value.reason
    return caught.value


class TestWritingEvents:
    def test_every_kind_is_told(self) -> None:
        assert MAY_WRITE.keys() == workflow().kinds.keys()

    @pytest.mark.parametrize("kind", sorted(MAY_WRITE))
    @pytest.mark.parametrize("name", PEOPLE)
    def test_by_whom(self, kind: str, name: str) -> None:
        document = event(kind, name)
        if name in MAY_WRITE[kind]:
            may_write(writer(name), document, HISTORY)
        else:
            fault = denial(name, document, HISTORY)
            assert (fault.code, fault.reason) == ("role", REFUSAL[workflow().kinds[kind].actor])

    @pytest.mark.parametrize("kind", sorted(MAY_WRITE))
    @pytest.mark.parametrize("name", PEOPLE)
    def test_never_in_anothers_name(self, kind: str, name: str) -> None:
        for other in PEOPLE.keys() - {name}:
            assert denial(name, event(kind, other), HISTORY).code in ("author", "role")
        assert denial(name, event(kind, "server"), HISTORY).code in ("author", "role")

    def test_an_expert_who_was_sent_was_asked_too(self) -> None:
        sent = [demand(), RECEIVED, event("dispatched", "centre", 5, expert=IDS["unasked"])]
        may_write(writer("unasked"), event("visited", "unasked"), sent)
        may_write(writer("unasked"), media("unasked"), sent)
        assert denial("asked", event("visited", "asked"), sent).code == "role"

    def test_in_anothers_name_has_its_sentence(self) -> None:
        fault = denial("neighbour", event("solved", "reporter"), HISTORY)
        assert (fault.code, fault.reason) == ("author", "这条写的是别人的名字，请用自己的账号写。")

    @pytest.mark.parametrize(
        ("kind", "field"),
        [(kind.name, field) for kind in workflow().kinds.values() for field in kind.required],
    )
    @pytest.mark.parametrize("value", [None, "", "  ", " \n\t", "\u3000"])
    def test_never_without_what_the_kind_needs(self, kind: str, field: str, value: str | None) -> None:
        name = next(iter(MAY_WRITE[kind]), "centre")
        fault = denial(name, event(kind, name, **{field: value}), HISTORY)
        assert fault.code == "schema"
        if value is None or field in ("text", "reason", "case", "category"):  # Others fail by their shape.
            assert fault.reason == f"还差一样：{FIELD_NAMES[field]}。请补上再送。"

    def test_what_is_missing_is_named_in_chinese(self) -> None:
        fault = denial("asked", event("replied", "asked", text="   "), HISTORY)
        assert (fault.code, fault.reason) == ("schema", "还差一样：写的内容。请补上再送。")

    def test_a_lead_who_reported_is_the_reporter(self) -> None:
        own = [demand("lead", VILLAGE), RECEIVED]
        may_write(writer("lead"), event("withdrawn", "lead"), own)
        assert denial("reporter", event("withdrawn", "reporter"), own).code == "role"

    @pytest.mark.parametrize("kind", sorted(MAY_WRITE))
    def test_state_does_not_matter(self, kind: str) -> None:
        closed = [
            *HISTORY,
            replied("asked", 11),
            event("solved", "reporter", 12),
            event("called_back", "centre", 13),
        ]
        for name in MAY_WRITE[kind]:
            may_write(writer(name), event(kind, name), closed)

    @pytest.mark.parametrize("name", PEOPLE)
    def test_not_before_the_demand_itself(self, name: str) -> None:
        for document in (event("solved", name), media(name), chunk(name)):
            assert denial(name, document, []).code == "no_demand"

    def test_a_person_without_a_place_is_responsible_for_nothing(self) -> None:
        nowhere = Writer(IDS["centre"], frozenset({"centre"}), "")
        with pytest.raises(Denied):
            may_write(nowhere, event("rejected", "centre"), HISTORY)


class TestWritingDemands:
    @pytest.mark.parametrize("name", PEOPLE)
    def test_by_whom(self, name: str) -> None:
        """Each in their own name, in their own place."""
        role, region = PEOPLE[name]
        for document in (demand(name, region), contact(name, region)):
            if role in ("informant", "township_lead"):
                may_write(writer(name), document, [])
            else:
                assert denial(name, document, []).code in ("role", "author")

    @pytest.mark.parametrize("name", PEOPLE)
    @pytest.mark.parametrize("other", PEOPLE)
    def test_never_in_anothers_name(self, name: str, other: str) -> None:
        if name != other:
            region = PEOPLE[name][1]
            assert denial(name, demand(other, region), []).code in ("role", "author")
            assert denial(name, contact(other, region), []).code == "author"

    @pytest.mark.parametrize(
        ("name", "region", "allowed"),
        [
            ("reporter", VILLAGE, True),
            ("reporter", NEXT_VILLAGE, False),
            ("reporter", TOWN, False),
            ("reporter", COUNTY, False),
            ("lead", TOWN, True),
            ("lead", VILLAGE, True),
            ("lead", NEXT_VILLAGE, True),
            ("lead", OTHER_VILLAGE, False),
            ("lead", COUNTY, False),
        ],
    )
    def test_from_the_place_that_is_theirs(self, name: str, region: str, allowed: bool) -> None:
        for document in (demand(name, region), contact(name, region)):
            if allowed:
                may_write(writer(name), document, [])
            else:
                fault = denial(name, document, [])
                assert fault.code == "region"
                assert "不归您管" in fault.reason

    def test_sentences(self) -> None:
        assert denial("asked", demand("asked"), []).reason == "只有信息员能报需求。"
        assert (
            denial("neighbour", demand("reporter"), []).reason
            == "这条需求写的是别人的名字，请用自己的账号报。"
        )
        assert denial("centre", contact("centre"), []).reason == "农户的电话只能由报需求的信息员来写。"


class TestWritingPictures:
    @pytest.mark.parametrize("make", [media, chunk])
    @pytest.mark.parametrize("name", PEOPLE)
    def test_by_the_reporter_and_who_was_asked(self, make: Any, name: str) -> None:
        if name in ("reporter", "asked", "replaced"):
            may_write(writer(name), make(name), HISTORY)
        else:
            fault = denial(name, make(name), HISTORY)
            assert (fault.code, fault.reason) == ("role", "只有报这条需求的人和被请的专家能加照片。")

    @pytest.mark.parametrize("make", [media, chunk])
    @pytest.mark.parametrize("name", PEOPLE)
    def test_never_in_anothers_name(self, make: Any, name: str) -> None:
        for other in PEOPLE.keys() - {name}:
            assert denial(name, make(other), HISTORY).code == "author"

    @pytest.mark.parametrize("name", ["asked", "replaced", "reporter"])
    @pytest.mark.parametrize("owner", ["asked", "replaced", "reporter"])
    def test_pieces_only_by_who_described_the_picture(self, owner: str, name: str) -> None:
        described = [*HISTORY, media(owner)]
        if name == owner:
            may_write(writer(name), chunk(name), described)
        else:
            fault = denial(name, chunk(name), described)
            assert (fault.code, fault.reason) == ("author", "这张照片是别人拍的，不能替别人传。")

    def test_another_picture_beside_it_does_not_matter(self) -> None:
        beside = {**media("reporter"), "_id": f"media:{person_id('0THER')}"}
        may_write(writer("asked"), chunk("asked"), [*HISTORY, beside])

    @pytest.mark.parametrize("make", [media, chunk])
    def test_never_as_an_attachment(self, make: Any) -> None:
        fault = denial("reporter", {**make("reporter"), "_attachments": {"leaf.jpg": {}}}, HISTORY)
        assert fault.code == "schema"
        assert "一片一片送" in fault.reason


class TestWritingFeedback:
    @pytest.mark.parametrize("name", PEOPLE)
    def test_by_whom(self, name: str) -> None:
        """Whoever looks answers up on a phone, in their own name, from their own place."""
        role, region = PEOPLE[name]
        if role in ("informant", "township_lead", "expert"):
            may_write(writer(name), feedback(name, region), [])
        else:
            fault = denial(name, feedback(name, region), [])
            assert (fault.code, fault.reason) == ("role", "只有信息员和专家能说查到的有没有用。")

    @pytest.mark.parametrize("name", PEOPLE)
    def test_never_in_anothers_name(self, name: str) -> None:
        for other in PEOPLE.keys() - {name}:
            assert denial(name, feedback(other, PEOPLE[name][1]), []).code in ("role", "author")
        fault = denial("neighbour", feedback("reporter", NEXT_VILLAGE), [])
        assert (fault.code, fault.reason) == ("author", "这条写的是别人的名字，请用自己的账号写。")

    @pytest.mark.parametrize(
        ("name", "region", "allowed"),
        [
            ("reporter", VILLAGE, True),
            ("reporter", NEXT_VILLAGE, False),
            ("reporter", COUNTY, False),
            ("lead", TOWN, True),
            ("lead", VILLAGE, True),
            ("lead", OTHER_VILLAGE, False),
            ("asked", COUNTY, True),
            ("asked", OTHER_VILLAGE, True),
            ("asked", NEXT_COUNTY, False),
        ],
    )
    def test_from_the_place_that_is_theirs(self, name: str, region: str, allowed: bool) -> None:
        if allowed:
            may_write(writer(name), feedback(name, region), [])
        else:
            fault = denial(name, feedback(name, region), [])
            assert (fault.code, fault.reason) == ("region", "写的村不归您管。请改成您管的村。")

    def test_once(self) -> None:
        changed = {**feedback(helpful=False), "_rev": "1-" + "0" * 32}
        assert denial("reporter", changed, [feedback()]).code == "edit"

    def test_not_with_a_forbidden_word(self) -> None:
        words = ForbiddenWords(["代开发票"])
        with pytest.raises(Denied) as caught:
            may_write(writer("reporter"), feedback(text="代开 发票"), [], words)
        assert caught.value.code == "forbidden_word"


def from_the_server(document: dict[str, Any]) -> dict[str, Any]:
    """The same, with the server's device, and the `_id` that follows from it."""
    return {
        **document,
        "device": "server00",
        "_id": str(document["_id"]).replace(":0a0a0a0a", ":server00"),
    }


class TestWritingAsTheServer:
    """Only what is written at the server may carry its device; a phone that did would take its clocks."""

    @pytest.mark.parametrize(
        ("name", "document", "group"),
        [
            ("reporter", demand(), []),
            ("reporter", contact(), []),
            ("reporter", event("solved", "reporter"), HISTORY),
            ("asked", event("replied", "asked"), HISTORY),
            ("centre", event("rejected", "centre"), HISTORY),
            ("reporter", media("reporter"), HISTORY),
            ("reporter", chunk("reporter"), HISTORY),
            ("reporter", feedback(), []),
        ],
        ids=["demand", "contact", "solved", "replied", "rejected", "media", "chunk", "feedback"],
    )
    def test_no_client_does(self, name: str, document: dict[str, Any], group: list[dict[str, Any]]) -> None:
        forged = from_the_server(document)
        check(forged)
        fault = denial(name, forged, group)
        assert (fault.code, fault.reason) == ("author", "这条写的是县里机器的名字，请用自己的手机写。")
        may_write(writer(name), document, group)
        may_write(replace(writer(name), at_server=True), forged, group)

    def test_the_console_gives_nobody_more_rights(self) -> None:
        for name in PEOPLE.keys() - {"centre"}:
            console = replace(writer(name), at_server=True)
            with pytest.raises(Denied) as caught:
                may_write(console, from_the_server(event("rejected", name)), HISTORY)
            assert caught.value.code == "role"


class TestWritingAnythingElse:
    @pytest.mark.parametrize("name", PEOPLE)
    def test_only_the_server_writes_similar_cases(self, name: str) -> None:
        fault = denial(name, {**similar(), "device": "0a0a0a0a"}, HISTORY)
        assert (fault.code, fault.reason) == ("role", "这种内容只有县里的机器能写。")
        assert denial(name, similar(), HISTORY).code == "author"
        console = replace(writer(name), at_server=True)
        with pytest.raises(Denied) as caught:
            may_write(console, similar(), HISTORY)
        assert caught.value.code == "role"

    @pytest.mark.parametrize("name", PEOPLE)
    @pytest.mark.parametrize("kind", ["person", "notice", "drone"])
    def test_nor_does_anybody_else_write_people_and_notices(self, name: str, kind: str) -> None:
        assert (
            denial(name, {"_id": f"{kind}:{IDS[name]}", "type": kind, "region": COUNTY}, []).code
            == "unknown_type"
        )

    @pytest.mark.parametrize("name", PEOPLE)
    @pytest.mark.parametrize(
        "document", [*HISTORY, media("reporter"), contact(), feedback()], ids=lambda each: each["_id"]
    )
    def test_nobody_deletes(self, name: str, document: dict[str, Any]) -> None:
        for grave in (document, {"_id": document["_id"]}):
            fault = denial(name, {**grave, "_deleted": True}, [*HISTORY, document])
            assert (fault.code, fault.reason) == ("deletion", "送到县里的内容不能删，只能再写一条更正。")

    @pytest.mark.parametrize("name", PEOPLE)
    def test_nobody_edits_what_they_or_another_wrote(self, name: str) -> None:
        answer = replied("replaced", 20)
        group = [*HISTORY, media("reporter"), chunk("reporter"), answer]
        by = IDS[name]
        edits = [demand("reporter"), media(name), chunk(name), {**answer, "by": by, "text": "不用管"}]
        for document in edits:
            fault = denial(name, {**document, "_rev": "1-" + "0" * 32}, group)
            assert (fault.code, fault.reason) == ("edit", "送到县里的内容不能改，只能再写一条更正。")

    def test_a_fault_of_shape_keeps_its_sentence(self) -> None:
        fault = denial("reporter", {**demand(), "text": ""}, [])
        assert (fault.code, fault.reason) == ("schema", "“写的内容”是空的，县里收不了。请改一下再送。")


class TestReceipt:
    def test_is_a_document_that_only_the_server_writes(self) -> None:
        check(RECEIVED)
        assert (RECEIVED["by"], RECEIVED["device"]) == ("server", "server00")
        assert denial("reporter", RECEIVED, [demand()]).code == "author"
        from_a_phone = receipt(demand(), common(1)["at"], stamp(START, 1), device="0a0a0a0a")
        from_a_phone["_id"] = ids.event_id(DEMAND, from_a_phone["clock"], "0a0a0a0a")
        assert denial("reporter", from_a_phone, [demand()]).code == "role"

    def test_moves_the_demand_on(self) -> None:
        consultation = fold([demand(), RECEIVED])
        assert consultation is not None
        assert (consultation.state, consultation.received_at) == ("received", common(1)["at"])

    def test_carries_the_names_that_the_phone_shows(self) -> None:
        named = receipt(
            demand(), common(1)["at"], stamp(START, 1), reporter_name="张信息", region_name="桂溪镇 石岩村"
        )
        check(named)
        assert (named["reporter_name"], named["region_name"]) == ("张信息", "桂溪镇 石岩村")

    def test_of_one_clock_has_one_name(self) -> None:
        again = receipt(demand(), common(99)["at"], stamp(START, 1))
        assert again["_id"] == RECEIVED["_id"] == f"event:{DEMAND}:{stamp(START, 1)}:server00"


def test_roles_are_those_of_the_contract() -> None:
    assert {role for role, _ in PEOPLE.values()} == set(access.ROLES)
