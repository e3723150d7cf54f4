# Each target works alone on a fresh checkout; nothing is installed twice.
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/ready

.PHONY: help setup demo test test-unit test-cluster test-chaos lint bench clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */\1\t/' | expand -t 12

setup: $(READY)  ## make .venv with every pinned dependency

$(READY): pyproject.toml cluster/constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --quiet --constraint cluster/constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY)  ## the paper's grid on the embedded data: wav files to tables, minutes on two cores
	$(BIN)/stagegrid run --config configs/demo.yaml --out runs/demo

test: test-unit  ## all tests but those of `make test-cluster` and `make test-chaos`
	$(BIN)/pytest -m "integration and not cluster and not chaos"

test-unit: $(READY)  ## the tests that need no Ray, seconds
	$(BIN)/pytest -m "not integration" --numprocesses auto

test-cluster: $(READY)  ## ray start, ray up over ssh to this machine, several nodes, autoscaling, object storage
	$(BIN)/pytest -m cluster

test-chaos: $(READY)  ## kill, stop and starve everything that can be, minutes
	$(BIN)/pytest -m chaos

lint: $(READY)  ## style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(READY)  ## measure the performance claims of the README
	$(BIN)/python -m tests.benchmarks

clean:  ## remove the environment and everything computed
	rm -rf .venv runs data
