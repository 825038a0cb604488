# Two commands for users: `make demo` and `make test`. Each sets itself up on a machine with
# Python 3.11 or later and make; README.md has the same steps as literal lines.

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/harness run --out reports/demo
JOBS ?= 2

.PHONY: demo test coverage lint check clients exam schemathesis speed simulations cassettes sample lock clean

demo: .venv/.runs
	rm -rf reports/demo
	$(RUN)

test: .venv/.tests clients
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

# CI's quarter of an hour has no room for it: measuring takes half as long again.
coverage: .venv/.tests
	$(BIN)/coverage erase
	$(BIN)/python -m pytest -n $(JOBS) $(addprefix --ignore ,$(APART)) --cov --cov-report=term:skip-covered --cov-fail-under=$(FLOOR)

lint: .venv/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

# These are not measured, which would double their time: each fault is a whole run of its own,
# and the clients drive what other tests cover.
APART := tests/faults tests/clients tests/lifecycle tests/cases

# The share of branches and lines that the tests run; it only rises.
FLOOR := 96

# Clients that other people wrote; they want other versions of what we use than we do.
CLIENTS := .venv-clients/.made .venv-clients-litellm/.made
clients: $(CLIENTS)

# Longer than CI needs: every fault alone on all operations of its provider (the tests run each on
# one), and 20 seeds on all five providers without a fault. Writes reports/exam.md.
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

# Record the committed cassettes again, over real HTTP from the emulator.
cassettes: .venv/.runs
	rm -rf reports/recording
	$(BIN)/harness run --against emulator --record --port 8701 --out reports/recording/conformance
	$(BIN)/harness run --only benchmark --against emulator --record --port 8801 --out reports/recording/benchmark

sample: .venv/.runs
	rm -rf reports/sample
	$(BIN)/harness run --out reports/sample
	rm -rf reports/sample/images reports/sample/journal.jsonl reports/sample/plan-*.json
	rm -rf reports/sample-benchmark
	$(BIN)/harness run --only benchmark --out reports/sample-benchmark
	rm -rf reports/sample-benchmark/images reports/sample-benchmark/journal.jsonl reports/sample-benchmark/plan-*.json

# Needs uv; the locks name no host.
lock:
	uv pip compile -q --universal --generate-hashes --group build pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --group dev pyproject.toml -o requirements-dev.lock
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --group clients -o requirements-clients.lock
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --group clients-litellm -o requirements-clients-litellm.lock
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --group schemathesis -o requirements-schemathesis.lock
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --group speed -o requirements-speed.lock

.venv/.made:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	touch $@

.venv/.runs: .venv/.made requirements.lock pyproject.toml
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/.tests: .venv/.runs requirements-dev.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# A copy of the lock is the stamp: the tests tell an environment that was made from an older one.
# The harness' pip installs and nothing is compiled ahead, which saves a quarter of the work.
$(CLIENTS) .venv-schemathesis/.made .venv-speed/.made: .venv-%/.made: requirements-%.lock .venv/.made
	$(BIN)/python -m venv --clear --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D) install -q --disable-pip-version-check --no-compile --require-hashes -r $<
	cp $< $@

clean:
	rm -rf .venv .venv-schemathesis .venv-speed $(dir $(CLIENTS)) reports/demo reports/recording
