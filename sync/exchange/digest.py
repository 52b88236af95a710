"""Comparing two sets of revisions without sending them. Pure functions; no I/O.

Every leaf revision has a fingerprint of 64 bits: the first eight bytes of md5("<id> <rev>"). A set is
described by the exclusive or of the fingerprints in each of `size` buckets (a power of two; the bucket is the
fingerprint's first two bytes modulo `size`). Where a bucket differs, its fingerprints are listed. The device
compares only its own set, so a collision made on purpose deceives nobody else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sync.errors import BadRequest

WIDTH = 8
MOST_BUCKETS = 4096
# About so many documents to a bucket: then listing one costs as much as sixteen buckets' digests.
_A_BUCKET = 16

Fingerprint = bytes


def fingerprint(identifier: str, rev: str) -> Fingerprint:
    text = f"{identifier} {rev}".encode("utf-8", "surrogatepass")
    return hashlib.md5(text, usedforsecurity=False).digest()[:WIDTH]


def bucket_of(mark: Fingerprint, size: int) -> int:
    return int.from_bytes(mark[:2], "big") % size


def size_for(count: int) -> int:
    """How many buckets a set of `count` revisions wants."""
    size = 1
    while size < MOST_BUCKETS and size * _A_BUCKET < count:
        size *= 2
    return size


@dataclass(frozen=True)
class Digest:
    """One number of 64 bits for each bucket."""

    buckets: tuple[int, ...]

    @classmethod
    def of(cls, marks: Iterable[Fingerprint], size: int) -> Digest:
        buckets = [0] * size
        for mark in marks:
            buckets[bucket_of(mark, size)] ^= int.from_bytes(mark, "big")
        return cls(tuple(buckets))

    @property
    def size(self) -> int:
        return len(self.buckets)

    def differing(self, other: Digest) -> list[int]:
        pairs = zip(self.buckets, other.buckets, strict=True)
        return [number for number, (mine, theirs) in enumerate(pairs) if mine != theirs]

    def to_text(self) -> str:
        return _to_text(number.to_bytes(WIDTH, "big") for number in self.buckets)

    @classmethod
    def parse(cls, text: object) -> Digest:
        """BadRequest for what is no digest."""
        marks = parse_marks(text)
        size = len(marks)
        if not 0 < size <= MOST_BUCKETS or size & (size - 1):
            raise BadRequest(f"`k` must describe a power of two of buckets, at most {MOST_BUCKETS}")
        return cls(tuple(int.from_bytes(mark, "big") for mark in marks))


@dataclass(frozen=True)
class Listing:
    """The fingerprints that a device holds in some of `size` buckets."""

    size: int
    buckets: Mapping[int, frozenset[Fingerprint]]

    def unknown(self, here: Iterable[Fingerprint]) -> list[Fingerprint]:
        """What the device holds and the other side does not."""
        known = set(here)
        return sorted(mark for marks in self.buckets.values() for mark in marks if mark not in known)

    def lacks(self, mark: Fingerprint) -> bool:
        """Whether the device is to be told of this revision."""
        held = self.buckets.get(bucket_of(mark, self.size))
        return held is not None and mark not in held

    @classmethod
    def of(cls, marks: Iterable[Fingerprint], size: int, buckets: Iterable[int]) -> Listing:
        found: dict[int, set[Fingerprint]] = {bucket: set() for bucket in buckets}
        for mark in marks:
            bucket = bucket_of(mark, size)
            if bucket in found:
                found[bucket].add(mark)
        return cls(size, {bucket: frozenset(held) for bucket, held in found.items()})

    def to_json(self) -> list[object]:
        return [self.size, {str(bucket): marks_to_text(held) for bucket, held in self.buckets.items()}]

    @classmethod
    def parse(cls, given: object) -> Listing:
        """BadRequest for what is no listing."""
        size, buckets = given if isinstance(given, list) and len(given) == 2 else (None, None)
        if not isinstance(size, int) or isinstance(size, bool) or not isinstance(buckets, dict):
            raise BadRequest("`l` must be [buckets, {bucket: fingerprints}]")
        if not 0 < size <= MOST_BUCKETS or size & (size - 1):
            raise BadRequest(f"`l` must name a power of two of buckets, at most {MOST_BUCKETS}")
        return cls(
            size, {_number(name, size): frozenset(parse_marks(text)) for name, text in buckets.items()}
        )


def marks_to_text(marks: Iterable[Fingerprint]) -> str:
    return _to_text(sorted(marks))


def parse_marks(text: object) -> list[Fingerprint]:
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b"?"
    except (binascii.Error, ValueError):
        data = b"?"
    if len(data) % WIDTH:
        raise BadRequest("Fingerprints must be base64 of eight bytes each")
    return [data[at : at + WIDTH] for at in range(0, len(data), WIDTH)]


def _number(name: str, size: int) -> int:
    if name.isascii() and name.isdigit() and len(name) < 5 and int(name) < size:
        return int(name)
    raise BadRequest("`l` names a bucket that there is not")


def _to_text(parts: Iterable[bytes]) -> str:
    return base64.b64encode(b"".join(parts)).decode()
