"""What the commands of the command line do."""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from starlette.applications import Starlette

    from search.finder import Similar
    from server.deployment import Deployment
    from server.importing import Report

FAULTS_SHOWN = 20
BACKLOG = 2048


class Complaint(Exception):
    """A fault that the person at the keyboard can mend; its text says how."""


@contextmanager
def deployment_in(folder: Path) -> Iterator[Deployment]:
    from server.deployment import Deployment, Settings

    with _complaining(folder):
        deployment = Deployment(Settings.from_environment(folder))
    with deployment:
        yield deployment


@contextmanager
def _complaining(folder: Path) -> Iterator[None]:
    """What keeps a deployment from being opened, as a sentence."""
    import sqlite3

    import apsw

    from sync.errors import SyncError

    try:
        yield
    except OSError as fault:
        raise Complaint(f"用不了 {folder} 这个文件夹：{fault.strerror or fault}") from None
    except (sqlite3.DatabaseError, apsw.Error, SyncError) as fault:
        raise Complaint(f"{folder} 里的数据打不开：{fault}") from None
    except ValueError as fault:
        raise Complaint(str(fault)) from None


def run_serve(options: argparse.Namespace) -> int:
    from server.app import create_app
    from server.deployment import Settings
    from server.operations.logs import configure

    configure(options.log)
    listening = _listen(options.host, options.port)
    with closing(listening):
        with _complaining(options.data):
            settings = Settings.from_environment(options.data)
            app = create_app(
                replace(
                    settings,
                    cors=(*settings.cors, *(options.cors or ())),
                    store=options.store or settings.store,
                )
            )
        return _serve(app, listening, options.host)


def _serve(app: Starlette, listening: socket.socket, host: str) -> int:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                address = f"http://{host}:{listening.getsockname()[1]}"
                print(f"田问开着：手机端 {address}/  控制台 {address}/console/  按 Ctrl-C 停", flush=True)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            # Phones wait for news for minutes: their feeds end first, so that stopping takes no longer.
            app.state.stop_feeds()
            super().handle_exit(sig, frame)

    config = uvicorn.Config(
        app, log_level="warning", log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=5, timeout_keep_alive=75,
    )  # fmt: skip
    server = Server(config)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if server.started:
        print("停了。收到的都存好了。", flush=True)
    return 0 if server.started else 1


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        # Two bound sockets may share a port until one of them listens.
        listening.listen(BACKLOG)
    except OverflowError:
        listening.close()
        raise Complaint(f"没有 {port} 这个端口，选 1 到 65535 之间的。") from None
    except OSError as fault:
        listening.close()
        raise Complaint(
            f"{host}:{port} 用不了：{fault.strerror}。换一个端口：tianwen serve --port {port + 1}"
            "（make run 用 PORT=…）。"
        ) from None
    listening.set_inheritable(True)
    return listening


def run_import(options: argparse.Namespace) -> int:
    from server.history import UnreadableFile
    from server.importing import import_history

    def tell(report: Report) -> None:
        if sys.stderr.isatty():
            print(f"\r{report.imported + report.doubled} 条 …", end="", file=sys.stderr, flush=True)

    with deployment_in(options.data) as deployment:
        try:
            report = import_history(options.file, deployment.database, deployment.programme, tell)
        except UnreadableFile as fault:
            raise Complaint(str(fault)) from None
        deployment.consultations.catch_up()
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    _print_report(report)
    return 0 if report.imported or report.doubled else 1


def _print_report(report: Report) -> None:
    print(f"导入 {report.imported} 条，已有 {report.doubled} 条，跳过 {len(report.faults)} 行。")
    if report.unknown_columns:
        print(f"不认识的列，没有导入：{'、'.join(report.unknown_columns[:FAULTS_SHOWN])}")
    for fault in report.faults[:FAULTS_SHOWN]:
        print(f"  第 {fault.line} 行：{fault.reason}")
    if len(report.faults) > FAULTS_SHOWN:
        print(f"  … 还有 {len(report.faults) - FAULTS_SHOWN} 行")
    if report.imported:
        print("找类似要看到新导入的，再运行：tianwen index build")


def run_index(options: argparse.Namespace) -> int:
    """`tianwen index WHAT`."""
    from server import indexing

    with deployment_in(options.data) as deployment:
        finder = opened(deployment)
        try:
            return indexing.VERBS[options.what](deployment, finder, options)
        except indexing.Refused as refusal:
            raise Complaint(str(refusal)) from None


def run_feedback(options: argparse.Namespace) -> int:
    """`tianwen feedback export FILE`."""
    import orjson

    from server.feedback import stripped

    with deployment_in(options.data) as deployment:
        deployment.consultations.catch_up()
        count = 0
        try:
            with options.file.open("wb") as file:
                for mark in deployment.consultations.feedback.every(None):
                    file.write(orjson.dumps(stripped(mark), option=orjson.OPT_APPEND_NEWLINE))
                    count += 1
        except OSError as fault:
            raise Complaint(f"写不了 {options.file}：{fault.strerror}") from None
    print(f"写了 {count} 条到 {options.file}，姓名和电话都去掉了。")
    return 0


def opened(deployment: Deployment) -> Any:
    try:
        return deployment.finder.open()
    except ImportError as fault:
        raise Complaint(f"没有装找类似的部件（{fault.name}）：pip install 'tianwen[search]'") from None


def run_similar(options: argparse.Namespace) -> int:
    if bool(options.text) == bool(options.batch):
        raise Complaint("写一句话，或者用 --batch FILE 给一个文件，二选一。")
    with deployment_in(options.data) as deployment:
        finder = opened(deployment)
        if not finder.ready:
            raise Complaint("还没有索引，先运行：tianwen index build")
        if options.batch:
            return _similar_batch(finder, options)
        return _similar_one(deployment, finder, options)


def _similar_one(deployment: Deployment, finder: Any, options: argparse.Namespace) -> int:
    from search.errors import EmptyQuery

    programme = deployment.programme
    known = programme.crop(options.crop) if options.crop else None
    industry = programme.industry(options.industry) or options.industry if options.industry else None
    try:
        found = finder.similar(
            options.text, options.k, industry=industry, crop=known[1] if known else options.crop
        )
    except EmptyQuery:
        raise Complaint("写几个字，说说是什么问题。") from None
    if options.json:
        print(json.dumps(_body(found), ensure_ascii=False))
    elif found.abstained:
        print("没找到像的，请专家答。")
    for place, hit in enumerate(() if options.json else found.results, start=1):
        print(f"{place}. {hit.score:.2f} {hit.question}\n   {hit.answer.splitlines()[0][:60]}")
    return 0


def _similar_batch(finder: Any, options: argparse.Namespace) -> int:
    try:
        with options.batch.open(encoding="utf-8") as file:
            questions = [json.loads(line) for line in file if line.strip()]
        texts = [str(question["text"]) for question in questions]
        names = [question["id"] for question in questions]
    except OSError as fault:
        raise Complaint(f"打不开 {options.batch}：{fault.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise Complaint(f'{options.batch} 每行要是 {{"id": …, "text": …}}。') from None
    for name, found in zip(names, finder.similar_batch(texts, options.k), strict=True):
        print(json.dumps({"id": name, **_body(found)}, ensure_ascii=False))
    return 0


def _body(found: Similar) -> dict[str, Any]:
    return {"abstained": found.abstained, "results": [asdict(hit) for hit in found.results]}


def run_backup(options: argparse.Namespace) -> int:
    from server.operations import commands
    from server.operations.backup import BackupFailed

    with _failing(BackupFailed):
        return commands.run_backup(options)


def run_restore(options: argparse.Namespace) -> int:
    from server.operations import commands
    from server.operations.backup import BackupFailed

    with _failing(BackupFailed):
        return commands.run_restore(options)


def run_store(options: argparse.Namespace) -> int:
    """`tianwen store WHAT`."""
    from server.operations import commands
    from server.operations.backup import BackupFailed

    if options.what == "copy":
        from server.operations.moving import run_copy

        with _complaining(Path(".")):
            return run_copy(options)
    with _complaining(options.data), _failing(BackupFailed):
        return commands.run_verify(options)


@contextmanager
def _failing(fault: type[Exception]) -> Iterator[None]:
    try:
        yield
    except fault as failed:
        raise Complaint(str(failed)) from None
    except OSError as failed:
        raise Complaint(f"{failed.filename or ''}：{failed.strerror or failed}") from None


def run_demo(options: argparse.Namespace) -> int:
    from server.demo import ACCOUNTS_SHOWN, load_demo

    marker = options.data / "demo.json"
    if options.again or not marker.exists():
        with deployment_in(options.data) as deployment:
            load_demo(deployment, lambda line: print(line, flush=True))
            print("建找类似的索引 …", flush=True)
            manifest = _built(deployment)
            print(f"索引 {manifest.count} 条，{manifest.duration_s:.1f} 秒。")
        marker.write_text(json.dumps({"loaded": int(time.time())}) + "\n", "utf-8")
    print("\n演示账号（都是编的），第一次的密码都是 tianwen-demo：")
    for role, phone, purpose in ACCOUNTS_SHOWN:
        print(f"  {phone}  {role}：{purpose}")
    print()
    return 0


def _built(deployment: Deployment) -> Any:
    from server import indexing

    try:
        return indexing.build(deployment, opened(deployment))
    except indexing.Refused as refusal:
        raise Complaint(str(refusal)) from None


def run_contract(options: argparse.Namespace) -> int:
    from models.contract import contract_json, types_ts

    options.into.mkdir(parents=True, exist_ok=True)
    (options.into / "contract.json").write_text(contract_json(), "utf-8")
    (options.into / "types.ts").write_text(types_ts(), "utf-8")
    return 0
