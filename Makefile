# Each target works alone on a fresh checkout; nothing is installed twice.
# The first Python that runs: a name alone may be a launcher for a version that is not installed.
PYTHONS ?= python3.13 python3.12 python3.11
PYTHON ?= $(or $(firstword $(foreach name,$(PYTHONS),$(shell $(name) -c 'print("$(name)")' 2>/dev/null))),\
  $(error none of $(PYTHONS) is here: install one, or name another with PYTHON=))
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: help setup demo test test-unit test-unit-all test-cluster test-chaos lint docs bench bench-gpu growth clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */\1\t/' | expand -t 15

setup: $(READY)  ## make .venv with every pinned dependency

$(READY): pyproject.toml cluster/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet --constraint cluster/constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY)  ## the paper's grid on the embedded data: wav files to tables, minutes on two cores
	$(BIN)/stagegrid run --config configs/demo.yaml --out runs/demo

test: test-unit  ## all tests but those of `make test-cluster` and `make test-chaos`
	$(BIN)/pytest -m "integration and not cluster and not chaos"

test-unit: $(READY)  ## the tests that need no Ray, seconds
	$(BIN)/pytest -m "not integration" --numprocesses auto

test-unit-all:  ## the same on every Python of 3.11, 3.12 and 3.13 that is here, each in an environment of its own
	@for python in $(PYTHONS); do \
	  if $$python -c '' 2>/dev/null; \
	  then $(MAKE) --no-print-directory test-unit PYTHON=$$python VENV=.venv-$${python##*/} || exit 1; \
	  else echo "$$python is not here: skipped"; fi; \
	done

test-cluster: $(READY)  ## ray start, ray up over ssh to this machine, several nodes, autoscaling, object storage
	$(BIN)/pytest -m cluster

test-chaos: $(READY)  ## kill, stop and starve everything that can be, half an hour (FAULTS=terminate for one)
	$(BIN)/pytest -m chaos -k "$(FAULTS)"

lint: $(READY)  ## style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(READY)  ## build the documentation into site/, with every link checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs --quiet build --strict

bench: $(READY)  ## one table of every claim about speed (NAMES="features grid" for the long ones)
	$(BIN)/python -m tests.benchmarks $(NAMES)

bench-gpu: $(READY)  ## the paper's network on the GPU that is here, if there is one
	$(BIN)/python -m tests.benchmarks.gpu

SCALE ?= 1/16
growth: $(READY)  ## the pipeline at SCALE=1/16 of FSDKaggle2019: minutes to hours, its sound is SCALE x 30 GB
	$(BIN)/python -m tests.benchmarks.growth --scale $(SCALE) --folder runs/growth

clean:  ## remove the environment and everything computed
	rm -rf .venv .venv-* site runs data
