# Understudy: set up, run, test, check. Each is quick when there is nothing to do.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: run render setup test check clean

# The main job with what ships in the package; needs only the base install (no torch). Prints the
# one address to open; Ctrl-C ends it.
run: .venv/.base
	@$(BIN)/understudy serve

# Without a camera: a rendered head drives a rendered portrait, into a file.
render: .venv/.base
	@mkdir -p renders
	$(BIN)/understudy render --out renders/bundled.mp4 --compare --force

# Everything for development and tests.
setup: .venv/.dev

test: .venv/.dev
	$(BIN)/python -m pytest

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv renders

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Understudy needs Python 3.11 or newer. On Debian or Ubuntu:"; \
		echo "    sudo apt-get install python3 python3-venv"; \
		echo "or name another one: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "$(PYTHON) cannot make a virtual environment. On Debian or Ubuntu:"; \
		echo "    sudo apt-get install python3-venv"; exit 1; }

.venv/.base: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

# torch first and by its exact version: asked for later, by a range, pip may fetch another build.
.venv/.dev: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) torch==2.13.0
	$(PIP) --editable '.[dev]'
	@touch .venv/.base $@
