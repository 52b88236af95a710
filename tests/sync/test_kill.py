"""No acknowledged document is missing after kill -9, at whatever moment."""

import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import apsw
import httpx2
import pytest

from sync.sqlite import SQLiteStore
from sync.store import Range, Wanted
from tests.sync.conformance import POLICIES
from tests.sync.serving import client
from tests.sync.village import ANNA

WRITERS = 4
KILLS = 6


class Process:
    """A server process that is only ever killed."""

    def __init__(self, path):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sync.serving", str(path)], stdout=subprocess.PIPE, text=True
        )
        self.address = self._process.stdout.readline().strip()

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


class Load:
    """Writers that push batches as a device does, and note what was acknowledged: {id: revision}.

    The server is killed when `after` batches are acknowledged; the other writers are then in mid-request.
    """

    def __init__(self, server, life, after):
        self._server, self._life, self._after = server, life, after
        self._lock = threading.Lock()
        self.batches = 0
        self.acknowledged = {}

    def run(self):
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(self._write_until_killed, range(WRITERS)))

    def _write_until_killed(self, writer):
        with client(self._server.address, "anna") as http:
            for batch in range(10_000):
                docs = [self._doc(f"{self._life}-{writer}-{batch}-{n}") for n in range(10)]
                body = {"docs": docs, "new_edits": False}
                try:
                    answer = http.post("/db/village/_bulk_docs", json=body)
                except httpx2.TransportError:
                    return
                assert (answer.status_code, answer.json()) == (201, [])
                self._note(docs)

    def _doc(self, name):
        return {
            "_id": name,
            "_rev": "1-" + name,
            "group": f"g{name[-1]}",
            "opens": ["anna"],
            "text": "病" * 200,
        }

    def _note(self, docs):
        with self._lock:
            self.acknowledged.update({doc["_id"]: doc["_rev"] for doc in docs})
            self.batches += 1
            if self.batches == self._after:
                self._server.kill()


@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_acknowledged_is_there(tmp_path, seed):
    random_source = random.Random(seed)
    path = tmp_path / "data.db"
    acknowledged = {}
    for life in range(KILLS):
        server = Process(path)
        load = Load(server, life, after=random_source.randint(1, 40))
        try:
            load.run()
        finally:
            server.kill()
        acknowledged |= load.acknowledged
    assert len(acknowledged) >= KILLS * 10
    with SQLiteStore(path, POLICIES) as store:
        village = store.database("village")
        listed = {row.key: row.rev for row in village.all_docs(Range()).rows}
        assert acknowledged.items() <= listed.items()
        assert {row.id for row in village.changes(Wanted(), caller=ANNA).rows} == set(listed)
        assert village.info().doc_count == len(listed)
        assert all(village.get(name)["text"] == "病" * 200 for name in acknowledged)
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    connection.close()
