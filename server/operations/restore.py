"""Putting a backup back. Everything is checked in a folder beside the target before the target is touched.

The restored store begins a history of its own (sync/sqlite/copying.py, `renew`): sequence numbers that phones
have seen are given out again for other documents, and no checkpoint of a phone may hide those.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from server.operations.backup import (
    FORMAT,
    KEY,
    MANIFEST,
    STORE,
    BackupFailed,
    Manifest,
    Member,
    fsync_folder,
    sha256,
)
from server.vault import EXPECTED, fingerprint
from sync.sqlite import copying

_MANIFEST_BYTES = 4 << 20


@dataclass(frozen=True)
class Restored:
    """`aside`: where the old folder lies now. `key_missing`: the server will not start without the key."""

    manifest: Manifest
    aside: Path | None
    key_missing: bool


def restore(source: Path, folder: Path, *, force: bool = False, key: Path | None = None) -> Restored:
    """Put the backup `source` into `folder`.

    A folder that is not empty is refused without `force`, and with it renamed, never deleted; one that a
    server has open is refused always. The key is taken from the backup, from the file `key`, or from the old
    folder, whichever is the one the backup was made with. BackupFailed with a sentence, and nothing changed,
    when anything is wrong.
    """
    folder = folder.absolute()
    filled = folder.exists() and any(folder.iterdir())
    if filled and not force:
        raise BackupFailed(f"{folder} 不是空的。加 --force 会先把它改名放在旁边，再恢复。")
    if copying.in_use(folder / STORE):
        raise BackupFailed(f"{folder} 正有田问在用。先停下 tianwen serve，再恢复。")
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}.restoring-", dir=folder.parent))
    try:
        manifest = _unpack(source, stage)
        _check(stage, manifest.members)
        missing = _place_key(stage, manifest, [path for path in (key, folder / KEY) if path])
        if (stage / STORE).exists():
            copying.renew(stage / STORE)
        _sync(stage)
        aside = _swap(stage, folder, filled)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return Restored(manifest, aside, missing)


def _unpack(source: Path, stage: Path) -> Manifest:
    """The manifest, with every file that it names in `stage`, byte for byte."""
    try:
        with tarfile.open(source, "r:*") as archive:
            manifest = _read_manifest(archive)
            for member in manifest.members:
                _extract(archive, member, stage)
    except tarfile.TarError as error:
        raise BackupFailed(f"{source} 不是田问的备份，或者坏了：{error}") from None
    except (EOFError, OSError, zlib.error) as error:
        raise BackupFailed(f"{source} 读不了：{error}") from None
    return manifest


def _read_manifest(archive: tarfile.TarFile) -> Manifest:
    first = archive.next()
    file = archive.extractfile(first) if first and first.name == MANIFEST and first.isfile() else None
    if file is None:
        raise BackupFailed("这不是田问的备份：里面没有清单。")
    try:
        content = json.loads(file.read(_MANIFEST_BYTES))
        if isinstance(content, dict) and content.get("format") != FORMAT:
            raise BackupFailed("这份备份是更新的田问做的，请先更新田问。")
        manifest = Manifest.model_validate(content | {"members": tuple(content["members"])})
    except (ValueError, ValidationError, KeyError, TypeError):
        raise BackupFailed("备份的清单坏了。") from None
    names = [member.path for member in manifest.members]
    if not names:
        raise BackupFailed("备份里什么都没有。")
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or name == MANIFEST:
            raise BackupFailed(f"备份的清单里有不该有的路径：{name}")
    return manifest


def _extract(archive: tarfile.TarFile, member: Member, stage: Path) -> None:
    try:
        file = archive.extractfile(member.path)
    except KeyError:
        file = None
    if file is None:
        raise BackupFailed(f"备份不完整：少了 {member.path}。")
    target = stage / member.path
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        shutil.copyfileobj(file, out, 1 << 20)
    if target.stat().st_size != member.bytes or sha256(target) != member.sha256:
        raise BackupFailed(f"备份坏了：{member.path} 和清单对不上。")


def _check(stage: Path, members: Iterable[Member]) -> None:
    for member in members:
        if member.path.endswith(".sqlite3"):
            found = copying.faults(stage / member.path)
            if found:
                raise BackupFailed(f"备份坏了：{member.path}：{found[0]}")


def _place_key(stage: Path, manifest: Manifest, candidates: Iterable[Path]) -> bool:
    """True when the backup's key is not to be had. The vault then refuses every other key, and a new one."""
    if not manifest.key:
        return False
    (stage / EXPECTED).write_text(manifest.key + "\n", "ascii")
    for path in (stage / KEY, *candidates):
        if path.is_file() and fingerprint(path.read_bytes()) == manifest.key:
            if path != stage / KEY:
                shutil.copyfile(path, stage / KEY)
            (stage / KEY).chmod(0o600)
            return False
    (stage / KEY).unlink(missing_ok=True)
    return True


def _sync(stage: Path) -> None:
    for path in stage.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    for path in [*(path for path in stage.rglob("*") if path.is_dir()), stage]:
        fsync_folder(path)


def _swap(stage: Path, folder: Path, filled: bool) -> Path | None:
    """`stage` becomes `folder`; what was there is renamed."""
    aside = None
    mode = folder.stat().st_mode & 0o777 if folder.exists() else 0o700
    if filled:
        moment = datetime.now(UTC)
        aside = folder.with_name(f"{folder.name}.before-{moment:%Y%m%dT%H%M%S%fZ}")
        folder.rename(aside)
    elif folder.exists():
        folder.rmdir()
    try:
        stage.rename(folder)
    except OSError:
        if aside is not None:
            aside.rename(folder)
        raise
    folder.chmod(mode)
    fsync_folder(folder.parent)
    return aside
