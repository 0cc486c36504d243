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

.PHONY: help run up down reload seed worker backup restore bundle test bench chaos kills bench-survey bench-pages bench-rollup bench-anomalies profile bench-peers lint reference screenshots install install-dev isolation fuzz sbom audit-dependencies

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## start everything on this machine; Ctrl-C stops it (PORT, CHANCERY_HOME, DATABASE_URL, REDIS_URL)
	@exec $(PY) manage.py up

up: install ## the same in the background
	@$(PY) manage.py up --detach

down: ## stop what `make run` or `make up` started
	@$(PY) manage.py services stop

reload: install ## replaces the web workers one by one, under load too, without losing a call
	@$(PY) manage.py services reload

backup: install ## database and keystore, each to a place of its own (TO=directory KEYS_TO=directory)
	@$(PY) manage.py backup "$(or $(TO),backups/database)" --keystore-to "$(or $(KEYS_TO),backups/keystore)"

restore: install ## a backup, into an empty database, verified (FROM=directory KEYS=archive)
	@test -n "$(FROM)" || { echo "FROM=directory names the backup, KEYS=archive its keystore"; exit 2; }
	@$(PY) manage.py restore "$(FROM)" $(if $(KEYS),--keystore "$(KEYS)")

bundle: ## source and wheels in one archive, for machines without a network (PYTHON)
	@PYTHON=$(PYTHON) platform/deploy/bundle

seed: install ## the demo's organisations, people, models and keys, if they are not there yet
	@$(PY) manage.py seed_demo

worker: install ## one more Celery worker, beside the one that `make run` starts
	@exec $(PY) -m celery -A portal worker --pool threads --loglevel INFO

test: install-dev ## the whole suite, on PostgreSQL and Valkey of its own
	@$(PY) -m pytest $(PYTEST_ARGS)

bench: install-dev ## our gateway beside the peers that are installed, as a table
	@$(PY) -m tests.bench

chaos: install-dev ## every fault we know, 200 of them, on an installation of its own (SEED=N)
	@$(PY) -m tests.chaos $(if $(SEED),--seed $(SEED))

kills: install-dev ## kill -9 at every point between an upstream's answer and its settlement, then the books
	@$(PY) -m tests.chaos.kills $(ARGS)

bench-survey: install-dev ## our gateway alone: each path, 1 to 256 connections, streams, two workers
	@$(PY) -m tests.bench.survey $(ARGS)

bench-pages: install-dev ## the portal's pages with 10,000 models in register and inbox
	@$(PY) -m tests.bench.pages $(ARGS)

bench-rollup: install-dev ## how long it takes to count a million settlements, and the last quarter of an hour
	@$(PY) -m tests.bench.rollup $(ARGS)

bench-anomalies: install-dev ## what is found in invented traces of spend, how soon, and how many alerts are false (SEEDS=N)
	@$(PY) -m tests.bench.anomalies

bench-dashboard: install-dev ## how long dashboards take with ten million records behind them
	@$(PY) -m tests.bench.dashboard $(ARGS)

profile: install-dev ## where the time of a worker under load goes (ARGS=--stream)
	@$(PY) -m tests.bench.profile $(ARGS)

bench-peers: install-dev ## installs the peers, each in an environment of its own
	@$(PY) -m tests.bench.peers

isolation: install-dev ## every way to another tenant's rows, tried twice; how much was tried, and what leaked
	@$(PY) -m tests.isolation $(PYTEST_ARGS)

fuzz: install-dev ## both OpenAPI documents against a running server, for minutes (FUZZ_EXAMPLES)
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-20} $(PY) -m pytest tests/security/test_open_api.py $(PYTEST_ARGS)

sbom: install-dev ## what is installed, as CycloneDX: sbom.json
	@$(PY) -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible --of JSON -o sbom.json requirements.lock
	@echo "sbom.json: what requirements.lock names"

audit-dependencies: ## known vulnerabilities of what the lock files name; asks PyPI (or AUDIT_SERVICE=osv), so it needs a network
	@test -x $(VENV)-audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)-audit && $(VENV)-audit/bin/pip install -q 'pip-audit==2.10.1'; }
	@$(VENV)-audit/bin/pip-audit --strict --disable-pip --require-hashes -s $${AUDIT_SERVICE:-pypi} -r requirements.lock -r requirements-dev.lock

# Settings must be readable for the type checker's plugin and for the migrations check; nothing is connected to.
lint reference: export SECRET_KEY = of-no-installation-for-the-type-checker
lint reference: export FIELD_KEY = $(shell printf '%064d' 0)
lint reference: export VAULT_ROOT_KEY = $(shell printf '%064d' 1)
lint reference: export KEY_PEPPERS = 1:$(shell printf '%064d' 2)
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

screenshots: install-dev ## the pictures of the guides, made anew of the demo, in Chromium
	@$(PY) -m tests.docs.screenshots

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

# OpenAI's Node SDK, against which the gateway is tested, and axe-core, which looks at the portal's pages.
$(NODE)/node_modules/.package-lock.json: $(NODE)/package-lock.json
	@command -v npm >/dev/null || { echo "The tests run OpenAI's Node SDK and axe-core: install Node.js 18 or later with npm"; exit 1; }
	@npm ci --prefix $(NODE) --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

$(PY):
ifdef UV
	@$(UV) venv --python '$(if $(filter file,$(origin PYTHON)),>=3.11,$(PYTHON))' $(VENV)
else
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed: PYTHON=/path/to/python3 make run"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
endif
