# `make` lists what there is; every target does one thing, and CI calls these and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# one more than two cores: many tests wait for a disk, a server or a clock
WORKERS ?= 3

# what calls every kernel there is, and how each index it uses is checked
CHECKED := NUMBA_BOUNDSCHECK=1
DRIVEN := tests/parity tests/property tests/oracle tests/unit/core tests/unit/backtest \
  tests/unit/statistics tests/unit/research tests/unit/api/test_folding.py tests/unit/api/test_simulating.py \
  tests/unit/api/test_sweeping.py src/quorate/core src/quorate/backtest src/quorate/statistics \
  src/quorate/research

# a module is compiled once, not by each of the hundreds of processes that the tests start
unexport PYTHONDONTWRITEBYTECODE

# families that are run beside the default ones: every crash, every page
FAMILIES := slow or fault or browser

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow bounds parity property fault browser realdata bench peers growth fmt lint types layers deps docs check lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements/dev.txt requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) is older: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

setup: $(STAMP) ## create .venv with everything, versions and hashes locked

demo: $(STAMP) ## the whole system on a synthetic market, offline: a report to open
	$(BIN)/quorate demo

test: $(STAMP) ## the tests (real-data tests skip where the data are absent)
	$(BIN)/quorate warm
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not ($(FAMILIES))"

test-slow: $(STAMP) ## the heavier families: long ones, crashes, pages in a browser
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "$(FAMILIES)"

bounds: $(STAMP) ## the kernels with every index checked, compiled apart (minutes)
	$(CHECKED) $(BIN)/quorate warm
	$(CHECKED) $(BIN)/python -m pytest -q -n 2 --dist worksteal --hypothesis-seed=0 -m "not slow and not realdata" $(DRIVEN)
	$(CHECKED) $(BIN)/python -m pytest -q tests/conformance/test_bounds.py

parity: $(STAMP) ## parity, causality, row shuffle and replay
	$(BIN)/python -m pytest -q tests/parity tests/conformance

property: $(STAMP) ## hypothesis
	$(BIN)/python -m pytest -q tests/property

fault: $(STAMP) ## crashes, full disks, two writers
	$(BIN)/python -m pytest -q -m "fault and not slow"

browser: $(STAMP) ## pages in a real Chromium: alone, readable, reachable (skips without one)
	$(BIN)/python -m pytest -q -m browser

realdata: $(STAMP) ## tests over real market data (QUORATE_DATA_DIR, or a sibling shared/data)
	$(BIN)/python -m pytest -q -m realdata

bench: $(STAMP) ## coin-bars a second, compile time and memory of each stage
	$(BIN)/python benchmarks/stages.py

growth: $(STAMP) ## time and memory against coins, history, engines and block size (minutes)
	$(BIN)/python -m benchmarks.growth

peers: $(STAMP) ## build the other systems' environments (benchmarks)
	$(BIN)/python benchmarks/peers/environments.py

fmt: $(STAMP) ## format
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: $(STAMP) ## style
	$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: $(STAMP) ## mypy --strict
	$(BIN)/mypy

layers: $(STAMP) ## who may import whom
	$(BIN)/lint-imports

deps: $(STAMP) ## what is imported is declared, what is declared is used
	$(BIN)/deptry src

docs: $(STAMP) ## build the documentation; a warning is an error
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

check: lint types layers deps docs ## everything static

lock: ## renew the locked versions (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra pg --group dev pyproject.toml -o requirements/dev.txt
	echo uv | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links - -o requirements/uv.txt

clean: ## remove what was made
	rm -rf $(VENV) docs/_build .mypy_cache .ruff_cache .pytest_cache
