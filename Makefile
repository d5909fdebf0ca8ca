# Every target sets up .venv first, from requirements.lock, when it is missing or out of date.

PYTHON ?= $(shell python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3)
DATA ?= ../shared/data
PYTEST_ARGS ?=
SEARCHES := tests/cli/test_search_pictures.py

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXTRAS := onnx,measure,openvino,litert,ethos-u,ncnn,nvml,torch,train,ray,postgres,serve,figures,fit,dev
# Held still when the rest moves: torch because its ONNX exporter changes with every minor version,
# onnxruntime because the latencies measured on it do.
HELD ?= torch==2.13.0 onnxruntime==1.31.1

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export RAY_USAGE_STATS_ENABLED := 0
# pip compiles nothing above, so what is imported is compiled once and kept, also where the
# environment forbids it: the tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help search test torture lint check size models notebooks peers efficiency lock clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

search: $(READY)  ## search the MnasNet space for a Jetson TX2; writes nas.db and front.html
	@$(BIN)/nas search studies/quickstart.yaml

test: $(READY) $(VENV)/.browser  ## run the tests
ifeq ($(PYTEST_ARGS),)
	@# Three parts at once, as long as each other: one waits for servers and searches, one for
	@# processes that it kills, one computes.
	@$(BIN)/pytest -q tests/service $(SEARCHES) & service=$$!; \
	    $(BIN)/pytest -q tests/faults tests/cli --ignore=$(SEARCHES) & killed=$$!; \
	    $(BIN)/pytest -q --ignore=tests/faults --ignore=tests/cli --ignore=tests/service; code=$$?; \
	    wait $$killed || code=1; wait $$service || code=1; exit $$code
else
	@$(BIN)/pytest -q $(PYTEST_ARGS)
endif

torture: $(READY)  ## the tests in their long form: 30 kills of each kind, new examples of every property
	@NAS_TORTURE=30 $(BIN)/pytest -q tests/faults tests/store tests/cli/test_interrupts.py $(PYTEST_ARGS)
	@NAS_TORTURE=30 $(BIN)/pytest -q -m hypothesis --ignore=tests/store $(PYTEST_ARGS)

lint: $(READY)  ## check style, format, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict nas
	@$(BIN)/lint-imports --no-logo

check: lint test size  ## everything a change must pass, then the size of the code

size:  ## print code lines per folder and the five largest modules
	@find nas -name '*.py' -exec awk ' \
	    NF && $$1 !~ /^#/ { lines[FILENAME]++; folder = FILENAME; sub("/[^/]*$$", "", folder); folders[folder]++; all++ } \
	    END { for (f in folders) print "1", folders[f], f "/"; print "2", all, "nas/, all"; for (f in lines) print "3", lines[f], f }' {} + \
	    | sort -k1,1n -k2,2nr | awk '$$1 < 3 || ++modules <= 5' \
	    | awk '$$1 != group { print (group = $$1) == 1 ? "lines that are neither blank nor comment" : group == 3 ? "largest modules" : "" } \
	        { $$1 = ""; print "  " $$0 }'

models: $(READY)  ## fit the shipped models again, from the data sets under DATA
	$(BIN)/python -m benchmarks.fit_shipped --data $(DATA)

notebooks: $(READY)  ## run the notebooks and store what they print and draw; needs Chromium
	@$(BIN)/python -m notebooks.execute

peers: $(READY)  ## make the environments of the search benchmark's peers (more than 1.6 GB)
	$(BIN)/python -m benchmarks.search_efficiency --data $(DATA) --peer-environments

efficiency: $(READY)  ## run the search benchmark from where it stopped, then write its page
	$(BIN)/python -m benchmarks.search_efficiency --data $(DATA) --processes 2
	$(BIN)/python -m benchmarks.search_efficiency --data $(DATA) --page

lock:  ## resolve requirements.lock again, to the newest versions that fit
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/pip install -qq --no-compile ".[$(EXTRAS)]" $(HELD)
	@# The GPU libraries are left out: pip adds them where the build of torch asks for them.
	sed -n '/^#/p' requirements.lock > build/requirements.lock
	build/lock/bin/pip freeze --all --exclude pip --exclude nas \
	    | sed -E 's/\+cpu$$//; /^(nvidia|cuda|triton)/d' >> build/requirements.lock
	mv build/requirements.lock requirements.lock
	rm -rf build/lock

pages: $(READY) $(VENV)/.browser  ## take the pictures of the page in docs/, which takes minutes
	$(BIN)/python benchmarks/page.py --screenshots docs

clean:  ## remove the environment and all caches; databases and fronts stay
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Three stamps, so that an interrupted set-up goes on where it stopped and an edit of
# pyproject.toml costs a second.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=..." if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV) (once, a few minutes)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.locked: requirements.lock $(VENV)/.python
	@$(BIN)/pip install -qq --no-compile -r requirements.lock
	@touch $@

$(READY): pyproject.toml $(VENV)/.locked
	@$(BIN)/pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

# The page is tested in a Chromium: one that is there, else Playwright's own, else not at all.
$(VENV)/.browser: $(VENV)/.locked
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	    || command -v google-chrome >/dev/null || $(BIN)/playwright install chromium >/dev/null 2>&1 \
	    || echo "No Chromium, and none to download: the tests of the page in a browser are skipped"
	@touch $@
