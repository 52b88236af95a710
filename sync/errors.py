"""What goes wrong, with CouchDB's status, error and reason.

SyncError
├── BadRequest          400 bad_request (and query_parse_error, illegal_docid, doc_validation ...)
├── Unauthorized        401 unauthorized
├── Forbidden           403 forbidden
├── NotFound            404 not_found: "missing", "deleted", "Database does not exist."
├── MethodNotAllowed    405 method_not_allowed
├── Conflict            409 conflict
├── MissingRevision     409 not_found: an edit of a revision that is not here
├── PreconditionFailed  412 file_exists, missing_stub
├── TooLarge            413 too_large, document_too_large
├── BadContentType      415 bad_content_type
├── OutOfRange          416 requested_range_not_satisfiable
├── NotImplementedHere  501 not_implemented
├── Unavailable         503 service_unavailable: the store is closed or its disk is full
└── QuarantineFull      507 insufficient_storage: too much of one person's waits in quarantine
"""

from __future__ import annotations


class SyncError(Exception):
    """An answer that is not a success. `reason` is a sentence; `error` CouchDB's word for the kind."""

    status = 500
    error = "internal_server_error"

    def __init__(self, reason: str, error: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        if error is not None:
            self.error = error


class BadRequest(SyncError):
    status, error = 400, "bad_request"


class Unauthorized(SyncError):
    status, error = 401, "unauthorized"


class Forbidden(SyncError):
    status, error = 403, "forbidden"


class NotFound(SyncError):
    status, error = 404, "not_found"

    def __init__(self, reason: str = "missing", error: str | None = None) -> None:
        super().__init__(reason, error)


class MethodNotAllowed(SyncError):
    status, error = 405, "method_not_allowed"

    def __init__(self, allowed: list[str]) -> None:
        super().__init__(f"Only {','.join(allowed)} allowed")
        self.allowed = allowed


class Conflict(SyncError):
    status, error = 409, "conflict"

    def __init__(self, reason: str = "Document update conflict.") -> None:
        super().__init__(reason)


class MissingRevision(SyncError):
    status, error = 409, "not_found"

    def __init__(self) -> None:
        super().__init__("missing_rev")


class PreconditionFailed(SyncError):
    status, error = 412, "precondition_failed"


class TooLarge(SyncError):
    status, error = 413, "too_large"


class BadContentType(SyncError):
    status, error = 415, "bad_content_type"


class OutOfRange(SyncError):
    status, error = 416, "requested_range_not_satisfiable"

    def __init__(self) -> None:
        super().__init__("Requested range not satisfiable")


class NotImplementedHere(SyncError):
    status, error = 501, "not_implemented"


class Unavailable(SyncError):
    status, error = 503, "service_unavailable"


class QuarantineFull(SyncError):
    status, error = 507, "insufficient_storage"


def no_database() -> NotFound:
    return NotFound("Database does not exist.")
