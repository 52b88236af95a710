"""POST /api/similar: past consultations like this question (MISSION S2.1)."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import asdict
from functools import partial

import anyio
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from models.programme import Programme
from server.accounts import Person
from server.api.request import answer, api, asker, body_of, deployment_of
from server.cases import Where, place_of
from server.errors import Unacceptable

# Days begin and end as they do in the villages.
BEIJING = dt.timezone(dt.timedelta(hours=8), "Beijing")
CODE = re.compile(r"[0-9]{12}")


class Around(BaseModel):
    """The circumstances of a question: cases that share them come first, none is hidden.

    `region`: 12 digits or a township's name, the asker's own where it is not given; `date`: today.
    """

    region: str | None = Field(default=None, max_length=40)
    date: dt.date | None = None


class Question(BaseModel):
    """`k` is 1 to 50; `industry` and `crop` may be any name that the programme knows for them."""

    text: str = Field(max_length=20_000)
    k: int = Field(default=10, ge=1, le=50)
    industry: str | None = Field(default=None, max_length=40)
    crop: str | None = Field(default=None, max_length=40)
    circumstances: Around = Around()


@api
async def similar(request: Request) -> Response:
    person = await asker(request)
    question = await body_of(request, Question)
    if not question.text.strip():
        raise Unacceptable("写几个字，说说是什么问题。", field="text")
    deployment = deployment_of(request)
    programme = deployment.programme
    industry = question.industry and (programme.industry(question.industry) or question.industry)
    known_crop = programme.crop(question.crop) if question.crop else None
    crop = known_crop[1] if known_crop else question.crop
    around = question.circumstances
    place = _place(around.region, person, programme)
    day = around.date or dt.datetime.now(BEIJING).date()
    where = Where(industry or "", crop or "", place, day.isoformat())
    found = await anyio.to_thread.run_sync(
        partial(deployment.finder.similar, question.text, question.k, industry or None, crop or None, where)
    )
    return answer({"abstained": found.abstained, "results": [asdict(hit) for hit in found.results]})


def _place(region: str | None, person: Person, programme: Programme) -> str:
    """The township as the cases have it; Unacceptable for a name that the programme does not know."""
    if not region:
        return place_of(person.region, programme)
    if CODE.fullmatch(region):
        return place_of(region, programme)
    code = programme.region_code(region)
    if code is None:
        raise Unacceptable(f"没有“{region}”这个乡镇，请写乡镇的全名。", field="circumstances.region")
    return place_of(code, programme)
