"""The packs of one county in a folder: made when they are asked for, and made anew when its cases are others.

CURRENT             what is current: JSON, replaced atomically; all else is named after it
<version>.cases     the cases of that version, as in the section of that name
<version>.known     gzip JSON: where each of them came from, and the ways back to the versions before it
<version>.<since or full>.<language or none>.<digest>.pack
                    a file as phones get it; those of former versions stay for a while, so that a cut
                    download of one can be ended
building.lock       held by the process that makes any of these

Several processes may share the folder. It can be deleted at any time.
"""

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from search.errors import PackBroken
from search.lock import held
from search.pack import difference as sets
from search.pack.container import DIFFERENCE, FULL, Header, Section, write
from search.pack.language import Packed

CURRENT = "CURRENT"
LOCK = "building.lock"

VERSIONS = 30
"""Former versions that a phone may have and still be told the difference."""

FORMER = 16 * 1024 * 1024
"""Bytes of files of former versions that stay, the newest: three with a language, or hundreds of
differences."""

DIGITS = 32
"""Hexadecimal digits of a file's digest, its strong ETag."""

_ETAG = re.compile(f"[0-9a-f]{{{DIGITS}}}")
_DAMAGES = (OSError, EOFError, ValueError, TypeError, LookupError, zlib.error, PackBroken)


@dataclass(frozen=True)
class Source:
    """The cases that a county has now. `stamp` is equal as long as they are the same; `wanted` are their ids
    with a number that rises whenever one changes, meaningful beside numbers of the same `origin`."""

    stamp: str
    origin: str
    wanted: Mapping[str, int]
    left_out: int = 0


@dataclass(frozen=True)
class Current:
    """What a folder holds: the stamp of its source, the version, its cases, and the versions known before."""

    stamp: str
    version: str
    count: int
    left_out: int
    former: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Kept:
    """Of one version: the lines, the number of each id that was looked at (a line or none), and the ways back
    to former versions, the newest first, each from the one after it."""

    lines: Mapping[str, bytes] = field(default_factory=dict)
    origin: str = ""
    numbers: Mapping[str, int] = field(default_factory=dict)
    ways: tuple[tuple[str, Mapping[str, str | None]], ...] = ()


class Shelf:
    """One county's folder; `county` has 6 digits."""

    def __init__(self, folder: Path, county: str) -> None:
        self.folder = folder
        self.county = county

    def current(self) -> Current | None:
        """What is current; None where nothing was made yet, or where it is damaged."""
        try:
            told = orjson.loads((self.folder / CURRENT).read_bytes())
            return Current(**{**told, "former": tuple(told["former"])})
        except _DAMAGES:
            return None

    def file(self, current: Current, since: str | None, language: str | None) -> Path | None:
        """The file for a phone with these, if it was made: `since` is the version that it has, `language` the
        one to put in, None where the phone has it."""
        begin = f"{current.version}.{_base(current, since) or FULL}.{language or 'none'}."
        return next(self.folder.glob(f"{begin}*.pack"), None)

    def by_etag(self, etag: str) -> Path | None:
        """The file of this digest, if it is still there."""
        return next(self.folder.glob(f"*.{etag}.pack"), None) if _ETAG.fullmatch(etag) else None

    def lock(self) -> AbstractContextManager[None]:
        """Hold while calling what follows."""
        return held(self.folder / LOCK)

    def renew(self, source: Source, line: Callable[[str], bytes | None]) -> Current:
        """Make the source's cases the current version. `line` gives the line of a case by its id, or None; it
        is asked only for those that are new or changed."""
        current = self.current()
        before = self._read(current)
        numbers = before.numbers if before.origin == source.origin else {}
        lines: dict[str, bytes] = {}
        for identifier, number in source.wanted.items():
            same = numbers.get(identifier) == number
            found = before.lines.get(identifier) if same else line(identifier)
            if found is not None:
                lines[identifier] = found
        known = sets.catalogue(lines)
        version = sets.version_of(known)
        ways = before.ways
        if current is not None and current.version != version:
            way = sets.way_back(known, sets.catalogue(before.lines))
            ways = ((current.version, way), *ways)[:VERSIONS]
        self._write(version, _Kept(sets.newest_first(lines), source.origin, dict(source.wanted), ways))
        former = tuple(name for name, _ in ways)
        renewed = Current(source.stamp, version, len(lines), source.left_out, former)
        self._put(CURRENT, orjson.dumps(asdict(renewed)))
        self._sweep(version)
        return renewed

    def make(self, current: Current, since: str | None, language: Packed, with_language: bool) -> Path:
        """The file for a phone, made unless it is there. Raises PackBroken where the folder is damaged: then
        everything in it was forgotten, and `renew` comes first."""
        put_in = language.id if with_language else None
        made = self.file(current, since, put_in)
        if made is not None:
            return made
        base = _base(current, since)
        kept = self._read(current)
        if not kept.origin:
            (self.folder / CURRENT).unlink(missing_ok=True)
            raise PackBroken(f"version {current.version} is damaged")
        header = Header(
            DIFFERENCE if base else FULL, self.county, current.version, base, language.id,
            current.count, current.left_out,
        )  # fmt: skip
        sections = [*(language.sections if with_language else ()), *_cases(kept, current, base)]
        raw = write(header, sections)
        etag = hashlib.sha256(raw).hexdigest()[:DIGITS]
        return self._put(f"{current.version}.{base or FULL}.{put_in or 'none'}.{etag}.pack", raw)

    def _read(self, current: Current | None) -> _Kept:
        """What is kept of the current version; nothing where there is none, or where it is damaged."""
        if current is None:
            return _Kept()
        try:
            lines = sets.unpack_lines(gzip.decompress(self._path(current.version, "cases").read_bytes()))
            known = orjson.loads(gzip.decompress(self._path(current.version, "known").read_bytes()))
            if sets.version_of(sets.catalogue(lines)) != current.version:
                return _Kept()
            ways = tuple((str(version), way) for version, way in known["ways"])
            return _Kept(lines, known["origin"], known["numbers"], ways)
        except _DAMAGES:
            return _Kept()

    def _write(self, version: str, kept: _Kept) -> None:
        known = {"origin": kept.origin, "numbers": kept.numbers, "ways": kept.ways}
        self._put(f"{version}.cases", gzip.compress(sets.pack_lines(kept.lines), 6, mtime=0))
        self._put(f"{version}.known", gzip.compress(orjson.dumps(known), 6, mtime=0))

    def _put(self, name: str, content: bytes) -> Path:
        """Write a file that appears whole or not at all, also after a power cut."""
        path, draft = self.folder / name, self.folder / f".{name}.draft"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return path

    def _path(self, version: str, kind: str) -> Path:
        return self.folder / f"{version}.{kind}"

    def _sweep(self, version: str) -> None:
        """Delete what is of former versions, and of files for phones all but the newest FORMER bytes."""
        others = [
            path for path in self.folder.iterdir() if not path.name.startswith((version, CURRENT, LOCK))
        ]
        files = [path for path in others if path.suffix == ".pack"]
        room = FORMER
        for path in sorted(files, key=_age):
            room -= path.stat().st_size
            if room < 0:
                path.unlink()
        for path in set(others) - set(files):
            path.unlink()


def _base(current: Current, since: str | None) -> str | None:
    """The version that a difference can stand on; None for a full pack."""
    return since if since is not None and since in (current.version, *current.former) else None


def _cases(kept: _Kept, current: Current, base: str | None) -> Iterable[Section]:
    """The sections `cases` and, in a difference, `gone`."""
    if base is None:
        return (Section.of("cases", sets.pack_lines(kept.lines)),)
    known = sets.catalogue(kept.lines)
    if base != current.version:
        for version, way in kept.ways:
            known = sets.gone_back(known, way)
            if version == base:
                break
        else:
            raise PackBroken(f"the way back to version {base} is lost")
    told = sets.difference(known, kept.lines)
    return Section.of("cases", sets.pack_lines(told.changed)), Section.of("gone", orjson.dumps(told.gone))


def _age(path: Path) -> Any:
    """Sorts the newest first."""
    return -path.stat().st_mtime_ns, path.name
