"""`tianwen index build | status | compare | promote | discard | rollback`: the console's index page in
words."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search.finder import Finder
    from search.index import Manifest
    from server.deployment import Deployment

CHANGES_SHOWN = 10


class Refused(Exception):
    """What was asked for can't be done; its text says why, and what to do."""


def run_build(deployment: Deployment, finder: Finder, options: argparse.Namespace) -> int:
    """A new build, in use at once; with --hold it is compared and waits."""
    deployment.consultations.catch_up()
    hold = options.hold and finder.status()["version"] is not None
    begun = time.monotonic()
    manifest = build(deployment, finder, promote=not hold)
    print(f"建好第 {manifest.version} 版：{manifest.count} 条，{time.monotonic() - begun:.1f} 秒。")
    if hold:
        _compare(deployment, manifest.version)
        print(f"还没有用它。用它：tianwen index promote {manifest.version}；不要：tianwen index discard"
              f" {manifest.version}")  # fmt: skip
    return 0


def run_status(_deployment: Deployment, finder: Finder, _options: argparse.Namespace) -> int:
    print(json.dumps(finder.status(), ensure_ascii=False, indent=2))
    return 0


def run_compare(deployment: Deployment, finder: Finder, options: argparse.Namespace) -> int:
    """Of VERSION, or of the newest build; kept, so that the console shows it too."""
    deployment.consultations.catch_up()
    current = finder.status()["version"]
    version = options.version or max(finder.builds.versions(), default=0)
    if version in (0, current):
        raise Refused("没有比现在用的更新的一版。先建：tianwen index build --hold")
    _compare(deployment, version)
    return 0


def run_promote(_deployment: Deployment, finder: Finder, options: argparse.Namespace) -> int:
    with _refusing():
        finder.promote(options.version)
    print(f"换成第 {options.version} 版了。")
    return 0


def run_discard(_deployment: Deployment, finder: Finder, options: argparse.Namespace) -> int:
    with _refusing():
        finder.discard(options.version)
    print(f"第 {options.version} 版不要了。")
    return 0


def run_rollback(_deployment: Deployment, finder: Finder, _options: argparse.Namespace) -> int:
    with _refusing():
        version = finder.rollback()
    print(f"退回第 {version} 版了。")
    return 0


VERBS: dict[str, Callable[[Deployment, Finder, argparse.Namespace], int]] = {
    "build": run_build, "status": run_status, "compare": run_compare, "promote": run_promote,
    "discard": run_discard, "rollback": run_rollback,
}  # fmt: skip


def build(deployment: Deployment, finder: Finder, promote: bool = True) -> Manifest:
    """A build with its progress on stderr. Raises Refused."""
    with _refusing():
        return finder.build(deployment.finder.cases(), _telling(), promote=promote)


def _compare(deployment: Deployment, version: int) -> None:
    from server.catalogue import text
    from server.console.presenters.comparison import compared
    from server.console.wording import say_in

    with _refusing():
        found = deployment.finder.compare_now(version, _telling())
    shown = compared(found, None, say_in("zh-CN"))
    print(text(f"index.waiting.{shown.verdict}", version=version))
    for group in shown.groups:
        print(group.heading)
        for line in group.lines:
            print(f"  {line.what}：{line.old} → {line.new}  {line.difference}")
    changed = [*shown.changed, *shown.rest]
    print(text("compare.changed_of", n=shown.demands, changed=len(changed)))
    for change in changed[:CHANGES_SHOWN]:
        old, new = (one.question if one else text("compare.silence") for one in (change.old, change.new))
        print(f"  {change.text[:40]}\n    {old[:40]}\n    → {new[:40]}")


@contextmanager
def _refusing() -> Iterator[None]:
    from search.errors import BuildBroken, BuildInUse, IndexMissing, SearchError

    try:
        yield
    except IndexMissing:
        raise Refused("没有这一版，或者没有更旧的了。看有哪些：控制台的“索引”页。") from None
    except BuildInUse:
        raise Refused("这一版正在用，不能不要。") from None
    except BuildBroken as fault:
        raise Refused(f"这一版坏了，不能用：{fault}") from None
    except SearchError as fault:
        raise Refused(f"没有办成：{fault}") from None


def _telling() -> Callable[[Any], None]:
    """Tells progress on stderr: one line a stage, or one line that changes on a terminal."""
    from server.catalogue import text

    last = ""
    terminal = sys.stderr.isatty()

    def tell(progress: Any) -> None:
        nonlocal last
        if progress.stage != last or terminal:
            ending = "\n" if last and terminal and progress.stage != last else ""
            last = progress.stage
            line = f"  {text('index.stage.' + progress.stage)} {progress.done}/{progress.total}"
            print(f"{ending}\r{line:30}" if terminal else line, end="" if terminal else "\n", file=sys.stderr,
                  flush=True)  # fmt: skip

    return tell
