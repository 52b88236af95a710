"""Which questions two builds are compared with: what people judged, and the newest demands
(search/comparison.py)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from models.programme import Programme
from models.regions import county_of
from server.cases import place_of
from server.consultations import Consultations, Told
from server.feedback import Mark

if TYPE_CHECKING:
    from search.comparison import Asked, Comparison
    from search.index import Manifest


def questions(consultations: Consultations, programme: Programme) -> list[Asked]:
    """The newest marks, each question with its case once, then the newest demands; of all counties."""
    from search.comparison import DEMANDS, JUDGED

    judged: dict[tuple[str, str], Asked] = {}
    for mark in islice(consultations.feedback.every(None), 2 * JUDGED):
        # What was said last counts: the newest come first.
        judged.setdefault((mark.question, mark.case), _judged(mark, programme))
    return [*judged.values(), *_told(consultations.newest(DEMANDS), programme)]


def _judged(mark: Mark, programme: Programme) -> Asked:
    from search.boosts import Circumstances
    from search.comparison import Asked

    where = Circumstances(region=place_of(mark.region, programme), date=mark.at.date().isoformat())
    return Asked(mark.consultation, mark.question, mark.case, mark.helpful, where, mark.county)


def _told(rows: list[Told], programme: Programme) -> Iterator[Asked]:
    from search.boosts import Circumstances
    from search.comparison import Asked

    for row in rows:
        where = Circumstances(row.industry, row.crop, place_of(row.region, programme), row.at[:10])
        yield Asked(row.id, row.text, circumstances=where, county=county_of(row.region))


def kept(folder: Path, version: int) -> Comparison | None:
    """What a comparison of this build has found; None where there was none."""
    from search.comparison import load

    return load(folder, version)


def waiting(manifests: list[Manifest], current: int | None) -> Manifest | None:
    """The newest build, where it is newer than the one in use: somebody has to decide about it."""
    newest = manifests[-1] if manifests else None
    return newest if newest and current is not None and newest.version > current else None
