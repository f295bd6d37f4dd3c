# Needs Python 3.11 or later, pip, git and make; everything else goes into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

# The tests start a thousand processes: they keep their bytecode, as Python does unless the environment forbids it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test slow lint notebooks digests api-docs agents-docs rules schema clean

demo: $(VENV)/.run  ## play the first scenario
	$(BIN)/adcp-sandbox run lifecycle/first-campaign

test: $(VENV)/.test  ## run the tests
	$(BIN)/python -m pytest -n auto

slow: $(VENV)/.test  ## run the tests that take long
	$(BIN)/python -m pytest -m "slow and not alone" -n 4 --dist worksteal --durations 20
	$(BIN)/python -m pytest -m "slow and alone"

lint: $(VENV)/.dev  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

notebooks: $(VENV)/.test  ## play the notebooks
	$(BIN)/python -m pytest tests/notebooks

digests: $(VENV)/.test  ## write the pinned digests of all scenarios again, after a change that is meant
	$(BIN)/python -m tests.scenarios.digests

api-docs: $(VENV)/.test  ## write docs/api.md again from the operations of the platform
	$(BIN)/python -m tests.docs.api

agents-docs: $(VENV)/.test  ## write docs/agents.md again from the models of actors' settings
	$(BIN)/python -m tests.docs.agents

rules: $(VENV)/.test  ## write docs/rules.md again from the rules, the operations and the tests
	$(BIN)/python -m tests.docs.rules

schema: $(VENV)/.run  ## write the published JSON Schema of scenario files again
	$(BIN)/adcp-sandbox validate --schema > scenarios/scenario.schema.json

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.run

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.run $(VENV)/.test
