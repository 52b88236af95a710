"""Many documents at once: _bulk_docs, _bulk_get, _revs_diff, _missing_revs."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from sync.errors import BadRequest, NotFound, SyncError
from sync.policy import Doc
from sync.protocol import local, parted
from sync.protocol.answers import answer
from sync.protocol.call import Call, strings
from sync.protocol.writing import refusal
from sync.revisions import Rev
from sync.store import Missing, Shown, WriteResult

# CouchDB gave up promising that all documents of a batch are stored or none, and says so.
_NO_TRANSACTION = {"error": "not_implemented", "reason": "all_or_nothing is not supported"}


def bulk_docs(call: Call) -> Response:
    """With new_edits false only the errors are answered, as CouchDB does."""
    call.require_json()
    body = call.json_object()
    if "docs" not in body:
        raise BadRequest("POST body must include `docs` parameter.")
    docs, new_edits = body["docs"], body.get("new_edits", True)
    if not isinstance(docs, list):
        raise BadRequest("`docs` parameter must be an array.")
    if not isinstance(new_edits, bool):
        raise BadRequest("`new_edits` parameter must be a boolean.")
    for doc in docs:
        if not isinstance(doc, dict):
            raise BadRequest("Document must be a JSON object")
        if new_edits:
            doc.setdefault("_id", secrets.token_hex(16))
    if new_edits and body.get("all_or_nothing") is True:
        return answer([_NO_TRANSACTION | {"id": doc["_id"]} for doc in docs], 417)
    results = _write(call, docs, new_edits)
    return answer([_fate(result) for result in results if new_edits or result.error], 201)


def _write(call: Call, docs: list[Doc], new_edits: bool) -> list[WriteResult]:
    """_local documents may be among them; they are written one by one, after the others."""
    own = [doc for doc in docs if _is_local(doc)]
    if not own:
        return call.database.write(docs, caller=call.caller, new_edits=new_edits)
    others = [doc for doc in docs if not _is_local(doc)]
    stored = iter(call.database.write(others, caller=call.caller, new_edits=new_edits))
    return [_write_local(call, doc) if _is_local(doc) else next(stored) for doc in docs]


def _is_local(doc: Doc) -> bool:
    return isinstance(doc.get("_id"), str) and doc["_id"].startswith("_local/") and doc["_id"] != "_local/"


def _write_local(call: Call, doc: Doc) -> WriteResult:
    try:
        rev = local.store(call, doc["_id"].removeprefix("_local/"), doc)
    except SyncError as error:
        return WriteResult(doc["_id"], error=error.error, reason=error.reason)
    return WriteResult(doc["_id"], rev)


def _fate(result: WriteResult) -> dict[str, Any]:
    if result.error is None:
        return {"ok": True, "id": result.id, "rev": result.rev}
    if result.receipt is None:
        return {"id": result.id, "error": result.error, "reason": result.reason}
    return refusal(result)


def bulk_get(call: Call) -> Response:
    """For each asked document its revision, or all its leaves; an unreadable one is missing.

    What is asked wrongly is told in its place, and the others are answered.
    """
    call.require_json()
    asked = call.json_object().get("docs")
    if not isinstance(asked, list):
        raise BadRequest("Missing JSON list of 'docs'.")
    for name in ("rev", "open_revs", "atts_since", "new_edits", "w"):
        if call.text(name) is not None:
            raise BadRequest(f'"{name}" query parameter is not acceptable')
    parts = not call.accepts("application/json") and (
        call.accepts("multipart/mixed") or call.accepts("multipart/related")
    )
    shown, latest = call.shown(), call.flag("latest")
    if parts:
        shown = replace(shown, attachments=True)
    with call.database.reading():
        results = [_got(call, each, shown, latest) for each in asked]
    if parts:
        found = [each.get("ok") or each["error"] for result in results for each in result["docs"]]
        return parted.mixed(found)
    return answer({"results": results})


def _got(call: Call, asked: object, shown: Shown, latest: bool) -> dict[str, Any]:
    if not isinstance(asked, dict) or not asked:
        return {"id": None, "docs": [_refused(None, None, "document must be a JSON object")]}
    identifier, rev, since = asked.get("id"), asked.get("rev"), asked.get("atts_since")
    if not isinstance(identifier, str):
        said = "document id missed" if identifier is None else "Document id must be a string"
        return {"id": identifier, "docs": [_refused(identifier, None, said)]}
    try:
        rev = None if rev is None else str(Rev.parse(rev))
        if since:
            revs = tuple(str(Rev.parse(each)) for each in strings("atts_since", since))
            shown = replace(shown, attachments=True, atts_since=revs)
    except BadRequest as error:
        return {"id": identifier, "docs": [_refused(identifier, rev, error.reason)]}
    return {"id": identifier, "docs": _revisions(call, identifier, rev, shown, latest)}


def _refused(identifier: object, rev: object, reason: str) -> dict[str, Any]:
    return {"error": {"id": identifier, "rev": rev, "error": BadRequest.error, "reason": reason}}


def _revisions(
    call: Call, identifier: str, rev: str | None, shown: Shown, latest: bool
) -> list[dict[str, Any]]:
    try:
        leaves = call.database.get_leaves(
            identifier, "all" if rev is None else [rev], latest=latest, caller=call.caller, shown=shown
        )
    except NotFound:
        leaves = []
    found = [{"ok": leaf.doc} if leaf.doc else {"error": _missing(identifier, leaf.rev)} for leaf in leaves]
    return found or [{"error": _missing(identifier, rev or "undefined")}]


def _missing(identifier: str, rev: str) -> dict[str, str]:
    return {"id": identifier, "rev": rev, "error": "not_found", "reason": "missing"}


def revs_diff(call: Call) -> Response:
    return answer({identifier: _difference(missing) for identifier, missing in _diff(call).items()})


def _difference(missing: Missing) -> dict[str, tuple[str, ...]]:
    if not missing.possible_ancestors:
        return {"missing": missing.missing}
    return {"missing": missing.missing, "possible_ancestors": missing.possible_ancestors}


def missing_revs(call: Call) -> Response:
    return answer({"missing_revs": {identifier: m.missing for identifier, m in _diff(call).items()}})


def _diff(call: Call) -> dict[str, Missing]:
    call.require_json()
    asked = {identifier: strings(identifier, revs) for identifier, revs in call.json_object().items()}
    return call.database.revs_diff(asked, caller=call.caller)
