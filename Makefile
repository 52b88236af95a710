# Everything a developer does. `make` alone prints this list.
SHELL := /bin/sh
.DEFAULT_GOAL := help
DATA ?= .run
HOST ?= 127.0.0.1
PORT ?= 8000
# On Linux, PyTorch without CUDA: make TORCH_INDEX=https://download.pytorch.org/whl/cpu run
TORCH_INDEX ?=
PIP := .venv/bin/python -m pip install --disable-pip-version-check -q $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
PWA_SOURCES := $(shell find pwa -path pwa/node_modules -prune -o -type f -print 2>/dev/null) $(wildcard server/static/style/*) server/static/icons.svg

.PHONY: help run test check format bench fleet screenshots demo-reset clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/run server/pwa_dist/index.html ## set up, load the demo county once, serve on HOST:PORT
	@.venv/bin/tianwen demo --data $(DATA)
	@exec .venv/bin/tianwen serve --data $(DATA) --host $(HOST) --port $(PORT)

test: check server/pwa_dist/index.html ## every check and every test
	@CHROMIUM=$$(deploy/browser.sh) && export CHROMIUM && .venv/bin/python -m pytest -n 2 --dist loadfile

check: .venv/dev pwa/node_modules/.tianwen ## lint, formatting and types, Python and TypeScript
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@npm --prefix pwa run --silent check

format: .venv/dev pwa/node_modules/.tianwen ## format Python and TypeScript
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .
	@npm --prefix pwa run --silent format

bench: .venv/dev server/pwa_dist/index.html ## measure; the figures go into docs/benchmarks.md
	@.venv/bin/python -m tests.bench

fleet: .venv/dev ## a thousand phones, twenty days, two hundred kills (FLEET_PHONES=..., _DAYS, _KILLS, _SEED)
	@.venv/bin/python -m tests.fleet

screenshots: test ## the pages at 360 and 1280 px, into tests/e2e/shots/
	@ls tests/e2e/shots

demo-reset: ## forget the demo county; the next `make run` loads it anew
	rm -rf $(DATA)

clean: ## remove what was built here (not the data)
	rm -rf .venv pwa/node_modules server/pwa_dist .mypy_cache .ruff_cache .pytest_cache *.egg-info

.venv/bin/python:
	@python=$$(deploy/machine.sh) && echo "Making .venv with $$python ..." && $$python -m venv .venv

.venv/run: pyproject.toml | .venv/bin/python
	@echo "Installing Python packages (PyTorch and FAISS are large: a few minutes the first time) ..."
	@$(PIP) -e '.[search,xlsx]'
	@touch $@

.venv/dev: pyproject.toml | .venv/bin/python
	@echo "Installing Python packages (PyTorch and FAISS are large: a few minutes the first time) ..."
	@$(PIP) -e '.[search,xlsx,train,dev]'
	@touch $@ .venv/run

pwa/node_modules/.tianwen: pwa/package-lock.json
	@deploy/machine.sh >/dev/null
	@echo "Installing Node packages ..."
	@npm --prefix pwa ci --no-audit --no-fund --loglevel=error
	@touch $@

server/pwa_dist/index.html: pwa/node_modules/.tianwen $(PWA_SOURCES)
	@echo "Building the phone application ..."
	@npm --prefix pwa run --silent build
	@touch $@
