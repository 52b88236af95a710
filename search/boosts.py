"""What speaks for a case besides its words: the same crop, the same line of farming, the season, the place.

Small on purpose: all together weigh less than one word of the question. They order cases that are nearly
equally good; they never bring up a case about something else.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.columns import Columns, month_of
from search.concepts import standard_crop

Floats = NDArray[np.float32]

CROP = 0.03
INDUSTRY = 0.015
SEASON = 0.02
"""For the same month; half for the month before or after; nothing beyond."""
PLACE = 0.02
"""For the same township; half for the same county."""

_TOWNSHIP, _COUNTY = 9, 6


@dataclass(frozen=True)
class Circumstances:
    """Where, when and about what a question is asked; empty fields are unknown.

    `region` is a 12-digit division code or the township's name, as the cases have it; `date` is ISO 8601.
    """

    industry: str = ""
    crop: str = ""
    region: str = ""
    date: str = ""


NOWHERE = Circumstances()


@dataclass(frozen=True)
class Boosts:
    """What each row gains, float32 [rows] each."""

    crop: Floats
    industry: Floats
    season: Floats
    place: Floats

    @property
    def total(self) -> Floats:
        """The sum."""
        return self.crop + self.industry + self.season + self.place


def boosts(columns: Columns, asked: Circumstances, rows: NDArray[np.integer]) -> Boosts:
    """What these rows gain from the circumstances of the question."""
    nothing = np.zeros(len(rows), np.float32)
    if asked == NOWHERE:
        return Boosts(nothing, nothing, nothing, nothing)
    crop, industry = columns.crops.get(standard_crop(asked.crop)), columns.industries.get(asked.industry)
    return Boosts(
        _equal(columns.crop[rows], crop, CROP) if asked.crop else nothing,
        _equal(columns.industry[rows], industry, INDUSTRY) if asked.industry else nothing,
        _season(columns.month[rows], month_of(asked.date)),
        _place(columns, asked.region, rows),
    )


def _equal(values: NDArray[np.int32], wanted: int | None, gain: float) -> Floats:
    return np.where(values == (-1 if wanted is None else wanted), gain, 0).astype(np.float32)


def _season(months: NDArray[np.uint8], month: int) -> Floats:
    apart = np.abs(months.astype(np.int32) - month)
    apart = np.minimum(apart, 12 - apart)
    gain = np.choose(np.minimum(apart, 2), (SEASON, SEASON / 2, 0.0))
    return np.where((months > 0) & (month > 0), gain, 0).astype(np.float32)


def _place(columns: Columns, region: str, rows: NDArray[np.integer]) -> Floats:
    if not region:
        return np.zeros(len(rows), np.float32)
    worth = np.asarray([_near(name, region) for name in columns.regions], np.float32)
    found: Floats = worth[columns.region[rows]] * np.float32(PLACE)
    return found


def _near(one: str, other: str) -> float:
    """1 for the same township, one half for the same county, by code; names are equal or not."""
    if one == other:
        return 1.0
    if not (one.isdecimal() and other.isdecimal()):
        return 0.0
    if one[:_TOWNSHIP] == other[:_TOWNSHIP]:
        return 1.0
    return 0.5 if one[:_COUNTY] == other[:_COUNTY] else 0.0
