# Needs Python 3.11 and make; everything else is built into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
REWRITTEN := .venv/.rewritten
BENCHES := $(sort $(patsubst tests/bench/bench_%.py,bench-%,$(wildcard tests/bench/bench_*.py)))

.PHONY: setup run test test-long check bench screenshots keys $(BENCHES)

# Each of the many processes that tests start would compile midas anew.
unexport PYTHONDONTWRITEBYTECODE

# The packages, and the numba kernels compiled ahead: the first start is as fast as the second. pip would
# compile the packages on one core; a file that can't be compiled harms nobody who doesn't import it.
setup: $(READY)
	@$(BIN)/midas doctor --warm

$(READY): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -e '.[dev]'
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib midas tui || true
	@touch $@

run: $(READY)
	@$(BIN)/midas

# Kernels first: a test that waits for the exchange must not wait for a compiler. Four at once, also on two
# cores: half of the time tests wait for processes, sockets and terminals.
test: setup $(REWRITTEN)
	$(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder

# pytest rewrites the assertions of each file once, and all four would do so at the same time.
$(REWRITTEN): $(READY)
	@ls -d tests/*/ | xargs -P 2 -n 8 $(BIN)/python -m pytest -q --collect-only > /dev/null || true
	@touch $@

# They take long, or wait in real time, and most show whole what shorter ones show in part.
test-long: setup
	$(BIN)/python -m pytest -q -m long -o timeout=0

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(BENCHES)

$(BENCHES): bench-%: $(READY)
	@$(BIN)/python -m tests.bench.bench_$*

screenshots: $(READY)
	$(BIN)/python -m tests.screenshots docs/images

# The table of keys in the user guide, out of the one that binds them.
keys: $(READY)
	$(BIN)/python -m tests.keys_page
