"""The command line: `tianwen serve | import | index | feedback | similar | backup | restore | store | demo |
contract`.

Each command imports what it needs when it runs, so that the command line starts without torch.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DEFAULT_DATA = Path("data")


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser("tianwen", description="田问：村里的农技咨询，没有网也能用。")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--data", type=Path, default=DEFAULT_DATA, metavar="DIR",
                      help="folder of the deployment (default: ./data)")  # fmt: skip

    serve = commands.add_parser("serve", parents=[data], help="serve phones, console, API and sync")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--store", metavar="ADDRESS", help="couchdb://user:password@host:5984/name or"
                       " sqlite:///path (default: a file in --data; also TIANWEN_STORE)")  # fmt: skip
    serve.add_argument("--cors", action="append", metavar="ORIGIN",
                       help="let pages of ORIGIN replicate (* for all; also TIANWEN_CORS)")  # fmt: skip
    serve.add_argument("--log", choices=["json", "text"], help="form of the log on stderr"
                       " (default: text on a terminal, else json)")  # fmt: skip

    importing = commands.add_parser("import", parents=[data], help="import a history of consultations")
    importing.add_argument("file", type=Path, metavar="FILE", help=".jsonl, .csv or .xlsx")

    _index(commands, data)

    feedback = commands.add_parser("feedback", help="what people said of the answers that they found")
    feedbacks = feedback.add_subparsers(dest="what", required=True, metavar="WHAT")
    exporting = feedbacks.add_parser("export", parents=[data], help="write it for the development set")
    exporting.add_argument("file", type=Path, metavar="FILE", help="JSON lines, without personal data")

    similar = commands.add_parser("similar", parents=[data], help="find similar consultations")
    similar.add_argument("text", nargs="?", metavar="TEXT")
    similar.add_argument("-k", type=int, default=10, metavar="N", help="how many (1 to 50)")
    similar.add_argument("--industry")
    similar.add_argument("--crop")
    similar.add_argument("--json", action="store_true", help="print JSON")
    similar.add_argument("--batch", type=Path, metavar="FILE", help='one {"id","text"} a line')

    backup = commands.add_parser("backup", parents=[data], help="copy the deployment, also while it serves")
    backup.add_argument("target", type=Path, metavar="DIR_OR_FILE", help="a name ending in .gz compresses")
    backup.add_argument("--with-key", action="store_true", help="put secret.key into it")
    backup.add_argument("--store", metavar="ADDRESS", help="as for serve")

    restoring = commands.add_parser("restore", parents=[data], help="put a backup back")
    restoring.add_argument("file", type=Path, metavar="FILE")
    restoring.add_argument("--force", action="store_true", help="rename what is in DIR, then restore")
    restoring.add_argument("--key", type=Path, metavar="FILE", help="the secret.key of the backup")

    store = commands.add_parser("store", help="look after the store")
    stores = store.add_subparsers(dest="what", required=True, metavar="WHAT")
    verify = stores.add_parser("verify", parents=[data], help="check trees, attachments, groups and feeds")
    verify.add_argument("--repair", action="store_true", help="make groups and feeds anew, then check")
    verify.add_argument("--json", action="store_true", help="one finding a line, as JSON")
    verify.add_argument("--store", metavar="ADDRESS", help="sqlite:///path, as for serve")

    copying = stores.add_parser("copy", help="move the documents to another store, verified")
    copying.add_argument("source", metavar="FROM", help="sqlite:///path or couchdb://user:password@host/name")
    copying.add_argument("target", metavar="TO", help="the same; started again, it goes on")

    demo = commands.add_parser("demo", parents=[data], help="load the demonstration county, once")
    demo.add_argument("--again", action="store_true", help="load even where it was loaded before")

    contract = commands.add_parser("contract", help="write what the PWA shares with Python")
    contract.add_argument("--into", type=Path, default=Path("pwa/src/contract"), metavar="DIR")
    return root


def _index(commands: Any, data: argparse.ArgumentParser) -> None:
    index = commands.add_parser("index", help="the index of find similar")
    whats = index.add_subparsers(dest="what", required=True, metavar="WHAT")
    building = whats.add_parser("build", parents=[data], help="make a new build, and use it")
    building.add_argument("--hold", action="store_true", help="compare it, and do not use it yet")
    whats.add_parser("status", parents=[data], help="what is in use, as JSON")
    comparing = whats.add_parser("compare", parents=[data], help="the newest build beside the one in use")
    comparing.add_argument("version", type=int, nargs="?", metavar="VERSION", help="another than the newest")
    promoting = whats.add_parser("promote", parents=[data], help="use a build")
    promoting.add_argument("version", type=int, metavar="VERSION")
    discarding = whats.add_parser("discard", parents=[data], help="delete a build that is not in use")
    discarding.add_argument("version", type=int, metavar="VERSION")
    whats.add_parser("rollback", parents=[data], help="use the build before the one in use")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status. Faults that a person can mend are one sentence on stderr."""
    options = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Whatever stands in a file or a name can be printed, on any terminal.
            stream.reconfigure(errors="replace")
    from server import commands

    try:
        return int(getattr(commands, f"run_{options.command}")(options))
    except commands.Complaint as complaint:
        print(complaint, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        # `tianwen similar ... | head` is no fault; Python would complain once more on closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == "__main__":
    sys.exit(main())
