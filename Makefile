# Understudy: set up, run, test, check. Each is quick when there is nothing to do.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

# Further options of `understudy serve`, such as make run ARGS='--port 8090'.
ARGS ?=

.PHONY: run render setup test test-gpu gpu-report test-virtualcam check clean

# The main job, live: your webcam drives a portrait on a web page. Prints the one address to open,
# and opens it where there is a desktop; Ctrl-C ends it. Needs only the base install (no torch).
run: .venv/.base
	@$(BIN)/understudy serve --open $(ARGS)

# The same from file to file: the bundled clip drives the bundled portrait. Prints the file.
render: .venv/.base
	@mkdir -p renders
	$(BIN)/understudy render --out renders/bundled.mp4 --compare --force

# Everything for development and tests.
setup: .venv/.dev

test: .venv/.dev
	$(BIN)/python -m pytest

# On a machine with an NVIDIA GPU, in any Python that has torch for CUDA, cuda-python, numpy, OpenCV
# and pytest: nothing is installed. Without a GPU both say so and end with 2.
GPU_PYTHON ?= python3
OUT ?= runs/gpu-report
COMMIT ?=

test-gpu:
	@$(GPU_PYTHON) -m benchmarks.gpu_ready
	$(GPU_PYTHON) -m pytest -m gpu -W default -p no:cacheprovider tests/test_gpu_kernels.py \
		tests/test_gpu_step.py tests/test_gpu_rig.py

# All that can be said of a GPU in under 270 seconds, into at most six files in OUT. COMMIT names the
# measured code where there is no git.
gpu-report:
	$(GPU_PYTHON) -m benchmarks.gpu_report --out "$(OUT)" $(if $(COMMIT),--commit $(COMMIT))

# A real v4l2loopback in a small virtual machine, read back by ffmpeg; nightly, Debian and Ubuntu.
test-virtualcam: .venv/.dev
	scripts/virtualcam/run.sh $(BIN)/python

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
