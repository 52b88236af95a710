"""The offline pack on an old phone: 5,000 cases in Chromium, its processor slowed down four times.

The throttling of the developer tools reaches the page; whether it reaches workers depends on the browser. So
the ranking runs in the page, where it is known to be slowed down, and in a worker beside it.

python -m tests.bench.pack_phone [cases]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import Page, Route, sync_playwright

from search.pack import difference
from search.pack.container import FULL, Header, Section, write
from search.pack.language import SECTIONS, shipped
from search.pack.texts import row_of
from tests.bench.similar import QUERIES, generated
from tests.bench.table import Measured

PWA = Path(__file__).resolve().parents[2] / "pwa"
COUNT = 5_000
SLOWER = 4
ROUNDS = 8
PLACE = "http://localhost:1"
"""Served by the test itself: digests need an origin that browsers trust."""
IN_PAGE = "([pack, asked, rounds]) => bench(pack, asked, rounds)"
IN_WORKER = """(order) => new Promise((resolve) => {
  const worker = new Worker('/bench.js');
  worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
  worker.postMessage(order);
})"""


def measure(count: int = COUNT) -> list[Measured]:
    pack = pack_of(count)
    script = bundle()
    slowed, quick, worker = times(pack, script)
    named = f"{count} cases on the phone, {SLOWER}x slower processor"
    told, peer = slowed["questions"], quick["questions"]
    return [
        Measured(f"find similar, {named}, p50", median(told), "ms", "unslowed", median(peer), "60 ms"),
        Measured(f"find similar, {named}, p95", last20th(told), "ms", "unslowed", last20th(peer), "60 ms"),
        Measured(f"the same in a worker, {named}, p50", median(worker["questions"]), "ms"),
        Measured(f"unpacking, {named}", slowed["unpack"], "ms", "unslowed", quick["unpack"]),
        Measured(f"checks and vectors, once, {named}", slowed["vectors"], "ms", "unslowed", quick["vectors"]),
        Measured(f"index of words, when opened, {named}", slowed["index"], "ms", "unslowed", quick["index"]),
        Measured(f"the pack of {count} cases", len(pack) / 1e6, "MB"),
    ]  # fmt: skip


def pack_of(count: int) -> bytes:
    """A pack of generated cases."""
    language = shipped()
    lines = {case.id: difference.line_of(row_of(case)) for case in generated(count)}
    version = difference.version_of(difference.catalogue(lines))
    sections = [Section.of(name, language.contents[name]) for name in SECTIONS]
    cases = Section.of("cases", difference.pack_lines(lines))
    return write(Header(FULL, "510726", version, None, language.id, len(lines)), [*sections, cases])


def bundle() -> bytes:
    """The phone's own code as one script."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bench.js"
        entry = "test/support/pack-bench.ts"
        subprocess.run(["node", "test/support/bundle.mjs", entry, str(out)], cwd=PWA, check=True)
        return out.read_bytes()


def times(pack: bytes, script: bytes) -> tuple[Any, Any, Any]:
    """Milliseconds in a slowed page, in a page as fast as it goes, and in a worker of a slowed page."""
    served: Mapping[str, tuple[str, bytes]] = {
        "/": ("text/html", b"<!doctype html><script src=/bench.js></script>"),
        "/bench.js": ("text/javascript", script),
        "/pack": ("application/octet-stream", pack),
    }

    def serve(route: Route) -> None:
        kind, body = served.get(route.request.url.removeprefix(PLACE), ("text/plain", b""))
        route.fulfill(content_type=kind, body=body)

    order = ["/pack", list(QUERIES), ROUNDS]
    where = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=["--disable-gpu", "--no-first-run"])
        found = []
        for script_, slower in ((IN_PAGE, SLOWER), (IN_PAGE, 1), (IN_WORKER, SLOWER)):
            context = browser.new_context()
            context.route("**/*", serve)
            page = context.new_page()
            page.goto(f"{PLACE}/")
            slow_down(page, slower)
            found.append(page.evaluate(script_, order))
            context.close()
        browser.close()
    slowed, quick, worker = found
    return slowed, quick, worker


def slow_down(page: Page, times_: int) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": times_})


def last20th(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


if __name__ == "__main__":
    for measured in measure(*map(int, sys.argv[1:])):
        print(measured.row())
