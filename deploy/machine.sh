#!/bin/sh
# Says in one sentence what this machine lacks; prints the Python to use. Called by the Makefile.
set -eu
for python in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
  [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 || continue
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$python; break; fi
done
if [ -z "${found:-}" ]; then
  echo "Tianwen needs Python 3.11 or newer; here is $(python3 --version 2>/dev/null || echo none). Install it, or say which: make PYTHON=/path/to/python3.11" >&2
  exit 1
fi
if ! "$found" -c 'import venv, ensurepip' 2>/dev/null; then
  echo "This Python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2
  exit 1
fi
node=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
if [ -z "$node" ] || ! command -v npm >/dev/null 2>&1; then
  echo "Tianwen needs Node 20 or newer with npm to build the phone application; none is on the PATH." >&2
  exit 1
fi
if [ "$node" -lt 20 ]; then
  echo "Tianwen needs Node 20 or newer; here is Node $node." >&2
  exit 1
fi
echo "$found"
