# Everything starts here. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= python3
NODE := tests/e2e/node
UV := $(shell command -v uv 2>/dev/null)
PYTEST_ARGS ?= -n 2
export PYTHONPATH := $(CURDIR)/platform:$(CURDIR)

# Exactly what the lock file names, each file checked against its hash. Compiling all of it would take half a minute;
# what is imported is compiled then, once.
unexport PYTHONDONTWRITEBYTECODE
ifdef UV
INSTALL := $(UV) pip install --python $(PY) --no-deps --require-hashes -r
else
INSTALL := $(PY) -m pip install --disable-pip-version-check --no-compile --no-deps --require-hashes -r
endif

.PHONY: help run up down seed worker test bench bench-peers lint reference install install-dev

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## start everything on this machine; Ctrl-C stops it (PORT, CHANCERY_HOME, DATABASE_URL, REDIS_URL)
	@exec $(PY) manage.py up

up: install ## the same in the background
	@$(PY) manage.py up --detach

down: ## stop what `make run` or `make up` started
	@$(PY) manage.py services stop

seed: install ## the demo's organisations, people, models and keys, if they are not there yet
	@$(PY) manage.py seed_demo

worker: install ## one more Celery worker, beside the one that `make run` starts
	@exec $(PY) -m celery -A portal worker --pool threads --loglevel INFO

test: install-dev ## the whole suite, on PostgreSQL and Valkey of its own
	@$(PY) -m pytest $(PYTEST_ARGS)

bench: install-dev ## our gateway beside the peers that are installed, as a table
	@$(PY) -m tests.bench

bench-peers: install-dev ## installs the peers, each in an environment of its own
	@$(PY) -m tests.bench.peers

# Settings must be readable for the type checker's plugin and for the migrations check; nothing is connected to.
lint reference: export SECRET_KEY = lint
lint reference: export FIELD_KEY = 00
lint reference: export VAULT_ROOT_KEY = 00
lint reference: export KEY_PEPPERS = 1:00
lint reference: export REDIS_URL = redis://127.0.0.1:1
lint reference: export DATABASE_URL = postgresql:///lint?host=/nonexistent
lint reference: export DATABASE_URL_SYSTEM = $(DATABASE_URL)
lint reference: export DATABASE_URL_GATEWAY = $(DATABASE_URL)
lint: install-dev ## style, types, import contracts, missing migrations
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -W ignore manage.py makemigrations --check --dry-run

reference: install ## docs/reference, made anew from the code
	@$(PY) manage.py reference

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev $(NODE)/node_modules/.package-lock.json

$(VENV)/.installed: requirements.lock | $(PY)
	@echo "Installing what requirements.lock names into $(VENV), once"
	@$(INSTALL) requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what requirements-dev.lock adds"
	@$(INSTALL) requirements-dev.lock
	@touch $@

# OpenAI's Node SDK, against which the gateway is tested.
$(NODE)/node_modules/.package-lock.json: $(NODE)/package-lock.json
	@command -v npm >/dev/null || { echo "The tests run OpenAI's Node SDK: install Node.js 18 or later with npm"; exit 1; }
	@npm ci --prefix $(NODE) --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

$(PY):
ifdef UV
	@$(UV) venv --python '>=3.11' $(VENV)
else
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed: PYTHON=/path/to/python3 make run"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
endif
