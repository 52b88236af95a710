"""Bodies of several parts (RFC 2046): a document and the bytes of its attachments. Pure functions."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message

from sync.errors import BadRequest

_MOST_PARTS = 10_000


@dataclass(frozen=True)
class Part:
    """One part. The names of `headers` are in lower case."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def name(self) -> str | None:
        """The field's name in a form."""
        return self._disposition("name")

    @property
    def filename(self) -> str | None:
        return self._disposition("filename")

    def _disposition(self, parameter: str) -> str | None:
        return parameter_of(self.headers.get("content-disposition", ""), parameter)


def parameter_of(value: str, name: str) -> str | None:
    """One parameter of a header's value: of `multipart/mixed; boundary="x"` the boundary."""
    message = Message()
    message["content-type"] = value.replace("\r", " ").replace("\n", " ")
    found = message.get_param(name)
    return found if isinstance(found, str) and found else None


def parse(content_type: str, body: bytes) -> list[Part]:
    """The parts of `body`; BadRequest when it has none, or does not end."""
    boundary = parameter_of(content_type, "boundary")
    if boundary is None:
        raise BadRequest("The Content-Type of a multipart body must name its boundary.")
    mark = b"\r\n--" + boundary.encode("utf-8", "surrogateescape")
    _, *sections = (b"\r\n" + body).split(mark, _MOST_PARTS)
    parts: list[Part] = []
    for section in sections:
        if section[:2] == b"--":
            return parts
        parts.append(_part(section))
    raise BadRequest("The multipart body does not end with its boundary.")


def _part(section: bytes) -> Part:
    head, blank, body = section.partition(b"\r\n\r\n")
    if not blank:
        raise BadRequest("A part of the multipart body has no blank line after its headers.")
    headers = {}
    for line in head.split(b"\r\n"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.strip().lower()] = value.strip()
    return Part(headers, body)


def new_boundary() -> str:
    return secrets.token_hex(16)


def encode(parts: Iterable[tuple[Mapping[str, str], bytes]], boundary: str) -> bytes:
    """Headers and bodies, one after another."""
    mark = f"--{boundary}".encode()
    pieces: list[bytes] = []
    for headers, body in parts:
        lines = "".join(f"\r\n{name}: {_line(value)}" for name, value in headers.items())
        pieces += [mark, lines.encode("utf-8", "replace"), b"\r\n\r\n", body, b"\r\n"]
    return b"".join([*pieces, mark, b"--"])


def _line(value: str) -> str:
    """A header's value stays on its line, whatever a user called their file."""
    return "".join(each if each.isprintable() else "_" for each in value)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
