# Each target is enough by itself in a fresh clone: it makes .venv, installs into it, and runs.
# Needed on the machine: Python 3.11 or newer with venv and pip, git, make. `make PYTHON=/path/to/python` chooses one.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:

# What the caller's shell sets for other Pythons must not reach the environment that is made here.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV
# Without files of bytecode every worker would compile all tests, and every command that a test starts itself.
unexport PYTHONDONTWRITEBYTECODE
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_VIRTUALENV
# The checkout holds a folder `promptlib` as well: it must not shadow the one that is installed.
export PYTHONSAFEPATH := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip
PYTEST := PROMPTLIB_WHEEL="$(CURDIR)/$(VENV)/wheel" $(BIN)/python -m pytest
# Folders count too: their time changes when a file is deleted.
SOURCES := pyproject.toml LICENSE NOTICE README.md $(shell find promptlib -name __pycache__ -prune -o -print)

# An environment is bound to its place and its Python: when either has gone, it is made anew.
ifneq "$(shell cat $(VENV)/.created 2>/dev/null && $(BIN)/python -c '' 2>&1)" "$(CURDIR)"
$(shell rm -f $(VENV)/.created)
endif

.PHONY: help
help:
	@echo "make demo         make a throw-away store and walk through it"
	@echo "make test         checks, tests and coverage: everything that needs nothing else"
	@echo "make test-system  tests that need servers, other users, whole environments"
	@echo "make lint         ruff, mypy and the import contracts alone"
	@echo "make format       let ruff format and fix"
	@echo "make soak         property and fault tests with many more cases; HOURS=8 goes on, SEED=… repeats"
	@echo "make bench        speed ratios, floors measured in the same run"
	@echo "make bench-peers  the same beside other libraries, each in an environment of its own"
	@echo "make docs         the documentation, into site/"
	@echo "make clean        remove .venv and everything that the above made"

define find_python
python=; \
for candidate in $(if $(PYTHON),"$(PYTHON)",python3.11 python3.12 python3.13 python3.14 python3 python); do \
	if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
		python=$$candidate; break; \
	fi; \
done; \
if [ -z "$$python" ]; then \
	echo "promptlib needs Python 3.11 or newer with venv and pip; found here: $$($(or $(PYTHON),python3) --version 2>&1)" >&2; \
	echo "Debian and Ubuntu: apt install python3-venv. Another Python: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; \
	exit 1; \
fi
endef

# Each stamp is written last: what was interrupted is done again.
$(VENV)/.created:
	@$(find_python); \
	echo "Making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV)
	@printf '%s\n' "$(CURDIR)" > $@

$(VENV)/.core: $(VENV)/.created $(SOURCES)
	@echo "Installing promptlib into $(VENV)"
	@$(PIP) install -q .
	@touch $@

$(VENV)/.tools: $(VENV)/.created pyproject.toml
	@echo "Installing promptlib and its development tools into $(VENV)"
	@$(PIP) install -q '.[dev]'
	@touch $@

# The tests run on the wheel that a user would get, built once.
$(VENV)/.wheel: $(VENV)/.tools $(SOURCES)
	@rm -rf $(VENV)/wheel
	@$(PIP) wheel -q --no-deps --no-build-isolation --wheel-dir $(VENV)/wheel .
	@$(PIP) install -q --no-deps --force-reinstall $(VENV)/wheel/*.whl
	@touch $(VENV)/.core $@

# Where the tools are, the wheel is built with them, and no network is needed after a change.
.PHONY: demo
demo: $(if $(wildcard $(VENV)/.tools),$(VENV)/.wheel,$(VENV)/.core)
	@$(BIN)/promptlib demo

.PHONY: lint
lint: $(VENV)/.tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(VENV)/.tools
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The tests are compiled once, beside the checks, which keep one core busy; whatever is wrong with them is told by the run.
.PHONY: test
test: $(VENV)/.wheel
	@$(PYTEST) --collect-only -qq >/dev/null 2>&1 & $(MAKE) --no-print-directory lint; checked=$$?; wait; exit $$checked
	$(PYTEST) -n 2 --cov --cov-report=
	@$(BIN)/coverage report
	@$(MAKE) --no-print-directory coverage

# What people trust blindly is covered whole, branches too; the rest is reported above.
COVERED := prompt chain origin version codec tokens store runs bundle lockfile
.PHONY: coverage
coverage:
	@for part in $(COVERED); do \
		$(BIN)/coverage report --include="promptlib/$$part.py,promptlib/$$part/*" --fail-under=100 \
			|| { echo "promptlib.$$part must be covered whole" >&2; exit 1; }; \
	done

.PHONY: test-system
test-system: $(VENV)/.wheel
	$(PYTEST) -m system

# SEED repeats a round; HOURS begins another one, with the next seed, until they are over.
SEED :=
HOURS := 0
.PHONY: soak
soak: $(VENV)/.wheel
	@seed="$(SEED)"; [ -n "$$seed" ] || seed=$$(date +%s); \
	end=$$(($$(date +%s) + $(HOURS) * 3600)); \
	while :; do \
		echo "A round of make soak SEED=$$seed"; \
		export PROMPTLIB_SEED=$$seed; failed=; \
		$(PYTEST) -n 2 --dist worksteal --hypothesis-seed=$$seed -m soak || failed=1; \
		$(PYTEST) -n 2 --dist worksteal --hypothesis-seed=$$seed --hypothesis-profile=soak \
			-m "not soak and not system and not benchmark" || failed=1; \
		[ -z "$$failed" ] || { echo "This round repeats with: make soak SEED=$$seed" >&2; exit 1; }; \
		[ $$(date +%s) -lt $$end ] || break; \
		seed=$$((seed + 1)); \
	done

# tests/benchmarks/__main__.py; its modules import each other as `from .measure import …`.
.PHONY: bench
bench: $(VENV)/.wheel
	PYTHONPATH=tests $(BIN)/python -m benchmarks

# Other libraries are installed below build/peers, from the package index; tests/benchmarks/peers/environments.py pins them.
.PHONY: bench-peers
bench-peers: $(VENV)/.wheel
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.peers
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.peers.limits

.PHONY: docs
docs: $(VENV)/.wheel
	$(BIN)/zensical build --strict --clean

.PHONY: clean
clean:
	rm -rf $(VENV) build dist site .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
