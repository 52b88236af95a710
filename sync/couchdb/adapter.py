"""python-couchdb behind one door: requests in, decoded JSON or an error of `sync.errors` out."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

import couchdb.http
import orjson

from sync.couchdb.address import Address
from sync.couchdb.connections import open_session
from sync.errors import BadRequest, Conflict, NotFound, PreconditionFailed, SyncError, TooLarge, Unavailable

TIMEOUT_S = 20.0

_log = logging.getLogger("sync.couchdb")

_UNREACHABLE = "The database server cannot be reached at the moment. Nothing was stored; try again later."
_FAULTS = (OSError, HTTPException, ValueError, TypeError, AttributeError, couchdb.http.RedirectLimit)


class Couch:
    """A CouchDB server. Thread-safe; each request blocks, at most `timeout_s` for each read of the socket.

    Errors: NotFound, Conflict, PreconditionFailed, BadRequest and TooLarge as the server says them; all else
    (no connection, time-out, 5xx, redirects, refused credentials, an answer that is not JSON) is
    Unavailable: those who asked can do nothing but try again.
    """

    def __init__(self, address: Address, timeout_s: float = TIMEOUT_S) -> None:
        self.address = address
        self._closed = False
        self._session = open_session(timeout_s)
        self._resource = couchdb.http.Resource(address.url, self._session)
        # Not in the URL: python-couchdb splits it at every ":" and "@".
        if address.user is not None:
            self._resource.credentials = (address.user, address.password)

    def get(self, *path: str, **params: object) -> Any:
        return _decoded(self._request("GET", path, None, params))

    def get_bytes(self, *path: str) -> bytes:
        return self._request("GET", path, None, {}, accept="*/*")

    def put(self, *path: str, body: object = None) -> Any:
        return _decoded(self._request("PUT", path, _encoded(body), {}))

    def post(self, *path: str, body: object = None, **params: object) -> Any:
        return _decoded(self._request("POST", path, _encoded(body), params))

    def delete(self, *path: str) -> Any:
        return _decoded(self._request("DELETE", path, None, {}))

    def close(self) -> None:
        """Requests that wait for an answer fail with Unavailable."""
        self._closed = True
        self._session.connection_pool.shut()

    def _request(
        self,
        method: str,
        path: tuple[str, ...],
        body: bytes | None,
        params: Mapping[str, object],
        accept: str = "application/json",
    ) -> bytes:
        headers = {"Accept": accept}
        if body is not None or method == "POST":
            headers["Content-Type"] = "application/json"
        try:
            _, _, data = self._resource._request(
                method, [str(part) for part in path], body=body, headers=headers, **params
            )
            return b"" if data is None else bytes(data.read())
        except couchdb.http.HTTPError as error:
            raise _translated(error, method, path) from None
        except _FAULTS as error:
            if self._closed:
                raise Unavailable("The store is closed.") from None
            # The address in the log is without credentials; an exception's own text might not be.
            _log.warning("%s %s%s: %s", method, self.address.url, "/" + "/".join(path), type(error).__name__)
            raise Unavailable(_UNREACHABLE) from None
        finally:
            self._session.connection_pool.drop()


def _encoded(body: object) -> bytes | None:
    return None if body is None else orjson.dumps(body)


def _decoded(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        pass
    try:
        # More tolerant: a lone surrogate in one document must not stop the feed of all others.
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unavailable("The database server gave an answer that is not JSON.") from None


_KINDS: dict[type[Exception], type[SyncError]] = {
    couchdb.http.ResourceNotFound: NotFound,
    couchdb.http.PreconditionFailed: PreconditionFailed,
}


def _translated(error: Any, method: str, path: tuple[str, ...]) -> SyncError:
    """python-couchdb's errors carry (error, reason); a ServerError carries (status, (error, reason))."""
    status = 0
    said: Any = error.args[0] if error.args else ("error", "")
    if isinstance(error, couchdb.http.ServerError):
        status, said = said
    kind, reason = said
    if isinstance(error, couchdb.http.ResourceConflict):
        return Conflict()
    known = _KINDS.get(type(error)) or {400: BadRequest, 413: TooLarge}.get(status)
    if known is not None:
        return known(str(reason), str(kind))
    _log.error("%s /%s: CouchDB answered %s %s: %s", method, "/".join(path), status or "", kind, reason)
    return Unavailable(_UNREACHABLE)
