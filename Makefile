# Everything a contributor or a build machine needs, from Python 3.11 and make alone. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The newest stamp decides whether a step is done; touch pyproject.toml or a requirement file and it runs again.
VENV := .venv
UV_VENV := .venv-uv
BIN := $(VENV)/bin
MLFLOW_VENV := .venv-mlflow
HUGGINGFACE_VENV := .venv-huggingface
UV := $(UV_VENV)/bin/uv
WORKERS ?= 2
HOST ?= 127.0.0.1
PORT ?= 8600
DATA ?= .data
PYTEST_ARGS ?=

# uv uses the Python that is here, the certificates of the machine, and leaves other environments alone.
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := 1
export UV_NO_PROGRESS := 1
export UV_LINK_MODE ?= copy
unexport VIRTUAL_ENV UV_FIND_LINKS PYTHONPATH

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.14 python3.11; do \
    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then command -v "$$python"; break; fi; done)

SOURCES := src tests scripts $(wildcard examples) $(wildcard benchmarks)
# A browser is asked for only once there are pages to test.
BROWSER_TESTS := $(wildcard tests/web/test_*.py)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/' | expand -t 22

.PHONY: setup
setup: $(VENV)/.stamp-dev ## make .venv with everything for checks, tests and the demonstration
	@:

.PHONY: check
check: $(VENV)/.stamp-dev ## format, lint, types, walls between the layers, links in the documents
	@echo "check: format"; $(BIN)/ruff format --quiet --check --output-format concise $(SOURCES)
	@echo "check: lint"; $(BIN)/ruff check --quiet $(SOURCES)
	@echo "check: types"; $(BIN)/mypy --no-error-summary
	@echo "check: layers"; output=$$($(BIN)/lint-imports --no-cache 2>&1) || { printf '%s\n' "$$output"; exit 1; }
	@echo "check: documents"; $(BIN)/python scripts/check_docs.py
	@echo "check: generated"; $(BIN)/python scripts/generate_operations.py --check || { echo "the SDK's table is old: make generate"; exit 1; }

.PHONY: generate
generate: $(VENV)/.stamp-dev ## write what is made from the route table (the SDK's table of operations)
	@$(BIN)/python scripts/generate_operations.py

.PHONY: test
test: $(VENV)/.stamp-dev $(MLFLOW_VENV)/.stamp $(HUGGINGFACE_VENV)/.stamp $(if $(BROWSER_TESTS),test-browser-setup) ## the whole test suite, real services included
	@$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

.PHONY: test-browser-setup
test-browser-setup: ## Debian's Chromium, for the tests of the web pages
	@command -v chromium >/dev/null || { line="apt-get install --yes --no-install-recommends chromium"; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then echo "setup: chromium"; \
	    log=$$(mktemp); trap 'rm -f "$$log"' EXIT; export DEBIAN_FRONTEND=noninteractive; \
	    { apt-get update && $$line; } >"$$log" 2>&1 || { cat "$$log"; exit 1; }; \
	  else echo "The tests of the web pages need Chromium, which is missing. As root: $$line" >&2; exit 1; fi; }

.PHONY: demo
demo: $(VENV)/.stamp-demo ## train, register, approve and serve a model, end to end
	@$(BIN)/python examples/demo.py

.PHONY: serve
serve: $(VENV)/.stamp-demo ## run a server on this machine (HOST, PORT, DATA)
	@$(BIN)/strongroom serve --host $(HOST) --port $(PORT) --data $(DATA)

.PHONY: format
format: $(VENV)/.stamp-dev ## put the sources into their one form
	@$(BIN)/ruff check --quiet --fix-only $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

# `make lock` keeps the pins that still fit; `make lock UPGRADE=1` takes the newest.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-emit-find-links --no-emit-build-options --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
.PHONY: lock
lock: $(UV_VENV)/.stamp ## resolve pyproject.toml and requirements/*.in into requirements/*.txt with hashes
	@echo "lock: tools, build"
	@$(COMPILE) requirements/tools.in --output-file requirements/tools.txt
	@$(COMPILE) requirements/build.in --output-file requirements/build.txt
	@echo "lock: server, base"
	@$(COMPILE) pyproject.toml --extra server --constraints requirements/build.txt --output-file requirements/server.txt
	@$(COMPILE) pyproject.toml --constraints requirements/server.txt --output-file requirements/base.txt
	@echo "lock: demo, dev"
	@$(COMPILE) requirements/demo.in --constraints requirements/server.txt --output-file requirements/demo.txt
	@$(COMPILE) pyproject.toml --extra server requirements/dev.in --constraints requirements/server.txt \
	    --constraints requirements/build.txt --constraints requirements/demo.txt --output-file requirements/dev.txt
	@echo "lock: mlflow, huggingface"
	@$(COMPILE) requirements/mlflow.in --output-file requirements/mlflow.txt
	@$(COMPILE) requirements/huggingface.in --output-file requirements/huggingface.txt
	@! grep -nE '://|^-|/(home|opt|root|work)/' requirements/*.txt || { echo "lock: an address or an option leaked into the files above" >&2; exit 1; }

.PHONY: clean
clean: ## remove everything the targets above made
	@rm -rf $(VENV) $(UV_VENV) $(MLFLOW_VENV) $(HUGGINGFACE_VENV) .cache .hypothesis .coverage dist build
	@find src tests scripts -name __pycache__ -prune -exec rm -rf {} +

# --- how the environments come about ---------------------------------------------------------------------------------
$(UV_VENV)/.stamp: requirements/tools.txt
	@echo "setup: uv"
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed. As root: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then echo "setup: python3-venv"; \
	    { apt-get update && apt-get install --yes python3-venv; } >/dev/null; \
	  else echo "python3 -m venv does not work here. As root: apt-get install python3-venv" >&2; exit 1; fi; }
	@$(PYTHON) -m venv --clear $(UV_VENV)
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(UV_VENV)/bin/pip install -qq --require-hashes --only-binary :all: -r requirements/tools.txt
	@touch $@

$(VENV)/pyvenv.cfg: | $(UV_VENV)/.stamp
	@echo "setup: $(VENV)"
	@$(UV) venv --quiet --clear --python "$(PYTHON)" $(VENV)

# $(call install,requirement files): pinned packages, then this package itself from the sources, built by the pinned hatchling
define install
	@$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes $(foreach file,$(1),-r $(file))
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
endef

$(VENV)/.stamp-demo: pyproject.toml requirements/build.txt requirements/server.txt requirements/demo.txt | $(VENV)/pyvenv.cfg
	@echo "setup: packages of the server and the demonstration"
	$(call install,requirements/build.txt requirements/server.txt requirements/demo.txt)
	@touch $@

$(VENV)/.stamp-dev: pyproject.toml requirements/build.txt requirements/dev.txt | $(VENV)/pyvenv.cfg
	@echo "setup: packages for checks and tests"
	$(call install,requirements/build.txt requirements/dev.txt)
	@touch $@ $(VENV)/.stamp-demo

# MLflow's own client and server: the tests of the dialect and the benchmarks talk to us through it, from its own process.
$(MLFLOW_VENV)/.stamp: requirements/mlflow.txt | $(UV_VENV)/.stamp
	@echo "setup: $(MLFLOW_VENV)"
	@$(UV) venv --quiet --clear --python "$(PYTHON)" $(MLFLOW_VENV)
	@$(UV) pip install --quiet --python $(MLFLOW_VENV)/bin/python --compile-bytecode --require-hashes -r requirements/mlflow.txt
	@touch $@

# Hugging Face's own libraries and the `hf` command, for the tests of the Hub and Xet dialects.
$(HUGGINGFACE_VENV)/.stamp: requirements/huggingface.txt | $(UV_VENV)/.stamp
	@echo "setup: $(HUGGINGFACE_VENV)"
	@$(UV) venv --quiet --clear --python "$(PYTHON)" $(HUGGINGFACE_VENV)
	@$(UV) pip install --quiet --python $(HUGGINGFACE_VENV)/bin/python --compile-bytecode --require-hashes -r requirements/huggingface.txt
	@touch $@
