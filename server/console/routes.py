"""Which page answers at which address below /console."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.console import (
    callback,
    consultations,
    feedback,
    home,
    index,
    login,
    people,
    playground,
    quarantine,
    triage,
)
from server.console.endpoint import guarded


@guarded
async def nothing_here(_request: Request) -> Response:
    raise HTTPException(404)


routes: list[BaseRoute] = [
    Route("/", home.home),
    Route("/login", login.login, methods=["GET", "POST"]),
    Route("/logout", login.logout, methods=["POST"]),
    Route("/password", login.password, methods=["GET", "POST"]),
    Route("/me", home.me, methods=["GET", "POST"]),
    Route("/triage", triage.triage),
    Route("/triage/{demand}/contact", triage.contact, methods=["POST"]),
    Route("/triage/{demand}/{verb}", triage.act, methods=["POST"]),
    Route("/triage/{demand}/{verb}", triage.reopened),
    Route("/callback", callback.callback),
    Route("/callback/{demand}", callback.record, methods=["POST"]),
    Route("/callback/{demand}/contact", callback.contact, methods=["POST"]),
    Route("/callback/{demand}", callback.reopened),
    Route("/callback/{demand}/{verb}", callback.reopened),
    Route("/consultations", consultations.archive),
    Route("/consultations/{demand}", consultations.consultation),
    Route("/consultations/{demand}/contact", consultations.contact, methods=["POST"]),
    Route("/consultations/{demand}/{verb}", consultations.reopened),
    Route("/index", index.index),
    Route("/index/build", index.build, methods=["POST"]),
    Route("/index/cancel", index.cancel, methods=["POST"]),
    Route("/index/promote", index.promote, methods=["POST"]),
    Route("/index/discard", index.discard, methods=["POST"]),
    Route("/index/compare", index.compare, methods=["POST"]),
    Route("/index/events", index.events),
    Route("/index/try", playground.playground),
    Route("/index/feedback", feedback.feedback),
    Route("/index/feedback/export", feedback.export),
    Route("/index/{verb}", index.reopened),
    Route("/quarantine", quarantine.quarantine),
    Route("/quarantine/{receipt}", quarantine.settle, methods=["POST"]),
    Route("/people", people.people),
    Route("/{rest:path}", nothing_here, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
]
