# VimbisoPay: everything a developer does is a target here. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
PY := .venv/bin/python

.PHONY: help replay test chat snapshots coverage lint format bench money-table readme lock setup

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*  ## ' $(MAKEFILE_LIST) | awk -F ':.*  ## ' '{printf "  make %-12s %s\n", $$1, $$2}'

replay:  ## Replay the scripted conversations against the bot, showing the transcripts
	@PYTHON=$(PYTHON) .ci/venv replay
	@$(PY) -m simulator replay

chat:  ## Talk to the bot in the terminal
	@PYTHON=$(PYTHON) .ci/venv replay
	@$(PY) -m simulator chat

setup:
	@PYTHON=$(PYTHON) .ci/venv dev

test: setup  ## Set up everything and run all tests
	@.ci/programs redis-server
	@$(PY) -m pytest $(PYTEST_ARGS)

snapshots: setup  ## Write the transcripts anew under snapshots/ (then read the difference)
	@$(PY) -m pytest -q tests/integration/test_snapshots.py tests/integration/test_index.py --snapshot-update
	@git --no-pager diff --stat -- snapshots

coverage:  ## Show which ways through the flows the conversations walk, and which nobody does
	@PYTHON=$(PYTHON) .ci/venv replay
	@$(PY) -m simulator coverage

lint: setup  ## Check style and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: setup  ## Format the code
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

bench: setup  ## Measure: turns and webhooks a second, bytes a member
	@.ci/programs redis-server
	@$(PY) -m simulator bench

money-table: setup  ## Print what becomes of every write at every point where a process can die
	@.ci/programs redis-server
	@$(PY) -m pytest -q tests/integration/test_money_table.py --money-table

readme: setup  ## Draw the pictures and examples of the README anew
	@$(PY) tests/readme.py

lock:  ## Pin the newest versions that pyproject.toml allows (needs uv)
	@uv pip compile pyproject.toml --upgrade --extra simulator --extra test --extra notebooks $(COMPILE) -o dev.lock
	@uv pip compile pyproject.toml --extra simulator $(COMPILE) -c dev.lock -o replay.lock
	@uv pip compile pyproject.toml $(COMPILE) -c dev.lock -o service.lock

COMPILE := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q
