"""docs/operations.md names every metric, every kind of finding, every option: what is missing fails here."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from server.cli import parser
from tests.server.test_metrics import ADMINISTRATOR

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
VERIFY = (Path(__file__).parents[2] / "sync" / "sqlite" / "verify.py").read_text("utf-8")


def options(*path: str) -> set[str]:
    """The long options of a command."""
    found: argparse.ArgumentParser = parser()
    for name in path:
        [choices] = [a for a in found._actions if isinstance(a, argparse._SubParsersAction)]
        found = choices.choices[name]
    return {option for action in found._actions for option in action.option_strings} - {"-h", "--help"}


@pytest.mark.parametrize("command", [("backup",), ("restore",), ("store", "verify")])
def test_every_option_is_there(command: tuple[str, ...]) -> None:
    assert {option for option in options(*command) if option not in PAGE} == set()


def test_every_metric_is_there(client: TestClient) -> None:
    scrape = client.get("/metrics", auth=ADMINISTRATOR).text
    born = set(re.findall(r"tianwen_\w+_created", scrape))
    names = set(re.findall(r"^# TYPE (tianwen_\w+)", scrape, re.MULTILINE)) - born
    assert {name for name in names if f"`{name}" not in PAGE} == set()


def test_every_kind_of_finding_is_there() -> None:
    kinds = set(re.findall(r'(?:yield|Finding\()\s*\(?"(\w+)",', VERIFY))
    assert len(kinds) > 8
    assert {kind for kind in kinds if f"`{kind}`" not in PAGE} == set()
