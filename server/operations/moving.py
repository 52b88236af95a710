"""`tianwen store copy FROM TO`: what it says and what it returns."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from server.operations.commands import POLICIES
from sync.errors import SyncError
from sync.opening import open_store, without_password
from sync.transfer import quiet, transfer, verify


def run_copy(options: argparse.Namespace) -> int:
    """Exit status 0: copied and verified, 1: something is not there. ValueError for what is no address.

    Indexes of CouchDB are made in a temporary folder. The target is opened once more, with an index of its
    own, for verifying: what is compared is what it has on disk, not what it was told.
    """
    policies = quiet(POLICIES)
    with tempfile.TemporaryDirectory(prefix="tianwen-copy-") as name:
        folder = Path(name)
        try:
            _check_there(options.source)
            with open_store(options.source, policies, folder / "source.sqlite3") as source:
                with open_store(options.target, policies, folder / "target.sqlite3") as target:
                    report = transfer(source, target, _tell)
                _end_line()
                print(
                    f"抄了 {report.documents} 个文档的 {report.revisions} 个版本，隔离区 {report.cases} 条。"
                    "正在从新地方重新读一遍，逐个核对……"
                )
                with open_store(options.target, policies, folder / "verify.sqlite3") as target:
                    findings = report.findings + verify(source, target, _tell)
        except SyncError as fault:
            raise ValueError(f"没有抄完：{fault}\n原来的没有动。再运行一次同样的命令，会接着抄。") from None
    _end_line()
    for finding in findings:
        print(finding)
    if findings:
        print(f"有 {len(findings)} 处对不上，先别换过去。", file=sys.stderr)
        return 1
    print(f"核对过了，一样：{without_password(options.target)}")
    return 0


def _check_there(address: str) -> None:
    """ValueError where a mistyped path would be taken for an empty store."""
    parts = urlsplit(address)
    if parts.scheme == "sqlite" and not Path("/" + unquote(parts.path).lstrip("/")).exists():
        raise ValueError(f"没有 {parts.path} 这个文件。")


def _tell(name: str, done: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{name} {done} …   ", end="", file=sys.stderr, flush=True)


def _end_line() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)
