"""One request, as the handlers see it: who asks, what for, with which parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import orjson
from starlette.requests import Request

from sync.errors import BadContentType, BadRequest, Unauthorized, no_database
from sync.policy import Caller, OpenPolicy, Scope, scope_of
from sync.sequences import epoch_of
from sync.store import Database, Shown, Store, check_database_name

if TYPE_CHECKING:
    from sync.protocol.listeners import Listeners

_BIGGEST = 2**53


@dataclass(frozen=True)
class Call:
    """A request whose body has been read. `params` are the parts of the path that the route names."""

    request: Request
    store: Store
    caller: Caller
    body: bytes
    listeners: Listeners
    release_roles: frozenset[str]
    params: dict[str, str] = field(default_factory=dict)

    # -- who and what

    @cached_property
    def database(self) -> Database:
        """The database of the path. Plain databases are the administrators': to others they are not there."""
        found = self.store.database(check_database_name(self.params["database"]))
        if not self.caller.admin and isinstance(found.policy, OpenPolicy):
            raise no_database()
        return found

    def scope(self, database: Database) -> Scope:
        return scope_of(self.caller, database.policy)

    def epoch(self, database: Database) -> str:
        return epoch_of(database.uuid, self.scope(database))

    def require_admin(self) -> None:
        if not self.caller.admin:
            raise Unauthorized("You are not a server admin.")

    @property
    def raw_path(self) -> str:
        """The path as it was sent, percent-encoded."""
        scope = self.request.scope
        raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        return quote(raw.partition(b"?")[0].decode("latin-1"), safe="/%:@!$&'()*+,;=~")

    # -- parameters of the query

    def text(self, *names: str) -> str | None:
        """The first of `names` that the query has: CouchDB knows some parameters by two names."""
        query = self.request.query_params
        return next((query[name] for name in names if name in query), None)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.text(name)
        if value is None:
            return default
        if value not in ("true", "false"):
            raise BadRequest(f'Invalid boolean parameter: "{value[:80]}"', "query_parse_error")
        return value == "true"

    def number(self, name: str) -> int | None:
        """A whole number, zero or more."""
        value = self.text(name)
        return None if value is None else whole_number(name, value)

    def json_of(self, *names: str) -> Any:
        """A parameter written as JSON; None where it is absent."""
        value = self.text(*names)
        if value is None:
            return None
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"Invalid JSON in the parameter {names[0]}", "query_parse_error") from error

    def json_or_all(self, name: str) -> list[str] | Literal["all"] | None:
        """A JSON array of strings, or the word all."""
        if self.text(name) in (None, "all"):
            return "all" if self.text(name) else None
        return strings(name, self.json_of(name))

    def shown(self) -> Shown:
        """The computed members that the query asks for."""
        meta = self.flag("meta")
        return Shown(
            revs=self.flag("revs"),
            revs_info=meta or self.flag("revs_info"),
            conflicts=meta or self.flag("conflicts"),
            deleted_conflicts=meta or self.flag("deleted_conflicts"),
            local_seq=self.flag("local_seq"),
            attachments=self.flag("attachments") or self.text("atts_since") is not None,
            atts_since=tuple(strings("atts_since", self.json_of("atts_since") or [])),
        )

    def accepts(self, kind: str) -> bool:
        """Whether the client asks for `kind` by name.

        A wildcard is no wish: CouchDB takes it for one, but most who send it can only read JSON.
        """
        wished = self.request.headers.get("accept", "").lower()
        return any(each.partition(";")[0].strip() == kind for each in wished.split(","))

    def knows(self, tag: str) -> bool:
        """Whether the client has the version that `tag` (an ETag with its quotes) names already."""
        known = self.request.headers.get("if-none-match", "")
        return any(each.strip().removeprefix("W/") in (tag, "*") for each in known.split(","))

    # -- the body

    def json_object(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        found = self.json_body()
        if not isinstance(found, dict):
            raise BadRequest("Request body must be a JSON object")
        return found

    def json_body(self) -> Any:
        if not self.body:
            raise BadRequest("Request body is empty: JSON was expected")
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise BadRequest("invalid UTF-8 JSON") from error

    def require_json(self) -> None:
        """POST needs its content type said, as CouchDB does: a page elsewhere cannot forge that without
        asking.
        """
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise BadContentType("Content-Type must be application/json")


def whole_number(name: str, value: object) -> int:
    text = str(value)
    if text.isascii() and text.isdigit() and len(text) < 17 and int(text) < _BIGGEST:
        return int(text)
    raise BadRequest(f'Invalid value for {name}: "{text[:80]}"', "query_parse_error")


def strings(name: str, value: object) -> list[str]:
    """`value` as a list of strings; BadRequest otherwise."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    raise BadRequest(f"`{name}` must be a JSON array of strings")
