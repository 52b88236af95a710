"""`tianwen store verify`: every kind of damage is found, nothing is found where there is none, and nothing is
changed by looking. `--repair` makes groups and feeds anew, and phones learn of it with their next sync.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from server.cli import main
from server.deployment import Deployment, Settings
from server.operations.commands import POLICIES
from server.policy import caller_of
from sync.sqlite.repair import repair
from sync.sqlite.verify import Finding, verify
from sync.store import Wanted
from tests.server.conftest import account, register
from tests.server.stories import Story


@pytest.fixture
def data(sound: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sound, tmp_path / "data")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A consultation with an answer, a contact and a photo; a refused document; a plain database with a
    conflict, an attachment, a deletion and a compacted history."""
    folder = tmp_path_factory.mktemp("sound") / "data"
    with Deployment(Settings(folder)) as deployment:
        register(deployment)
        database = deployment.database
        reporter, centre, expert = (account(deployment, n) for n in ("informant", "centre", "expert"))
        story = Story(reporter)
        mine = [story.demand(), story.contact("马德贵", "138-0000-0023"), *story.photo(b"x" * 30_000)]
        sent = database.write(mine, caller=caller_of(reporter))
        due = "2030-01-01T00:00:00.000Z"
        asked = story.event("assigned", centre, expert=expert.id, expert_name=expert.name, due=due)
        sent += database.write([asked], caller=caller_of(centre))
        reply = story.event("replied", expert, diagnosis="缺氮", text="追肥")
        sent += database.write([reply], caller=caller_of(expert))
        assert [result.error for result in sent] == [None] * len(sent)
        database.write([{"_id": "demand:x", "type": "demand"}], caller=caller_of(reporter))
        plain = deployment.store.create("plain")
        attachment = {"a.txt": {"content_type": "text/plain", "data": "5rC056i7"}}
        replicated = [("2-b", "1-a", {}), ("2-c", "1-a", {"_attachments": attachment}), ("1-a", "", {})]
        for rev, parent, more in replicated:
            ids = [part.split("-")[1] for part in (rev, parent) if part]
            path = {"start": int(rev[0]), "ids": ids}
            plain.write([{"_id": "torn", "_rev": rev, "_revisions": path, **more}], new_edits=False)
        [written] = plain.write([{"_id": "gone"}])
        plain.write([{"_id": "gone", "_rev": written.rev, "_deleted": True}])
        plain.compact()
    return folder


def damage(data: Path, *statements: str) -> None:
    with closing(apsw.Connection(str(data / "tianwen.sqlite3"))) as connection:
        for statement in statements:
            connection.execute(statement)
            assert connection.changes(), statement


def found(data: Path) -> list[Finding]:
    return list(verify(data / "tianwen.sqlite3", POLICIES))


def kinds(data: Path) -> set[str]:
    return {finding.kind for finding in found(data)}


def state(data: Path) -> str:
    return hashlib.sha256((data / "tianwen.sqlite3").read_bytes()).hexdigest()


DEMAND = "(SELECT key FROM documents WHERE id LIKE 'demand:%')"
EXPERT = "(SELECT max(key) FROM channels WHERE name LIKE 'person:%')"
TORN = "UPDATE documents SET tree = CAST('{}' AS BLOB) WHERE id = 'torn'"


class TestSound:
    def test_has_no_findings(self, data: Path) -> None:
        assert found(data) == []

    def test_the_command_says_so(self, data: Path) -> None:
        done = tianwen("store", "verify", "--data", data)
        assert (done.returncode, done.stdout) == (0, "")
        assert "没有问题" in done.stderr

    def test_looking_changes_nothing(self, data: Path) -> None:
        before = state(data)
        tianwen("store", "verify", "--data", data)
        assert state(data) == before

    def test_a_server_may_run(self, data: Path) -> None:
        with Deployment(Settings(data)):
            assert tianwen("store", "verify", "--data", data).returncode == 0


class TestDamage:
    """(how it was done, the kind that is found)."""

    @pytest.mark.parametrize(
        ("statement", "kind"),
        [
            (TORN.format('[[2,"b","a",1],[2,"c","a",1]]'), "tree"),  # the parent is not there
            (TORN.format('[[1,"a",null,0],[2,"b","a",1],[2,"c","a",3]]'), "tree"),  # b wins, c is shown
            (TORN.format('[[1,"a",null,0]]'), "tree"),
            (TORN.format("nonsense"), "tree"),
            ("UPDATE documents SET rev = '2-b' WHERE id = 'torn'", "tree"),
            ("UPDATE documents SET deleted = 1 WHERE id = 'torn'", "tree"),
            ("DELETE FROM revisions WHERE rev = '2-b'", "body"),
            ("UPDATE revisions SET rev = '2-d' WHERE rev = '2-b'", "body"),
            ("UPDATE documents SET body = CAST('{' AS BLOB) WHERE id = 'torn'", "body"),
            ("UPDATE documents SET body = CAST('[1]' AS BLOB) WHERE id = 'torn'", "body"),
            ("UPDATE attachments SET data = CAST('changed' AS BLOB)", "attachment"),
            ("DELETE FROM attachments", "attachment"),
            (f"UPDATE documents SET group_key = NULL WHERE key = {DEMAND}", "group"),
            ("UPDATE documents SET group_key = 999 WHERE id LIKE 'chunk:%0000'", "group"),
            ("UPDATE groups SET channels = '[]' WHERE name LIKE 'consultation:%'", "channels"),
            (f"DELETE FROM feed WHERE document = {DEMAND} AND channel = {EXPERT}", "feed_missing"),
            (f"UPDATE feed SET removed = 1 WHERE document = {DEMAND} AND channel = {EXPERT}", "feed_missing"),
            (f"INSERT INTO feed SELECT {EXPERT}, 3, key, 0 FROM documents WHERE id LIKE 'contact:%'",
             "feed_extra"),
            (f"UPDATE feed SET seq = 0 WHERE document = {DEMAND} AND channel = {EXPERT}", "feed_seq"),
            (f"UPDATE feed SET seq = 999 WHERE document = {DEMAND} AND channel = {EXPERT}", "feed_seq"),
            ("UPDATE databases SET doc_count = doc_count + 1 WHERE name = 'tianwen'", "counter"),
            ("UPDATE databases SET last_seq = 2 WHERE name = 'tianwen'", "seq"),
            ("UPDATE quarantine SET body = CAST('{' AS BLOB)", "quarantine"),
            ("UPDATE quarantine SET state = 'lost'", "quarantine"),
            ("INSERT INTO revisions VALUES (999, '1-a', CAST('{}' AS BLOB))", "orphan"),
            ("INSERT INTO feed VALUES (1, 999, 999, 0)", "orphan"),
        ],
    )  # fmt: skip
    def test_is_found(self, data: Path, statement: str, kind: str) -> None:
        damage(data, statement)
        assert kind in kinds(data)
        assert main(["store", "verify", "--data", str(data)]) == 1

    def test_of_the_file_itself(self, data: Path) -> None:
        content = bytearray((data / "tianwen.sqlite3").read_bytes())
        content[4096 : 2 * 4096] = b"\xff" * 4096
        (data / "tianwen.sqlite3").write_bytes(content)
        assert kinds(data) == {"file"}

    def test_is_told_with_ids_and_as_json(self, data: Path) -> None:
        damage(data, f"DELETE FROM feed WHERE document = {DEMAND} AND channel = {EXPERT}")
        done = tianwen("store", "verify", "--json", "--data", data)
        [finding] = [json.loads(line) for line in done.stdout.splitlines()]
        assert finding["id"].startswith("demand:")
        assert finding["kind"] == "feed_missing"
        assert "查出 1 处" in done.stderr

    def test_where_there_is_no_store_is_a_sentence(self, tmp_path: Path) -> None:
        done = tianwen("store", "verify", "--data", tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "没有田问的数据" in done.stderr


class TestRepair:
    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM feed",
            "UPDATE documents SET group_key = NULL WHERE id LIKE 'event:%'",
            "UPDATE groups SET channels = '[]'",
            f"DELETE FROM feed WHERE document = {DEMAND}",
            f"INSERT INTO feed SELECT {EXPERT}, 3, key, 0 FROM documents WHERE id LIKE 'contact:%'",
            f"UPDATE feed SET seq = 0 WHERE document = {DEMAND} AND channel = {EXPERT}",
            "UPDATE databases SET doc_count = 99, last_seq = 2",
            "DELETE FROM groups WHERE name LIKE 'contact:%'",
        ],
    )
    def test_leaves_nothing_to_find(self, data: Path, statement: str) -> None:
        damage(data, statement)
        assert found(data)
        assert main(["store", "verify", "--repair", "--data", str(data)]) == 0

    def test_of_a_sound_store_changes_nothing(self, data: Path) -> None:
        done = repair(data / "tianwen.sqlite3", POLICIES)
        assert (done.regrouped, done.announced, done.withdrawn, done.counters, done.failed) == (
            0,
            0,
            0,
            0,
            [],
        )

    def test_reaches_phones_that_were_up_to_date(self, data: Path) -> None:
        def feed(name: str, since: int) -> dict[str, bool]:
            with Deployment(Settings(data)) as deployment:
                wanted = Wanted(since=since, removals=True)
                rows = deployment.database.changes(wanted, caller=caller_of(account(deployment, name))).rows
                return {row.id.partition(":")[0]: row.removed for row in rows}

        damage(
            data,
            f"DELETE FROM feed WHERE document = {DEMAND} AND channel = {EXPERT}",
            f"INSERT INTO feed SELECT {EXPERT}, 3, key, 0 FROM documents WHERE id LIKE 'contact:%'",
        )
        with Deployment(Settings(data)) as deployment:
            stands = deployment.database.info().update_seq
        repair(data / "tianwen.sqlite3", POLICIES)
        assert feed("expert", stands) == {"demand": False, "contact": True}
        assert "demand" not in feed("informant", stands)

    def test_what_it_cannot_mend_it_still_finds(self, data: Path) -> None:
        damage(data, "DELETE FROM attachments")
        done = tianwen("store", "verify", "--repair", "--data", data)
        assert done.returncode == 1
        assert "attachment" in done.stdout

    def test_beside_a_running_server(self, data: Path, story: Callable[[Deployment], str]) -> None:
        with Deployment(Settings(data)) as deployment:
            story(deployment)
            damage(data, f"DELETE FROM feed WHERE document = {DEMAND} AND channel = {EXPERT}")
            assert tianwen("store", "verify", "--repair", "--data", data).returncode == 0
            story(deployment)
        assert found(data) == []

    @pytest.fixture
    def story(self) -> Callable[[Deployment], str]:
        def write(deployment: Deployment) -> str:
            who = account(deployment, "informant")
            [result] = deployment.database.write([Story(who).demand()], caller=caller_of(who))
            assert result.error is None
            return result.id

        return write


def tianwen(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
