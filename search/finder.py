"""Find similar, as the server uses it: one object, many threads, never a reason to stop a consultation."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from search.builds import Builds
from search.cases import Case
from search.confidence import CUT
from search.encoder import Encoder
from search.errors import BuildBroken, EmptyQuery, EncoderError, IndexMissing, SearchError
from search.fresh import FreshLog
from search.index import Manifest, Progress, Work
from search.ranking import Ranked, make_query, search
from search.segment import Segment, in_memory
from search.text import tokens

LONGEST = 500
"""Characters of a question that are used; what comes after adds noise, not meaning."""

MOST = 50
"""Most results of one query."""


@dataclass(frozen=True)
class Hit:
    """A similar case; `score` is about 0 to 1."""

    id: str
    score: float
    question: str
    answer: str
    industry: str
    crop: str
    region: str
    date: str


@dataclass(frozen=True)
class Similar:
    """The answer to a query. `abstained`: nothing is similar enough to show, and `results` is empty."""

    abstained: bool
    results: tuple[Hit, ...]


@dataclass(frozen=True)
class _Live:
    """What queries read; replaced as a whole, never changed."""

    encoder: Encoder
    manifest: Manifest | None
    base: Segment | None
    segments: tuple[Segment, ...]
    hidden: tuple[frozenset[str], ...]


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

    @property
    def ready(self) -> bool:
        """Whether questions can be answered now."""
        live = self._state.live
        return live is not None and (live.base is not None or bool(live.segments))

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
            "count": sum(segment.count for segment in live.segments) if live else 0,
            "created": manifest.created if manifest else None,
            "duration_s": manifest.duration_s if manifest else None,
            "encoder": state.encoder.id if state.encoder else None,
            "message": state.message,
        }

    def similar(
        self, text: str, k: int = 10, industry: str | None = None, crop: str | None = None
    ) -> Similar:
        """The cases most like this question, best first; k is brought into 1..50.

        Raises EmptyQuery when nothing in the text can be searched for, IndexMissing while not `ready`.
        Only the first 500 characters count. Filters are exact, but a crop may be given by any of its names.
        """
        live = self._state.live
        if live is None or not self.ready:
            raise IndexMissing(self._state.message or "the index is being loaded")
        text = text[:LONGEST]
        if not tokens(text):
            raise EmptyQuery("write in a few words what is wrong")
        query = make_query(text, live.encoder, industry, crop)
        found = search(live.segments, query, max(1, min(k, MOST)), live.hidden)
        if not found or found[0].confidence < CUT:
            return Similar(True, ())
        return Similar(False, tuple(_hit(ranked) for ranked in found))

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
    ) -> Manifest:
        """Index the cases, with the fresh ones among them, promote the result and use it from the next
        query on.

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
            with self._change:
                self.builds.promote(manifest.version)
                self._load(encoder)
                log.forget(self.builds.prune())
            return manifest

    def promote(self, version: int) -> None:
        """Use another finished build from the next query on. Raises IndexMissing, BuildBroken."""
        with self._change:
            self.builds.promote(version)
            self.load()

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
        if base is not None and base.count:
            segments.append(base)
            hidden.append(changes.hidden)
        if changes.cases:
            cases = list(changes.cases.values())
            vectors = encoder.encode([case.question for case in cases])
            segments.append(in_memory(cases, vectors, segments[0] if segments else None))
            hidden.append(frozenset())
        return _Live(encoder, manifest, base, tuple(segments), tuple(hidden))

    def _refresh(self) -> None:
        live = self._state.live
        if live:
            state = self._state
            self._set(
                state.name, state.message, state.manifest, self._live(live.encoder, live.manifest, live.base)
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


def _hit(ranked: Ranked) -> Hit:
    case = ranked.case
    return Hit(
        case.id,
        round(ranked.score, 4),
        case.question,
        case.answer,
        case.industry,
        case.crop,
        case.region,
        case.date,
    )


__all__ = ["Finder", "Hit", "SearchError", "Similar"]
