PYTHON ?= python3.11
BIN := .venv/bin
NBVAL := $(BIN)/pytest --nbval-lax --nbval-current-env --nbval-cell-timeout 1200

.PHONY: help install reports test test-all bench browser lab studio notebooks lint lock
.DEFAULT_GOAL := help

help: ## show these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed ## install into .venv what requirements.lock names

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

reports: install ## run the demo on painted images: reports/demo/index.html
	$(BIN)/artnb report --preset demo --to reports/demo

test: install browser ## everything that is guarded: code, import contract, notebooks (about 14 minutes from nothing)
	$(BIN)/ruff check .
	$(BIN)/pytest -m "not slow" --numprocesses auto --maxprocesses 4 --dist loadfile
	$(NBVAL) notebooks/01-collect.ipynb

test-all: test ## the same and what takes long: random kills, the other notebooks
	$(NBVAL) notebooks
	$(BIN)/pytest -m slow

bench: install ## how fast, beside other ways, and how that grows: reports/bench.md and the screen (hours)
	$(BIN)/python tests/benchmarks/bench.py reports/bench.md
	$(BIN)/python tests/benchmarks/seeds.py
	$(BIN)/python tests/benchmarks/devices.py
	$(BIN)/python tests/benchmarks/sweeps.py
	$(BIN)/python tests/benchmarks/stylize.py
	$(BIN)/python tests/benchmarks/duplicates.py
	$(BIN)/python tests/benchmarks/coverage.py
	$(BIN)/python tests/benchmarks/streaming.py
	$(BIN)/python tests/benchmarks/catalogue.py
	$(BIN)/python tests/benchmarks/visitors.py

browser: # what the browser tests drive; on a CI machine it is installed, elsewhere they are skipped without it
	@command -v chromium >/dev/null || [ -z "$(CI)" ] || (apt-get update -qq && apt-get install -qq -y chromium)

lab: install ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir notebooks

studio: install ## serve the studio: pictures and films in, artistry, art type, style and anime out
	$(BIN)/artnb studio

notebooks: install ## run the notebooks in place: renews the results that nbval compares with
	$(BIN)/python -m artnb.reporting.renewing

lint: install ## format, and check style and import contract
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/lint-imports

lock: install ## renew requirements.lock from pyproject.toml
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header \
		--upgrade pyproject.toml --output-file requirements.lock
