"""What can go wrong in the service, each with the sentence that the user reads.

ServiceError
├── LoginRequired    nobody is logged in, or the session has ended (401)
├── LoginRefused     wrong phone or password, or too many tries (401, 429)
├── PasswordRequired the first password must be changed before anything else (403, MISSION S1.9)
├── WrongRole        this person has no business here (403)
├── BadRequest       the request can't be understood (400)
├── NotFound         it is not there, or not for this person (404)
├── WrongMethod      the address is there, for other methods (405)
├── Unacceptable     a field is missing or out of bounds (422)
├── ActionRefused    the action no longer fits: somebody else was quicker (409)
└── Unavailable      a part is loading or broken; everything else goes on (503)
"""

from __future__ import annotations

from datetime import datetime
from typing import Any


class ServiceError(Exception):
    """`error` for programs, `reason` a sentence for people, `status` the HTTP status."""

    status = 500
    error = "internal"

    def __init__(self, reason: str, **details: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details

    def body(self) -> dict[str, Any]:
        return {"error": self.error, "reason": self.reason, **self.details}


class LoginRequired(ServiceError):
    status = 401
    error = "unauthorized"

    def __init__(self, reason: str = "请再登录一次，没送到的都还在。") -> None:
        super().__init__(reason)


class LoginRefused(ServiceError):
    """`tries_left` counts down to a lock; `locked_until` (UTC) is set while it lasts."""

    status = 401
    error = "wrong_password"

    def __init__(self, reason: str, tries_left: int = 0, locked_until: datetime | None = None) -> None:
        super().__init__(reason, tries_left=tries_left)
        self.tries_left = tries_left
        self.locked_until = locked_until
        if locked_until is not None:
            self.status, self.error = 429, "locked"


class PasswordRequired(ServiceError):
    status = 403
    error = "password_change_required"

    def __init__(self, reason: str = "第一次用，先换一个自己的密码。") -> None:
        super().__init__(reason)


class WrongRole(ServiceError):
    status = 403
    error = "forbidden"

    def __init__(self, reason: str = "这一页不归您的账号管。") -> None:
        super().__init__(reason)


class BadRequest(ServiceError):
    status = 400
    error = "bad_request"


class NotFound(ServiceError):
    status = 404
    error = "not_found"


class WrongMethod(ServiceError):
    status = 405
    error = "method_not_allowed"


class Unacceptable(ServiceError):
    status = 422
    error = "unacceptable"


class ActionRefused(ServiceError):
    status = 409
    error = "refused"


class Unavailable(ServiceError):
    status = 503
    error = "unavailable"

    def __init__(self, reason: str, error: str = "unavailable") -> None:
        super().__init__(reason)
        self.error = error
