"""Draws the application's icons from the mark in server/static/icons.svg.

python scripts/icons.py [path of a Chromium]
"""

import re
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent.parent
SPRITE = HERE.parent / "server/static/icons.svg"
PAGE = """<body style="margin:0;background:{ground};width:{size}px;height:{size}px;display:flex;
align-items:center;justify-content:center;border-radius:{radius}px;color:#fff">
<svg viewBox="0 0 40 40" width="{mark}" height="{mark}">{logo}</svg></body>"""


def main(chromium: str | None) -> None:
    logo = re.search(r'<symbol id="logo"[^>]*>(.*?)</symbol>', SPRITE.read_text("utf-8"), re.S).group(1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        for name, size, share, radius in [
            ("icon-192", 192, 0.74, 38),
            ("icon-512", 512, 0.74, 100),
            ("icon-maskable-512", 512, 0.56, 0),
        ]:
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(
                PAGE.format(ground="#17603f", size=size, mark=round(size * share), radius=radius, logo=logo)
            )
            page.screenshot(path=HERE / "public" / f"{name}.png", omit_background=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
