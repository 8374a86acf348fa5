# Needs Python 3.11 or newer and make; everything else goes into .venv. PYTHON=python3.12 chooses the interpreter.

SHELL := /bin/sh
python := .venv/bin/python
venv := sh requirements/venv.sh
lock := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links --no-sources --quiet

# The programs that write committed files; each takes --check. The stubs are made from the facts.
generators := $(wildcard tools/derive_facts.py tools/generate_*.py)

# What `make test TESTS=tests/wire` narrows.
TESTS ?=

.DEFAULT_GOAL := help
.PHONY: help demo shop test coverage bench docs compat lint format types generate generate-check screenshots build lock clean core dev

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: core ## Run the main job against the emulator and show every step
	@$(python) -m wechatpay_chain demo

shop: ## Run a small shop against the emulator; open http://127.0.0.1:8000 (PORT chooses another)
	@$(venv) shop
	@$(python) -m examples.shop

# Whatever the environment says, bytecode is cached: the tests start dozens of processes, and each would compile everything anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: dev ## Run all tests (TESTS=tests/wire: only those)
	@$(python) -m pytest $(if $(strip $(TESTS)),$(TESTS),--numprocesses auto --dist worksteal)

coverage: export PYTHONDONTWRITEBYTECODE :=
coverage: dev ## Run all tests and measure what they reach (half as long again)
	@$(python) -m coverage erase
	@$(python) -m coverage run -m pytest --numprocesses auto --dist worksteal; tests=$$?; \
	$(python) -m coverage combine --quiet && $(python) -m coverage report; coverage=$$?; \
	exit $$((tests ? tests : coverage))

# The order is that of docs/performance.md; MEASURED="pipeline webhook" runs some of them alone.
MEASURED ?= share pipeline middlewares webhook receivers catalogue import_time first_call blocking main_job growth files batch sm plots

bench: ## Measure speed and memory beside the alternatives, and draw the plots (about 15 minutes on a quiet machine)
	@$(venv) bench
	@missed=; for name in $(MEASURED); do echo; echo "── $$name"; $(python) -m benchmarks.$$name || missed="$$missed $$name"; done; \
	test -z "$$missed" || { echo; echo "beyond what is allowed:$$missed" >&2; exit 1; }

docs: export NO_MKDOCS_2_WARNING := 1
docs: ## Build the documentation's site into site/; a broken link fails (about a minute)
	@$(venv) docs
	@$(python) -m mkdocs build --quiet

lint: dev ## Check style and form
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .

compat: dev ## Hold the emulator against other people's clients, which are installed into .compat (needs npm and a network)
	@test -x .compat/venv/bin/python || $(python) -m venv .compat/venv
	@.compat/venv/bin/python -m pip install --quiet --requirement compat/requirements.txt
	@cp compat/package.json .compat/ && npm install --prefix .compat --no-package-lock --no-audit --no-fund --silent
	@$(python) compat/run.py

format: dev ## Mend what style and form can mend by themselves
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .

types: dev ## Check the types with pyright and mypy
	@$(python) -m pyright --project pyproject.toml
	@$(python) -m mypy

generate: dev ## Write the generated files anew
	@set -e; for generator in $(generators); do $(python) $$generator; done

generate-check: dev ## Fail when a generated file is not what its generator writes
	@set -e; for generator in $(generators); do $(python) $$generator --check; done

screenshots: dev ## Make the pictures of the emulator's page that the documents show (needs chromium)
	@PYTHONPATH=. $(python) tools/screenshots.py

build: dev ## Build the wheel and the source distribution into dist/
	@rm -rf dist
	@$(python) -m build --no-isolation

release-check: ## Check what a release needs: version, changelog, two equal builds, tests in fresh environments, audit, SBOM
	@$(venv) release
	@$(python) tools/release_check.py

lock: ## Pin the newest versions anew, with hashes, for Python 3.11 and newer on every system (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@$(lock) --upgrade --group dev --output-file requirements/dev.txt
	@$(lock) --upgrade --group bench --constraints requirements/dev.txt --output-file requirements/bench.txt
	@$(lock) --upgrade --group docs --constraints requirements/dev.txt --output-file requirements/docs.txt
	@$(lock) --upgrade --group release --constraints requirements/dev.txt --output-file requirements/release.txt
	@$(lock) --upgrade --group shop --group backend --constraints requirements/dev.txt --output-file requirements/shop.txt
	@$(lock) --upgrade --group backend --constraints requirements/dev.txt --output-file requirements/core.txt
	@$(lock) --upgrade --group lowest --resolution lowest-direct --output-file requirements/lowest.txt

clean: ## Remove the environment and everything that was built or cached
	rm -rf .venv .compat build dist site htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

core:
	@$(venv) core

dev:
	@$(venv) dev
