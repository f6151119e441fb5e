# Each target installs what it needs, once, without prompts.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Tests mostly wait for processes, so three workers run on a machine with two cores.
TESTS := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

# Starting processes takes most of the time: keep compiled bytecode of their imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up pages test test-slow check bench journey-full lock clean

help: ## List the targets
	@echo "Herwa: Discord analytics and governance. Two commands suffice: make up, make test."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: pages ## Run everything on this machine; Ctrl-C stops it
	@exec $(BIN)/herwa up

pages: .venv/ready ## Build the pages if they changed
	@$(BIN)/python -m herwa_web.build

test: .venv/ready-dev pages ## Run the tests (about ten minutes)
	@$(TESTS)

check: .venv/ready-dev pages ## Run tests, format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy herwa herwa_shared herwa_bot herwa_api herwa_worker herwa_sim herwa_web benchmarks
	$(BIN)/lint-imports --no-cache
	@$(TESTS)

test-slow: pages .venv/ready-dev ## Run the tests that take minutes each
	@$(BIN)/python -m pytest -m slow

journey-full: pages .venv/ready-dev ## Replay the full history from HERWA_HISTORY_DIR and compare every number (minutes)
	@test -f "$(HERWA_HISTORY_DIR)/discord-history.csv.gz" || { echo 'Set HERWA_HISTORY_DIR to the folder with discord-history.csv.gz and discord-history-truth.json.'; exit 1; }
	@$(BIN)/python -m pytest -m full_history tests/journeys

bench: .venv/ready-dev pages ## Run every benchmark; each prints one line of JSON
	@for name in collector mover freshness stopping page guardrail guardrail_memory policy_propagation; do $(BIN)/python -m benchmarks.$$name || exit 1; done

lock: .venv/ready-dev ## Pin the newest versions that pyproject.toml allows
	$(BIN)/pip-compile --quiet --upgrade --output-file=requirements.txt pyproject.toml
	$(BIN)/pip-compile --quiet --upgrade --extra=dev --constraint=requirements.txt --output-file=requirements-dev.txt pyproject.toml
	$(BIN)/python -m herwa_web.build --update-lock

clean: ## Remove everything that was installed or built; ./data stays
	rm -rf .venv .web .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

# The lock files list every package with hashes, so nothing is resolved: --no-deps.
.venv/ready: requirements.txt pyproject.toml scripts/system-packages
	@scripts/system-packages
	@test -x $(BIN)/python || { echo "→ creating .venv with $(PYTHON)"; $(PYTHON) -m venv .venv; }
	@echo "→ installing Herwa into .venv: about a minute the first time"
	@$(PIP) install --no-deps -r requirements.txt
	@$(PIP) install --quiet --no-deps --editable .
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	@scripts/system-packages tests
	@echo "→ installing the test dependencies"
	@$(PIP) install --no-deps -r requirements-dev.txt
	@touch $@
