"""Sets of cases, what tells two of them apart, and how one becomes the other. Pure functions.

`lines` are a set: id -> the case's line of the section `cases`, JSON without the line's end. A catalogue is a
set without its texts: id -> digest of the line.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from search.errors import PackBroken
from search.pack.texts import Row

Lines = Mapping[str, bytes]
Catalogue = Mapping[str, str]

DIGITS = 16
"""Hexadecimal digits of a version, of a language and of a line's digest."""

_FIELDS = 7


@dataclass(frozen=True)
class Difference:
    """Lines that are new or changed, and ids that are gone."""

    changed: Lines
    gone: tuple[str, ...]


def digest(content: bytes) -> str:
    """The first digits of SHA-256."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def line_of(row: Row) -> bytes:
    """The JSON of a case."""
    return orjson.dumps(row)


def catalogue(lines: Lines) -> dict[str, str]:
    """The digest of every line."""
    return {identifier: digest(line) for identifier, line in lines.items()}


def version_of(known: Catalogue) -> str:
    """The version of a set: a digest over its ids and lines, whatever order they came in."""
    return digest("".join(f"{identifier} {known[identifier]}\n" for identifier in sorted(known)).encode())


def difference(held: Catalogue, lines: Lines) -> Difference:
    """What turns the set that `held` lists into `lines`."""
    changed = {identifier: line for identifier, line in lines.items() if held.get(identifier) != digest(line)}
    return Difference(changed, tuple(sorted(held.keys() - lines.keys())))


def applied(told: Difference, held: Lines) -> dict[str, bytes]:
    """The set that `held` becomes, newest first."""
    gone = frozenset(told.gone)
    return newest_first({**{name: line for name, line in held.items() if name not in gone}, **told.changed})


def newest_first(lines: Lines) -> dict[str, bytes]:
    """By id, falling: an id begins with its moment. The order in which equally good cases are shown."""
    return dict(sorted(lines.items(), reverse=True))


def way_back(now: Catalogue, before: Catalogue) -> dict[str, str | None]:
    """What leads from a catalogue back to an older one: digests to put in, None to take out."""
    return {
        name: before.get(name) for name in now.keys() | before.keys() if now.get(name) != before.get(name)
    }


def gone_back(now: Catalogue, way: Mapping[str, str | None]) -> dict[str, str]:
    """The older catalogue."""
    merged = {**now, **way}
    return {name: found for name, found in merged.items() if found is not None}


def pack_lines(lines: Lines) -> bytes:
    """The content of the section `cases`, newest first."""
    return b"".join(line + b"\n" for line in newest_first(lines).values())


def unpack_lines(content: bytes) -> dict[str, bytes]:
    """What `pack_lines` wrote. Raises PackBroken."""
    lines: dict[str, bytes] = {}
    for number, line in enumerate(content.splitlines(), 1):
        row = _json(line, f"line {number} of the cases")
        if not isinstance(row, list) or len(row) != _FIELDS or not _texts(row):
            raise PackBroken(f"line {number} of the cases is not a case")
        lines[row[0]] = line
    return lines


def unpack_gone(content: bytes) -> tuple[str, ...]:
    """The ids of the section `gone`. Raises PackBroken."""
    found = _json(content, "the list of what is gone")
    if not isinstance(found, list) or not _texts(found):
        raise PackBroken("the list of what is gone is not a list of ids")
    return tuple(found)


def _json(content: bytes, what: str) -> object:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise PackBroken(f"{what} is not JSON: {error}") from error


def _texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)
