"""`tianwen backup`, `tianwen restore`, `tianwen store verify`: what they say and what they return."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from urllib.parse import unquote, urlsplit

from models import access
from server.operations.backup import KEY, STORE, BackupFailed, back_up
from server.operations.restore import restore
from server.vault import EXPECTED
from sync.sqlite import verify
from sync.sqlite.repair import repair

_SHOWN = 1000


class AccessRules:
    """The reading half of the domain's policy, which needs no accounts."""

    group = staticmethod(access.group_of)
    outline = staticmethod(access.outline)
    channels = staticmethod(access.channels_of_group)


POLICIES: Mapping[str, verify.Grouping] = {"tianwen": AccessRules()}


def run_backup(options: argparse.Namespace) -> int:
    store = store_file(options.data, options.store)
    path = back_up(options.data, options.target, with_key=options.with_key, tell=_tell, store=store)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(f"备份好了：{path}（{path.stat().st_size / 1e6:.1f} MB）")
    if store is None:
        print("文件里没有咨询内容：那些在 CouchDB 里，用 CouchDB 的办法另外备份。")
    if options.with_key:
        print(f"里面有 {KEY}：谁拿到这个文件，谁就能看到保密栏目。锁好。")
    else:
        print(f"里面没有 {KEY}（保密栏目的钥匙）。没有它，恢复了也没人能登录：")
        print(f"把 {options.data / KEY} 另抄一份，放到别的地方。")
    return 0


def store_file(folder: Path, address: str | None) -> Path | None:
    """The file of the documents; None where they are in CouchDB (`address`, or TIANWEN_STORE)."""
    address = address or os.environ.get("TIANWEN_STORE")
    if not address:
        return folder / STORE if (folder / STORE).exists() else None
    parts = urlsplit(address)
    return Path("/" + unquote(parts.path).lstrip("/")) if parts.scheme == "sqlite" else None


def _tell(name: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{name} {done * 100 // max(total, 1)}% …   ", end="", file=sys.stderr, flush=True)


def run_restore(options: argparse.Namespace) -> int:
    done = restore(options.file, options.data, force=options.force, key=options.key)
    print(f"恢复好了：{options.data}，是 {done.manifest.at} 的样子。")
    if done.aside is not None:
        print(f"原来的在 {done.aside}，没有动。")
    if done.key_missing:
        print(f"还缺 {KEY}：把备份时的那一把放到 {options.data / KEY}，再启动；没有它，谁也登录不了。")
        print(f"真的找不到了，删掉 {options.data / EXPECTED}，会换一把新的，保密栏目就再也打不开了。")
    print("手机会自己重新对一遍，手机上有、这里没有的会再送来。备份以后加的账号要重新加。")
    return 0


def run_verify(options: argparse.Namespace) -> int:
    """Exit status 0: sound, 1: findings that are left."""
    path = store_file(options.data, options.store)
    if path is None or not path.exists():
        raise BackupFailed(
            f"{options.data} 里没有田问的数据（{STORE}）。存在 CouchDB 里的由 CouchDB 自己查。"
        )
    if options.repair:
        fixed = repair(path, POLICIES)
        print(
            f"修过了：重新分组 {fixed.regrouped} 条，补进 {fixed.announced} 处，撤回 {fixed.withdrawn} 处，"
            f"改正计数 {fixed.counters} 处。",
            file=sys.stderr,
        )
    kinds: Counter[str] = Counter()
    for finding in verify.verify(path, POLICIES):
        kinds[finding.kind] += 1
        if options.json:
            print(json.dumps(asdict(finding), ensure_ascii=False))
        elif kinds.total() <= _SHOWN:
            print(f"{finding.kind:12} {finding.id}  {finding.detail}")
    if kinds:
        counted = "，".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
        print(f"查出 {kinds.total()} 处：{counted}。", file=sys.stderr)
        return 1
    print("全部查过，没有问题。", file=sys.stderr)
    return 0
