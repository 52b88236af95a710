"""The catalogue: both languages complete, and every sentence that the console asks for is there."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from models.workflow import workflow
from server.catalogue import LANGUAGES, has, keys, text
from server.console.callback import OUTCOMES, REACHED, TABS, VERDICTS
from server.console.endpoint import KNOWN
from server.console.feedback import VIEWS as MARKS
from server.console.index import STATES
from server.console.index import TABS as TABS_OF_INDEX
from server.console.presenters.builds import JOBS
from server.console.presenters.comparison import MEASURES
from server.console.presenters.comparison import VERDICTS as JUDGEMENTS
from server.console.presenters.explanation import BOOSTS, MADE_OF
from server.console.quarantine import VIEWS
from server.console.triage import REASONS, SHEETS, VERBS

SHEET_PARTS = ("title", "text", "example", "hint", "go")
CONSOLE = Path(str(files("server").joinpath("console")))


def sentences(language: str) -> dict[str, str]:
    loaded: dict[str, str] = json.loads(
        files("server.catalogue").joinpath(f"{language}.json").read_text("utf-8")
    )
    return loaded


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


class TestLanguages:
    def test_have_the_same_keys(self) -> None:
        first, *others = (keys(language) for language in LANGUAGES)
        assert all(first == other for other in others)

    @pytest.mark.parametrize("language", LANGUAGES[1:])
    def test_have_the_same_placeholders(self, language: str) -> None:
        chinese = sentences(LANGUAGES[0])
        for key, sentence in sentences(language).items():
            assert placeholders(sentence) <= placeholders(chinese[key]), key

    def test_an_unknown_language_reads_as_chinese(self) -> None:
        assert text("login.go", "tlh") == "登录"

    def test_avoids_the_words_that_users_do_not_know(self) -> None:
        for key, sentence in sentences("zh-CN").items():
            for word in ("提交失败", "异常", "数据", "同步", "请稍后重试"):
                assert word not in sentence, key


class TestUse:
    def test_every_literal_key_exists(self) -> None:
        wanted = {
            key
            for path in CONSOLE.rglob("*.html")
            for key in re.findall(r"\bt\('([a-z_0-9.]+)'(?! ?~)", path.read_text("utf-8"))
        } | {
            key
            for path in CONSOLE.rglob("*.py")
            for key in re.findall(r"\bsay(?:_for\(request\))?\(\s*\"([a-z_0-9.]+)\"", path.read_text("utf-8"))
        }
        assert len(wanted) > 150
        assert sorted(key for key in wanted if not has(key)) == []

    @pytest.mark.parametrize(
        ("prefix", "names"),
        [
            ("state.", workflow().states),
            ("event.", workflow().kinds),
            ("outcome.", OUTCOMES),
            ("verdict.", VERDICTS),
            ("callback.", REACHED),
            ("callback.tab.", TABS),
            ("callback.empty.", TABS),
            ("callback.missing.", ("reached", "outcome", "verdict", "category")),
            ("reject.", REASONS),
            ("triage.done.", [verb.kind for verb in VERBS.values()]),
            ("triage.missing.", {name for verb in VERBS.values() for name in verb.needs}),
            ("sheet.", [f"{sheet}.{part}" for sheet in SHEETS for part in SHEET_PARTS]),
            ("index.state.", STATES),
            ("index.next.", STATES),
            ("index.stage.", {stage for stages in JOBS.values() for stage in stages}),
            ("index.tab.", TABS_OF_INDEX),
            ("index.waiting.", JUDGEMENTS),
            ("compare.", [*MEASURES, "better", "worse", "more", "less", "equal"]),
            ("try.part.", [*MADE_OF, *BOOSTS]),
            ("try.term.", ["question", "answer"]),
            ("feedback.tab.", MARKS),
            ("feedback.empty.", MARKS),
            ("quarantine.tab.", VIEWS),
            ("quarantine.empty.", VIEWS),
            ("role.", ("informant", "township_lead", "expert", "centre", "administrator")),
            ("failed.title.", [str(status) for status in KNOWN]),
            ("failed.next.", [str(status) for status in KNOWN]),
        ],
    )  # fmt: skip
    def test_every_composed_key_exists(self, prefix: str, names: list[str]) -> None:
        assert [prefix + name for name in names if not has(prefix + name)] == []
