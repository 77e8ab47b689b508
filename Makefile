# Two commands do all the set-up: `make course` opens the course, `make test` proves it.
# README.md gives the same steps as plain pip commands for Windows and macOS.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# pip refuses what has another digest than the lock says; the build's own tools are in it, so nothing is fetched beside it.
LOCKED := $(PIP) install --quiet --require-hashes --no-deps -r
HERE := $(PIP) install --quiet --no-deps --no-build-isolation -e .
TORCH := torch==2.13.0

.PHONY: course install test soak lint ledger bench clean

# Checks need keys. They are recorded beside the open course, day 01 first, on all cores, once; a check says where it is too early.
course: $(VENV)/.course    ## install, build, and open the course in JupyterLab
	$(BIN)/course build --no-keys
	@$(BIN)/course build & $(BIN)/course open

install: $(VENV)/.course   ## the same without opening it
	$(BIN)/course build

# The course's own proofs and most unit tests run side by side; what is timed, a browser among it, runs alone (tests/conftest.py).
test: $(VENV)/.test        ## every test: verify and notebooks, then unit and browser (20 to 40 minutes on 2 cores)
	$(BIN)/course build
	$(BIN)/python -m pytest -n logical tests/course
	$(BIN)/python -m pytest -n logical -m "not alone" --ignore tests/course
	$(BIN)/python -m pytest -m alone --ignore tests/course

soak: $(VENV)/.test        ## damage, kills and races at full length: 10,000 damaged files, 100 kills, 1,000 saves beside updates (about half an hour)
	DLMODULE_SOAK=1 $(BIN)/python -m pytest -m soak

lint: $(VENV)/.test        ## style, types, and the walls between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

ledger: $(VENV)/.course    ## measure what the course trains (as long as it takes)
	$(BIN)/course ledger --rehearsal --full

bench: $(VENV)/.test       ## time the course's own claims
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean:                     ## remove what was generated; the workspace and .venv stay
	rm -rf build dist

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make course PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# torch is not in the lock: whatever build of it is already there, with CUDA or without, of whatever version, is kept.
$(VENV)/.course: $(VENV)/bin/python pyproject.toml requirements.lock
	$(LOCKED) requirements.lock
	$(BIN)/python -c 'from importlib.util import find_spec; raise SystemExit(not find_spec("torch"))' || $(PIP) install --quiet $(TORCH)
	$(HERE)
	@touch $@

$(VENV)/.test: $(VENV)/.course requirements-test.lock
	$(LOCKED) requirements-test.lock
	@touch $@
