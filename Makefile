# One obvious command per task; `make` alone prints them.
#
# A target's line in that list is the text after its `##`. Variables are given as `make target NAME=value`.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# the first supported Python on the path
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)

.DEFAULT_GOAL := help
.PHONY: help
help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: venv
venv: $(STAMP) ## create the virtual environment in .venv (other targets do it if necessary)

$(STAMP): pyproject.toml constraints.txt
	@test -n '$(PYTHON)' || { echo 'korus requires Python 3.11 or newer; set its path: make PYTHON=/path/to/python3' >&2; exit 1; }
	@test -x $(BIN)/python || { echo 'setting up $(VENV)' && '$(PYTHON)' -m venv $(VENV); } \
		|| { rm -rf $(VENV); echo 'this Python cannot create virtual environments; on Debian: apt-get install python3-venv' >&2; exit 1; }
	@echo 'installing the dependencies of korus and its tools into $(VENV) (a minute or two)'
	@$(BIN)/python -m pip uninstall -qq --yes --disable-pip-version-check korus # the name that it had before
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

# ── see it work ──────────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: demo
demo: $(STAMP) ## book a family weekend in the sandbox, from a file to PDF tickets on disk
	@$(BIN)/python -m scripts.demo

.PHONY: test
test: $(STAMP) ## run the tests (some of them: make test ARGS=tests/cli)
	@# many tests start Python: without bytecode files each would compile korus again
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 4 --dist worksteal --durations=10 $(ARGS)

.PHONY: changed
changed: $(STAMP) ## run the tests that the changes since the last run affect (the first run is slow)
	@# without the last option the markers in pyproject.toml would disable the selection
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 2 --testmon --testmon-forceselect $(ARGS)

.PHONY: mutate
mutate: $(STAMP) ## test the tests of decision modules by changing operators (ARGS='MODULE --only NAME')
	$(BIN)/python -m scripts.mutate $(ARGS)

# ── keep it right ────────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: check
check: $(STAMP) ## check lint, types, import contracts, dependencies and generated files
	@$(BIN)/python -m scripts.check

.PHONY: format
format: $(STAMP) ## format the code and apply the automatic fixes of the linter
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: cassettes
cassettes: $(STAMP) ## check recorded traffic against the descriptions, and list the parts without traffic
	$(BIN)/python -m scripts.cassettes check
	$(BIN)/python -m scripts.cassettes coverage

.PHONY: record
record: $(STAMP) ## record the cassettes again at the sandbox (ENV=demo: at the API of KORUS_*; ARGS= for a part)
	$(BIN)/python -m scripts.cassettes.record $(ENV) $(ARGS)

# ── rebuild what is generated ────────────────────────────────────────────────────────────────────────────────────────

.PHONY: fetch
fetch: $(STAMP) ## download the API's published description into openapi/
	$(BIN)/python -m scripts.fetch $(ARGS)

.PHONY: generate
generate: $(STAMP) ## rebuild what is made from openapi/: its lock, generated/korus_api, its pages and recordings
	$(BIN)/python -m scripts.descriptions
	$(BIN)/python -m scripts.generate
	$(BIN)/python -m scripts.cassettes.published
	$(BIN)/python -m scripts.docs

.PHONY: sync
sync: $(STAMP) ## rebuild korus/_sync from korus/_async
	$(BIN)/python -m scripts.sync

.PHONY: docs
docs: $(STAMP) ## build the documentation site into build/site, and check its links
	$(BIN)/python -m scripts.docs --build

.PHONY: docs-serve
docs-serve: $(STAMP) ## build the site and serve it locally; rebuilt after each change
	$(BIN)/python -m scripts.docs --serve

# ── release ───────────────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: test-lowest
test-lowest: $(STAMP) ## run the library's tests with the lowest versions of its dependencies
	$(BIN)/python -m scripts.release.library_tests --lowest

.PHONY: release-check
release-check: $(STAMP) ## rehearse a release: build twice from clean clones, test the wheel with every installed Python
	$(BIN)/python -m scripts.release

# ── follow the API ───────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: track
track: $(STAMP) ## absorb the API's newest description, or one in a file: make track ARGS='--description FILE'
	@$(BIN)/python -m scripts.track $(ARGS); status=$$?; \
		case $$status in 0|10|11) ;; *) exit $$status ;; esac # 10 and 11: absorbed, safe or breaking

.PHONY: compare
compare: $(STAMP) ## compare two descriptions: make compare OLD=1.0.38 NEW=release ARGS=--python
	$(BIN)/python -m scripts.compare $(OLD) $(NEW) $(ARGS)

.PHONY: history
history: $(STAMP) ## write all versions of the API and their changes to build/history/index.html
	$(BIN)/python -m scripts.history $(ARGS)

# ── measure ──────────────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: faults
faults: $(STAMP) ## book thousands of times under faults and count lost and duplicate bookings (SEED=1)
	$(BIN)/python -m scripts.faults $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: simulate
simulate: $(STAMP) ## search for schedules that break a rule of the booking protocol (SEED=1 SCHEDULES=2000 BREAK=R3)
	@$(BIN)/python -m scripts.simulate $(if $(SEED),--seed $(SEED)) $(if $(SCHEDULES),--schedules $(SCHEDULES)) \
		$(if $(BREAK),--break $(BREAK)) $(ARGS)

.PHONY: fleet
fleet: $(STAMP) ## run 2,000 customers through four workers that are killed repeatedly (ARGS='--customers 200')
	$(BIN)/python -m examples.fleet $(ARGS)

.PHONY: soak
soak: $(STAMP) ## run two clients through ten minutes of outages, forks and cancellations (SECONDS=60 SEED=1)
	$(BIN)/python -m scripts.soak $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: fuzz
fuzz: $(STAMP) ## compare 100,000 random pairs of schemas, checked by a validator (ARGS='--pairs 1000 --seed 2')
	$(BIN)/python -m tests.compare.fuzz $(ARGS)

.PHONY: proof
proof: $(STAMP) ## run the searches and campaigns behind the figures, at most half an hour (a part: ARGS=fuzz)
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m scripts.proof $(ARGS)

PRISM := build/prism/node_modules/.bin/prism

$(PRISM):
	@command -v npm >/dev/null || { echo 'this requires npm' >&2; exit 1; }
	npm install --prefix build/prism --no-save --ignore-scripts --no-audit --no-fund @stoplight/prism-cli@5.16.0

.PHONY: prism
prism: $(STAMP) $(PRISM) ## book through Prism, which compares requests and responses with the description (requires npm)
	@$(BIN)/python -m scripts.prism

# ── know what it costs ───────────────────────────────────────────────────────────────────────────────────────────────

BENCH := build/bench/venv
BENCH_STAMP := $(BENCH)/.installed

$(BENCH_STAMP): pyproject.toml constraints.txt tests/benchmarks/requirements.txt tests/benchmarks/requirements-githubkit.txt tests/benchmarks/requirements-dlt.txt
	@test -n '$(PYTHON)' || { echo 'korus requires Python 3.11 or newer; set its path: make PYTHON=/path/to/python3' >&2; exit 1; }
	@mkdir -p build/bench && '$(PYTHON)' -m venv $(BENCH)
	@echo 'installing korus and its peers into $(BENCH) (a minute or two)'
	@$(BENCH)/bin/python -m pip uninstall -qq --yes --disable-pip-version-check korus
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' --requirement tests/benchmarks/requirements.txt
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(BENCH)/githubkit --requirement tests/benchmarks/requirements-githubkit.txt
	@$(BENCH)/bin/python -m venv build/bench/dlt
	@build/bench/dlt/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/benchmarks/requirements-dlt.txt
	@touch $(BENCH_STAMP)

.PHONY: bench
bench: $(BENCH_STAMP) ## compare the performance of korus with its peers, into build/bench (a part: make bench ARGS='--rows 2,3')
	@$(BENCH)/bin/python -m venv build/bench/clean  # the wheel and its dependencies
	@build/bench/clean/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --force-reinstall --no-deps .
	@build/bench/clean/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt .
	@$(BENCH)/bin/python -m venv build/bench/command # the same with the extra for the command
	@build/bench/command/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --force-reinstall --no-deps .
	@build/bench/command/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt '.[cli]'
	@$(BENCH)/bin/python -m tests.benchmarks $(ARGS)

# ── put it away ──────────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: clean
clean: ## remove built files, but not the virtual environment
	rm -rf .testmondata* build dist tickets .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
