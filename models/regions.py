"""Region codes: 12 digits; province 2, city 2, county 2, township 3, village 3 (GB/T 2260 and statistics)."""

from __future__ import annotations

LEVELS = {"province": 2, "city": 4, "county": 6, "township": 9, "village": 12}


def level(code: str) -> str:
    """The level that a code names: the last part that is not all zeros."""
    for name in ("village", "township", "county", "city"):
        below = {"village": 9, "township": 6, "county": 4, "city": 2}[name]
        if code[below : LEVELS[name]].strip("0"):
            return name
    return "province"


def _cut(code: str, digits: int) -> str:
    return code[:digits].ljust(12, "0")


def township_of(code: str) -> str:
    """The township's 12 digits; the code itself where it names something larger."""
    return _cut(code, 9)


def county_of(code: str) -> str:
    return _cut(code, 6)


def within(code: str, area: str) -> bool:
    """Whether `code` is `area` or lies inside it. No place lies inside an empty `area`."""
    return bool(area) and code.startswith(area[: LEVELS[level(area)]])
