# Two commands: `make serve` and `make test`. Each does all its own set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= data

.PHONY: help serve test test-fast lint bench docs setup setup-dev clean

help:
	@echo "make serve      set up, create a demo network in ./$(DATA) if there is none, run the daemon"
	@echo "make test       set up, then every check: ruff, mypy, import-linter, all tests"
	@echo "make test-fast  the part of the tests that takes under three minutes"
	@echo "make bench      measure speed on a quiet machine; ARGS=--help tells what can be chosen"
	@echo "make docs       write the reference pages again from the tables"

serve: setup
	$(BIN)/bibliobus serve --demo --data $(DATA)

test: lint
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term

test-fast: setup-dev
	$(BIN)/python -m pytest -n 2 -m "not slow"

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup-dev
	$(BIN)/python -m bench $(ARGS)

docs: setup-dev
	$(BIN)/python -m server.reference
	$(BIN)/python -m conformance sip2 --list >docs/reference/sip2-checks.md
	$(BIN)/python -m conformance ncip --list >docs/reference/ncip-checks.md
	$(BIN)/python -m conformance z3950 --list >docs/reference/z3950-checks.md
	$(BIN)/python -m conformance sru --list >docs/reference/sru-checks.md

setup: $(VENV)/.run
setup-dev: $(VENV)/.dev

# Debian's python3 may come without ensurepip: then virtualenv, fetched into ./.setup, makes the environment.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); \
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check --only-binary :all: --target .setup virtualenv \
	  && PYTHONPATH=.setup $(PYTHON) -m virtualenv --quiet $(VENV); }

$(VENV)/.run: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary -e .
	touch $@

$(VENV)/.dev: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary -e .[dev]
	touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) .setup build *.egg-info .mypy_cache .ruff_cache
