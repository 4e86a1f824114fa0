PYTHON ?= python3.11
RUN := .venv/bin/python
KILLS ?= 100
IMAGE_FOR ?= cpu
TASK ?= digits
SEARCH ?= pipelines/searches/digits.yaml

.PHONY: help setup search test lint types bench bench-toy bench-evonorm bench-rules bench-widths faults e2e compile image test-image lock clean

help: ## Show what can be made
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: .venv/ready ## Make the environment from the locked dependencies

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch .venv/ready

search: setup ## Search on the handwritten digits (or SEARCH=file.yaml): ends with the result and its report
	.venv/bin/archloom run $(SEARCH)

test: lint types ## Lint, types and tests
	$(RUN) -m pytest --numprocesses 2 --dist loadfile

lint: setup
	.venv/bin/ruff check . && .venv/bin/ruff format --check .

types: setup
	.venv/bin/mypy

bench: setup ## Measure the training step against model.fit and the bare floor, and layers and update rules against hand-written ones
	TF_CPP_MIN_LOG_LEVEL=3 $(RUN) -m benchmarks.training_step
	TF_CPP_MIN_LOG_LEVEL=3 $(RUN) -m benchmarks.layer_cost
	TF_CPP_MIN_LOG_LEVEL=3 $(RUN) -m benchmarks.rule_cost
	$(RUN) -m benchmarks.controller_cost
	$(RUN) -m benchmarks.policy_correction
	TF_CPP_MIN_LOG_LEVEL=3 $(RUN) -m benchmarks.shared_step
	TF_CPP_MIN_LOG_LEVEL=3 $(RUN) -m benchmarks.queue_idle

bench-toy: setup ## Compare rejection with reward-shaped rivals on the published toy example of TabNAS, 200 seeds: half a minute; draws docs/tabnas_toy.svg
	$(RUN) -m benchmarks.tabnas_toy

bench-evonorm: setup ## Search for layers with five seeds in three ways and compare what they find; goes on where it was stopped
	TF_CPP_MIN_LOG_LEVEL=3 $(RUN) -m benchmarks.evonorm_results

bench-widths: setup ## Search for widths under a limit with five seeds and compare with networks drawn at random: TASK=digits or table
	TF_CPP_MIN_LOG_LEVEL=3 $(RUN) -m benchmarks.width_results --task $(TASK)

bench-rules: setup ## Search for update rules with five seeds in three ways and compare what they find; goes on where it was stopped
	TF_CPP_MIN_LOG_LEVEL=3 $(RUN) -m benchmarks.rule_results

faults: setup ## Kill searches at KILLS=100 seeded moments and compare what they find
	$(RUN) -m tests.faults.kill_search --kills $(KILLS)

e2e: setup ## Upload, run, schedule and report on an installation: KFP_HOST=http://... SEARCH_DIR=gs://...
	$(RUN) -m tests.e2e.on_kubeflow $(KFP_HOST) $(SEARCH_DIR)

compile: setup ## Compile the pipeline for a cluster: manifests/pipelines/architecture_search.yaml
	$(RUN) -m pipelines.compile

image: ## Build the image of the last commit: IMAGE_FOR=cpu (or gpu, tpu), BASE_IMAGE=name, see images/build.sh
	images/build.sh $(IMAGE_FOR)

test-image: setup ## Test the cpu image of the last commit, or ARCHLOOM_IMAGE=name; it runs whole searches in containers
	ARCHLOOM_IMAGE=$${ARCHLOOM_IMAGE:-$${IMAGE_NAME:-archloom/python-tensorflow}:$$(git rev-parse --short=12 HEAD)} $(RUN) -m pytest tests/images

lock: setup ## Lock the dependencies of pyproject.toml again
	.venv/bin/pip install --quiet pip-tools==7.6.2
	.venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --extra cpu --extra s3 --extra test --output-file requirements.lock pyproject.toml

clean: ## Remove the environment; searches in runs/ stay
	rm -rf .venv build
