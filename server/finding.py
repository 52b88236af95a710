"""Find similar inside the server: loads in the background, builds on request, never stops a consultation.

MISSION S2.1; DESIGN.md "Find similar". torch and FAISS are imported on the loading thread only, so the server
answers everything else at once.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from models.ids import SERVER_DEVICE, similar_id
from models.programme import Programme
from models.workflow import Consultation, Doc, iso
from server.accounts import Person
from server.consultations import Consultations
from server.errors import ActionRefused, Unacceptable, Unavailable
from sync.store import Database

if TYPE_CHECKING:
    from search.cases import Case
    from search.finder import Finder, Similar

log = logging.getLogger(__name__)

SHOWN = 5
LOOK_AGAIN_S = 2.0


@dataclass(frozen=True)
class Building:
    """A build under way: its stage, how far, who started it and when (UTC)."""

    stage: str
    done: int
    total: int
    started_at: datetime
    started_by: str


class FinderService:
    """One finder, one build at a time, one worker that writes what was found beside each new demand."""

    def __init__(self, folder: Path, encoder: str | None, database: Database, consultations: Consultations,
                 programme: Programme) -> None:  # fmt: skip
        self._folder = folder
        self._encoder = encoder
        self._database = database
        self._consultations = consultations
        self._programme = programme
        self._finder: Finder | None = None
        self._opening = threading.Lock()
        self._fault = ""
        self._build_fault = ""
        self._promoted: int | None = None
        self._arrivals: queue.Queue[Consultation | None] = queue.Queue()
        self._building: Building | None = None
        self._cancel = threading.Event()
        self._change = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: list[threading.Thread] = []
        self._ending = False

    # -- life ------------------------------------------------------------------------------------

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Load on a thread of its own; consultations that arrive meanwhile wait in a queue."""
        self._loop = loop
        self._consultations.listen(self._arrivals.put)
        self._spawn(self._work, "find-similar")

    def end_events(self) -> None:
        """No more progress events: the server begins to shut down. From any thread, or a signal handler."""
        self._ending = True
        self._announce()

    def close(self) -> None:
        self._cancel.set()
        self._arrivals.put(None)
        for thread in self._threads:
            thread.join()

    def open(self) -> Finder:
        """The loaded finder, loading it here where nobody has. For commands."""
        with self._opening:
            if self._finder is None:
                from search.finder import Finder

                finder = Finder(self._folder, self._encoder)
                finder.load()
                self._finder = finder
            return self._finder

    def _spawn(self, target: Any, name: str, *values: object) -> None:
        thread = threading.Thread(target=target, name=name, args=values, daemon=True)
        self._threads = [known for known in self._threads if known.is_alive()] + [thread]
        thread.start()

    def _work(self) -> None:
        try:
            self.open()
        except ImportError as fault:
            # Installed without the extra `search`: everything else works, and the console says why.
            self._fault = f"没有装找类似的部件：{fault.name}"
            log.warning("find similar is not installed: %s", fault)
        except Exception as fault:
            self._fault = f"找类似没能打开：{fault}"
            log.exception("find similar did not load")
        self._announce()
        self._resume()
        while (consultation := self._next_arrival()) is not None:
            try:
                self._serve(consultation)
            except Exception:
                log.exception("find similar stumbled over consultation %s", consultation.id)

    def _next_arrival(self) -> Consultation | None:
        """The next consultation to serve, None to stop. Meanwhile takes up builds of other processes."""
        while True:
            try:
                return self._arrivals.get(timeout=LOOK_AGAIN_S)
            except queue.Empty:
                self._take_up()

    def _take_up(self) -> None:
        finder = self._finder
        if finder is None or self._building is not None:
            return
        try:
            promoted = finder.builds.current()
            if promoted != self._promoted:
                self._promoted = promoted
                if promoted != finder.status()["version"]:
                    finder.load()
                    self._announce()
                    self._resume()
        except Exception:
            log.exception("the build of another process could not be taken up")

    def _resume(self) -> None:
        """What arrived while the server was down, or before there was an index, gets its similar cases; what
        was closed just before the server was killed becomes a case."""
        try:
            for identifier in (*self._consultations.waiting(), *self._forgotten()):
                if (consultation := self._consultations.documents(identifier)) is not None:
                    self._arrivals.put(consultation)
        except Exception:
            log.exception("find similar could not look for what waits")

    def _forgotten(self) -> list[str]:
        """Closed since the build that is in use, and not in the log of fresh cases either. Without a build
        there may be thousands, and they wait for one."""
        if self._finder is None or self.status()["state"] != "ready":
            return []
        from search.fresh import FreshLog

        known = {entry.id for entry in FreshLog(self._folder / "fresh.jsonl").entries}
        built = str(self.status()["created"])[: len("2026-01-31T08:00:00")]
        return [each for each in self._consultations.closed_since(built) if each not in known]

    # -- asking ----------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """state, version, count, created, duration_s, encoder, message (search/finder.py)."""
        if self._finder is not None:
            return self._finder.status()
        state = "broken" if self._fault else "loading"
        return {
            "state": state, "version": None, "count": 0, "created": None, "duration_s": None,
            "encoder": None, "message": self._fault,
        }  # fmt: skip

    def similar(
        self, text: str, k: int = 10, industry: str | None = None, crop: str | None = None
    ) -> Similar:
        """Blocking. Unavailable while loading or without an index; Unacceptable for an empty question."""
        from search.errors import EmptyQuery, IndexMissing

        finder = self._loaded()
        try:
            return finder.similar(text, k, industry=industry, crop=crop)
        except EmptyQuery:
            raise Unacceptable("写几个字，说说是什么问题。") from None
        except IndexMissing:
            raise Unavailable("找类似在修，照常请专家。", error="search_missing") from None

    def _loaded(self) -> Finder:
        if self._finder is None:
            if self._fault:
                raise Unavailable("找类似在修，照常请专家。", error="search_missing")
            raise Unavailable("找类似正在准备，过一会儿再试。", error="search_loading")
        return self._finder

    # -- building --------------------------------------------------------------------------------

    @property
    def building(self) -> Building | None:
        return self._building

    @property
    def build_fault(self) -> str:
        """Why the last rebuild of this server failed; empty where it did not. The old index stays in use."""
        return self._build_fault

    def builds(self) -> list[Any]:
        """The manifests of all builds, oldest first."""
        return self._finder.builds.list() if self._finder is not None else []

    def start_build(self, person: Person) -> None:
        """Rebuild on a thread; ActionRefused while one is running, Unavailable while loading."""
        finder = self._loaded()
        if self._building is not None:
            raise ActionRefused(f"{self._building.started_by}正在建，建好再来。")
        self._cancel.clear()
        self._build_fault = ""
        self._building = Building("collect", 0, 0, datetime.now(UTC), person.name)
        self._announce()
        self._spawn(self._build, "index-build", finder)

    def cancel_build(self) -> None:
        if self._building is None:
            raise ActionRefused("现在没有在建的。")
        self._cancel.set()

    def promote(self, version: int) -> None:
        """Use another build from the next question on."""
        from search.errors import SearchError

        finder = self._loaded()
        if self._building is not None:
            raise ActionRefused("正在建新的，建好再换。")
        try:
            finder.builds.promote(version)
        except SearchError:
            raise Unacceptable(f"第 {version} 版不能用，请选别的。") from None
        finder.load()
        self._announce()

    def build_now(self, progress: Any = None) -> Any:
        """Blocking build for the command line."""
        return self.open().build(self.cases(), progress)

    def cases(self) -> Iterator[Case]:
        """What may be shown: ended consultations judged valid, with an answer (DESIGN.md)."""
        for identifier in self._consultations.cases():
            consultation = self._consultations.documents(identifier)
            if consultation is not None and (case := self.case(consultation)) is not None:
                yield case

    def case(self, consultation: Consultation) -> Case | None:
        """A consultation as a case; None where it is not ended, not valid or has no answer."""
        from search.cases import Case

        answer = _answer(consultation)
        if consultation.state != "closed" or consultation.verdict != "valid" or not answer:
            return None
        demand = consultation.demand
        return Case(
            id=consultation.id, question=demand["text"], answer=answer, industry=demand["industry"],
            crop=demand.get("crop", ""), region=self._programme.township_name(demand["region"]),
            date=_date(consultation),
        )  # fmt: skip

    def _build(self, finder: Finder) -> None:
        try:
            finder.build(self.cases(), self._note, self._cancel.is_set)
        except Exception as fault:
            if type(fault).__name__ != "BuildCancelled":
                log.exception("the index was not built")
                self._build_fault = str(fault) or type(fault).__name__
        else:
            self._resume()
        finally:
            self._building = None
            self._announce()

    def _note(self, progress: Any) -> None:
        if self._building is not None:
            self._building = replace(
                self._building, stage=progress.stage, done=progress.done, total=progress.total
            )
            self._announce()

    # -- telling the console ------------------------------------------------------------------------

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

    # -- following consultations ----------------------------------------------------------------------

    def _serve(self, consultation: Consultation) -> None:
        """Show a new demand what is similar; let a consultation that ended well be found at once."""
        finder = self._finder
        if finder is None:
            return
        if consultation.state == "closed":
            # A history is indexed as a whole, by the build that follows its import.
            if _imported(consultation):
                return
            case = self.case(consultation)
            if case is not None:
                finder.add(case)
            else:
                finder.remove(consultation.id)
        elif consultation.received_at and consultation.similar is None and not consultation.closed:
            self._write_similar(finder, consultation)

    def _write_similar(self, finder: Finder, consultation: Consultation) -> None:
        if not finder.ready:
            return
        demand = consultation.demand
        found = self.similar(demand["text"], SHOWN, crop=demand.get("crop") or None)
        if found.abstained:
            found = self.similar(demand["text"], SHOWN)
        document: Doc = {
            "_id": similar_id(consultation.id), "type": "similar", "demand": consultation.id,
            "at": iso(datetime.now(UTC)), "device": SERVER_DEVICE,
            "build": finder.status()["version"] or 0, "abstained": found.abstained,
            "results": [{**asdict(hit), "score": round(hit.score, 4)} for hit in found.results],
        }  # fmt: skip
        self._database.write([document])


def _answer(consultation: Consultation) -> str:
    """The last answer: what it is, then what to do."""
    if not consultation.replies:
        return ""
    reply = next(event for event in consultation.thread if event["_id"] == consultation.replies[-1])
    return "\n".join(part for part in (reply.get("diagnosis"), reply.get("text")) if part)


def _imported(consultation: Consultation) -> bool:
    return any(event["kind"] == "imported" for event in consultation.thread)


def _date(consultation: Consultation) -> str:
    imported = next((event for event in consultation.thread if event["kind"] == "imported"), None)
    if imported is not None:
        return str(imported.get("date") or "")
    return str(consultation.demand["at"])[:10]
