"""What tests of several packages share: a real Chromium, and helpers whose assertions explain themselves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

# Before anything imports them: they are no test files, but they assert.
pytest.register_assert_rewrite("tests.sync.conformance", "tests.sync.pouchdb_peer")

# As root, and on a machine that reaches nothing outside.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with its module: while it is open, an event loop runs on the tests' thread."""
    where = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert where, "no Chromium: run `make test`, which gets one, or set CHROMIUM"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=where, args=list(FLAGS))
        yield opened
        opened.close()
