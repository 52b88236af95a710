"""Protected data (ID number, bank card, mobile): sealed field by field with a key outside the database.

MISSION S1.10, S2.8; DESIGN.md "Server". Losing `secret.key` loses the sealed fields and every session.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

# Beside the key of a restored deployment: the fingerprint of the only key that opens it.
EXPECTED = "secret.key.expected"


class Vault:
    """Seals and opens texts; makes blind indexes, by which a sealed text can be found but not read."""

    def __init__(self, path: Path) -> None:
        expected = path.with_name(EXPECTED)
        if not path.exists():
            if expected.exists():
                raise ValueError(f"缺保密栏目的钥匙：把备份时的 secret.key 放到 {path}，再启动。")
            _write_secret(path, Fernet.generate_key())
        key = path.read_bytes().strip()
        if expected.exists() and expected.read_text("ascii").strip() != fingerprint(key):
            raise ValueError(f"{path} 不是做备份时的那一把。没有那一把，谁也登录不了。")
        try:
            self._fernet = Fernet(key)
        except ValueError:
            raise ValueError(f"{path} 坏了：放回备份的那一份。没有它，保密的栏目打不开。") from None
        self._pepper = hashlib.sha256(b"tianwen blind index" + key).digest()

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text; ValueError where it was sealed with another key."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ValueError("sealed with another key: is secret.key the one of this deployment?") from None

    def blind(self, text: str) -> str:
        """The same 64 hex digits for the same text, of no use without the key."""
        return hmac.new(self._pepper, text.encode(), hashlib.sha256).hexdigest()


def fingerprint(key: bytes) -> str:
    """Tells one key from another without telling the key: 16 hex digits."""
    return hashlib.sha256(b"tianwen key fingerprint" + key.strip()).hexdigest()[:16]


def _write_secret(path: Path, content: bytes) -> None:
    """Write it whole or not at all; where another process was quicker, its key stays."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def mask(text: str) -> str:
    """138-0000-0001 -> 138-****-0001: the first three and the last four digits stay."""
    digits = [place for place, character in enumerate(text) if character.isalnum()]
    hidden = set(digits[3:-4]) if len(digits) > 7 else set(digits[1:])
    return "".join("*" if place in hidden else character for place, character in enumerate(text))
