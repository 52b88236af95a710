"""Find similar, as the server uses it: one object, many threads, never a reason to stop a consultation."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from search.asking import LONGEST, MOST, Asker, Hit, Similar
from search.boosts import NOWHERE, Circumstances
from search.builds import Builds
from search.cases import Case
from search.encoder import Encoder
from search.errors import (
    BuildBroken,
    EmptyQuery,
    EncoderError,
    EncoderMismatch,
    IndexMissing,
    SearchError,
)
from search.explain import Explanation
from search.fresh import FreshLog
from search.index import Manifest, Progress, Work
from search.ranking import Ranked
from search.segment import Segment, in_memory

LOOK_AGAIN_S = 0.25
"""How often at most a query looks whether another process changed something (two system calls)."""


@dataclass(frozen=True)
class _Live:
    """What queries read; replaced as a whole, never changed."""

    manifest: Manifest | None
    base: Segment | None
    asker: Asker
    count: int


@dataclass
class _State:
    name: str = "loading"
    message: str = ""
    manifest: Manifest | None = None
    live: _Live | None = None
    encoder: Encoder | None = None
    log: FreshLog | None = field(default=None)


class Finder:
    """The index of one deployment.

    Make it at once, call `load` in a background thread, ask `status` at any time. Until `ready`, `similar`
    raises IndexMissing. Everything else may be called from any thread.
    """

    def __init__(self, folder: Path, encoder_name: str | None = None) -> None:
        self.builds = Builds(folder)
        self._encoder_name = encoder_name
        self._state = _State()
        self._change = threading.RLock()
        self._building = threading.Lock()
        self._next_look = 0.0
        self._tried: int | None = None
        self._taking_up: threading.Thread | None = None

    @property
    def ready(self) -> bool:
        """Whether questions can be answered now."""
        live = self._state.live
        return live is not None and (live.base is not None or bool(live.asker.segments))

    def load(self) -> None:
        """Open the encoder, the current build and the fresh cases. Takes a moment; never raises
        SearchError."""
        with self._change:
            try:
                self._load()
            except (EncoderError, OSError) as error:
                self._set("broken", str(error), None)

    def status(self) -> dict[str, object]:
        """For the console: state, version, count, created, duration_s, encoder, message.

        state: loading; ready; missing (no build yet); broken (no build or encoder can be used); stale (the
        build belongs to another encoder and must be made anew). `message` says what to know, also when ready.
        """
        state = self._state
        manifest, live = state.manifest, state.live
        return {
            "state": state.name,
            "version": manifest.version if manifest else None,
            "count": live.count if live else 0,
            "created": manifest.created if manifest else None,
            "duration_s": manifest.duration_s if manifest else None,
            "encoder": state.encoder.id if state.encoder else None,
            "message": state.message,
        }

    def similar(
        self,
        text: str,
        k: int = 10,
        industry: str | None = None,
        crop: str | None = None,
        circumstances: Circumstances = NOWHERE,
    ) -> Similar:
        """The cases most like this question, best first; k is brought into 1..50.

        Raises EmptyQuery when nothing in the text can be searched for, IndexMissing while not `ready`.
        Only the first 500 characters count. Filters are exact, but a crop may be given by any of its names;
        `circumstances` raise cases that share them and hide none.
        """
        return self._asker().similar(text, k, industry, crop, circumstances)

    def explain(
        self,
        text: str,
        case_id: str,
        industry: str | None = None,
        crop: str | None = None,
        circumstances: Circumstances = NOWHERE,
    ) -> Explanation:
        """Every part of a case's score for this question.

        Raises EmptyQuery, IndexMissing, and CaseMissing when the case is not in the index.
        """
        return self._asker().explain(text, case_id, industry, crop, circumstances)

    def ranked(self, text: str, k: int = 10, circumstances: Circumstances = NOWHERE) -> list[Ranked]:
        """The best cases with score and confidence, also where `similar` would be silent (the console's
        playground). Raises EmptyQuery, IndexMissing."""
        return self._asker().ranked(text, k, circumstances=circumstances)

    def trial(self, version: int) -> Asker:
        """A finished build to ask before it is promoted, with the fresh cases that it does not hold.

        Raises IndexMissing, BuildBroken, EncoderMismatch, EncoderMissing.
        """
        with self._change:
            encoder = self._state.encoder or Encoder(self._encoder_name)
            manifest, base = self.builds.read(version)
            if manifest.encoder != encoder.id:
                raise EncoderMismatch(f"build {version} was made with {manifest.encoder}")
            return self._live(encoder, manifest, base).asker

    def similar_batch(self, texts: Sequence[str], k: int = 10) -> list[Similar]:
        """`similar` for many texts; a text that cannot be searched for abstains instead of raising."""
        answers = []
        for text in texts:
            try:
                answers.append(self.similar(text, k))
            except EmptyQuery:
                answers.append(Similar(True, ()))
        return answers

    def build(
        self,
        cases: Iterable[Case],
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        promote: bool = True,
    ) -> Manifest:
        """Index the cases, with the fresh ones among them, and with `promote` use the result from the next
        query on; without, it waits for `promote` or `discard`.

        Queries go on meanwhile. One build at a time: a second caller waits. Raises BuildCancelled,
        EncoderError.
        """
        with self._building:
            with self._change:
                encoder = self._state.encoder or Encoder(self._encoder_name)
                log = self._log()
                through = max(log.last, *(manifest.fresh for manifest in self.builds.list()), 0)
                since = log.since(self._absorbed())
            manifest = self.builds.build(
                _merge(cases, since.cases, since.hidden), encoder, Work(progress, cancelled), through
            )
            if promote:
                with self._change:
                    self.builds.promote(manifest.version)
                    self._load(encoder)
                    self._log().forget(self.builds.prune())
            return manifest

    def discard(self, version: int) -> None:
        """Delete a build that is not in use. Raises IndexMissing, BuildInUse."""
        with self._change:
            self.builds.remove(version)

    def promote(self, version: int) -> None:
        """Use another finished build from the next query on, and delete those that are too old to go back to.
        Raises IndexMissing, BuildBroken."""
        with self._change:
            self.builds.promote(version)
            self.load()
            self._log().forget(self.builds.prune())

    def rollback(self) -> int:
        """Use the build before the current one; return its version. Raises IndexMissing when there is
        none."""
        with self._change:
            version = self.builds.rollback()
            self.load()
            return version

    def add(self, case: Case) -> None:
        """Make a case findable at once, and after a restart. Replaces a case with the same id."""
        with self._change:
            self._log().add(case.stripped(), self._absorbed())
            self._refresh()

    def remove(self, case_id: str) -> None:
        """Hide a case from now on; unknown ids are remembered, in case an older build has them."""
        with self._change:
            self._log().remove(case_id, self._absorbed())
            self._refresh()

    def look(self) -> None:
        """Take up what other processes did: their fresh cases at once, their promotion on a thread of its
        own, since a large build takes seconds to check. `similar` does this by itself."""
        now = time.monotonic()
        if now < self._next_look or self._state.live is None:
            return
        self._next_look = now + LOOK_AGAIN_S
        promoted = self.builds.current()
        manifest = self._state.manifest
        # A pointer is tried once: a damaged build stays passed over until there is another.
        moved = promoted not in {manifest.version if manifest else None, self._tried}
        log = self._state.log
        if not moved and log is not None and not log.changed():
            return
        if not self._change.acquire(blocking=False):
            return  # whoever holds it is loading or adding
        try:
            if moved and not (self._taking_up and self._taking_up.is_alive()):
                self._tried = promoted
                self._taking_up = threading.Thread(target=self.load, name="take-up-build", daemon=True)
                self._taking_up.start()
            if self._log().look():
                self._refresh()
        finally:
            self._change.release()

    def _asker(self) -> Asker:
        self.look()
        live = self._state.live
        if live is None or not self.ready:
            raise IndexMissing(self._state.message or "the index is being loaded")
        return live.asker

    def _load(self, encoder: Encoder | None = None) -> None:
        encoder = self._state.encoder = encoder or Encoder(self._encoder_name)
        self._state.log = None
        try:
            manifest, base, faults = self.builds.open()
        except IndexMissing as error:
            self._set("missing", str(error), None, self._live(encoder, None, None))
        except BuildBroken as error:
            self._set("broken", str(error), None, self._live(encoder, None, None))
        else:
            if manifest.encoder != encoder.id or manifest.dimension != encoder.dimension:
                message = f"build {manifest.version} was made with {manifest.encoder}, in use is {encoder.id}"
                self._set("stale", message, manifest, self._live(encoder, None, None))
            else:
                message = f"using build {manifest.version}: {'; '.join(faults)}" if faults else ""
                self._set("ready", message, manifest, self._live(encoder, manifest, base))

    def _set(self, name: str, message: str, manifest: Manifest | None, live: _Live | None = None) -> None:
        self._state = _State(name, message, manifest, live, self._state.encoder, self._state.log)

    def _live(self, encoder: Encoder, manifest: Manifest | None, base: Segment | None) -> _Live:
        """The base segment and, over it, whatever the log holds that it does not."""
        changes = self._log().since(manifest.fresh if manifest else 0)
        segments, hidden = [], []
        count = len(changes.cases)
        if base is not None and base.count:
            segments.append(base)
            hidden.append(changes.hidden)
            count += base.count - base.columns.holds(changes.hidden)
        if changes.cases:
            cases = list(changes.cases.values())
            vectors = encoder.encode([case.question for case in cases])
            segments.append(in_memory(cases, vectors, segments[0] if segments else None))
            hidden.append(frozenset())
        return _Live(manifest, base, Asker(encoder, tuple(segments), tuple(hidden)), count)

    def _refresh(self) -> None:
        live = self._state.live
        if live:
            state = self._state
            self._set(
                state.name,
                state.message,
                state.manifest,
                self._live(live.asker.encoder, live.manifest, live.base),
            )

    def _log(self) -> FreshLog:
        if self._state.log is None:
            self._state.log = FreshLog(self.builds.folder / "fresh.jsonl")
        return self._state.log

    def _absorbed(self) -> int:
        """The last log entry that some build contains; new entries are numbered after it."""
        return max((manifest.fresh for manifest in self.builds.list()), default=0)


def _merge(cases: Iterable[Case], fresh: dict[str, Case], hidden: frozenset[str]) -> Iterator[Case]:
    for case in cases:
        if case.id not in hidden:
            yield case
    yield from fresh.values()


__all__ = ["LONGEST", "MOST", "Circumstances", "Explanation", "Finder", "Hit", "SearchError", "Similar"]
