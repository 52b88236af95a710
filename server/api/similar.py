"""POST /api/similar: past consultations like this question (MISSION S2.1)."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

import anyio
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from server.api.request import answer, api, asker, body_of, deployment_of
from server.errors import Unacceptable


class Question(BaseModel):
    """`k` is 1 to 50; `industry` and `crop` may be any name that the programme knows for them."""

    text: str = Field(max_length=20_000)
    k: int = Field(default=10, ge=1, le=50)
    industry: str | None = Field(default=None, max_length=40)
    crop: str | None = Field(default=None, max_length=40)


@api
async def similar(request: Request) -> Response:
    await asker(request)
    question = await body_of(request, Question)
    if not question.text.strip():
        raise Unacceptable("写几个字，说说是什么问题。", field="text")
    deployment = deployment_of(request)
    programme = deployment.programme
    industry = question.industry and (programme.industry(question.industry) or question.industry)
    known_crop = programme.crop(question.crop) if question.crop else None
    found = await anyio.to_thread.run_sync(
        partial(
            deployment.finder.similar,
            question.text,
            question.k,
            industry=industry or None,
            crop=known_crop[1] if known_crop else question.crop or None,
        )
    )
    return answer({"abstained": found.abstained, "results": [asdict(hit) for hit in found.results]})
