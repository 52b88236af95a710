"""The file of a pack: a header and sections, each vouched for by its digest (docs/pack.md, "The file")."""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from search.errors import PackBroken

MAGIC = b"TWPACK1\n"
FORMAT = 1

FULL, DIFFERENCE = "full", "difference"

LARGEST_HEADER = 64 * 1024
"""Bytes; one of eight sections has under a thousand."""

LARGEST = 64 * 1024 * 1024
"""Bytes that all sections together may unpack to: a language and 20,000 cases are under 20 MB."""

_GZIP = 31
"""zlib's window bits for a gzip stream."""

_START = len(MAGIC) + 4


@dataclass(frozen=True)
class Header:
    """What a pack is: `county` has 6 digits; `since` is the version that a difference stands on, None in a
    full pack; `count` the cases that the phone has once it has applied the file, `left_out` older ones."""

    kind: str
    county: str
    version: str
    since: str | None
    language: str
    count: int
    left_out: int = 0


@dataclass(frozen=True)
class Section:
    """One named part, packed by gzip; `unpacked` is its size in bytes before."""

    name: str
    packed: bytes
    unpacked: int

    @classmethod
    def of(cls, name: str, content: bytes, noise: bool = False) -> "Section":
        """Pack a content: the same bytes each time (no moment in the gzip header). `noise`: it repeats
        nothing, as the numbers of a table do, and packs smaller when no repetitions are looked for."""
        strategy = zlib.Z_FILTERED if noise else zlib.Z_DEFAULT_STRATEGY
        packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP, zlib.DEF_MEM_LEVEL, strategy)
        return cls(name, packer.compress(content) + packer.flush(), len(content))

    def line(self) -> dict[str, object]:
        """Its line of the header."""
        digest = hashlib.sha256(self.packed).hexdigest()
        return {"name": self.name, "bytes": len(self.packed), "unpacked": self.unpacked, "sha256": digest}


@dataclass(frozen=True)
class Pack:
    """A file that was taken apart and checked: `contents` are its sections, unpacked, by name."""

    header: Header
    contents: Mapping[str, bytes]

    def content(self, name: str) -> bytes:
        """One section. Raises PackBroken where it is not there."""
        try:
            return self.contents[name]
        except KeyError:
            raise PackBroken(f"the pack has no section {name}") from None


def write(header: Header, sections: Iterable[Section]) -> bytes:
    """The bytes of a file."""
    parts = tuple(sections)
    told = {
        "format": FORMAT, "kind": header.kind, "county": header.county, "version": header.version,
        "since": header.since, "language": header.language, "count": header.count,
        "left_out": header.left_out, "sections": [part.line() for part in parts],
    }  # fmt: skip
    raw = orjson.dumps(told)
    return b"".join([MAGIC, len(raw).to_bytes(4, "little"), raw, *(part.packed for part in parts)])


def read(raw: bytes) -> Pack:
    """Take a file apart. Raises PackBroken unless all of it holds: length, digests, sizes, structure."""
    told, place = _told(raw)
    lines = [_line(line) for line in _of(told, "sections", list)]
    if sum(unpacked for _, _, unpacked, _ in lines) > LARGEST:
        raise PackBroken(f"the pack would unpack to more than {LARGEST} bytes")
    end = place + sum(size for _, size, _, _ in lines)
    if len(raw) != end:
        raise PackBroken(f"the pack has {len(raw)} bytes, its header tells of {end}")
    contents: dict[str, bytes] = {}
    for name, size, unpacked, digest in lines:
        packed = raw[place : place + size]
        place += size
        if hashlib.sha256(packed).hexdigest() != digest:
            raise PackBroken(f"section {name} is not what its digest says")
        if name in contents:
            raise PackBroken(f"the pack has two sections {name}")
        contents[name] = _unpack(name, packed, unpacked)
    return Pack(_header(told), contents)


def _told(raw: bytes) -> tuple[dict[str, Any], int]:
    """The header's JSON, and where the sections begin."""
    if raw[: len(MAGIC)] != MAGIC[: len(raw)]:
        raise PackBroken("this is not a pack")
    if len(raw) < _START:
        raise PackBroken(f"the pack ends after {len(raw)} bytes, before its header")
    length = int.from_bytes(raw[len(MAGIC) : _START], "little")
    if length > LARGEST_HEADER:
        raise PackBroken(f"the header would have {length} bytes")
    if len(raw) < _START + length:
        raise PackBroken(f"the pack ends after {len(raw)} bytes, inside its header")
    try:
        told = orjson.loads(raw[_START : _START + length])
    except orjson.JSONDecodeError as error:
        raise PackBroken(f"the header is not JSON: {error}") from error
    if not isinstance(told, dict):
        raise PackBroken("the header is not an object")
    if told.get("format") != FORMAT:
        raise PackBroken(f"the pack is of format {told.get('format')!r}, not {FORMAT}")
    return told, _START + length


def _header(told: Mapping[str, Any]) -> Header:
    kind, since = _of(told, "kind", str), told.get("since")
    if kind not in (FULL, DIFFERENCE):
        raise PackBroken(f"a pack of kind {kind!r} is unknown")
    if not (isinstance(since, str) if kind == DIFFERENCE else since is None):
        raise PackBroken(f"a {kind} pack cannot stand on {since!r}")
    return Header(
        kind,
        _of(told, "county", str),
        _of(told, "version", str),
        since,
        _of(told, "language", str),
        _natural(told, "count"),
        _natural(told, "left_out"),
    )


def _line(line: object) -> tuple[str, int, int, str]:
    """(name, packed bytes, unpacked bytes, digest) of a section."""
    if not isinstance(line, dict):
        raise PackBroken("a section of the header is not an object")
    return (
        _of(line, "name", str),
        _natural(line, "bytes"),
        _natural(line, "unpacked"),
        _of(line, "sha256", str),
    )


def _of(told: Mapping[str, Any], name: str, kind: type) -> Any:
    value = told.get(name)
    if type(value) is not kind:
        raise PackBroken(f"the header's {name} is {value!r}")
    return value


def _natural(told: Mapping[str, Any], name: str) -> int:
    value: int = _of(told, name, int)
    if value < 0:
        raise PackBroken(f"the header's {name} is {value}")
    return value


def _unpack(name: str, packed: bytes, unpacked: int) -> bytes:
    """Never makes more than the header announced, whatever the gzip stream would grow to."""
    stream = zlib.decompressobj(_GZIP)
    try:
        content = stream.decompress(packed, unpacked + 1)
    except zlib.error as error:
        raise PackBroken(f"section {name} cannot be unpacked: {error}") from error
    if len(content) != unpacked or not stream.eof or stream.unused_data:
        raise PackBroken(f"section {name} does not unpack to the {unpacked} bytes of the header")
    return content
