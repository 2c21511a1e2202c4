# VimbisoPay: every task of a developer is a target here. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
PY := .venv/bin/python

COMPOSE := docker compose
DEVELOPMENT := $(COMPOSE) --profile development
PRODUCTION = RELEASE=$$(git rev-parse --short=12 HEAD) $(COMPOSE) --profile production
ENVIRONMENT ?= staging

# Tests run on all processors. To debug, run one process: .venv/bin/python -m pytest ...
PARALLEL := -n logical --dist loadgroup
PYTEST := $(PY) -m pytest $(PARALLEL)

.PHONY: help replay check test chat serve snapshots coverage conformance matrix mutations explore planted soak soak-defects lint format bench money-table \
	notebooks notebooks-test notebooks-write memory-100000 readme lock setup infra synth infra-test infra-snapshots fork-test image-check \
	compose dev dev-build dev-up dev-down prod prod-build prod-up prod-down logs redis-status logs-aws

# -- every day ---------------------------------------------------------------------------------------------------------

help:  ## List the targets
	@awk -F ':.*  ## ' '/^# -- / {sub(/^# -- /, ""); sub(/ -+$$/, ""); printf "%s%s\n", sep, $$0; sep = "\n"} \
	  /^[a-z0-9-]+:.*  ## / {printf "  make %-15s  %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

replay:  ## Replay the scripted conversations against the bot, showing the transcripts
	@PYTHON=$(PYTHON) .ci/venv replay
	@$(PY) -m simulator replay

chat:  ## Talk to the bot in the terminal
	@PYTHON=$(PYTHON) .ci/venv replay
	@$(PY) -m simulator chat

serve:  ## Run WhatsApp, Credex core and people with phones as a server for a bot that runs elsewhere
	@PYTHON=$(PYTHON) .ci/venv replay
	@$(PY) -m simulator serve --port 8001 --bot http://127.0.0.1:8000 --state .simulator.json

setup:
	@PYTHON=$(PYTHON) .ci/venv dev

check: lint  ## Check style and types, and run the unit tests with fewer generated examples (a minute)
	@HYPOTHESIS_PROFILE=check $(PYTEST) -q tests/unit $(CHECK_ARGS)

test: setup infra  ## Set up everything and run all tests on all processors
	@.ci/programs redis-server dot
	@$(PYTEST) --durations=10 $(PYTEST_ARGS)
	@.venv-infra/bin/python -m pytest $(PARALLEL) --durations=10 tests/infrastructure $(INFRA_ARGS)

snapshots: setup  ## Rewrite the transcripts under snapshots/ (then read the diff)
	@$(PY) -m pytest -q tests/integration/test_snapshots.py tests/integration/test_index.py --snapshot-update
	@git --no-pager diff --stat -- snapshots

coverage:  ## Show which exits of the flows the conversations take, and which none takes
	@PYTHON=$(PYTHON) .ci/venv replay
	@$(PY) -m simulator coverage

lint: setup  ## Check style and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: setup  ## Format the code
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

# -- searching for failures ----------------------------------------------------------------------------------------------

conformance:  ## Test the simulated Cloud API at every limit of the real one, and beyond
	@PYTHON=$(PYTHON) .ci/venv replay
	@$(PY) -m simulator conformance

matrix:  ## Play all conversations in variant worlds, where members must notice nothing
	@PYTHON=$(PYTHON) .ci/venv replay
	@$(PY) -m simulator matrix

explore:  ## Run a thousand random worlds with every kind of fault, and check the promises
	@PYTHON=$(PYTHON) .ci/venv replay
	@$(PY) -m simulator explore --worlds 1000 $(EXPLORE_ARGS)

mutations: setup  ## Send ten thousand mutated payloads to the webhook (minutes)
	@$(PY) -m pytest -q tests/integration/test_mutations.py --mutations 10000

planted: setup  ## Check that exploring finds every planted defect (minutes)
	@$(PY) -m tests.defects $(PLANTED_ARGS)

soak: setup  ## Run real processes on a real Redis under load and faults for an hour
	@.ci/programs redis-server
	@$(PY) -m simulator soak --seconds 3600 $(SOAK_ARGS)

soak-defects: setup  ## Check that the soak finds defects planted into the service
	@.ci/programs redis-server
	@$(PY) -m pytest -q tests/integration/test_soak.py --soak-defects

money-table: setup  ## Print the outcome of every write for every point at which a process can die
	@.ci/programs redis-server
	@$(PY) -m pytest -q tests/integration/test_money_table.py --money-table

# -- for reviewers -----------------------------------------------------------------------------------------------------

notebooks: setup  ## Open the notebooks for reviewers in JupyterLab
	@.ci/programs dot redis-server
	@.venv/bin/jupyter trust notebooks/*.ipynb
	@PYTHONPATH=$(CURDIR) .venv/bin/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/flow-framework.ipynb

notebooks-test: setup  ## Execute the notebooks and compare their output with the stored output
	@.ci/programs dot redis-server
	@$(PY) -m notebooks.review.run --check

notebooks-write: setup  ## Execute the notebooks and store their output (then read the diff)
	@.ci/programs dot redis-server
	@$(PY) -m notebooks.review.run --write

bench: setup  ## Measure turns and webhooks per second, bytes per member
	@.ci/programs redis-server
	@$(PY) -m simulator bench

memory-100000: setup  ## Load 100,000 members into a real Redis, and compare with the prediction (minutes)
	@.ci/programs redis-server
	@$(PY) -m notebooks.review.memory --members 100000

# -- upkeep ------------------------------------------------------------------------------------------------------------

readme: setup  ## Regenerate the diagrams and examples of the README
	@$(PY) tests/readme.py

lock:  ## Pin the newest versions that pyproject.toml allows (needs uv)
	@command -v uv >/dev/null || { echo "uv is not installed: pipx install uv, or see https://docs.astral.sh/uv" >&2; exit 1; }
	@uv pip compile pyproject.toml --upgrade --extra simulator --extra test --extra notebooks $(COMPILE) -o dev.lock
	@uv pip compile pyproject.toml --extra simulator $(COMPILE) -c dev.lock -o replay.lock
	@uv pip compile pyproject.toml $(COMPILE) -c dev.lock -o service.lock
	@for name in infra checkov; do uv pip compile --upgrade --group pyproject.toml:$$name $(COMPILE) -o $$name.lock; done

COMPILE := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q

# -- on AWS --------------------------------------------------------------------------------------------------------------

infra:
	@.ci/programs node npm
	@PYTHON=$(PYTHON) .ci/infra

synth:  ## Write the Terraform configuration of the AWS stacks, and a table of it
	@.ci/programs node
	@PYTHON=$(PYTHON) .ci/infra infra
	@.venv-infra/bin/python cdktf/main.py --table

infra-test: infra  ## Run the tests of the AWS stacks, none of which needs AWS
	@.ci/programs redis-server
	@.venv-infra/bin/python -m pytest tests/infrastructure $(INFRA_ARGS)

infra-snapshots: synth  ## Rewrite snapshots/infrastructure (then read the diff)
	@.venv-infra/bin/python -m tests.infrastructure.snapshots cdktf/cdktf.out
	@git --no-pager diff --stat -- snapshots/infrastructure

fork-test: synth  ## Check that the maintained fork of cdktf makes the same resources (500 MB)
	@.venv-infra/bin/python -m tests.infrastructure.fork

logs-aws:  ## Follow the logs on AWS (ENVIRONMENT=production; LOGS_ARGS="--minutes 60" for the last hour)
	@PYTHON=$(PYTHON) .ci/infra infra
	@cd cdktf && ../.venv-infra/bin/python -m vimbisopay_release logs $(ENVIRONMENT) $(or $(value LOGS_ARGS),--follow)

# -- on one machine, by Docker ------------------------------------------------------------------------------------------

compose:
	@$(COMPOSE) version >/dev/null 2>&1 || { \
	  echo "This needs Docker with Compose. Without them: make serve, and python -m service in another terminal." >&2; exit 1; }

dev: dev-build  ## Run bot, simulator and two Redis servers in Docker; reload when sources change (Ctrl-C ends)
	@$(DEVELOPMENT) up --watch

dev-build: compose  ## Build the images for development
	@$(DEVELOPMENT) build

dev-up: compose  ## The same in the background
	@$(DEVELOPMENT) up --build --detach --wait

dev-down: compose  ## Stop development; the data is kept (docker compose down --volumes deletes it)
	@$(DEVELOPMENT) down

prod: prod-build  ## Run the bot as in production, configured by .env (Ctrl-C ends)
	@$(PRODUCTION) up

prod-build: compose  ## Build the image for production
	@$(PRODUCTION) build --pull

prod-up: compose  ## The same in the background
	@$(PRODUCTION) up --detach --wait

prod-down: compose  ## Stop production gracefully; the data is kept
	@$(PRODUCTION) down

logs: compose  ## Follow the logs of all containers
	@$(COMPOSE) --profile '*' logs --follow --tail 100

redis-status: compose  ## Show memory, keys, persistence and evictions of both Redis servers in Docker
	@for each in redis-cache:6379 redis-state:6380; do \
	  echo "-- $${each%:*}"; \
	  $(COMPOSE) --profile '*' exec -T $${each%:*} \
	    sh -c 'test -n "$$REDISCLI_AUTH" || unset REDISCLI_AUTH; exec redis-cli "$$@"' sh -p $${each#*:} info memory stats persistence keyspace \
	    | grep -E '^(used_memory_human|maxmemory_human|maxmemory_policy|mem_fragmentation_ratio|evicted_keys|aof_enabled|aof_last_write_status|db0)' \
	    || exit 1; \
	done

image-check:  ## Build and run the images without Docker, on a minimal Debian base (root; minutes)
	@.ci/image
