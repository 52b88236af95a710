"""`make run` on a machine that lacks something says what, in one sentence."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "deploy" / "machine.sh"
TOOLS = ("sh", "sed", "python3", "node", "npm", "env")


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """A PATH with just what the script needs; tests take a tool away or put an old one in its place."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        # Not what the PATH calls python3: a version manager's stand-in would look for its own tools.
        found = sys.executable if tool == "python3" else shutil.which(tool)
        assert found, f"this machine has no {tool}"
        (folder / tool).symlink_to(Path(found).resolve())
    return folder


def pretend(folder: Path, tool: str, script: str) -> None:
    (folder / tool).unlink(missing_ok=True)
    (folder / tool).write_text(f"#!/bin/sh\n{script}\n")
    (folder / tool).chmod(0o755)


def machine(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "sh", SCRIPT], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )


class TestMachine:
    def test_that_has_everything_names_its_python(self, bin_folder: Path) -> None:
        answer = machine(bin_folder)
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.strip() == "python3"

    def test_with_an_old_python_says_which_is_needed(self, bin_folder: Path) -> None:
        pretend(bin_folder, "python3", '[ "$1" = --version ] && echo "Python 3.9.2" || exit 1')
        answer = machine(bin_folder)
        assert answer.returncode == 1
        assert answer.stderr.startswith("Tianwen needs Python 3.11 or newer; here is Python 3.9.2.")
        assert answer.stderr.count("\n") == 1

    def test_without_node_says_so(self, bin_folder: Path) -> None:
        (bin_folder / "node").unlink()
        answer = machine(bin_folder)
        assert answer.returncode == 1
        assert "needs Node 20 or newer" in answer.stderr
        assert answer.stderr.count("\n") == 1

    def test_with_an_old_node_says_which_it_is(self, bin_folder: Path) -> None:
        pretend(bin_folder, "node", "echo v16.20.0")
        answer = machine(bin_folder)
        assert answer.returncode == 1
        assert "here is Node 16" in answer.stderr
