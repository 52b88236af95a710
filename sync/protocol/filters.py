"""Filters of `_changes`: which rows a feed gives.

`_doc_ids` is the store's own; `_design` and `_selector` look at each row here. Functions of design documents
need JavaScript, which this server does not run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from sync.errors import BadRequest, NotFound, NotImplementedHere
from sync.policy import Doc
from sync.protocol.call import Call, strings
from sync.protocol.selectors import Match, compile_selector
from sync.store import Change, Changes, Wanted

Fetch = Callable[[Wanted], Awaitable[Changes]]

# Rows that are read at once to look through. Their documents are in memory together.
_LOOKED_THROUGH = 200


@dataclass(frozen=True)
class Filter:
    """`doc_ids` goes to the store; `passes` looks at each row, with its document where `needs_docs`."""

    doc_ids: tuple[str, ...] | None = None
    passes: Callable[[Change], bool] | None = None
    needs_docs: bool = False
    fields: tuple[str, ...] | None = None


def asked(call: Call) -> Filter:
    """The filter that the query and the body name."""
    name = call.text("filter")
    if name is None:
        return Filter()
    if name == "_doc_ids":
        return Filter(doc_ids=_doc_ids(call))
    if name == "_design":
        return Filter(passes=lambda change: change.id.startswith("_design/"))
    if name == "_selector":
        return _selector(call)
    raise _function(call, name)


def _doc_ids(call: Call) -> tuple[str, ...]:
    given = call.json_of("doc_ids")
    if call.request.method == "POST" and call.body:
        given = call.json_object().get("doc_ids", given)
    if given is None:
        raise BadRequest("`doc_ids` filter parameter missing")
    return tuple(dict.fromkeys(strings("doc_ids", given)))


def _selector(call: Call) -> Filter:
    if call.request.method != "POST":
        raise BadRequest("Selector must be specified in POST payload")
    body = call.json_object()
    if "selector" not in body:
        raise BadRequest("Selector must be specified in POST payload")
    try:
        match: Match = compile_selector(body["selector"])
    except RecursionError as error:
        raise BadRequest("The selector is nested too deeply") from error
    fields = body.get("fields")
    return Filter(
        passes=lambda change: change.removed or match(change.doc),
        needs_docs=True,
        fields=tuple(strings("fields", fields)) if fields else None,
    )


def _function(call: Call, name: str) -> Exception:
    """What CouchDB answers where there is no such function, and 501 where there is one."""
    kind = "filters"
    if name == "_view":
        kind, view = "views", call.text("view")
        if view is None:
            raise BadRequest("`view` filter parameter is not provided.")
        name = view
    design, slash, function = name.partition("/")
    if not slash or not design or not function:
        raise BadRequest("filter parameter must be of the form `designname/filtername`")
    found = call.database.get(f"_design/{design}", caller=call.caller).get(kind)
    if not isinstance(found, dict) or function not in found:
        return NotFound(f"missing json key: {function if isinstance(found, dict) else kind}")
    return NotImplementedHere("This server runs no functions of design documents: filter by _selector.")


def filtered(fetch: Fetch, chosen: Filter) -> Fetch:
    """`fetch`, but only the rows that pass: as many as are wanted, or all until the end of the feed."""
    if chosen.passes is None:
        return fetch
    passes = chosen.passes

    async def through(wanted: Wanted) -> Changes:
        found: list[Change] = []
        after = replace(wanted, include_docs=wanted.include_docs or chosen.needs_docs)
        while True:
            limit = None if wanted.descending else _LOOKED_THROUGH
            page = await fetch(replace(after, limit=limit))
            found += [_shown(change, wanted, chosen) for change in page.rows if passes(change)]
            if wanted.limit is not None and len(found) >= wanted.limit:
                found = found[: wanted.limit]
                return Changes(found, found[-1].seq, page.pending)
            if limit is None or len(page.rows) < limit:
                return Changes(found, page.last_seq, 0)
            after = replace(after, since=page.last_seq)

    return through


def _shown(change: Change, wanted: Wanted, chosen: Filter) -> Change:
    if change.doc is None:
        return change
    if not wanted.include_docs:
        return replace(change, doc=None)
    return replace(change, doc=_fields(change.doc, chosen.fields))


def _fields(doc: Doc, fields: tuple[str, ...] | None) -> Doc:
    """The named members of a document; `a.b` is b inside a."""
    if fields is None:
        return doc
    found: Doc = {}
    for field in fields:
        at, into = doc, found
        *path, last = field.split(".")
        for name in path:
            if not isinstance(at.get(name), dict):
                break
            at, into = at[name], into.setdefault(name, {})
        else:
            if last in at:
                into[last] = at[last]
    return found
