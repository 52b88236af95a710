"""One build on disk: a folder that is written once, checked, and then only read (mapped where it can be)."""

import hashlib
import json
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from search import dense
from search.cases import Case
from search.columns import ARRAYS, Columns
from search.encoder import Encoder
from search.errors import BuildBroken, BuildCancelled
from search.lexical import Lexical
from search.segment import Collector, Floats, Segment

MANIFEST = "manifest.json"
FORMAT = 2
"""Of the files of a build; one of another format must be made anew."""

BATCH = 2048
JUDGES = 200
"""Shortened questions that the recall of a large index is measured with."""


@dataclass(frozen=True)
class Progress:
    """Where a build stands. Stages in order: collect, strip, encode, index, save; `done` of `total` cases
    or steps."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class Manifest:
    """What a build is. `created` is ISO 8601 UTC; `fresh` is the last entry of the log of fresh cases it
    contains; `kind` is the FAISS index in words, `depth` how many of its answers are compared exactly,
    `recall` the share of the exact ten nearest that it finds."""

    version: int
    encoder: str
    dimension: int
    count: int
    created: str
    duration_s: float
    fresh: int
    files: dict[str, str]
    kind: str = "flat"
    depth: int = 0
    recall: float = 1.0
    format: int = 1


Report = Callable[[Progress], None]
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Work:
    """Who is told of progress, and who may stop the work."""

    report: Report | None = None
    stop: Stop | None = None

    def at(self, stage: str, done: int, total: int) -> None:
        """Tell where the build stands. Raises BuildCancelled when it was stopped."""
        if self.stop and self.stop():
            raise BuildCancelled(f"stopped at {stage}, {done} of {total}")
        if self.report:
            self.report(Progress(stage, done, total))


def write(
    folder: Path, version: int, cases: Sequence[Case], encoder: Encoder, fresh: int, work: Work
) -> Manifest:
    """Build an index of cases (already stripped) into an existing empty folder; the manifest is written
    last."""
    begun = time.monotonic()
    built = _index(cases, encoder, work)
    built.save(folder)
    _save_words(folder, cases, work)
    _save_rows(folder, cases)
    work.at("index", 2 * len(cases), 2 * len(cases))
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    files = {}
    for done, name in enumerate(names):
        work.at("save", done, len(names))
        _fsync(folder / name)
        files[name] = checksum(folder / name)
    seconds = round(time.monotonic() - begun, 3)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(
        version,
        encoder.id,
        encoder.dimension,
        len(cases),
        created,
        seconds,
        fresh,
        files,
        built.kind,
        built.depth,
        round(built.recall, 4),
        FORMAT,
    )
    (folder / MANIFEST).write_bytes(orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
    _fsync(folder / MANIFEST)
    work.at("save", len(names), len(names))
    return manifest


def encode(cases: Sequence[Case], encoder: Encoder, work: Work) -> Floats:
    """The questions' vectors, float32 [n, d]."""
    vectors = np.zeros((len(cases), encoder.dimension), np.float32)
    for begin in range(0, len(cases), BATCH):
        work.at("encode", begin, len(cases))
        batch = cases[begin : begin + BATCH]
        vectors[begin : begin + len(batch)] = encoder.encode([case.question for case in batch])
    work.at("encode", len(cases), len(cases))
    return vectors


def _index(cases: Sequence[Case], encoder: Encoder, work: Work) -> dense.Vectors:
    """Encode the questions and index the vectors; the float32 vectors are gone when this returns."""
    vectors = encode(cases, encoder, work)
    chosen = np.random.default_rng(0).permutation(len(cases))[:JUDGES]
    # Nobody repeats an old question to the letter: the judges leave out its first third.
    texts = [cases[row].question for row in chosen]
    judges = encoder.encode([text[len(text) // 3 :] for text in texts])
    work.at("index", 0, 2 * len(cases))
    # This thread's own setting: training uses all cores, questions that are asked meanwhile use one each.
    dense.load_faiss().omp_set_num_threads(os.cpu_count() or 1)
    return dense.build(vectors, judges, lambda done: work.at("index", done, 2 * len(cases)))


def _save_words(folder: Path, cases: Sequence[Case], work: Work) -> None:
    collector = Collector()
    for begin in range(0, len(cases), 4 * BATCH):
        work.at("index", len(cases) + begin, 2 * len(cases))
        collector.add(cases[begin : begin + 4 * BATCH])
    for part in ("questions", "answers"):
        (folder / part).mkdir()
    collector.questions().save(folder / "questions")
    collector.answers().save(folder / "answers")
    _save_columns(folder, collector.columns())


def read_manifest(folder: Path) -> Manifest:
    """Read a build's manifest. Raises BuildBroken."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BuildBroken(f"{folder.name}: unreadable manifest ({error})") from error
    if manifest.format != FORMAT:
        raise BuildBroken(f"{folder.name}: made by another version of the program, build it anew")
    return manifest


def check(folder: Path, manifest: Manifest) -> None:
    """Compare every file with its checksum. Raises BuildBroken."""
    for name, expected in manifest.files.items():
        try:
            found = checksum(folder / name)
        except OSError as error:
            raise BuildBroken(f"{folder.name}: {name} is missing") from error
        if found != expected:
            raise BuildBroken(f"{folder.name}: {name} is damaged")


def read(folder: Path) -> Segment:
    """Open a build for searching. Raises BuildBroken."""
    manifest = read_manifest(folder)
    try:
        return Segment(
            dense.load(folder, manifest.depth, manifest.kind, manifest.recall),
            Lexical.load(folder / "questions"),
            Lexical.load(folder / "answers"),
            _load_columns(folder),
            Rows(folder).case,
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BuildBroken(f"{folder.name}: {error}") from error


class Rows:
    """The cases of a build, read one by one: mapped, they would stay in memory once shown."""

    def __init__(self, folder: Path) -> None:
        self._offsets = np.asarray(np.load(folder / "rows.npy", mmap_mode="r"))
        self._handle = os.open(folder / "rows.jsonl", os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._lock = threading.Lock()
        weakref.finalize(self, os.close, self._handle)

    def case(self, row: int) -> Case:
        """Case number `row`."""
        begin, end = self._offsets.item(row), self._offsets.item(row + 1)
        return Case(**orjson.loads(self._read(begin, end - begin)))

    def _read(self, begin: int, count: int) -> bytes:
        if hasattr(os, "pread"):  # one call, and nobody waits; Windows has none
            return os.pread(self._handle, count, begin)
        with self._lock:
            os.lseek(self._handle, begin, os.SEEK_SET)
            return os.read(self._handle, count)


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fsync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _save_rows(folder: Path, cases: Sequence[Case]) -> None:
    offsets = np.zeros(len(cases) + 1, np.int64)
    with (folder / "rows.jsonl").open("wb") as file:
        for number, case in enumerate(cases):
            file.write(orjson.dumps(case.to_row(), option=orjson.OPT_APPEND_NEWLINE))
            offsets[number + 1] = file.tell()
    np.save(folder / "rows.npy", offsets)


def _save_columns(folder: Path, columns: Columns) -> None:
    parts: dict[str, Any] = vars(columns)
    for name, value in parts.items():
        if isinstance(value, np.ndarray):
            np.save(folder / f"column_{name}.npy", value)
    names = {name: list(value) for name, value in parts.items() if isinstance(value, dict)}
    (folder / "names.json").write_bytes(orjson.dumps(names))


def _load_columns(folder: Path) -> Columns:
    names = orjson.loads((folder / "names.json").read_bytes())
    parts: dict[str, Any] = {key: {name: n for n, name in enumerate(values)} for key, values in names.items()}
    for name in ARRAYS:
        parts[name] = np.load(folder / f"column_{name}.npy")
    return Columns(**parts)
