"""Installs the Node packages that a test needs, once for each state of the lock file.

Tests run side by side: whoever comes second waits for the first, and never sees half an installation.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

INSTALL_S = 600


def install(folder: Path) -> None:
    """`npm ci` in `folder`. RuntimeError, with what to do, where there is no npm or it fails."""
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".installed"
    with (folder / ".install-lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == lock:
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(
                f"The tests with {folder.name} need Node 20 and npm: install them and run again."
            )
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_S,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"`npm ci` in {folder.name} failed:\n{done.stderr[-2000:]}")
        stamp.write_text(lock)
