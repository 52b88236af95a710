"""The SQLite store: the conformance suite, and what is its own."""

from concurrent.futures import ThreadPoolExecutor

import apsw
import pytest

from sync.errors import Unavailable
from sync.sqlite import SQLiteStore
from sync.sqlite.schema import MIGRATIONS
from sync.sqlite.verify import verify
from sync.store import Range, Wanted
from tests.sync.conformance import POLICIES, StoreConformance, seen, write
from tests.sync.village import ANNA


class TestSQLite(StoreConformance):
    @pytest.fixture(autouse=True)
    def sound_afterwards(self, tmp_path):
        """Whatever a test did to its store, `tianwen store verify` finds nothing wrong with it."""
        yield
        if (tmp_path / "data.db").exists():
            assert list(verify(tmp_path / "data.db", POLICIES)) == []

    def open_store(self, folder):
        return SQLiteStore(folder / "data.db", POLICIES)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.db"


class TestDurability:
    def test_every_commit_is_synced(self, path):
        with SQLiteStore(path) as store:
            modes = store.writer.do(lambda c: (c.pragma("journal_mode"), c.pragma("synchronous")))
            assert modes == ("wal", 2)

    def test_a_full_disk_is_said_and_stores_nothing(self, path):
        with SQLiteStore(path) as store:
            plain = store.create("plain")
            write(plain, {"_id": "a"})
            pages = store.writer.do(lambda c: c.pragma("page_count"))
            store.writer.do(lambda c: c.pragma("max_page_count", pages))
            with pytest.raises(Unavailable):
                plain.write([{"_id": "b", "text": "x" * 100_000}])
            store.writer.do(lambda c: c.pragma("max_page_count", 1_000_000))
            write(plain, {"_id": "c"})
            assert seen(plain) == ["a", "c"]
            assert plain.info().doc_count == 2

    def test_a_failing_job_leaves_its_neighbours_alone(self, path):
        with SQLiteStore(path) as store:
            plain = store.create("plain")

            def fail(connection):
                connection.execute("DELETE FROM documents")
                raise RuntimeError("in the middle")

            jobs = [store.writer.submit(fail)]
            write(plain, {"_id": "a"})
            with pytest.raises(RuntimeError):
                jobs[0].result()
            assert seen(plain) == ["a"]


class TestTwoProcesses:
    """The command line may write to the file while the server runs."""

    def test_what_one_writes_the_other_builds_on(self, path):
        with SQLiteStore(path, POLICIES) as one, SQLiteStore(path, POLICIES) as two:
            here, there = one.database("village"), two.database("village")
            for n in range(5):
                write(here, {"_id": f"here{n}", "group": "g", "opens": ["anna"]}, ANNA)
                write(there, {"_id": f"there{n}", "group": "g"}, ANNA)
            rows = here.changes(Wanted(), caller=ANNA).rows
            assert len({row.seq for row in rows}) == 10
            assert here.info() == there.info()
            assert len(here.group_docs("g")) == 10


class TestMigrations:
    def test_a_new_file_may_be_opened_by_several_at_once(self, path):
        with ThreadPoolExecutor(4) as pool:
            stores = list(pool.map(lambda _: SQLiteStore(path, POLICIES), range(4)))
        assert len({store.uuid for store in stores}) == 1
        assert [store.names() for store in stores] == [["village"]] * 4
        for store in stores:
            store.close()

    def test_a_file_of_a_newer_program_is_left_alone(self, path):
        SQLiteStore(path).close()
        connection = apsw.Connection(str(path))
        connection.pragma("user_version", len(MIGRATIONS) + 1)
        connection.close()
        with pytest.raises(Unavailable, match="newer version"):
            SQLiteStore(path)

    def test_opening_again_changes_nothing(self, path):
        with SQLiteStore(path, POLICIES) as store:
            uuid = store.uuid
        with SQLiteStore(path, POLICIES) as store:
            assert store.uuid == uuid


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    with SQLiteStore(tmp_path_factory.mktemp("cost") / "data.db", POLICIES) as store:
        village = store.database("village")
        for start in range(0, 20_000, 500):
            village.write(
                [
                    {"_id": f"d{n:06d}", "group": f"g{n}", "opens": [channel(n)]}
                    for n in range(start, start + 500)
                ]
            )
        yield store


class TestCost:
    """One user's 200 documents out of many cost what 200 cost: no statement scans what others wrote."""

    @pytest.mark.parametrize(
        "read",
        [
            lambda village: village.changes(Wanted(limit=50), caller=ANNA),
            lambda village: village.changes(Wanted(), caller=ANNA),
            lambda village: village.all_docs(Range(), caller=ANNA),
            lambda village: village.info(ANNA),
            lambda village: village.changes(Wanted(doc_ids=("d000000", "d000001")), caller=ANNA),
        ],
        ids=["page", "changes", "all_docs", "info", "doc_ids"],
    )
    def test_reading_touches_only_ones_own(self, crowded, read):
        village = crowded.database("village")
        with crowded.readers.snapshot() as connection:
            pass  # it is lent to the next reader again
        steps = virtual_machine_steps(connection, lambda: read(village))
        assert steps < 200 * 250


def channel(n):
    return "anna" if n % 100 == 0 else f"other{n % 50}"


def virtual_machine_steps(connection, act):
    """How many instructions SQLite runs on the reading connection during `act`."""
    taken = 0

    def count():
        nonlocal taken
        taken += 100
        return False

    connection.set_progress_handler(count, 100)
    act()
    connection.set_progress_handler(None)
    return taken
