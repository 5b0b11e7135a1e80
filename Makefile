# One entry for people and CI. Every target works on a fresh machine with Python 3.11 to 3.13 and a C library.

# The first Python that runs at all (a pyenv shim may exist without its Python) and is new enough.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1 \
	&& command -v "$$p" && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.bootstrapped
PEERS := .venv-bench/.bootstrapped
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
UV_COMPILE := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
	--python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help bootstrap sprint test fuzz check dev bench chaos lock clean browser

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do \
		printf '  make %-10s %s\n' "$$name" "$$text"; done

bootstrap: $(STAMP) ## make .venv with exactly the locked packages

$(STAMP): requirements/core.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 with venv found. Install one" \
		"(Debian: apt-get install python3.11 python3.11-venv) or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Installing the locked packages into $(VENV) with $(PYTHON) (about a minute) ..."
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements/core.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# compiled on all cores, so that no first start pays for it; a few packages ship files for other Pythons
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q -j 0 $(VENV)/lib leadgen_assets >/dev/null 2>&1 || true
	@touch $@

sprint: bootstrap ## run the whole 20,000-lead sprint against the sandbox vendors
	@$(BIN)/leadgen sprint start sprints/performance-marketers.yaml

dev: bootstrap ## services, simulated vendors and Dagster's web UI, until Ctrl-C
	@$(BIN)/leadgen dev

bench: bootstrap $(PEERS) ## run the benchmarks; a ratio 20 % worse than on record fails
	@$(BIN)/leadgen bench --against docs/benchmarks.md

chaos: bootstrap ## kill, freeze and starve small sprints; nothing may be lost, doubled or paid twice
	@$(BIN)/leadgen chaos $(CHAOS_ARGS)

# Peers that the benchmarks compare with, apart from what we run on.
$(PEERS): requirements/bench.txt
	@"$(PYTHON)" -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/bench.txt
	@touch $@

# Most tests wait for servers, so one process more than there are cores; a file stays in one process.
test: bootstrap browser ## run every test
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

fuzz: bootstrap ## 10,000 and more hostile answers, files, options; LEADGEN_FUZZ=0.1 for a tenth
	@LEADGEN_FUZZ=$${LEADGEN_FUZZ:-1} $(BIN)/python -m pytest leadgen_tests/fuzz -n $(WORKERS) --dist worksteal \
		--timeout 3000 $(PYTEST_ARGS)

# The browser tests drive a system Chromium; without one they are skipped, and say so.
browser:
	@.ci/install-chromium

check: bootstrap ## format, lint, types, import contracts, insecure code, secrets in files, Dagster definitions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@# findings go to standard output; what it says besides is about exceptions on calls that span lines
	@$(BIN)/bandit -q -c pyproject.toml -r leadgen_assets 2>/dev/null
	@$(BIN)/python .ci/scan-secrets changed
	@$(BIN)/leadgen --help >/dev/null
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT \
		&& cp deploy/dagster.sqlite.yaml "$$home/dagster.yaml" \
		&& DAGSTER_HOME="$$home" $(BIN)/dagster definitions validate -w workspace.yaml

lock: ## resolve requirements/*.txt anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv" >&2; exit 1; }
	@$(UV_COMPILE) pyproject.toml --extra dev -o requirements/core.txt
	@$(UV_COMPILE) pyproject.toml --extra celery --extra k8s -c requirements/core.txt -o requirements/extras.txt
	@$(UV_COMPILE) requirements/bench.in -o requirements/bench.txt
	@$(UV_COMPILE) requirements/audit.in -c requirements/core.txt -o requirements/audit.txt

clean: ## remove .venv and every cache; databases in LEADGEN_HOME stay
	@rm -rf $(VENV) .venv-bench build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
