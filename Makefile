# One obvious command per task; `make` alone prints them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help venv test check generate sync

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

venv: $(STAMP) ## set up the virtual environment

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

test: $(STAMP) ## run the tests
	$(BIN)/python -m pytest -n 2

generate: $(STAMP) ## rebuild generated/korus_api from the locked description
	$(BIN)/python -m scripts.generate

sync: $(STAMP) ## rebuild korus/_sync from korus/_async
	$(BIN)/python -m scripts.sync
