#!/bin/sh
# A Chromium for the tests: the one that is here, Debian's (with Chinese fonts), or Playwright's own.
# Prints where it is. Called by the Makefile.
set -eu
fonts() { fc-list 2>/dev/null | grep -qi 'cjk'; }
here() { command -v chromium 2>/dev/null || command -v chromium-browser 2>/dev/null || command -v google-chrome 2>/dev/null; }
if browser=$(here) && fonts; then echo "$browser"; exit 0; fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "Installing chromium and fonts-noto-cjk ..." >&2
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    chromium fonts-noto-cjk fontconfig) >&2 || true
  if browser=$(here); then echo "$browser"; exit 0; fi
fi
if browser=$(here); then
  echo "No Chinese fonts found: screenshots will show boxes. Install fonts-noto-cjk." >&2
  echo "$browser"; exit 0
fi
if .venv/bin/playwright install chromium >&2; then
  .venv/bin/python -c 'from playwright.sync_api import sync_playwright as start
with start() as playwright: print(playwright.chromium.executable_path)'
  exit 0
fi
echo "The tests need a browser and none could be installed: put chromium on the PATH (Debian: apt-get install chromium fonts-noto-cjk)." >&2
exit 1
