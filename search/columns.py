"""What filtering, boosting and folding need of every case, kept beside the vectors."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from search.cases import Case
from search.concepts import Concept, concepts, standard_crop, subjects
from search.text import fold_key

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Shorts = NDArray[np.uint16]

ARRAYS = ("industry", "crop", "region", "month", "ident", "fold", "length", "subject")
"""The columns that are arrays; the others are tables of names."""


def month_of(date: str) -> int:
    """1 to 12 from an ISO 8601 date; 0 when there is none."""
    month = date[5:7]
    return int(month) if month.isdecimal() and 1 <= int(month) <= 12 else 0


def number_of(text: str) -> int:
    """A 63-bit number that stands for a text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


@dataclass(frozen=True)
class Columns:
    """Columns of n rows.

    industry, crop, region: int32 [n], numbers in `industries`, `crops` and `regions`; month: uint8 [n], 0 is
    unknown; ident: int64 [n], `number_of` the id; fold: int64 [n], equal for equal questions; length: uint16
    [n], characters of the question, punctuation aside; subject: uint8 [n, ceil(len(subjects) / 8)], one bit
    for each crop or animal named in the question.
    """

    industries: dict[str, int]
    crops: dict[str, int]
    regions: dict[str, int]
    subjects: dict[str, int]
    industry: Ints
    crop: Ints
    region: Ints
    month: Bytes
    ident: Longs
    fold: Longs
    length: Shorts
    subject: Bytes

    @classmethod
    def build(cls, cases: Sequence[Case]) -> "Columns":
        """Read the columns off the cases."""
        table = Table()
        table.add(cases, [concepts(case.question) for case in cases])
        return table.columns()

    def mask(self, industry: str | None, crop: str | None) -> Flags | None:
        """Rows of this industry and crop, bool [n]; None when neither is asked for."""
        asked: list[Flags] = []
        if industry:
            asked.append(np.equal(self.industry, self.industries.get(industry.strip(), -1)))
        if crop:
            asked.append(np.equal(self.crop, self.crops.get(standard_crop(crop), -1)))
        return np.logical_and.reduce(asked) if asked else None

    def about_other(self, rows: NDArray[np.integer], names: frozenset[str]) -> Flags:
        """Which of the rows name crops or animals, and none of these."""
        other: Flags = self._names_any[rows]
        for name in names & self.subjects.keys():
            byte, bit = divmod(self.subjects[name], 8)
            other &= (self.subject[rows, byte] & np.uint8(1 << bit)) == 0
        return other

    def about(self, row: int) -> frozenset[str]:
        """The crops and animals that a case is about."""
        bits = int.from_bytes(self.subject[row].tobytes(), "little")
        names = []
        while bits:  # a case names one or two
            names.append(self._subject_names[(bits & -bits).bit_length() - 1])
            bits &= bits - 1
        return frozenset(names)

    @cached_property
    def _names_any(self) -> Flags:
        named: Flags = np.not_equal(np.bitwise_or.reduce(self.subject, axis=1), 0)
        return named

    @cached_property
    def _subject_names(self) -> tuple[str, ...]:
        return tuple(self.subjects)

    def holds(self, case_ids: Iterable[str]) -> int:
        """How many of these cases are here."""
        numbers = np.fromiter((number_of(case_id) for case_id in case_ids), np.int64)
        return int(np.isin(self.ident, numbers).sum())

    def row_of(self, case_id: str) -> int | None:
        """The row of a case, None where the case is not here."""
        rows = np.flatnonzero(self.ident == number_of(case_id))
        return int(rows[0]) if len(rows) else None


@dataclass
class Table:
    """Collects columns batch by batch."""

    industries: dict[str, int] = field(default_factory=dict)
    crops: dict[str, int] = field(default_factory=dict)
    regions: dict[str, int] = field(default_factory=dict)
    subjects: dict[str, int] = field(default_factory=dict)
    numbers: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)
    named: list[tuple[int, int]] = field(default_factory=list)

    def add(self, cases: Sequence[Case], found: Sequence[Iterable[Concept]]) -> None:
        """Add cases, with the concepts found in each question."""
        for case, names in zip(cases, found, strict=True):
            row = len(self.numbers)
            key = fold_key(case.question)
            self.numbers.append(
                (
                    self.industries.setdefault(case.industry.strip(), len(self.industries)),
                    self.crops.setdefault(_standard(case.crop), len(self.crops)),
                    self.regions.setdefault(case.region.strip(), len(self.regions)),
                    month_of(case.date),
                    number_of(case.id),
                    number_of(key),
                    min(len(key), 65535),
                )
            )
            for name in subjects(names) | crop_subjects(case.crop):
                self.named.append((row, self.subjects.setdefault(name, len(self.subjects))))

    def columns(self) -> Columns:
        """What was collected."""
        numbers = np.asarray(self.numbers, np.int64).reshape(-1, 7)
        bits = np.zeros((len(numbers), len(self.subjects)), np.bool_)
        if self.named:
            rows, known = np.asarray(self.named, np.int64).T
            bits[rows, known] = True
        return Columns(
            self.industries,
            self.crops,
            self.regions,
            self.subjects,
            numbers[:, 0].astype(np.int32),
            numbers[:, 1].astype(np.int32),
            numbers[:, 2].astype(np.int32),
            numbers[:, 3].astype(np.uint8),
            np.ascontiguousarray(numbers[:, 4]),
            np.ascontiguousarray(numbers[:, 5]),
            numbers[:, 6].astype(np.uint16),
            np.packbits(bits, axis=1, bitorder="little"),
        )


@lru_cache(4096)
def _standard(crop: str) -> str:
    return standard_crop(crop)


@lru_cache(4096)
def crop_subjects(crop: str) -> frozenset[str]:
    """The crops and animals in the crop field of a case."""
    return subjects(concepts(crop))
