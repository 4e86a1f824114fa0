PYTHON ?= python3.11
RUN := .venv/bin/python
KILLS ?= 100
SEARCH ?= pipelines/searches/digits.yaml

.PHONY: help setup search test lint types bench faults e2e compile lock clean

help: ## Show what can be made
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: .venv/ready ## Make the environment from the locked dependencies

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch .venv/ready

search: setup ## Search on the handwritten digits (or SEARCH=file.yaml): ends with the result and its report
	.venv/bin/archloom run $(SEARCH)

test: lint types ## Lint, types and tests
	$(RUN) -m pytest

lint: setup
	.venv/bin/ruff check . && .venv/bin/ruff format --check .

types: setup
	.venv/bin/mypy

bench: setup ## Measure the training step against model.fit and the bare floor
	TF_CPP_MIN_LOG_LEVEL=3 $(RUN) -m benchmarks.training_step

faults: setup ## Kill searches at KILLS=100 seeded moments and compare what they find
	$(RUN) -m tests.faults.kill_search --kills $(KILLS)

e2e: setup ## Upload, run, schedule and report on an installation: KFP_HOST=http://... SEARCH_DIR=gs://...
	$(RUN) -m tests.e2e.on_kubeflow $(KFP_HOST) $(SEARCH_DIR)

compile: setup ## Compile the pipeline for a cluster: manifests/pipelines/architecture_search.yaml
	$(RUN) -m pipelines.compile

lock: setup ## Lock the dependencies of pyproject.toml again
	.venv/bin/pip install --quiet pip-tools==7.6.2
	.venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --extra cpu --extra s3 --extra test --output-file requirements.lock pyproject.toml

clean: ## Remove the environment; searches in runs/ stay
	rm -rf .venv build
