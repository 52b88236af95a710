"""server/cli.py and server/commands.py, as the processes that people start."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from models.contract import contract_json, types_ts
from server.cli import main, parser
from server.deployment import Deployment, Settings
from tests.server.conftest import account, register
from tests.server.stories import Story

COMMANDS = (
    "serve", "import", "index", "feedback", "similar", "backup", "restore", "store", "demo", "contract",
)  # fmt: skip
HISTORY = [
    {"question": "玉米叶子从叶尖开始往里黄，下面的老叶先黄", "answer": "缺氮\n追尿素", "crop": "玉米"},
    {"question": "马铃薯叶子背面长白霉", "answer": "晚疫病，喷烯酰吗啉", "crop": "马铃薯"},
]


def tianwen(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server.cli", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


@dataclass(frozen=True)
class Ran:
    """What a command gave: its exit status, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """run("similar", ...): the command inside this process, which is quicker than one of its own."""

    def ran(*arguments: object) -> Ran:
        status = main([str(argument) for argument in arguments])
        return Ran(status, *capsys.readouterr())

    return ran


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a deployment with a history and an index, made by the commands."""
    folder = tmp_path_factory.mktemp("cli")
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in HISTORY)
    (folder / "history.jsonl").write_text(lines, "utf-8")
    assert tianwen("import", folder / "history.jsonl", "--data", folder / "data").returncode == 0
    built = tianwen("index", "build", "--data", folder / "data")
    assert (built.returncode, built.stdout[:9]) == (0, "建好第 1 版：2")
    return folder / "data"


class TestHelp:
    def test_it_names_every_command(self) -> None:
        done = tianwen("--help")
        assert done.returncode == 0
        assert all(command in done.stdout for command in COMMANDS)

    @pytest.mark.parametrize("command", COMMANDS)
    def test_each_command_explains_itself(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            parser().parse_args([command, "--help"])
        assert caught.value.code == 0
        assert f"tianwen {command}" in capsys.readouterr().out

    def test_without_a_command_it_says_what_there_is(self) -> None:
        done = tianwen()
        assert done.returncode == 2
        assert "usage: tianwen" in done.stderr


class TestStartingWithoutTorch:
    """torch costs seconds and hundreds of megabytes; only what searches may load it, and never to start."""

    @pytest.mark.parametrize(
        "begin",
        [
            "main(['import', 'no-such-file.csv', '--data', folder])",
            "main(['contract', '--into', folder])",
            "main(['similar', '--data', folder])",
            "main(['serve', '--port', '99999', '--data', folder])",
            "import server.app",
            "import server.demo",
        ],
    )
    def test_neither_torch_nor_faiss_is_imported(self, begin: str, tmp_path: Path) -> None:
        script = (
            "import sys; from server.cli import main; import server.commands; folder = sys.argv[1];"
            f"{begin}; heavy = {{'torch', 'faiss', 'sentence_transformers', 'jieba'}} & set(sys.modules);"
            "sys.exit(f'imported {heavy}' if heavy else 0)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def test_a_command_that_searches_does_without_torch_too(self, indexed: Path) -> None:
        script = (
            "import sys; from server.cli import main;"
            "main(['similar', '玉米叶尖发黄', '--data', sys.argv[1]]); sys.exit('torch' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", script, str(indexed)], capture_output=True, check=False)
        assert done.returncode == 0


class TestServe:
    @pytest.fixture
    def taken(self) -> Iterator[int]:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            yield listening.getsockname()[1]

    def test_a_taken_port_is_one_sentence(self, taken: int, tmp_path: Path) -> None:
        done = tianwen("serve", "--port", taken, "--data", tmp_path / "data")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert f"--port {taken + 1}" in done.stderr

    def test_a_port_that_does_not_exist(self, tmp_path: Path) -> None:
        done = tianwen("serve", "--port", 99999, "--data", tmp_path / "data")
        assert (done.returncode, done.stderr) == (2, "没有 99999 这个端口，选 1 到 65535 之间的。\n")

    def test_an_administrator_without_a_password(self, tmp_path: Path) -> None:
        done = tianwen("serve", "--port", 0, "--data", tmp_path / "data", TIANWEN_ADMIN="admin")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "TIANWEN_ADMIN" in done.stderr

    def test_it_says_where_it_is_and_stops_on_interrupt_though_phones_wait_for_news(
        self, tmp_path: Path
    ) -> None:
        command = [
            sys.executable,
            "-m",
            "server.cli",
            "serve",
            "--port",
            "0",
            "--data",
            str(tmp_path / "data"),
        ]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TIANWEN_ADMIN": "boss:secret"},
        ) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert "/console/" in line
                port = int(line.split("127.0.0.1:")[1].split("/")[0])
                with httpx2.Client(base_url=f"http://127.0.0.1:{port}", auth=("boss", "secret")) as client:
                    assert client.get("/healthz").json() == {"ok": True}
                    form = {"phone": "boss", "password": "secret"}
                    assert client.post("/console/login", data=form, auth=None).status_code == 303
                    feed = "/sync/db/tianwen/_changes?feed=continuous&heartbeat=1000&since=now"
                    with (
                        client.stream("GET", feed) as waiting,
                        client.stream("GET", "/console/index/events", auth=None) as progress,
                    ):
                        assert (waiting.status_code, progress.status_code) == (200, 200)
                        process.send_signal(signal.SIGINT)
                        waiting.read()
                        progress.read()
                _, errors = process.communicate(timeout=30)
            finally:
                process.kill()
        assert {json.loads(line)["level"] for line in errors.splitlines()} <= {"info"}
        assert process.returncode in (0, 130)


class TestTheFolder:
    @pytest.mark.parametrize("command", [["index", "status"], ["import", "x.csv"], ["serve", "--port", "0"]])
    def test_one_that_is_a_file(self, run: Callable[..., Ran], command: list[str], tmp_path: Path) -> None:
        (tmp_path / "data").write_text("x")
        done = run(*command, "--data", tmp_path / "data")
        assert done.returncode == 2
        assert done.stderr.startswith("用不了 ")
        assert done.stderr.count("\n") == 1

    @pytest.mark.parametrize("name", ["accounts.sqlite3", "tianwen.sqlite3", "secret.key"])
    def test_one_with_a_broken_file(self, run: Callable[..., Ran], name: str, tmp_path: Path) -> None:
        (tmp_path / name).write_bytes(b"this is no such file" * 100)
        done = run("index", "status", "--data", tmp_path)
        assert done.returncode == 2
        assert "打不开" in done.stderr
        assert done.stderr.count("\n") == 1


class TestIndex:
    def test_status_without_an_index(self, run: Callable[..., Ran], tmp_path: Path) -> None:
        done = run("index", "status", "--data", tmp_path / "data")
        assert (done.returncode, json.loads(done.stdout)["state"]) == (0, "missing")

    def test_status_of_a_build(self, run: Callable[..., Ran], indexed: Path) -> None:
        status = json.loads(run("index", "status", "--data", indexed).stdout)
        assert (status["state"], status["version"], status["count"]) == ("ready", 1, 2)


class TestComparingBuilds:
    """Its own folder: builds come and go."""

    @pytest.fixture
    def data(self, indexed: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(indexed, tmp_path / "data"))

    def version(self, run: Callable[..., Ran], data: Path) -> int:
        return int(json.loads(run("index", "status", "--data", data).stdout)["version"])

    def test_one_that_waits_is_compared_and_then_used(self, run: Callable[..., Ran], data: Path) -> None:
        done = run("index", "build", "--hold", "--data", data)
        assert done.returncode == 0
        for text in ("建好第 2 版", "第 1 条就对", "毫秒", "tianwen index promote 2"):
            assert text in done.stdout, text
        assert self.version(run, data) == 1
        assert "第 1 条就对" in run("index", "compare", "--data", data).stdout
        assert run("index", "promote", 2, "--data", data).stdout == "换成第 2 版了。\n"
        assert self.version(run, data) == 2
        assert run("index", "rollback", "--data", data).stdout == "退回第 1 版了。\n"
        assert self.version(run, data) == 1
        assert run("index", "discard", 2, "--data", data).stdout == "第 2 版不要了。\n"

    @pytest.mark.parametrize(
        ("command", "sentence"),
        [
            (("compare",), "没有比现在用的更新的一版"),
            (("compare", 1), "没有比现在用的更新的一版"),
            (("compare", 9), "没有这一版"),
            (("promote", 9), "没有这一版"),
            (("discard", 9), "没有这一版"),
            (("discard", 1), "正在用"),
            (("rollback",), "没有更旧的"),
        ],
    )
    def test_what_will_not_do_is_one_sentence(
        self, run: Callable[..., Ran], data: Path, command: tuple[Any, ...], sentence: str
    ) -> None:
        done = run("index", *command, "--data", data)
        assert done.returncode == 2
        assert sentence in done.stderr

    def test_a_damaged_one_is_not_used(self, run: Callable[..., Ran], data: Path) -> None:
        run("index", "build", "--hold", "--data", data)
        (data / "index" / "0002" / "rows.jsonl").write_bytes(b"")
        done = run("index", "promote", 2, "--data", data)
        assert (done.returncode, "坏了" in done.stderr) == (2, True)
        assert self.version(run, data) == 1

    def test_the_first_of_all_is_used_whatever_was_said(
        self, run: Callable[..., Ran], tmp_path: Path
    ) -> None:
        done = run("index", "build", "--hold", "--data", tmp_path / "data")
        assert "还没有用它" not in done.stdout
        assert self.version(run, tmp_path / "data") == 1


class TestFeedback:
    def test_is_written_line_by_line(self, run: Callable[..., Ran], tmp_path: Path) -> None:
        folder, file = tmp_path / "data", tmp_path / "marks.jsonl"
        with Deployment(Settings(folder)) as deployment:
            register(deployment)
            told = Story(account(deployment, "informant"), text="玉米黄了，打 138-0000-7777")
            deployment.database.write([told.feedback("01J00000000000000000000000", False)])
        done = run("feedback", "export", file, "--data", folder)
        assert (done.returncode, done.stdout[:6]) == (0, "写了 1 条")
        row = json.loads(file.read_text("utf-8"))
        assert row.keys() == {"id", "query", "question", "case", "helpful"}
        assert (row["query"], row["helpful"]) == ("玉米黄了，打 *电话*", False)

    def test_into_a_place_that_is_none(self, run: Callable[..., Ran], tmp_path: Path) -> None:
        done = run("feedback", "export", tmp_path / "nowhere" / "x", "--data", tmp_path / "data")
        assert (done.returncode, done.stderr[:3]) == (2, "写不了")


class TestSimilar:
    def test_for_people(self, run: Callable[..., Ran], indexed: Path) -> None:
        done = run("similar", "苞谷老叶从叶尖往里黄", "--data", indexed)
        assert done.returncode == 0
        first, second = done.stdout.splitlines()[:2]
        assert first.startswith("1. ")
        assert HISTORY[0]["question"] in first
        assert second.strip() == "缺氮"

    def test_for_programs(self, run: Callable[..., Ran], indexed: Path) -> None:
        done = run("similar", "苞谷老叶从叶尖往里黄", "-k", 1, "--json", "--data", indexed)
        found = json.loads(done.stdout)
        assert set(found) == {"abstained", "results"}
        [hit] = found["results"]
        assert {"id", "score", "question", "answer", "industry", "crop"} <= set(hit)
        assert 0 < hit["score"] <= 1.5

    def test_what_is_like_nothing(self, run: Callable[..., Ran], indexed: Path) -> None:
        done = run("similar", "拖拉机贷款找哪个部门盖章", "--data", indexed)
        assert (done.returncode, done.stdout) == (0, "没找到像的，请专家答。\n")

    def test_a_batch_answers_line_by_line(
        self, run: Callable[..., Ran], indexed: Path, tmp_path: Path
    ) -> None:
        asked: list[Any] = [
            {"id": "a", "text": "苞谷老叶从叶尖往里黄"},
            {"id": 7, "text": ""},
            {"id": "c", "text": "拖拉机贷款找哪个部门盖章"},
        ]
        (tmp_path / "b.jsonl").write_text("\n\n".join(json.dumps(row) for row in asked))
        done = run("similar", "--batch", tmp_path / "b.jsonl", "-k", 10, "--data", indexed)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert [set(answer) for answer in answers] == [{"id", "abstained", "results"}] * 3
        assert [(answer["id"], answer["abstained"]) for answer in answers] == [
            ("a", False), (7, True), ("c", True),
        ]  # fmt: skip
        assert answers[0]["results"][0]["answer"] == "缺氮\n追尿素"
        assert answers[1]["results"] == []

    @pytest.mark.parametrize("line", ["{", "[]", '{"text": "x"}', '{"id": 1}', "\udcff"])
    def test_a_batch_that_is_none(
        self, run: Callable[..., Ran], indexed: Path, tmp_path: Path, line: str
    ) -> None:
        (tmp_path / "b.jsonl").write_bytes(line.encode("utf-8", "surrogateescape"))
        done = run("similar", "--batch", tmp_path / "b.jsonl", "--data", indexed)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ([], "二选一"),
            (["x", "--batch", "y"], "二选一"),
            (["？！"], "写几个字"),
            (["--batch", "missing.jsonl"], "打不开"),
        ],
    )
    def test_what_will_not_do(
        self, run: Callable[..., Ran], indexed: Path, arguments: list[str], sentence: str
    ) -> None:
        done = run("similar", *arguments, "--data", indexed)
        assert done.returncode == 2
        assert sentence in done.stderr
        assert done.stderr.count("\n") == 1

    def test_without_an_index_it_says_how_to_make_one(self, run: Callable[..., Ran], tmp_path: Path) -> None:
        done = run("similar", "苞谷", "--data", tmp_path / "data")
        assert (done.returncode, done.stderr) == (2, "还没有索引，先运行：tianwen index build\n")

    def test_a_reader_that_stops_reading_is_no_fault(
        self, run: Callable[..., Ran], indexed: Path, tmp_path: Path
    ) -> None:
        rows = "\n".join(json.dumps({"id": n, "text": "苞谷老叶从叶尖往里黄"}) for n in range(400))
        (tmp_path / "b.jsonl").write_text(rows)
        command = [sys.executable, "-m", "server.cli", "similar", "--batch", str(tmp_path / "b.jsonl")]
        with subprocess.Popen(
            [*command, "--data", str(indexed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""


class TestContract:
    def test_it_writes_both_files(self, tmp_path: Path) -> None:
        assert tianwen("contract", "--into", tmp_path / "contract").returncode == 0
        assert (tmp_path / "contract" / "contract.json").read_text("utf-8") == contract_json()
        assert (tmp_path / "contract" / "types.ts").read_text("utf-8") == types_ts()
