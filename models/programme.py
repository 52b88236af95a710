"""A programme: one deployment's places, industries, targets, time limits and subsidy rule (MISSION).

A programme is a JSON file in models/programmes/; the first is Beichuan's letter of 2019 (MISSION S1).
"""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from models.forbidden import ForbiddenWords
from models.regions import county_of, township_of
from models.workflow import Limits


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Village(_Part):
    code: str
    name: str


class Township(_Part):
    """A township with its target of demands a year (MISSION S1.4)."""

    code: str
    name: str
    target: int
    villages: tuple[Village, ...]


class Crop(_Part):
    """A crop, animal or machine as the picker shows it; `aliases` are farmers' names for it."""

    name: str
    icon: str
    aliases: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


class Industry(_Part):
    name: str
    crops: tuple[Crop, ...]


class Subsidy(_Part):
    """MISSION S1.8, in yuan a person and year: nothing below `minimum` counted demands, `base` at it,
    `each_more` for every further one, never above `ceiling`. Only verdicts in `counts` count."""

    minimum: int
    base: int
    each_more: int
    ceiling: int
    counts: tuple[str, ...]

    def amount(self, demands: int) -> int:
        """What a year with so many counted demands is worth, in yuan."""
        if demands < self.minimum:
            return 0
        return min(self.ceiling, self.base + self.each_more * (demands - self.minimum))


class TimeLimits(_Part):
    triage_minutes: int
    reply_minutes: int
    callback_days: int


class Programme(BaseModel):
    """One deployment's rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    county: str
    county_name: str
    centre_name: str
    hotline: str
    group_number: str
    source: str
    limits: TimeLimits
    subsidy: Subsidy
    goal: int
    briefings_each_township: int
    categories: tuple[str, ...]
    forbidden_words: tuple[str, ...] = ()
    industries: tuple[Industry, ...]
    townships: tuple[Township, ...]

    @cached_property
    def _names(self) -> dict[str, str]:
        names = {self.county: self.county_name}
        for township in self.townships:
            names[township.code] = township.name
            names.update({village.code: village.name for village in township.villages})
        return names

    @cached_property
    def _crops(self) -> dict[str, tuple[str, str]]:
        """Every name of a crop -> (industry, crop). A crop's own name wins over another's alias."""
        known: dict[str, tuple[str, str]] = {}
        for industry in self.industries:
            for crop in industry.crops:
                for alias in crop.aliases:
                    known.setdefault(alias, (industry.name, crop.name))
        for industry in self.industries:
            for crop in industry.crops:
                known[crop.name] = (industry.name, crop.name)
        return known

    @cached_property
    def forbidden(self) -> ForbiddenWords:
        """What nobody may write (MISSION S3.7)."""
        return ForbiddenWords(self.forbidden_words)

    def fold_limits(self) -> Limits:
        """The time limits in the shape that the fold takes."""
        return Limits(**self.limits.model_dump())

    def township_name(self, code: str) -> str:
        return self._names.get(township_of(code), "")

    def village_name(self, code: str) -> str:
        """The village's name; empty for a code that names something larger."""
        return self._names.get(code, "") if code != township_of(code) else ""

    def region_name(self, code: str) -> str:
        """Township and village as people say them: 桂溪镇 青坪村; the county's name for its own code."""
        if code == county_of(code):
            return self._names.get(code, "")
        return " ".join(name for name in (self.township_name(code), self.village_name(code)) if name)

    def region_code(self, name: str) -> str | None:
        """The code of the county or a township by its name, or any known code; None where it is unknown.

        Not by a village's name: several townships have villages of the same name.
        """
        if name in self._names:
            return name
        wanted = name.strip()
        if wanted == self.county_name:
            return self.county
        return next((township.code for township in self.townships if township.name == wanted), None)

    def crop(self, name: str) -> tuple[str, str] | None:
        """(industry, crop) for any name that farmers give a crop; None where it is unknown."""
        return self._crops.get(name.strip())

    def industry(self, name: str) -> str | None:
        """The industry of that name, or the one that a crop of that name belongs to."""
        wanted = name.strip()
        if any(industry.name == wanted for industry in self.industries):
            return wanted
        found = self.crop(wanted)
        return found[0] if found else None


def load_programme(name: str = "beichuan") -> Programme:
    """The programme of models/programmes/<name>.json; FileNotFoundError where there is none."""
    source = files("models").joinpath("programmes", f"{name}.json")
    return Programme.model_validate_json(source.read_text("utf-8"))
