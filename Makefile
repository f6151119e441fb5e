# Each target installs what it needs, once, without prompts.
# PYTHON=/path/to/python3.13 chooses a Python for .venv; otherwise it is the newest from 3.11 to 3.14.
PYTHON ?=
BIN := .venv/bin
# Tests mostly wait for processes, so four workers run on a machine with two cores.
TESTS := $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder
# Every package is pinned with hashes, so nothing is resolved: --no-deps.
UV := $(BIN)/python scripts/run_uv.py
INSTALL := $(UV) pip install --no-deps
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade

# Starting processes takes most of the time: keep compiled bytecode of their imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up pages test test-slow check bench journey-full pictures lock clean no-python

help: ## List the targets
	@echo "Herwa: Discord analytics and governance. Two commands suffice: make up, make test."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: pages ## Run everything on this machine; Ctrl-C stops it
	@exec $(BIN)/herwa up

pages: .venv/ready ## Build the pages if they changed
	@$(BIN)/python -m herwa_web.build

test: .venv/ready-dev pages ## Run the tests (about eight minutes on two cores)
	@$(TESTS)

check: .venv/ready-dev pages ## Run tests, format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy herwa herwa_shared herwa_bot herwa_api herwa_worker herwa_sim herwa_web benchmarks scripts/run_uv.py
	$(BIN)/lint-imports --no-cache
	@$(TESTS)

test-slow: pages .venv/ready-dev ## Run the tests that take minutes each
	@scripts/system-packages tests-slow
	@scripts/reverse-proxies
	@$(BIN)/python -m pytest -m slow -n 3 --dist loadfile --no-loadscope-reorder

journey-full: pages .venv/ready-dev ## Replay the full history from HERWA_HISTORY_DIR and compare every number (minutes)
	@test -f "$(HERWA_HISTORY_DIR)/discord-history.csv.gz" || { echo 'Set HERWA_HISTORY_DIR to the folder with discord-history.csv.gz and discord-history-truth.json.'; exit 1; }
	@$(BIN)/python -m pytest -m full_history tests/journeys

bench: .venv/ready-dev pages ## Run every benchmark; each prints one line of JSON
	@for name in collector mover storage history_import export catch_up freshness stopping page overview guardrail guardrail_memory impact saving policy_propagation limiter admin tabs api key_check widget fair hostile; do $(BIN)/python -m benchmarks.$$name || exit 1; done

pictures: .venv/ready-dev pages ## Take the pictures in docs/pictures again, on demo data
	@$(BIN)/python -m scripts.take_pictures

lock: .venv/ready-dev ## Pin the newest versions that pyproject.toml allows
	$(COMPILE) --output-file=requirements.txt pyproject.toml
	$(COMPILE) --extra=dev --constraint=requirements.txt --output-file=requirements-dev.txt pyproject.toml
	echo uv | $(COMPILE) --output-file=requirements-uv.txt -
	$(BIN)/python -m herwa_web.build --update-lock

clean: ## Remove everything that was installed or built; ./data stays
	rm -rf .venv .web .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

# `wildcard` finds no link whose target is gone: after an upgrade of the system's Python .venv is created again.
.venv/ready: requirements.txt requirements-uv.txt pyproject.toml scripts/system-packages scripts/create-venv $(if $(wildcard $(BIN)/python),,no-python)
	@scripts/create-venv $(PYTHON)
	@scripts/system-packages
	@echo "→ installing Herwa into .venv"
	@$(INSTALL) --require-hashes --requirement requirements.txt
	@$(INSTALL) --quiet --editable .
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	@scripts/system-packages tests
	@echo "→ installing the test dependencies"
	@$(INSTALL) --require-hashes --requirement requirements-dev.txt
	@touch $@
