"""Which handler answers a path.

Paths are split before they are decoded: an id may contain an encoded slash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.responses import Response

from sync.errors import BadRequest, NotFound, NotImplementedHere
from sync.protocol import (
    attachments,
    bulk,
    database,
    documents,
    listing,
    local,
    quarantine,
    root,
    session,
)
from sync.protocol.call import Call

Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Route:
    """The handlers of one resource, by method. `changes`, `exchange` and `session` have ways of their own."""

    methods: Mapping[str, Handler]
    params: dict[str, str] = field(default_factory=dict)
    anonymous: bool = False
    changes: bool = False
    exchange: bool = False
    session: bool = False


_SERVER: dict[str, Mapping[str, Handler]] = {
    "_session": {"GET": session.session},
    "_up": {"GET": root.up},
    "_all_dbs": {"GET": root.all_databases},
    "_dbs_info": {"POST": root.databases_information},
    "_uuids": {"GET": root.uuids},
    "_active_tasks": {"GET": root.active_tasks},
    "_membership": {"GET": root.membership},
}

_DATABASE: dict[str, Mapping[str, Handler]] = {
    "_bulk_docs": {"POST": bulk.bulk_docs},
    "_bulk_get": {"POST": bulk.bulk_get},
    "_revs_diff": {"POST": bulk.revs_diff},
    "_missing_revs": {"POST": bulk.missing_revs},
    "_all_docs": {"GET": listing.all_docs, "POST": listing.all_docs},
    "_design_docs": {"GET": listing.design_docs, "POST": listing.design_docs},
    "_local_docs": {"GET": listing.local_docs, "POST": listing.local_docs},
    "_revs_limit": {"GET": database.get_revs_limit, "PUT": database.put_revs_limit},
    "_ensure_full_commit": {"POST": database.ensure_full_commit},
    "_compact": {"POST": database.compact},
    "_view_cleanup": {"POST": database.clean_views},
    "_security": {"GET": database.get_security, "PUT": database.put_security},
    "_purge": {"POST": database.purge},
    "_purged_infos_limit": {"GET": database.get_purged_infos_limit, "PUT": database.put_purged_infos_limit},
}
_QUERIES: dict[str, Mapping[str, Handler]] = {
    "_all_docs": {"POST": listing.all_docs_queries},
    "_design_docs": {"POST": listing.design_docs_queries},
    "_local_docs": {"POST": listing.local_docs_queries},
}

_ITSELF: Mapping[str, Handler] = {
    "GET": database.information,
    "PUT": database.create,
    "DELETE": database.drop,
    "POST": documents.post,
}
_DOCUMENT: Mapping[str, Handler] = {
    "GET": documents.read,
    "PUT": documents.put,
    "POST": documents.post_form,
    "DELETE": documents.delete,
    "COPY": documents.copy,
}
_ATTACHMENT: Mapping[str, Handler] = {
    "GET": attachments.read,
    "PUT": attachments.put,
    "DELETE": attachments.delete,
}
_LOCAL: Mapping[str, Handler] = {"GET": local.read, "PUT": local.put, "DELETE": local.delete}

# CouchDB has these; here they are absent on purpose.
_ABSENT = {
    *("_find", "_index", "_explain", "_partition", "_purged_infos", "_auto_purge", "_shards"),
    *("_sync_shards", "_users", "_replicator", "_global_changes", "_replicate", "_scheduler"),
    *("_db_updates", "_cluster_setup", "_reshard", "_utils", "_search_analyze", "_nouveau_analyze"),
}
_DESIGN_FUNCTIONS = {
    *("_view", "_show", "_list", "_update", "_rewrite", "_info", "_search", "_search_info"),
    *("_nouveau", "_nouveau_info"),
}


def resolve(raw_path: bytes) -> Route:
    """The route of a path below the mount, as sent. NotFound, or NotImplementedHere, with a sentence."""
    first, *rest = _segments(raw_path)
    if first == "quarantine":
        return _quarantine(rest)
    if first == "exchange" and len(rest) < 2:
        return Route({}, {"database": rest[0]} if rest else {}, exchange=True)
    if first != "db":
        raise NotFound(f"There is nothing at /{first}.")
    if not rest:
        return Route({"GET": root.welcome}, anonymous=True)
    if rest[0][:1] == "_":
        return _server(rest)
    return _of_database(rest[0], rest[1:])


def _segments(raw_path: bytes) -> list[str]:
    parts = raw_path.split(b"?")[0].strip(b"/").split(b"/")
    try:
        return [unquote(part.decode("ascii"), errors="strict") for part in parts]
    except UnicodeDecodeError as error:
        raise BadRequest("The path is not UTF-8") from error


def _quarantine(rest: list[str]) -> Route:
    if not rest:
        return Route({"GET": quarantine.listed})
    if len(rest) == 1:
        return Route({"POST": quarantine.settle}, {"receipt": rest[0]})
    raise NotFound


def _server(rest: list[str]) -> Route:
    if len(rest) == 1 and rest[0] in _SERVER:
        own = rest[0] == "_session"
        return Route(_SERVER[rest[0]], anonymous=own or rest[0] == "_up", session=own)
    raise _unknown(rest[0])


def _of_database(name: str, rest: list[str]) -> Route:
    params = {"database": name}
    if not rest:
        return Route(_ITSELF, params)
    first = rest[0]
    if first == "_changes" and len(rest) == 1:
        return Route({}, params, changes=True)
    if len(rest) == 1 and first in _DATABASE:
        return Route(_DATABASE[first], params)
    if first in _QUERIES and rest[1:] == ["queries"]:
        return Route(_QUERIES[first], params)
    if first == "_compact" and len(rest) == 2:
        return Route({"POST": database.compact_views}, {**params, "id": f"_design/{rest[1]}"})
    if first in ("_local", "_local/") and (len(rest) == 1 or not rest[1]):
        raise BadRequest("Invalid _local document id.")
    if first.startswith("_local/") or first == "_local":
        if len(rest) > (1 if first.startswith("_local/") else 2):
            raise BadRequest("_local documents do not accept attachments.")
        identifier = "/".join(rest).removeprefix("_local/")
        return Route(_LOCAL, {**params, "id": identifier})
    if first == "_design" and len(rest) > 1:
        rest = [f"_design/{rest[1]}", *rest[2:]]
    elif first[:1] == "_" and not first.startswith("_design/"):
        if first in _ABSENT:
            raise _unknown(first)
        return Route(_reserved(first), params)
    return _of_document(params, rest)


def _of_document(params: dict[str, str], rest: list[str]) -> Route:
    identifier, *inner = rest
    if not inner:
        return Route(_DOCUMENT, {**params, "id": identifier})
    if identifier.startswith("_design/") and inner[0] in _DESIGN_FUNCTIONS:
        raise NotImplementedHere("This server runs no design documents: it has no views, shows or lists.")
    return Route(_ATTACHMENT, {**params, "id": identifier, "attachment": "/".join(inner)})


def _reserved(name: str) -> Mapping[str, Handler]:
    """An id that no document may have: there is nothing to read, and nothing can be written."""

    def absent(call: Call) -> Response:
        raise _unknown(name)

    def illegal(call: Call) -> Response:
        raise BadRequest("Only reserved document ids may start with underscore.", "illegal_docid")

    return {"GET": absent, "DELETE": absent, "POST": absent, "COPY": absent, "PUT": illegal}


def _unknown(name: str) -> NotFound | NotImplementedHere:
    if name in _ABSENT:
        return NotImplementedHere(f"This server does not offer {name}.")
    return NotFound(f"There is nothing called {name} here.")
