"""The phone ranks as the server does: TypeScript and Python over the same pack, hundreds of questions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from search.asking import Asker
from search.boosts import NOWHERE, Circumstances
from search.cases import Case
from search.concepts import concepts, subjects
from search.errors import EmptyQuery
from search.pack import difference, reader
from search.pack.container import DIFFERENCE, FULL, Header, Section, read, write
from search.pack.language import SECTIONS, shipped
from search.pack.texts import row_of
from search.ranking import Ranked
from search.text import normalise, tokens
from tests.pwa.test_pwa import installed

__all__ = ["installed"]

SETS = Path(__file__).resolve().parents[1] / "search" / "sets"
COUNTY = "510726"
TOP = 5
NEAR = 1e-3
TIED = 1e-6
"""Scores nearer than this may stand in either order."""

TOWNSHIPS = ("曲山镇", "擂鼓镇", "桂溪镇", "510726102000", "510726103000", "510727100000", "")
ODD = (
    "",
    " ",
    "？！…",
    "a",
    "稻",
    "猪",
    "\u3007",
    "NPK 15-15-15 复合肥",
    "2,4-D丁酯 72%乳油 每亩50毫升",
    "苞谷葉子發黃，點解？",
    "馬鈴薯晚疫病點樣防治",
    "玉米 ＫＫ１２３ 葉片　全角　空格",
    "Ｈｅｌｌｏ　ＷＯＲＬＤ",
    "①②③ ㎏ ㏄ ½ ﬁ",
    "😀玉米😀叶子发黄😀",
    "👨‍👩‍👧‍👦猪儿拉稀",
    "<b>玉米</b>叶子<br/>发黄",
    "<script>alert('玉米')</script>",
    "玉米<3片叶的时候>5片",
    "<a<b>c>水稻",
    "</p\n class='x'>茶树",
    "玉米\x00叶子\x1f发黄\x85\ufeff黄",
    "𠀀𠀁玉米𪚥螟虫",
    "\U00030000\U000323af稻瘟",
    "玉米" * 5000,
    "稻瘟病怎么防治" * 1000 + "x",
    "İstanbul Σίσυφος ΣΑΣ ǅ ẞ",
    "K线 Å Ω ℃ 25℃",
    "ｱｲｳ カタカナ ハンブルク",
    "豬牛羊雞鴨鵝",
    "玉\u200b米\u00ad叶",
    "\u0061\u030a玉米 ó ö",
    "丟並亞來個們備傳傷價",
    "yumi yezi fahuang",
    "what is wrong with my maize",
    "138-0000-0001 玉米",
    "ⅷⅸ 第Ⅳ期",
    "豈更車賈滑串句龜契金喇",
    "㊀㊁㊂ ㋀ ㍻ 株式会社㈱",
    "玉米，玉米，玉米，玉米玉米",
    "草地贪夜蛾草地贪夜蛾",
    "12345678901234567890",
    "١٢٣ ๑๒๓ १२३",
)


@dataclass(frozen=True)
class Question:
    """As the phone's ranking takes it."""

    text: str
    industry: str = ""
    crop: str = ""
    circumstances: Circumstances = NOWHERE
    k: int = 20

    def told(self) -> dict[str, Any]:
        place = vars(self.circumstances)
        return {
            "text": self.text, "k": self.k, "industry": self.industry, "crop": self.crop,
            "circumstances": place,
        }  # fmt: skip


@dataclass
class Both:
    """What Python says of each question, and what TypeScript says of it."""

    asker: Asker
    questions: list[Question]
    answers: list[dict[str, Any]]

    @cached_property
    def ranked(self) -> list[list[Ranked]]:
        return [self._ranked(question) for question in self.questions]

    def _ranked(self, question: Question) -> list[Ranked]:
        filters = question.industry or None, question.crop or None
        try:
            return self.asker.ranked(question.text, question.k, *filters, question.circumstances)
        except EmptyQuery:
            return []

    def __iter__(self) -> Iterator[tuple[Question, list[Ranked], dict[str, Any]]]:
        return zip(self.questions, self.ranked, self.answers, strict=True)


def rows(name: str) -> list[dict[str, str]]:
    return [orjson.loads(line) for line in (SETS / f"{name}.jsonl").read_bytes().splitlines() if line.strip()]


def cases() -> list[Case]:
    """The archive, the needs' questions and the answered ones. Replies are borrowed from others where there
    are none; every third has no circumstances."""
    found = []
    told = [*rows("archive"), *rows("needs"), *rows("answers"), *rows("names")]
    replies = [row["answer"] for row in rows("answers")]
    for number, row in enumerate(told):
        known = number % 3 > 0
        borrowed = replies[number % len(replies)] + told[7 * number % len(told)]["question"]
        found.append(
            Case(
                f"{number:026d}",
                row["question"],
                row.get("answer", borrowed if number % 4 else ""),
                row.get("industry", ""),
                row.get("crop", ""),
                TOWNSHIPS[number % len(TOWNSHIPS)] if known else "",
                f"20{20 + number % 7}-{number % 12 + 1:02d}-11" if known else "",
            )
        )
    return found


def questions() -> list[Question]:
    """Every query of the sets, bare and in circumstances, and what no farmer writes."""
    texts = [
        row[part]
        for path in sorted(SETS.glob("*.jsonl"))
        for row in rows(path.stem)
        for part in ("query", "near", "dialect")
        if part in row
    ]
    bare = [Question(text) for text in [*texts, *ODD]]
    placed = [
        Question(
            text,
            circumstances=Circumstances(
                "粮油" if number % 2 else "",
                ("玉米", "苞谷", "", "生猪")[number % 4],
                TOWNSHIPS[number % len(TOWNSHIPS)],
                f"2026-{number % 12 + 1:02d}-20" if number % 3 else "",
            ),
        )
        for number, text in enumerate(texts[::4])
    ]
    filtered = [Question(row["near"], row["industry"], row["crop"]) for row in rows("needs")[::5]]
    return [*bare, *placed, *filtered]


def packs(folder: Path) -> tuple[list[Path], reader.Held]:
    """A full pack of an older archive and the difference to the present one, and what a phone has then."""
    language = shipped()
    now = {case.id: difference.line_of(row_of(case)) for case in cases()}
    added, changed, *_ = now
    before = {**now, "0gone": now[added].replace(added.encode(), b"0gone")}
    before[changed] = before[changed].replace("？".encode(), "了".encode())
    del before[added]
    told = difference.difference(difference.catalogue(before), now)
    old, new = (difference.version_of(difference.catalogue(lines)) for lines in (before, now))
    full = write(
        Header(FULL, COUNTY, old, None, language.id, len(before)),
        [
            *(Section.of(name, language.contents[name]) for name in SECTIONS),
            Section.of("cases", difference.pack_lines(before)),
        ],
    )
    rest = write(
        Header(DIFFERENCE, COUNTY, new, old, language.id, len(now)),
        [
            Section.of("cases", difference.pack_lines(told.changed)),
            Section.of("gone", orjson.dumps(told.gone)),
        ],
    )
    paths = [folder / "full.pack", folder / "difference.pack"]
    for path, raw in zip(paths, (full, rest), strict=True):
        path.write_bytes(raw)
    return paths, reader.applied(read(rest), reader.applied(read(full)))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Both:
    paths, held = packs(tmp_path_factory.mktemp("packs"))
    asked = questions()
    told = {"packs": [str(path) for path in paths], "queries": [question.told() for question in asked]}
    command = ["node", "--import", "./test/support/typescript.mjs", "test/support/pack-answers.ts"]
    done = subprocess.run(
        command, cwd=installed, input=json.dumps(told).encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    return Both(reader.asker(held), asked, [json.loads(line) for line in done.stdout.splitlines()])


def test_there_are_enough_questions(both: Both) -> None:
    assert len(both.questions) >= 500


def test_texts_come_apart_in_the_same_way(both: Both) -> None:
    for question, _, answer in both:
        assert answer["normal"] == normalise(question.text), question.text[:60]
        assert answer["tokens"] == tokens(question.text), question.text[:60]


def test_the_same_things_are_named(both: Both) -> None:
    for question, _, answer in both:
        found = concepts(question.text)
        assert [tuple(name) for name in answer["names"]] == [(one.kind, one.name) for one in found]
        assert answer["subjects"] == sorted(subjects(found))


def test_the_same_cases_have_the_same_scores(both: Both) -> None:
    for question, ranked, answer in both:
        scores = {found["id"]: found for found in answer["found"]}
        for one in ranked[:TOP]:
            if one.score <= TIED:
                continue  # One case is as little like the question as another.
            assert one.case.id in scores, (question, one)
            measured = {"score": one.score, "confidence": one.confidence}
            for part in ("meaning", "reply", "rare", "known", "length"):
                measured[part] = getattr(one.evidence, part)
            for part, value in measured.items():
                assert scores[one.case.id][part] == pytest.approx(value, abs=NEAR), (question, part)


def test_the_first_five_stand_in_the_same_order(both: Both) -> None:
    for question, ranked, answer in both:
        ours = [one.case.id for one in ranked[:TOP] if one.score > TIED]
        theirs = [found["id"] for found in answer["found"][:TOP] if found["score"] > TIED]
        assert _by_ties(ranked, ours) == _by_ties(ranked, theirs), question


def test_it_is_silent_at_the_same_questions(both: Both) -> None:
    for question, ranked, answer in both:
        try:
            similar = both.asker.similar(
                question.text, question.k, question.industry or None, question.crop or None,
                question.circumstances,
            )  # fmt: skip
        except EmptyQuery:
            assert (answer["abstained"], answer["reason"]) == (True, "empty")
            continue
        assert (answer["abstained"], answer["reason"]) == (similar.abstained, similar.reason), question
        assert similar.abstained or ranked


def _by_ties(ranked: list[Ranked], order: list[str]) -> list[set[str]]:
    """The order as a list of sets: those that score the same stand in one set."""
    scores = {one.case.id: one.score for one in ranked}
    groups = [{name} for name in order[:1]]
    for before, name in pairwise(order):
        if abs(scores.get(before, -1.0) - scores.get(name, -2.0)) < TIED:
            groups[-1].add(name)
        else:
            groups.append({name})
    return groups
