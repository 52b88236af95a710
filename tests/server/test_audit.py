"""server/audit.py: who saw what, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from server.accounts import Person
from server.audit import Audit


class TestAudit:
    def test_the_newest_comes_first_with_everything_that_was_said(
        self, tmp_path: Path, known: Callable[[str], Person]
    ) -> None:
        audit, person = Audit(tmp_path), known("centre")
        for subject in ("a", "b", "c"):
            audit.record(person, "unmask", subject, "回访，打电话")
        newest, second = audit.recent(2)
        assert (newest.subject, second.subject) == ("c", "b")
        assert (newest.person, newest.name, newest.action) == (person.id, "杨演示", "unmask")
        assert newest.reason == "回访，打电话"
        assert datetime.fromisoformat(newest.at).utcoffset() is not None
        audit.close()

    def test_it_outlives_a_restart(self, tmp_path: Path, known: Callable[[str], Person]) -> None:
        audit = Audit(tmp_path)
        audit.record(known("centre"), "unmask", "a", "回访")
        audit.close()
        again = Audit(tmp_path)
        assert len(again.recent()) == 1
        again.close()
