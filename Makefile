# Everything here sets itself up: Python 3.11 or newer and make are all it takes.
# `make PYTHON=/path/to/python` chooses the interpreter, `make test TESTS="sdk/tests -k names"` the tests.

BIN := .venv/bin
TESTS ?=
ARGS ?=
WORKERS ?= logical

SOURCES := conftest.py tools sdk reference_broker conformance demo
# What `make generate` writes; nothing of it is written by hand.
GENERATED := sdk/src/crex/v1 sdk/src/crex/client/*_calls.py schemas/crex \
  proto/spec/fields proto/spec/states.md proto/spec/requirements.md \
  conformance/src/crex_conformance/requirements sdk/src/crex/registry/data
NOT_SOURCE := build .venv .git __pycache__ .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check check-static lint format type generate check-generated imports bench docs \
  conformance constraints clean use dev

help: ## Show this list
	@echo "CREX, the Compute Resource Exchange. Each of these sets up what it needs:"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: use ## Run the main job: sell this machine's cores to a buyer who recomputes the bill
	@$(BIN)/python -m demo $(ARGS)

test: dev ## Run all tests (TESTS="path -k name" picks some)
	@$(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 8 --dist worksteal $(TESTS)

check: check-static test ## Everything that must hold before a change is merged

check-static: lint type check-generated imports ## All of check but the tests

lint: dev ## Check style and format of Python and proto files
	@echo "ruff: format and style"
	@$(BIN)/ruff format --quiet --check . || { echo "lint: the files above want 'make format'" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@echo "buf: format and style of the contract"
	@$(BIN)/buf format --diff --exit-code
	@$(BIN)/buf lint

format: dev ## Put Python and proto files into the one format
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .
	@$(BIN)/buf format --write

type: dev ## Check types, tests included
	@echo "mypy: strict types"
	@$(BIN)/mypy --no-error-summary

generate: dev ## Regenerate all that is derived from the contract in proto/
	@$(BIN)/python -m tools.generate

check-generated: dev ## Prove that what is generated is what the contract says
	@echo "generate: deleting, regenerating and comparing (in build/fresh)"
	@rm -rf build/fresh && mkdir -p build/fresh
	@tar -c $(NOT_SOURCE:%=--exclude=%) . | tar -x -C build/fresh
	@cd build/fresh && rm -rf $(GENERATED) && ../../$(BIN)/python -m tools.generate >/dev/null
	@diff -r -q $(NOT_SOURCE:%=-x %) . build/fresh || { \
	  echo "check-generated: the files above are not what the contract generates; run 'make generate'" >&2; \
	  exit 1; }

imports: dev ## Check which room imports which (.importlinter)
	@echo "import-linter: rooms and layers"
	@$(BIN)/lint-imports --no-logo --cache-dir build/import_linter >build/imports.txt || { cat build/imports.txt; exit 1; }

bench: dev ## Measure; figures as JSON and as a table in build/
	@$(BIN)/python -m pytest $(wildcard sdk/benchmarks reference_broker/benchmarks) -q --benchmark-json=build/bench.json $(ARGS)
	@if [ -f tools/bench_table.py ]; then $(BIN)/python -m tools.bench_table build/bench.json; fi

docs: dev ## Render the specification and the guides as HTML in build/docs, and check every link
	@$(BIN)/python -m tools.pages build/docs

conformance: dev ## Check that the test vectors are well-formed; this tests no implementation
	@$(BIN)/crex-conformance check vectors $(ARGS)

constraints: dev ## Resolve the pinned versions anew into constraints.txt
	@$(BIN)/python -m pip install --quiet uv
	@{ sed '/^[^#]/,$$d' constraints.txt; $(BIN)/python -m uv pip compile --quiet --upgrade --universal \
	  --python-version 3.11 --all-extras --strip-extras --no-emit-index-url --no-header --no-annotate \
	  pyproject.toml; } >build/constraints.txt
	@mv build/constraints.txt constraints.txt && git --no-pager diff --stat constraints.txt

clean: ## Delete what these targets built, the environment too
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks

use:
	@PYTHON="$(PYTHON)" sh tools/environment.sh use

dev:
	@PYTHON="$(PYTHON)" sh tools/environment.sh dev
