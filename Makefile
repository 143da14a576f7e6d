# Everything is done with what .venv holds; .venv is made from pyproject.toml and renewed when that changes.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test check lint types layers soak bench grammar clean

help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/make \1: \2/p' Makefile

demo: .venv/.package ## install, run the first sample to its end and print its output
	@$(BIN)/dalsegno run samples/01_hello/workflow.yaml --input @samples/01_hello/input.json

test: .venv/.dev ## the tests
	@$(BIN)/pytest

check: lint types layers test ## all that must pass before a commit: style, types, layers, tests, content of the wheel

lint: .venv/.dev ## style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.dev ## mypy and pyright, both strict
	$(BIN)/mypy
	$(BIN)/mypy tests
	$(BIN)/pyright --project pyproject.toml

layers: .venv/.dev ## who may import whom
	@$(BIN)/lint-imports --no-logo

soak: .venv/.dev ## the tests with their full numbers: more kills, more iterations, more examples
	@DALSEGNO_SOAK=1 $(BIN)/pytest

bench: .venv/.dev .venv-bench/.peers ## what the engine must show, beside others of its kind (PEERS=5, PEERS_SLOW=1: more of them)
	@$(BIN)/python bench $(POINTS)
	@$(BIN)/python bench/expressions.py

grammar: .venv/.dev ## rebuild the parser tables of the expression languages
	$(BIN)/python -m dalsegno.interpreter.expressions.tables

clean: ## remove what make made
	rm -rf .venv .venv-bench dist build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.package: pyproject.toml
	$(if $(filter True,$(shell $(PYTHON) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null)),,\
	$(error Dalsegno needs Python 3.11 or newer, and $(PYTHON) is not: name one, as in "make PYTHON=python3.11 $(MAKECMDGOALS)"))
	@echo "Preparing .venv (under a minute, when pyproject.toml changed)" >&2
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# pip knows --group since 25.1; the pip that comes with Python 3.11 and 3.12 is older.
.venv/.dev: .venv/.package
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

# The runtimes that we are held against live apart from us, so that ours is what users have.
.venv-bench/.peers: pyproject.toml
	@echo "Preparing .venv-bench, for the peers of the benchmarks" >&2
	@$(PYTHON) -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@
