"""Screenshots of every page at 360 and 1280 px, into tests/e2e/shots/, for people to look at."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

SHOTS = Path(__file__).parent / "shots"
SIZES = {360: 740, 1280: 800}


def shoot(page: Page, name: str) -> None:
    """Save `name`-360.png and `name`-1280.png of the page as it is, and put its size back."""
    SHOTS.mkdir(exist_ok=True)
    before = page.viewport_size
    for width, height in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=SHOTS / f"{name}-{width}.png", animations="disabled")
    if before:
        page.set_viewport_size(before)
