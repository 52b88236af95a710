"""Find similar inside the server: loads in the background, builds on request, never stops a consultation.

MISSION S2.1; DESIGN.md "Find similar". What is asked of it is in server/asking.py, builds in
server/rebuilding.py; here it follows consultations: what is similar is written beside each new demand, and
what ended well is found at once.
"""

from __future__ import annotations

import asyncio
import logging
import queue
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from models.ids import SERVER_DEVICE, similar_id
from models.programme import Programme
from models.workflow import Consultation, Doc, iso
from server.cases import case_of, imported, where_of
from server.consultations import Consultations
from server.rebuilding import Building, Rebuilding
from sync.store import Database

if TYPE_CHECKING:
    from search.finder import Finder

log = logging.getLogger(__name__)

SHOWN = 5
LOOK_AGAIN_S = 2.0


class FinderService(Rebuilding):
    """One finder, one build at a time, one worker that writes what was found beside each new demand."""

    def __init__(self, folder: Path, encoder: str | None, database: Database, consultations: Consultations,
                 programme: Programme) -> None:  # fmt: skip
        super().__init__(folder, encoder, consultations, programme)
        self._database = database
        self._promoted: int | None = None
        self._arrivals: queue.Queue[Consultation | None] = queue.Queue()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Load on a thread of its own; consultations that arrive meanwhile wait in a queue."""
        self._loop = loop
        self._consultations.listen(self._arrivals.put)
        self._spawn(self._work, "find-similar")

    def close(self) -> None:
        self._cancel.set()
        self._arrivals.put(None)
        for thread in self._threads:
            thread.join()

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

    def _taken_up(self) -> None:
        self._resume()

    def _serve(self, consultation: Consultation) -> None:
        """Show a new demand what is similar; let a consultation that ended well be found at once."""
        finder = self._finder
        if finder is None:
            return
        if consultation.state == "closed":
            # A history is indexed as a whole, by the build that follows its import.
            if imported(consultation):
                return
            case = case_of(consultation, self._programme)
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
        found = self.similar(demand["text"], SHOWN, where=where_of(demand, self._programme))
        document: Doc = {
            "_id": similar_id(consultation.id), "type": "similar", "demand": consultation.id,
            "at": iso(datetime.now(UTC)), "device": SERVER_DEVICE,
            "build": finder.status()["version"] or 0, "abstained": found.abstained,
            "results": [{**asdict(hit), "score": round(hit.score, 4)} for hit in found.results],
        }  # fmt: skip
        self._database.write([document])


__all__ = ["Building", "FinderService"]
