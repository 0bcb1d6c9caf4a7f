# make run, make test, make bench ...: each sets up .venv first when it is missing or out of date.
# Another interpreter: make PYTHON=python3.12 test

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; exit; }; done; \
	echo no-python)

.DEFAULT_GOAL := help
.PHONY: help install run run-network test bench lint types contract check lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

install: $(STAMP) ## set up .venv: the pinned dependencies and this project (the working tree itself)

$(STAMP): requirements.txt pyproject.toml
	@test "$(PYTHON)" != no-python || { \
		echo "No Python 3.11 or newer with venv and ensurepip found. On Debian or Ubuntu: apt-get install python3-venv." >&2; \
		echo "Otherwise name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: install ## simulate the pilot: one plant with its devices and refill visits
	$(BIN)/mro-twin run scenarios/pilot.yaml

run-network: install ## simulate the spare-parts network
	$(BIN)/mro-twin run scenarios/network.yaml

test: install ## all tests, on two processes
	$(BIN)/python -m pytest -n 2

bench: install ## measure speed: one table, every figure of one run
	$(BIN)/python -m benchmarks

lint: install ## ruff: style and likely bugs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## mypy, strict on the packages
	$(BIN)/mypy

contract: install ## import-linter: which package may import which
	$(BIN)/lint-imports

check: lint types contract test ## everything that has to pass

# The lock file holds hashes for every platform's files and no index address.
lock: ## work out requirements.txt anew from pyproject.toml
	rm -rf .lock-venv
	$(PYTHON) -m venv .lock-venv
	.lock-venv/bin/python -m pip install --quiet pip-tools
	.lock-venv/bin/pip-compile --quiet --upgrade --extra dev --generate-hashes --allow-unsafe --strip-extras \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate \
		--output-file .lock-venv/requirements.txt pyproject.toml
	{ echo '# Written by "make lock" from pyproject.toml (Python 3.11): run-time and development dependencies.'; \
		grep -v '^#' .lock-venv/requirements.txt; } > requirements.txt
	rm -rf .lock-venv

clean: ## remove .venv and everything that tools leave behind
	rm -rf $(VENV) .lock-venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
