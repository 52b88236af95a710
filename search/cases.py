"""A case: one answered question of the archive, free of personal data."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import orjson

from search.errors import BadCase
from search.strip import strip


@dataclass(frozen=True)
class Case:
    """One answered question. All fields are text; unknown ones are empty.

    `region` is the 12-digit division code, `date` is ISO 8601 (2026-05-31), `industry` and `crop` are
    plain names.
    """

    id: str
    question: str
    answer: str = ""
    industry: str = ""
    crop: str = ""
    region: str = ""
    date: str = ""

    def stripped(self) -> "Case":
        """The same case with personal data in its two free texts replaced by stars."""
        return Case(
            self.id,
            strip(self.question),
            strip(self.answer),
            self.industry,
            self.crop,
            self.region,
            self.date,
        )

    def to_row(self) -> dict[str, str]:
        """A flat dictionary of text."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, object]) -> "Case":
        """Read what `to_row` wrote; unknown keys are ignored, missing ones are empty.

        Raises BadCase when a field is not text, or when id or question is blank.
        """
        values: dict[str, str] = {}
        for field in fields(cls):
            value = row.get(field.name)
            if value is None:
                value = ""
            if not isinstance(value, str):
                raise BadCase(f"{field.name} is {type(value).__name__}, not text")
            values[field.name] = value
        if not values["id"].strip() or not values["question"].strip():
            raise BadCase("a case needs an id and a question")
        return cls(**values)


def write_cases(path: Path, cases: Iterable[Case]) -> int:
    """Write one JSON object a line; return how many."""
    count = 0
    with path.open("wb") as file:
        for case in cases:
            file.write(orjson.dumps(case.to_row(), option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    return count


def read_cases(path: Path, broken: list[str] | None = None) -> Iterator[Case]:
    """Read JSON lines. A bad line is described in `broken` and skipped, or raises BadCase when that is
    None."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
                if not isinstance(row, dict):
                    raise BadCase("not an object")
                yield Case.from_row(row)
            except (orjson.JSONDecodeError, BadCase) as error:
                if broken is None:
                    raise BadCase(f"{path.name} line {number}: {error}") from error
                broken.append(f"{path.name} line {number}: {error}")
