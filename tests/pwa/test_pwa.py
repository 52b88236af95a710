"""The phone application's own checks: types, format, unit tests; and that its contract is fresh."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from models.contract import contract_json, types_ts

PWA = Path(__file__).resolve().parents[2] / "pwa"
CONTRACT = PWA / "src" / "contract"


@pytest.fixture(scope="session")
def installed() -> Path:
    """pwa/ with its packages, as package-lock.json names them."""
    if shutil.which("npm") is None:
        pytest.fail("找不到 npm：请先装 Node.js 20 或更新的版本。")
    if not (PWA / "node_modules" / ".package-lock.json").exists():
        run("npm", "ci", "--no-audit", "--no-fund")
    return PWA


def run(*command: str) -> str:
    """What the command printed; the test fails with it where the command fails."""
    quiet = os.environ | {"npm_config_loglevel": "error", "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=PWA, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)}\n{done.stdout[-6000:]}{done.stderr[-3000:]}")
    return done.stdout


class TestSources:
    def test_types_and_format_are_clean(self, installed: Path) -> None:
        run("npm", "run", "check")

    def test_unit_tests_pass(self, installed: Path) -> None:
        """Fold and clock against the shared vectors, outbox, chunks, sync line, and both catalogues."""
        assert "# fail 0" in run("npm", "test")


class TestContract:
    def test_table_is_fresh(self) -> None:
        written = (CONTRACT / "contract.json").read_text("utf-8")
        assert json.loads(written) == json.loads(contract_json()), "run: tianwen contract"

    def test_types_are_fresh(self) -> None:
        assert (CONTRACT / "types.ts").read_text("utf-8") == types_ts(), "run: tianwen contract"


class TestManifest:
    def test_its_icons_are_there(self) -> None:
        manifest = json.loads((PWA / "public" / "manifest.webmanifest").read_text("utf-8"))
        assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
        for icon in manifest["icons"]:
            assert (PWA / "public" / icon["src"].lstrip("/")).read_bytes().startswith(b"\x89PNG")


class TestPictures:
    def test_every_crop_of_the_programme_has_one(self) -> None:
        root = PWA.parent
        sprite = (root / "server" / "static" / "icons.svg").read_text("utf-8")
        programme = json.loads((root / "models" / "programmes" / "beichuan.json").read_text("utf-8"))
        crops = [crop for industry in programme["industries"] for crop in industry["crops"]]
        assert [crop["name"] for crop in crops if f'id="crop-{crop["icon"]}"' not in sprite] == []
