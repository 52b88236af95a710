"""_all_docs and its kin, _design_docs and _local_docs, one query or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from sync.errors import BadRequest
from sync.protocol.answers import answer
from sync.protocol.call import Call, strings, whole_number
from sync.sequences import to_text
from sync.store import Range, Row, Rows, Shown

_DESIGN = Range(start="_design/", end="_design0", inclusive_end=False)
_MOST_QUERIES = 100

Read = Callable[["Call", "Query"], Rows]


@dataclass(frozen=True)
class Query:
    """What one list shall hold. `empty`: its bounds exclude every id."""

    within: Range
    shown: Shown
    include_docs: bool
    update_seq: bool
    empty: bool


# -- the three lists


def all_docs(call: Call) -> Response:
    return answer(_listed(call, _read_all, _options(call)))


def all_docs_queries(call: Call) -> Response:
    return _queries(call, _read_all)


def design_docs(call: Call) -> Response:
    return answer(_listed(call, _read_design, _options(call)))


def design_docs_queries(call: Call) -> Response:
    return _queries(call, _read_design)


def local_docs(call: Call) -> Response:
    return answer(_listed(call, _read_local, _options(call)))


def local_docs_queries(call: Call) -> Response:
    return _queries(call, _read_local)


def _read_all(call: Call, query: Query) -> Rows:
    return call.database.all_docs(
        query.within, caller=call.caller, include_docs=query.include_docs, shown=query.shown
    )


def _read_design(call: Call, query: Query) -> Rows:
    """There are few: all are read, and the asked ones picked."""
    found = call.database.all_docs(
        _DESIGN, caller=call.caller, include_docs=query.include_docs, shown=query.shown
    )
    return _picked(found.rows, query.within)


def _read_local(call: Call, query: Query) -> Rows:
    """The caller's own. Their revisions are shown as those of documents are."""
    docs = call.database.local_list(call.caller.name)
    rows = [Row(doc["_id"], doc["_rev"], doc=doc if query.include_docs else None) for doc in docs]
    return _picked(rows, query.within)


def _picked(rows: Sequence[Row], within: Range) -> Rows:
    if within.keys is not None:
        known = {row.key: row for row in rows}
        found = [known.get(key, Row(key, error="not_found")) for key in within.keys]
        if within.descending:
            found.reverse()
        offset = 0
    else:
        ordered = sorted(rows, key=lambda row: row.key, reverse=within.descending)
        found = [row for row in ordered if _is_within(row.key, within)]
        offset = ordered.index(found[0]) if found else len(ordered)
    end = None if within.limit is None else within.skip + within.limit
    return Rows(found[within.skip : end], len(rows), offset)


def _is_within(key: str, within: Range) -> bool:
    low, high = (within.end, within.start) if within.descending else (within.start, within.end)
    if key == within.end and not within.inclusive_end:
        return False
    return (low is None or key >= low) and (high is None or key <= high)


# -- what is asked


def _queries(call: Call, read: Read) -> Response:
    call.require_json()
    queries = call.json_object().get("queries")
    if not isinstance(queries, list) or not all(isinstance(each, dict) for each in queries):
        raise BadRequest("POST body must include `queries` parameter.")
    if len(queries) > _MOST_QUERIES:
        raise BadRequest(f"At most {_MOST_QUERIES} `queries` at once.")
    common = _of_query_string(call)
    return answer({"results": [_listed(call, read, {**common, **each}) for each in queries]})


def _options(call: Call) -> dict[str, Any]:
    """Those of the body of a POST, and over them those of the query string."""
    given: dict[str, Any] = {}
    if call.request.method == "POST":
        call.require_json()
        given = call.json_object()
        if not isinstance(given.get("keys", []), list | None):
            raise BadRequest("`keys` body member must be an array.")
    return given | _of_query_string(call)


def _of_query_string(call: Call) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name in ("startkey", "start_key", "endkey", "end_key", "key", "keys"):
        if call.text(name) is not None:
            options[name] = call.json_of(name)
    if not isinstance(options.get("keys", []), list):
        raise BadRequest("`keys` parameter must be an array.")
    for name in ("inclusive_end", "descending", "include_docs", "conflicts", "attachments", "update_seq"):
        if call.text(name) is not None:
            options[name] = call.flag(name)
    for name in ("limit", "skip"):
        if call.text(name) is not None:
            options[name] = call.number(name)
    return options


def _listed(call: Call, read: Read, options: dict[str, Any]) -> dict[str, Any]:
    query = _query(options)
    if query.empty:
        found = replace(read(call, replace(query, within=Range(limit=0))), rows=[])
    else:
        found = read(call, query)
    shape: dict[str, Any] = {
        "total_rows": found.total,
        "offset": found.offset if query.within.keys is None else None,
        "rows": [_row(row, query.include_docs) for row in found.rows],
    }
    if query.update_seq:
        database = call.database
        shape["update_seq"] = to_text(database.info(call.caller).update_seq, call.epoch(database))
    return shape


def _query(options: dict[str, Any]) -> Query:
    descending = _truth(options, "descending", False)
    within = Range(
        start=_key(options, "startkey", "start_key"),
        end=_key(options, "endkey", "end_key"),
        inclusive_end=_truth(options, "inclusive_end", True),
        keys=_keys(options),
        limit=_count(options, "limit"),
        skip=_count(options, "skip") or 0,
        descending=descending,
    )
    empty = _excludes_all(options, ("endkey", "end_key") if not descending else ("startkey", "start_key"))
    if options.get("key") is not None:
        key = _key(options, "key")
        within = replace(within, start=key, end=key, inclusive_end=True)
        empty = empty or key is None
    shown = Shown(
        conflicts=_truth(options, "conflicts", False), attachments=_truth(options, "attachments", False)
    )
    include_docs = _truth(options, "include_docs", False)
    return Query(within, shown, include_docs, _truth(options, "update_seq", False), empty)


def _keys(options: dict[str, Any]) -> tuple[str, ...] | None:
    if options.get("keys") is None:
        return None
    bounds = ("key", "startkey", "start_key", "endkey", "end_key")
    if any(options.get(name) is not None for name in bounds):
        raise BadRequest("`keys` is incompatible with `key`, `start_key` and `end_key`", "query_parse_error")
    return tuple(strings("keys", options["keys"]))


def _key(options: dict[str, Any], *names: str) -> str | None:
    """A bound that is no text stands before all ids, as CouchDB sorts them raw: it bounds nothing below."""
    value = next((options[name] for name in names if options.get(name) is not None), None)
    return value if isinstance(value, str) else None


def _excludes_all(options: dict[str, Any], names: Sequence[str]) -> bool:
    """Whether the upper bound stands before all ids."""
    value = next((options[name] for name in names if options.get(name) is not None), None)
    return value is not None and not isinstance(value, str)


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
