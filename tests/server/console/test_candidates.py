"""In which order experts are suggested (MISSION S1.7, S2.2: county experts first)."""

from __future__ import annotations

from server.accounts import Person
from server.console.presenters.candidates import Question, matching, rank
from server.console.wording import say_in
from server.consultations import ExpertLoad

SAY = say_in("zh-CN")
HERE = "510726105201"
QUESTION = Question(industry="粮油", region=HERE, township_name="曲山镇")


def expert(
    name: str, industries: tuple[str, ...] = ("粮油",), level: str = "county", region: str = "510726000000"
) -> Person:
    return Person(id=name, name=name, role="expert", region=region, industries=industries, level=level)


def order(*experts: Person, loads: dict[str, int] | None = None, question: Question = QUESTION) -> list[str]:
    known = loads or {}

    def load(identifier: str) -> ExpertLoad:
        return ExpertLoad(known.get(identifier, 0), 0, 0, None)

    return [candidate.name for candidate in rank(experts, load, question, SAY)]


class TestOrder:
    def test_the_industry_decides_first(self) -> None:
        assert order(expert("茶", ("茶叶",)), expert("省", level="province")) == ["省", "茶"]

    def test_then_the_level(self) -> None:
        assert order(expert("省", level="province"), expert("市", level="city"), expert("县")) == [
            "县",
            "市",
            "省",
        ]

    def test_then_the_load(self) -> None:
        assert order(expert("忙"), expert("闲"), loads={"忙": 3}) == ["闲", "忙"]

    def test_then_the_own_township(self) -> None:
        assert order(expert("a远"), expert("b近", region="510726105000")) == ["b近", "a远"]

    def test_whoever_declined_stands_last(self) -> None:
        question = Question("粮油", HERE, "曲山镇", declined={"a"})
        assert order(expert("a"), expert("b", ("茶叶",), "province"), question=question) == ["b", "a"]


class TestReasons:
    def reasons(self, person: Person, load: ExpertLoad) -> dict[str, bool]:
        [candidate] = rank([person], lambda _id: load, QUESTION, SAY)
        return {reason.words: reason.good for reason in candidate.reasons}

    def test_for(self) -> None:
        near = expert("王", region="510726105000")
        assert self.reasons(near, ExpertLoad(2, 8, 7, 48)) == {
            "专长就是粮油": True, "答过 8 条，7 条解决了": True, "手上 2 条，平均 48 分钟回": True,
            "就在曲山镇，能上门": True,
        }  # fmt: skip

    def test_against(self) -> None:
        assert self.reasons(expert("赵", ("茶叶",), "city"), ExpertLoad(5, 0, 0, None)) == {
            "专长是茶叶": False, "手上 5 条，回得慢": False, "市级，先请县里的": False,
        }  # fmt: skip


class TestSearch:
    def test_by_name_and_field(self) -> None:
        candidates = rank(
            [expert("王建国"), expert("李秀芳", ("茶叶",))],
            lambda _id: ExpertLoad(0, 0, 0, None),
            QUESTION,
            SAY,
        )
        assert [one.name for one in matching(candidates, "茶叶")] == ["李秀芳"]
        assert [one.name for one in matching(candidates, "建国")] == ["王建国"]
