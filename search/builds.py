"""Versioned builds: make one aside, promote it in one step, go back in one step.

0001/ 0002/ ...   finished builds, never changed again
.work-*/          a build in the making, or what a killed one left; swept before the next
building.lock     held by the process that builds; a killed one lets go
CURRENT           the version in use, replaced atomically
comparison-*.json how a build fared beside the one in use (search/comparison.py); goes with its build
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from search.cases import Case
from search.encoder import Encoder
from search.errors import BuildBroken, BuildInUse, IndexMissing
from search.index import Manifest, Work, check, read, read_manifest, write
from search.lock import held
from search.segment import Segment

CURRENT = "CURRENT"
LOCK = "building.lock"
KEEP = 3
"""Finished builds kept for rollback, the promoted one always among them."""

_WORK = ".work-"
_STEP = 1000


class Builds:
    """The builds in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def build(
        self, cases: Iterable[Case], encoder: Encoder, work: Work | None = None, fresh: int = 0
    ) -> Manifest:
        """Strip and index the cases and keep the result as the newest version, without promoting it.

        Waits while another process builds. Raises BuildCancelled; whatever happens, nothing is left in the
        way. A repeated id keeps its last case.
        """
        work = work or Work()
        with held(self.folder / LOCK, lambda: work.at("collect", 0, 0)):
            return self._build(cases, encoder, work, fresh)

    def _build(self, cases: Iterable[Case], encoder: Encoder, work: Work, fresh: int) -> Manifest:
        self._sweep()
        place = Path(tempfile.mkdtemp(prefix=_WORK, dir=self.folder))
        try:
            version = max(self.versions(), default=0) + 1
            manifest = write(place, version, _collect(cases, work), encoder, fresh, work)
            place.chmod(0o755)
            place.rename(self.path(version))
            _fsync_folder(self.folder)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        return manifest

    def versions(self) -> list[int]:
        """Numbers of the finished builds, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(
            int(path.name) for path in self.folder.iterdir() if path.name.isdecimal() and path.is_dir()
        )

    def path(self, version: int) -> Path:
        """The folder of a version."""
        return self.folder / f"{version:04d}"

    def beside(self, version: int) -> Path:
        """The file in which the comparison of a version is kept."""
        return self.folder / f"comparison-{version:04d}.json"

    def list(self) -> list[Manifest]:
        """Manifests of the finished builds, oldest first; unreadable ones are left out."""
        found = []
        for version in self.versions():
            try:
                found.append(read_manifest(self.path(version)))
            except BuildBroken:
                continue
        return found

    def manifest(self, version: int) -> Manifest:
        """What one build is. Raises IndexMissing when there is none, BuildBroken."""
        if version not in self.versions():
            raise IndexMissing(f"there is no build {version}")
        return read_manifest(self.path(version))

    def current(self) -> int | None:
        """The promoted version, or None."""
        try:
            return int((self.folder / CURRENT).read_text("ascii"))
        except (OSError, ValueError):
            return None

    def promote(self, version: int) -> None:
        """Make a build the current one. Raises BuildBroken when it is damaged, IndexMissing when there is
        none."""
        if version not in self.versions():
            raise IndexMissing(f"there is no build {version}")
        check(self.path(version), read_manifest(self.path(version)))
        pointer = self.folder / f"{CURRENT}.tmp"
        with pointer.open("w") as file:
            file.write(f"{version}\n")
            file.flush()
            os.fsync(file.fileno())
        pointer.replace(self.folder / CURRENT)
        _fsync_folder(self.folder)

    def rollback(self) -> int:
        """Promote the newest sound build older than the current one; return its version. Raises
        IndexMissing."""
        current = self.current()
        for version in reversed(self.versions()):
            if current is None or version < current:
                try:
                    self.promote(version)
                except BuildBroken:
                    continue
                return version
        raise IndexMissing("there is no older build to go back to")

    def open(self) -> tuple[Manifest, Segment, tuple[str, ...]]:
        """The current build, or the newest sound one when it is damaged, and what was wrong with those
        passed over.

        Raises IndexMissing when there is no build, BuildBroken when none is sound.
        """

        current = self.current()
        # A version above the pointer was never promoted: used only when nothing promoted is sound.
        order = sorted(
            self.versions(), key=lambda version: (version != current, version > (current or 0), -version)
        )
        if not order:
            raise IndexMissing("no index has been built yet")
        faults = [] if current is None or current in order else [f"build {current} is missing"]
        for version in order:
            try:
                return *self.read(version), tuple(faults)
            except (BuildBroken, IndexMissing) as error:
                faults.append(str(error))
        raise BuildBroken("; ".join(faults))

    def read(self, version: int) -> tuple[Manifest, Segment]:
        """Open one build, checksums compared. Raises IndexMissing, BuildBroken."""
        if version not in self.versions():
            raise IndexMissing(f"there is no build {version}")
        manifest = read_manifest(self.path(version))
        check(self.path(version), manifest)
        return manifest, read(self.path(version))

    def remove(self, version: int) -> None:
        """Delete a build that is not in use. Raises IndexMissing when there is none, BuildInUse."""
        if version == self.current():
            raise BuildInUse(f"build {version} is in use")
        if version not in self.versions():
            raise IndexMissing(f"there is no build {version}")
        self._delete(version)

    def prune(self) -> int:
        """Delete all but the newest KEEP builds and the current one; return the lowest `fresh` of the
        kept."""
        current = self.current()
        for version in self.versions()[:-KEEP]:
            if version != current:
                self._delete(version)
        return min((manifest.fresh for manifest in self.list()), default=0)

    def _delete(self, version: int) -> None:
        # The next build may get the same number: what was said of this one must not outlive it.
        self.beside(version).unlink(missing_ok=True)
        shutil.rmtree(self.path(version), ignore_errors=True)

    def _sweep(self) -> None:
        for left in self.folder.glob(f"{_WORK}*"):
            shutil.rmtree(left, ignore_errors=True)


def _collect(cases: Iterable[Case], work: Work) -> list[Case]:
    collected: dict[str, Case] = {}
    for number, case in enumerate(cases):
        if number % _STEP == 0:
            work.at("collect", number, 0)
        collected[case.id] = case
    work.at("collect", len(collected), len(collected))
    stripped = []
    for number, case in enumerate(collected.values()):
        if number % _STEP == 0:
            work.at("strip", number, len(collected))
        stripped.append(case.stripped())
    work.at("strip", len(collected), len(collected))
    return stripped


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
