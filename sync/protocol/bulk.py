"""Many documents at once: _bulk_docs, _bulk_get, _revs_diff, _missing_revs, _all_docs."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from sync.errors import BadRequest, NotFound
from sync.protocol.answers import answer
from sync.protocol.call import Call, strings, whole_number
from sync.protocol.documents import refusal
from sync.store import Missing, Range, Row, Shown, WriteResult


def bulk_docs(call: Call) -> Response:
    """With new_edits false only the errors are answered, as CouchDB does."""
    call.require_json()
    body = call.json_object()
    docs, new_edits = body.get("docs"), body.get("new_edits", True)
    if not isinstance(docs, list):
        raise BadRequest("POST body must include `docs` parameter.")
    if not isinstance(new_edits, bool):
        raise BadRequest("`new_edits` must be true or false")
    for doc in docs:
        if not isinstance(doc, dict):
            raise BadRequest("Document must be a JSON object")
        if new_edits:
            doc.setdefault("_id", secrets.token_hex(16))
    results = call.database.write(docs, caller=call.caller, new_edits=new_edits)
    return answer([_fate(result) for result in results if new_edits or result.error], 201)


def _fate(result: WriteResult) -> dict[str, Any]:
    if result.error is None:
        return {"ok": True, "id": result.id, "rev": result.rev}
    if result.receipt is None:
        return {"id": result.id, "error": result.error, "reason": result.reason}
    return refusal(result)


def bulk_get(call: Call) -> Response:
    """For each asked document its revision, or all its leaves; an unreadable one is missing."""
    call.require_json()
    asked = call.json_object().get("docs")
    if not isinstance(asked, list):
        raise BadRequest("Missing JSON list of 'docs'.")
    shown, latest = call.shown(), call.flag("latest")
    return answer({"results": [_got(call, each, shown, latest) for each in asked]})


def _got(call: Call, asked: object, shown: Shown, latest: bool) -> dict[str, Any]:
    if not isinstance(asked, dict) or not isinstance(asked.get("id"), str):
        raise BadRequest("Each of `docs` must be an object with an `id`")
    identifier, rev = asked["id"], asked.get("rev")
    if rev is not None and not isinstance(rev, str):
        raise BadRequest("Invalid rev format")
    if asked.get("atts_since"):
        shown = replace(shown, attachments=True, atts_since=tuple(strings("atts_since", asked["atts_since"])))
    return {"id": identifier, "docs": _revisions(call, identifier, rev, shown, latest)}


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


def all_docs(call: Call) -> Response:
    options = _options(call)
    within = Range(
        start=_key(options, "startkey", "start_key"),
        end=_key(options, "endkey", "end_key"),
        inclusive_end=_truth(options, "inclusive_end", True),
        keys=tuple(strings("keys", options["keys"])) if options.get("keys") is not None else None,
        limit=_count(options, "limit"),
        skip=_count(options, "skip") or 0,
        descending=_truth(options, "descending", False),
    )
    if options.get("key") is not None:
        key = _key(options, "key")
        within = replace(within, start=key, end=key, inclusive_end=True)
    shown = Shown(
        conflicts=_truth(options, "conflicts", False), attachments=_truth(options, "attachments", False)
    )
    include_docs = _truth(options, "include_docs", False)
    rows = call.database.all_docs(within, caller=call.caller, include_docs=include_docs, shown=shown)
    shape = [_row(row, include_docs) for row in rows.rows]
    return answer({"total_rows": rows.total, "offset": rows.offset, "rows": shape})


def _options(call: Call) -> dict[str, Any]:
    """Parameters of the query, and over them those of the body of a POST."""
    names = ("startkey", "start_key", "endkey", "end_key", "key", "keys")
    options = {name: call.json_of(name) for name in names}
    for name in ("inclusive_end", "descending", "include_docs", "conflicts", "attachments"):
        if call.text(name) is not None:
            options[name] = call.flag(name)
    for name in ("limit", "skip"):
        options[name] = call.number(name)
    if call.request.method == "POST":
        call.require_json()
        options |= call.json_object()
    return options


def _key(options: dict[str, Any], *names: str) -> str | None:
    value = next((options[name] for name in names if options.get(name) is not None), None)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"`{names[0]}` must be a JSON string", "query_parse_error")
    return value


def _truth(options: dict[str, Any], name: str, default: bool) -> bool:
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise BadRequest(f"`{name}` must be true or false", "query_parse_error")
    return value


def _count(options: dict[str, Any], name: str) -> int | None:
    value = options.get(name)
    return None if value is None else whole_number(name, value)


def _row(row: Row, include_docs: bool) -> dict[str, Any]:
    if row.error is not None:
        return {"key": row.key, "error": row.error}
    value: dict[str, Any] = {"rev": row.rev}
    if row.deleted:
        value["deleted"] = True
    found: dict[str, Any] = {"id": row.key, "key": row.key, "value": value}
    if include_docs:
        found["doc"] = row.doc
    return found
