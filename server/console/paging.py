"""Cursors of long lists: where the next page begins. The ten-thousandth row costs what the first does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.workflow import iso

if TYPE_CHECKING:
    from server.consultations import Row


def due_cursor(row: Row) -> str:
    """`after` of a list in order of deadlines: "<due>|<id>"."""
    return f"{iso(row.due_at) if row.due_at else ''}|{row.id}"
