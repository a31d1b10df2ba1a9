# Everything that a person or CI does with this project. `make help` lists it.
# Needs make and a Python of 3.11 to 3.13; everything else comes from requirements.lock into .local/venv.
# `make setup PYTHON=/path/to/python3.12` chooses the interpreter.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV   := .local/venv/bin
PY     := $(VENV)/python
STACK  := $(PY) scripts/stack.py
PYTEST := $(PY) -m pytest -n 2 --dist worksteal
ARGS   ?=

export PYTHON
# Compiled files are kept (`make clean` removes them): without them each process compiles the whole project anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup editor demo journey test test-deep check format openapi bench status stop clean

help: ## show this list
	@echo 'make TARGET [ARGS="..."]'
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(firstword $(MAKEFILE_LIST)) | while IFS='	' read -r name text; do printf '  %-10s %s\n' "$$name" "$$text"; done

setup: ## make .local/venv from the lock file, and the visual editor (every target does it; a moment when nothing has changed)
	@python="$$(sh scripts/find-python.sh)" && exec "$$python" scripts/setup.py

editor: ## build the visual editor of decision models, if the set-up could not
	@python="$$(sh scripts/find-python.sh)" && exec "$$python" scripts/setup.py --editor

demo: setup ## run everything with sample banks and print URLs and logins; Ctrl-C ends it
	@$(PY) scripts/demo.py $(ARGS)

journey: setup ## from the scan to the first repayment on fresh servers; prints JSON with the time of each step
	@$(PY) scripts/journey.py $(ARGS)

test: setup ## run the tests; ARGS="tests/core -k money" chooses some
	@$(STACK) exec -- $(PYTEST) $(ARGS)

test-deep: setup ## search longer: the tests marked deep, with many more examples drawn anew
	@$(STACK) exec -- $(PYTEST) --hypothesis-profile=deep -m deep -rP --show-capture=stdout $(ARGS)

check: setup ## lint, types, import contracts, migrations, OpenAPI document
	@$(PY) scripts/check.py $(ARGS)

format: setup ## let ruff repair and format the code
	@$(PY) -m ruff check --fix-only --quiet . && $(PY) -m ruff format .

openapi: setup ## write docs/openapi.yaml from the code
	@$(PY) scripts/check.py --write-openapi

bench: setup ## measure on fresh servers
	@$(STACK) exec --fresh -- $(PY) -m bench $(ARGS)

status: setup ## tell which servers of this checkout run
	@$(STACK) status || true

stop: ## stop the servers of this checkout, if any are left running; ARGS=--force while they are in use
	@if [ -x $(PY) ]; then $(STACK) stop $(ARGS); fi

clean: ## stop the servers and remove .local and all caches; ARGS=--force while they are in use
	@if [ -x $(PY) ]; then $(STACK) reset $(ARGS); fi
	@rm -rf .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo 'Removed .local and all caches.'
