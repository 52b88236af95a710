"""One file that holds a deployment as it was at one moment, made while the server runs (docs/operations.md).

A tar archive: manifest.json, the SQLite files, the promoted build of the index, and the key when asked for.
Left out is what is made anew from the rest: the read model, and builds that are not in use.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import apsw
from pydantic import BaseModel, ConfigDict

from server.vault import fingerprint
from sync.sqlite import copying

FORMAT = 1
MANIFEST = "manifest.json"
STORE = "tianwen.sqlite3"
KEY = "secret.key"
# Documents first: whoever wrote one of them is then among the accounts copied after it.
FIRST = (STORE, "accounts.sqlite3", "audit.sqlite3")
MADE_ANEW = frozenset({"consultations.sqlite3", "couchdb-index.sqlite3"})
_BLOCK = 1 << 20

Tell = Callable[[str, int, int], None]


class Member(BaseModel):
    """One file of the archive: its path in the deployment's folder, bytes, SHA-256 in hex."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds. `key` is a fingerprint of the key of protected data, which opens nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    at: str
    key: str
    has_key: bool
    members: tuple[Member, ...]


class BackupFailed(Exception):
    """Nothing was written; the text is a sentence for the operator."""


def back_up(
    folder: Path,
    target: Path,
    *,
    with_key: bool = False,
    tell: Tell | None = None,
    store: Path | None = None,
) -> Path:
    """Copy the deployment in `folder` into one file; its path.

    `store`: where the documents' file is when it is not in the folder. Documents that are in CouchDB are not
    in the backup.

    `target` is the file, or a folder where one named after the moment is put. An existing file is never
    overwritten. It appears whole or not at all, readable by its owner only. `tell` is given the name of what
    is being copied, and how far (done, in all). BackupFailed, OSError.
    """
    databases = _databases(folder, store)
    if not databases:
        raise BackupFailed(f"{folder} 里没有田问的数据。")
    moment = datetime.now(UTC)
    if target.is_dir():
        target = target / f"tianwen-{moment:%Y%m%dT%H%M%SZ}.tar"
    if target.exists():
        raise BackupFailed(f"{target} 已经有了，换一个名字。")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tianwen-backup-", dir=target.parent) as workshop:
        stage = Path(workshop) / "stage"
        stage.mkdir()
        for name, path in databases.items():
            _copy(path, stage / name, tell)
        _copy_index(folder / "index", stage / "index")
        if with_key and (folder / KEY).exists():
            shutil.copyfile(folder / KEY, stage / KEY)
        manifest = _manifest(folder, stage, moment, with_key)
        (stage / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", "utf-8")
        draft = Path(workshop) / "draft"
        _pack(stage, manifest, draft, compress=target.suffix in (".gz", ".tgz"))
        # A link fails where somebody was quicker; a rename would overwrite theirs.
        os.link(draft, target)
    fsync_folder(target.parent)
    return target


def _databases(folder: Path, store: Path | None) -> dict[str, Path]:
    """Where each file of the backup is copied from, in the order of copying."""
    found = {path.name: path for path in sorted(folder.glob("*.sqlite3")) if path.name not in MADE_ANEW}
    if store is not None:
        found[STORE] = store
    order = {name: place for place, name in enumerate(FIRST)}
    return dict(sorted(found.items(), key=lambda item: order.get(item[0], len(FIRST))))


def _copy(source: Path, target: Path, tell: Tell | None) -> None:
    def progress(done: int, total: int) -> None:
        if tell is not None:
            tell(target.name, done, total)

    try:
        copying.copy(source, target, progress)
    except apsw.Error as error:
        raise BackupFailed(f"{source} 坏了，抄不了：{error}") from None
    faults = copying.faults(target)
    if faults:
        raise BackupFailed(f"{source} 坏了，没有备份：{faults[0]}。上一份备份要留着。")


def _copy_index(source: Path, target: Path) -> None:
    """The promoted build with its pointer. A build is never changed; it may be pruned while it is copied,
    when another was promoted: then that one is taken."""
    for _ in range(5):
        try:
            pointer = (source / "CURRENT").read_text("ascii")
            build = f"{int(pointer):04d}"
        except (OSError, ValueError):
            return  # no index is no fault: it can be built
        try:
            shutil.copytree(source / build, target / build)
        except (FileNotFoundError, shutil.Error):
            shutil.rmtree(target, ignore_errors=True)
            continue
        (target / "CURRENT").write_text(pointer, "ascii")
        return


def _manifest(folder: Path, stage: Path, moment: datetime, with_key: bool) -> Manifest:
    key = folder / KEY
    members = tuple(
        Member(path=path.relative_to(stage).as_posix(), bytes=path.stat().st_size, sha256=sha256(path))
        for path in _files(stage)
    )
    return Manifest(
        at=moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
        key=fingerprint(key.read_bytes()) if key.exists() else "",
        has_key=with_key and key.exists(),
        members=members,
    )


def _files(stage: Path) -> Iterator[Path]:
    return (path for path in sorted(stage.rglob("*")) if path.is_file())


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _pack(stage: Path, manifest: Manifest, draft: Path, *, compress: bool) -> None:
    """The manifest comes first, so that a reader knows what to expect."""
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz" if compress else "w") as archive:
            for name in (MANIFEST, *(member.path for member in manifest.members)):
                archive.add(stage / name, name)
        file.flush()
        os.fsync(file.fileno())


def fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
