"""Builds of the index, one job at a time: made, compared with the one in use, used or discarded (MISSION
S2.1)."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from models.programme import Programme
from models.workflow import iso
from server import comparing
from server.accounts import Person
from server.asking import Asking
from server.cases import case_of
from server.consultations import Consultations
from server.errors import ActionRefused, Unacceptable

if TYPE_CHECKING:
    from search.cases import Case
    from search.comparison import Comparison
    from search.finder import Finder
    from search.index import Manifest

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Building:
    """A build or a comparison under way: its stage, how far, who started it and when (UTC). `job` is
    "build" (used at once), "hold" (compared, then somebody decides) or "compare" (of a build that is
    there)."""

    stage: str
    done: int
    total: int
    started_at: datetime
    started_by: str
    job: str = "build"


class Rebuilding(Asking):
    """The jobs of the index page, each on a thread of its own, and whoever watches them."""

    def __init__(
        self, folder: Path, encoder: str | None, consultations: Consultations, programme: Programme
    ) -> None:
        super().__init__(folder, encoder)
        self._consultations = consultations
        self._programme = programme
        self._build_fault = ""
        self._compare_fault = ""
        self._building: Building | None = None
        self._starting = threading.Lock()
        self._cancel = threading.Event()
        self._change = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: list[threading.Thread] = []
        self._ending = False

    def _taken_up(self) -> None:
        """Another build is in use. For what is to be done then."""

    def _spawn(self, target: Any, name: str, *values: object) -> None:
        thread = threading.Thread(target=target, name=name, args=values, daemon=True)
        self._threads = [known for known in self._threads if known.is_alive()] + [thread]
        thread.start()

    @property
    def building(self) -> Building | None:
        return self._building

    @property
    def build_fault(self) -> str:
        """Why the last rebuild of this server failed; empty where it did not. The old index stays in use."""
        return self._build_fault

    @property
    def compare_fault(self) -> str:
        """Why the last comparison failed; empty where it did not."""
        return self._compare_fault

    def builds(self) -> list[Manifest]:
        """The manifests of all builds, oldest first."""
        return self._finder.builds.list() if self._finder is not None else []

    def waiting(self) -> Manifest | None:
        """The build that somebody has to decide about, if any."""
        version = self.status()["version"]
        return comparing.waiting(self.builds(), version)

    def comparison(self, version: int) -> Comparison | None:
        """What is kept of the comparison of this build."""
        return comparing.kept(self._folder, version)

    def start_build(self, person: Person, hold: bool = False) -> None:
        """Rebuild on a thread, and use the result or, with `hold`, compare it and let it wait.
        ActionRefused while something is running, Unavailable while loading."""
        finder = self._loaded()
        # Where nothing is in use there is nothing to compare with, and nothing to lose.
        hold = hold and self.status()["state"] == "ready"
        self._begin("collect", "hold" if hold else "build", person)
        self._spawn(self._build, "index-build", finder, hold)

    def start_compare(self, person: Person, version: int) -> None:
        """Compare a build with the one in use, on a thread. Refused as `start_build`; Unacceptable where it
        is gone or is the one in use."""
        finder = self._loaded()
        if version not in finder.builds.versions() or version == self.status()["version"]:
            raise Unacceptable(f"第 {version} 版不在了，或者正在用，没有什么要比的。")
        self._begin("compare", "compare", person)
        self._spawn(self._compare_alone, "index-build", version)

    def _begin(self, stage: str, job: str, person: Person) -> None:
        with self._starting:
            if self._building is not None:
                doing = "比" if self._building.job == "compare" else "建"
                raise ActionRefused(f"{self._building.started_by}正在{doing}，{doing}好再来。")
            self._cancel.clear()
            self._build_fault = self._compare_fault = ""
            self._building = Building(stage, 0, 0, datetime.now(UTC), person.name, job)
        self._announce()

    def cancel_build(self) -> None:
        if self._building is None:
            raise ActionRefused("现在没有在建的。")
        self._cancel.set()

    def promote(self, version: int) -> None:
        """Use another build from the next question on. Blocking: a large build is checked first."""
        finder = self._idle()
        from search.errors import SearchError

        try:
            finder.promote(version)
        except SearchError:
            raise Unacceptable(f"第 {version} 版不在了，或者坏了，请选别的。") from None
        self._announce()
        self._taken_up()

    def discard(self, version: int) -> None:
        """Delete a build that is not in use."""
        finder = self._idle()
        from search.errors import BuildInUse, IndexMissing

        try:
            finder.discard(version)
        except BuildInUse:
            raise ActionRefused(f"第 {version} 版正在用，不能不要。先换成别的。") from None
        except IndexMissing:
            raise Unacceptable(f"第 {version} 版已经不在了。") from None
        self._announce()

    def _idle(self) -> Finder:
        if self._building is not None:
            raise ActionRefused("正在建新的或者比新的，完了再换。")
        return self._loaded()

    def compare_now(self, version: int, progress: Any = None, stop: Any = None) -> Comparison:
        """Blocking: compare a build with the one in use, and keep what was found. Raises SearchError."""
        from search.comparison import compare, save
        from search.index import Work

        asked = comparing.questions(self._consultations, self._programme)
        found = compare(self.open(), version, asked, Work(progress, stop))
        save(self._folder, found)
        return found

    def build_now(self, progress: Any = None) -> Any:
        """Blocking build for the command line."""
        return self.open().build(self.cases(), progress)

    def cases(self) -> Iterator[Case]:
        """What may be shown: ended consultations judged valid, with an answer (DESIGN.md)."""
        for identifier in self._consultations.cases():
            consultation = self._consultations.documents(identifier)
            if consultation is not None and (case := case_of(consultation, self._programme)) is not None:
                yield case

    def _build(self, finder: Finder, hold: bool) -> None:
        try:
            manifest = finder.build(self.cases(), self._note, self._cancel.is_set, promote=not hold)
        except Exception as fault:
            if type(fault).__name__ != "BuildCancelled":
                log.exception("the index was not built")
                self._build_fault = str(fault) or type(fault).__name__
        else:
            if hold:
                self._compare(manifest.version)
            else:
                self._taken_up()
        finally:
            self._building = None
            self._announce()

    def _compare_alone(self, version: int) -> None:
        try:
            self._compare(version)
        finally:
            self._building = None
            self._announce()

    def _compare(self, version: int) -> None:
        """A build that could not be compared is there all the same."""
        try:
            self.compare_now(version, self._note, self._cancel.is_set)
        except Exception as fault:
            if type(fault).__name__ != "BuildCancelled":
                log.exception("the builds were not compared")
                self._compare_fault = str(fault) or type(fault).__name__

    def _note(self, progress: Any) -> None:
        if self._building is not None:
            self._building = replace(
                self._building, stage=progress.stage, done=progress.done, total=progress.total
            )
            self._announce()

    # -- telling the console ------------------------------------------------------------------------

    def end_events(self) -> None:
        """No more progress events: the server begins to shut down. From any thread, or a signal handler."""
        self._ending = True
        self._announce()

    async def progress_events(self) -> AsyncIterator[dict[str, Any]]:
        """The state of index and build now, and again whenever it changes (for server-sent events)."""
        while not self._ending:
            change = self._change
            building = self._building
            shown = asdict(building) if building else None
            if shown:
                shown["started_at"] = iso(shown["started_at"])
            yield {"building": shown, "status": self.status()}
            with anyio.move_on_after(15):
                await change.wait()

    def _announce(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        previous, self._change = self._change, asyncio.Event()
        previous.set()
