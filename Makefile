# Everything a newcomer types. Only Python >= 3.11 with venv, and make, are assumed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
PORT   ?= 8000
TESTS  ?=

.PHONY: up test test-full check lint types imports peers bench bench-serving bench-events docs clean help

help:
	@echo "make up                          the bundled sample, from rows to a served and watched model"
	@echo "make up DATA=my.csv TARGET=Churn the same with your own table, as a trial release"
	@echo "make test                        the fast tests    make test-full   the long ones too"
	@echo "make check                       ruff, mypy --strict, import-linter, fast tests"
	@echo "make peers                       the programs tests compare with (dvc, mlflow), made beforehand"
	@echo "make bench-serving               the server beside others', with wrk; installs them at first"
	@echo "make bench-events                what the event log costs, in each durability mode, with wrk"
	@echo "make bench | docs | clean"

up: $(VENV)/.installed
ifdef DATA
	$(BIN)/mainstay up --data "$(DATA)" --target "$(TARGET)" --port $(PORT)
else
	$(BIN)/mainstay demo --port $(PORT)
endif

test: $(VENV)/.tested
	$(BIN)/python -m pytest $(TESTS) -m "not full" -n auto

test-full: $(VENV)/.tested
	HYPOTHESIS_PROFILE=full $(BIN)/python -m pytest $(TESTS) -n auto

check: $(VENV)/.tested lint types imports
	$(BIN)/python -m pytest $(TESTS) -m "not full" -n auto

lint: $(VENV)/.tested
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.tested
	$(BIN)/mypy

imports: $(VENV)/.tested
	$(BIN)/lint-imports

# Other people's programs that tests run, each in an environment of its own below .peers/.
peers: $(VENV)/.tested
	$(BIN)/python tests/peers.py

bench: $(VENV)/.tested
	$(BIN)/python benchmarks/run.py

# Other servers, each in an environment of its own below .peers/bench; needs wrk, and a quiet machine to mean anything.
bench-serving: $(VENV)/.tested
	$(BIN)/python benchmarks/serving.py --out benchmarks/results

# The event log in each durability mode beside the same server without one, and shipping; needs wrk and a quiet machine.
bench-events: $(VENV)/.tested
	$(BIN)/python benchmarks/events.py --out benchmarks/results

docs: $(VENV)/.documented
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) .peers site dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# An installation is done once its stamp is newer than pyproject.toml; the stamps never mix up a half-made environment.
$(VENV)/.made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mainstay needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	$(PIP) install --quiet --editable '.[train]'
	@touch $@

$(VENV)/.tested: $(VENV)/.made pyproject.toml
	$(PIP) install --quiet --editable '.[test]'
	@touch $@

$(VENV)/.documented: $(VENV)/.tested
	$(PIP) install --quiet --editable '.[docs]'
	@touch $@
