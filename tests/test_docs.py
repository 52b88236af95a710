"""What the documents say exists, and what exists is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.api import routes
from server.cli import parser

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
PAGES = [ROOT / name for name in (*READMES, "CHANGELOG.md")] + sorted((ROOT / "docs").rglob("*.md"))


def commands() -> set[str]:
    actions = [action for action in parser()._actions if action.dest == "command"]
    return set(actions[0].choices or ())


@pytest.mark.parametrize("name", READMES)
class TestReadmes:
    def test_begins_with_the_two_commands(self, name: str) -> None:
        text = (ROOT / name).read_text("utf-8")
        assert re.match(r"# [^\n]+\n\n```sh\nmake run [^\n]*\nmake test [^\n]*\n```\n", text)

    def test_names_every_command_and_no_other(self, name: str) -> None:
        text = (ROOT / name).read_text("utf-8")
        assert set(re.findall(r"^tianwen (\w+)", text, re.MULTILINE)) == commands()

    def test_maps_every_folder(self, name: str) -> None:
        text = (ROOT / name).read_text("utf-8")
        for folder in ("models", "sync", "search", "server", "pwa", "tests"):
            assert f"\n{folder}/ " in text


class TestApiPage:
    def test_documents_every_route(self) -> None:
        text = (ROOT / "docs/api.md").read_text("utf-8")
        for route in routes:
            path = getattr(route, "path", "")
            if path != "/{rest:path}":
                assert f"/api{path.replace('{media}', '<ulid>')}" in text, path


class TestMakefile:
    def test_every_target_in_the_documents_exists(self) -> None:
        targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
        for page in PAGES:
            named = set(re.findall(r"`make ([a-z-]+)", page.read_text("utf-8")))
            assert named <= targets, page.name


class TestLinks:
    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
    def test_lead_to_files_that_exist(self, page: Path) -> None:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), target
