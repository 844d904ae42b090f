# Understudy: set up, run, test, check. Each is quick when there is nothing to do.

# The Python to make .venv with; empty: the first one found that is 3.11 or newer.
PYTHON ?=
BIN := .venv/bin
ENVIRONMENT := PYTHON='$(PYTHON)' scripts/environment.sh

# Further options of `understudy serve`, such as make run ARGS='--port 8090'.
ARGS ?=

.PHONY: run render base setup test test-gpu gpu-report test-virtualcam check audit lock fuzz soak clean

# The main job, live: your webcam drives a portrait on a web page. Prints the one address to open,
# and opens it where there is a desktop; Ctrl-C ends it. Needs only the base install (no torch).
run: base
	@echo "starting the server (Ctrl-C ends it)" >&2
	@$(BIN)/understudy serve --open $(ARGS)

# The same from file to file: the bundled clip drives the bundled portrait. Prints the file.
render: base
	@mkdir -p renders
	$(BIN)/understudy render --out renders/bundled.mp4 --compare --force

# What running needs.
base:
	@$(ENVIRONMENT) base

# Everything for development and tests.
setup:
	@$(ENVIRONMENT) dev

test: setup
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
test-virtualcam: setup
	scripts/virtualcam/run.sh $(BIN)/python

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Known weaknesses of the locked packages: needs pypi.org, so it is no part of CI. Ends with 2 and says
# so where it could not ask.
audit:
	@python3 scripts/audit.py

# requirements.lock and sbom.json anew, from constraints.txt.
lock: setup
	$(BIN)/python -m pip install -qq --dry-run --ignore-installed --report .venv/lock.json \
		--constraint constraints.txt '.[dev]'
	$(BIN)/python scripts/lock.py .venv/lock.json

# What strangers send, mutated for longer than in CI.
EXAMPLES ?= 20000
fuzz: setup
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/test_stream_fuzz.py

# People who stay and who come and go, for MINUTES; ends with 1 where something grows.
MINUTES ?= 40
soak: setup
	$(BIN)/understudy bench soak --minutes $(MINUTES)

clean:
	rm -rf .venv renders
