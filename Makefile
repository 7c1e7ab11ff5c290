# Everything a newcomer needs: `make demo` and `make test`. Python 3.11 and make are enough.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# A python3.11 that is only called python3 serves as well.
FOUND := $(shell command -v $(PYTHON) || command -v python3)

SEEDS ?= 1000
FIRST ?= 1
JOBS ?= 2

.PHONY: help install demo dev test simulate drill check bench bench-posting bench-extract clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

install: $(STAMP) ## Make the virtual environment from the pinned lock

$(STAMP): requirements.lock pyproject.toml
	@$(FOUND) -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info < (3, 14)))' \
	  || { echo "tillbridge needs Python 3.11 to 3.13; $(FOUND) is $$($(FOUND) -V 2>&1). Set PYTHON=/path/to/python3.11"; exit 1; }
	$(FOUND) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## Play, post, read back and check one trading day of four shops
	@$(BIN)/tillbridge demo

dev: $(STAMP) ## Leave it running: sandbox, tills, Dagster UI on port 3000; Ctrl-C stops all
	@$(BIN)/tillbridge dev

# The tests start some hundred processes: compiled once, not by each of them, even where the environment asks for nothing.
test: $(STAMP) ## Run all tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist loadfile

simulate: $(STAMP) ## Play SEEDS days full of faults from FIRST on, JOBS at a time; an auditor checks every step
	@$(BIN)/python -m tests.simulation --first $(FIRST) --seeds $(SEEDS) --jobs $(JOBS) $(ARGS)

drill: $(STAMP) ## Kill a sale, a return and an exchange at every commit and request in turn
	@$(BIN)/python -m tests.simulation --drill --jobs $(JOBS) $(ARGS)

check: $(STAMP) ## Lint and type-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP) ## Run the benchmarks; each says its figures and fails where one falls short
	$(BIN)/python -m benchmarks

bench-posting: $(STAMP) ## Measure posting against its bounds, beside a plain poster; PARTS="requests speed" runs some
	$(BIN)/python -m benchmarks.bench_posting $(PARTS)

bench-extract: $(STAMP) ## Measure reading the whole account and exporting it; PARTS="full --scale 0.05" tries it small
	$(BIN)/python -m benchmarks.bench_extract $(PARTS)

clean: ## Remove the virtual environment and all local state
	rm -rf $(VENV) .tillbridge
