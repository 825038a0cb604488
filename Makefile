# Two commands for users: `make demo` and `make test`. Each sets itself up on a machine with
# Python 3.11 to 3.14 and make; README.md has the same steps as literal lines.

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/harness run --cassettes cassettes-with-faults --out reports/demo
# What the tests in a browser check accessibility with, where npm is there; without it they say so.
AXE := tests/browser/node_modules/.made
BROWSER := $(if $(shell command -v npm),$(AXE))
# More than two cores have: many tests wait for processes of their own.
JOBS ?= 3

.PHONY: demo test draws coverage lint check clients exam schemathesis speed simulate simulations
.PHONY: audit cassettes clean docs interpreters lock oldest-pip reference reliability sample sbom scan schema
.PHONY: slow

# The user's settings say from where pip installs (index, certificates); what, and to where, is said
# by each step.
export PIP_USER := 0
export PIP_REQUIRE_HASHES := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH
# Without bytecode on the disk each of the many processes of the tests compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE

# The emulator that was recorded there had faults switched on, so that there is something to find:
# the run has to end with 1, a promise was broken.
demo: .venv/.runs
	rm -rf reports/demo
	$(RUN); test $$? -eq 1

test: .venv/.tests clients $(BROWSER)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

# The same questions at more values: every line of a journal, every fault, every shape; half an hour.
slow: .venv/.tests
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m slow

# Hypothesis draws other examples each time and keeps what failed; `make test` draws the same ones.
draws: .venv/.tests clients $(BROWSER)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup --hypothesis-profile=anew

# CI's quarter of an hour has no room for it: measuring takes half as long again.
coverage: .venv/.tests
	$(BIN)/coverage erase
	$(BIN)/python -m pytest -n $(JOBS) $(addprefix --ignore ,$(APART)) --cov --cov-report=term:skip-covered --cov-fail-under=$(FLOOR)

lint: .venv/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Keys and personal data in what is committed: the same scan as users' pre-commit hook.
scan: .venv/.runs
	$(BIN)/harness scan cassettes cassettes-with-faults reports

check: lint test

# These are not measured, which would double their time: each fault is a whole run of its own,
# and the clients drive what other tests cover.
APART := tests/faults tests/clients tests/lifecycle tests/cases tests/browser

# The share of branches and lines that the tests run; it only rises.
FLOOR := 96

# Clients that other people wrote; they want other versions of what we use than we do.
CLIENTS := .venv-clients/.made .venv-clients-litellm/.made
TOOLS := .venv-covering/.made .venv-schemathesis/.made .venv-speed/.made .venv-supply-chain/.made
clients: $(CLIENTS)

# Longer than CI needs: every fault alone on all operations of its provider (the tests run each on
# one), and 20 seeds on all six providers without a fault. Writes reports/exam.md.
exam: .venv/.tests
	$(BIN)/python tests/benchmarks/exam.py

# Side by side with a general fuzzer, on the same faults: 15 to 25 minutes on 2 cores.
schemathesis: .venv/.tests .venv-schemathesis/.made
	$(BIN)/python tests/benchmarks/schemathesis.py --write tests/benchmarks/schemathesis.md

# The transport beside wrk (from Debian), aiohttp, Locust, AIPerf and plain httpx: 6 to 10 minutes, on
# a machine that does nothing else.
speed: .venv/.tests .venv-speed/.made
	$(BIN)/python tests/benchmarks/speed.py --write tests/benchmarks/speed.md

# Known truth in, known truth out: how often intervals hold it, and equals are called different.
simulations: .venv/.tests
	$(BIN)/python tests/benchmarks/coverage.py --write

# Kills, power losses, signals, crowds and a soak in their short forms, some minutes each; a script's
# own defaults, with --write, make its section of reports/reliability.md.
reliability: .venv/.tests
	$(BIN)/python tests/benchmarks/reliability.py

# Whole runs on a simulated clock, disk and network, killed and resumed: SEEDS=100000 for so many
# worlds, SEEDS=17-17 to see one again, PLANTED=1 to see the bugs that the invariants find.
SEEDS ?= 2000
simulate: .venv/.tests
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) --jobs $(JOBS) $(if $(PLANTED),--planted)

# Record the committed cassettes again, over real HTTP from the emulator. OpenAI has four operations:
# its whole plan would make the wheel half as large again, so that fewer of its values are recorded.
# At this scale a busy machine is not late for a deadline.
RESELLERS := buble sub2api apiframe nanobanana aimlapi
FAULTS := buble:charges_more_on_edit sub2api:wrong_dimensions_of_large sub2api:drawn_as:high:low \
	apiframe:wrong_format_of_webp nanobanana:outage@0.2 aimlapi:loose:prompt.max_length
FAULTY := --against emulator $(addprefix --fault ,$(FAULTS)) --max-images 40 --max-requests 170
cassettes: .venv/.runs
	rm -rf reports/recording cassettes/*/images cassettes-with-faults
	$(BIN)/harness run $(addprefix --provider ,$(RESELLERS)) --time-scale 0.01 --against emulator --record --port 8701 --out reports/recording/conformance
	$(BIN)/harness run --provider openai --max-images 24 --max-requests 200 --time-scale 0.01 --against emulator --record --port 8751 --out reports/recording/openai
	$(BIN)/harness run --only benchmark --against emulator --record --port 8801 --out reports/recording/benchmark
	$(BIN)/harness run $(FAULTY) --time-scale 0.01 --record --cassettes cassettes-with-faults --port 8851 --out reports/recording/faulty; test $$? -eq 1

# What a run with findings looks like: the same faults, and images like photographs. Two pictures of it
# for README take chromium.
sample: .venv/.tests
	rm -rf reports/sample
	$(BIN)/harness run $(FAULTY) --natural --time-scale 0.4 --port 8901 --out reports/sample; test $$? -eq 1
	rm -rf reports/sample/images reports/sample/documents reports/sample/inspections.jsonl reports/sample/journal.jsonl reports/sample/plan-*.json
	rm -rf reports/sample-benchmark
	$(BIN)/harness run --only benchmark --out reports/sample-benchmark
	rm -rf reports/sample-benchmark/images reports/sample-benchmark/documents reports/sample-benchmark/inspections.jsonl reports/sample-benchmark/journal.jsonl reports/sample-benchmark/plan-*.json
	$(BIN)/python -m tests.benchmarks.pictures

# Needs uv. Pins stay as they are where they still fit: run twice, `git diff *.lock` shows nothing.
# Extras stay in the pins, and the locks name no host and let in wheels only.
LOCK := uv pip compile -q --universal --generate-hashes --no-strip-extras --only-binary :all: \
	--emit-build-options --custom-compile-command 'make lock'
# The schema of summary.json, from the types that it is written from.
schema: .venv/.tests
	$(BIN)/python -m harness.report.summary_schema

# PROVIDERS.md, every key that a provider's TOML may have, from the models that read it.
reference: .venv/.tests
	$(BIN)/python -m harness.spec.toml.reference

# The documentation, from nothing, readable without a network; a warning is an error.
docs: .venv/.tests
	rm -rf docs/_build
	$(BIN)/python -m sphinx -q -W -n --keep-going docs docs/_build/html
	@echo "open docs/_build/html/index.html"

lock:
	$(LOCK) --group build pyproject.toml -o requirements.lock
	$(LOCK) --group dev pyproject.toml -o requirements-dev.lock
	set -e; for group in clients clients-litellm covering oldest-pip schemathesis speed supply-chain; do \
		$(LOCK) --python-version 3.11 --group $$group -o requirements-$$group.lock; done

# Nothing is resolved or built here (--no-deps, wheels only), so that no release of tomorrow can break
# this; `pip check` tells whether the lock holds all that is needed.
# An environment begins empty for each new lock, and after an installation that was not finished
# (.made is away meanwhile): what an older or half an installation left cannot stay in it.
.venv/.made: requirements.lock requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 15) else \
		"Python 3.11 to 3.14 is needed (PYTHON=python3.12 names one): the locks hold no wheels for others")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python's ensurepip is missing: apt-get install python3-venv (Debian, Ubuntu)" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	touch $@

.venv/.runs: .venv/.made pyproject.toml
	mv .venv/.made .venv/.unfinished
	$(BIN)/python -m pip install -q --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check
	mv .venv/.unfinished .venv/.made
	touch $@

.venv/.tests: .venv/.runs
	mv .venv/.made .venv/.unfinished
	$(BIN)/python -m pip install -q --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip check
	mv .venv/.unfinished .venv/.made
	touch $@

# A copy of the lock is the stamp: the tests tell an environment that was made from an older one.
# The harness' pip installs and nothing is compiled ahead, which saves a quarter of the work.
$(CLIENTS) $(TOOLS): .venv-%/.made: requirements-%.lock | .venv/.made
	$(BIN)/python -m venv --clear --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D) install -q --no-compile --no-deps --require-hashes -r requirements-$*.lock
	$(BIN)/python -m pip --python $(@D) check
	cp $< $@

# The lock names what is unpacked and its digest; no script of a package runs.
$(AXE): tests/browser/package-lock.json
	cd tests/browser && npm ci --ignore-scripts --no-audit --no-fund --silent
	touch $@

# PYTHON=python3.12 makes environments of another Python anew; without it those that exist are used.
version = $(shell $(1) -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null)
ifneq ($(origin PYTHON),file)
ifneq ($(call version,$(PYTHON)),$(call version,$(BIN)/python))
.PHONY: .venv/.made $(CLIENTS) $(TOOLS)
endif
endif

# The locks install with the oldest pip that a supported Python brought.
oldest-pip: .venv/.made
	$(BIN)/python -m venv --clear --without-pip .venv-oldest-pip
	$(BIN)/python -m pip --python .venv-oldest-pip install -q --no-deps --require-hashes -r requirements-oldest-pip.lock
	.venv-oldest-pip/bin/python -m pip --version
	.venv-oldest-pip/bin/python -m pip install -q --no-compile --no-deps --require-hashes -r requirements-dev.lock
	.venv-oldest-pip/bin/python -m pip install -q --no-deps --no-build-isolation -e .
	.venv-oldest-pip/bin/python -m pip check
	rm -rf .venv-oldest-pip

# The lock and a part of the tests with each supported Python that is on the PATH, or that pyenv has.
# Those that are not there are named, and fail nothing.
INTERPRETERS ?= 3.11 3.12 3.13 3.14
PART := tests/platforms tests/store tests/test_store.py tests/wire tests/checks tests/spec tests/plugin tests/cli/test_run.py
interpreters:
	@set -e; for version in $(INTERPRETERS); do \
		python=$$(command -v python$$version || ls -d $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version.*/bin/python 2>/dev/null | tail -1); \
		if ! "$${python:-false}" -c 'import sys; sys.exit(sys.version_info[:2] != tuple(map(int, "'$$version'".split("."))))' 2>/dev/null; then \
			echo "Python $$version: not there"; continue; fi; \
		"$$python" -m venv --clear .venv-interpreter; \
		.venv-interpreter/bin/python -m pip install -q --no-deps --require-hashes -r requirements-dev.lock; \
		.venv-interpreter/bin/python -m pip install -q --no-deps --no-build-isolation -e .; \
		.venv-interpreter/bin/python -m pip check; \
		echo "Python $$version:"; \
		.venv-interpreter/bin/python -m pytest -q -n $(JOBS) --dist loadgroup $(PART); \
	done
	rm -rf .venv-interpreter

# What the harness runs with, as CycloneDX, from an environment that holds nothing else.
sbom: .venv-supply-chain/.made
	$(BIN)/python -m venv --clear --without-pip .venv-sbom
	$(BIN)/python -m pip --python .venv-sbom install -q --no-compile --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip --python .venv-sbom check
	.venv-supply-chain/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o sbom.cdx.json .venv-sbom
	rm -rf .venv-sbom

# Known vulnerabilities of what is locked. It asks the advisories of today, so CI does not depend on it;
# --strict fails where they cannot be reached, for nothing was audited then.
audit: .venv-supply-chain/.made
	.venv-supply-chain/bin/pip-audit --strict --progress-spinner off --require-hashes --disable-pip -r requirements.lock

clean:
	rm -rf docs/_build sbom.cdx.json tests/browser/node_modules .venv-sbom .venv .venv-oldest-pip $(dir $(CLIENTS) $(TOOLS)) reports/demo reports/recording
