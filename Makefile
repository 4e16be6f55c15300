# Everything that a checkout is used for. It needs Go 1.24 or newer, Python 3.10 or newer and the package registries;
# all else is fetched at pinned versions, into .venv/, .sandbox/ and the user's cache.

export STACK ?= staging
CONTEXT ?=
# Made once: what is printed of the first run of pytest replays the second one, too.
SEED := $(or $(SEED),$(shell date +%s))
PYTHON ?= python3
BIN := .venv/bin
SANDBOX := $(BIN)/python -m sandbox
INSTALLED := .venv/.installed
# What the output file holds are preferences, so that a check doesn't want every newest version. The system's
# certificates are those that pip trusts as well.
COMPILE := $(BIN)/uv pip compile --quiet --system-certs --universal --python-version 3.10 --generate-hashes \
  --no-annotate --no-header --extra doctor components/pyproject.toml requirements-dev.in

TEST_TOOLS := cryptography|hypothesis|jsonschema|markdown-it-py|packaging|psutil|pytest|pytest-asyncio|pytest-timeout
# What is tested elsewhere in tests/unit is the checkout's, not the library's.
LIBRARY_TESTS := $(filter-out %/test_ci_docs.py %/test_ci_files.py %/test_drift.py %/test_drift_issue.py \
  %/test_pages.py %/test_program_growth.py %/test_reference.py %/test_rollout_report.py %/test_workflows.py \
  $(wildcard tests/unit/test_sandbox_*.py) $(wildcard tests/unit/test_standin_*.py),$(wildcard tests/unit/test_*.py)) \
  $(addprefix tests/unit/,command_line doctor passwords registry restart review)

.DEFAULT_GOAL := help
.PHONY: help up preview down status test test-long test-unit test-lowest bench lint lint-workflows format lock clean
.PHONY: schema reference review comment deploy drift drift-issue kubeconfig dist sbom release-notes

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

up: $(INSTALLED) ## Start the sandbox and up STACK=staging in it; or CONTEXT=… for a cluster of yours
	@$(SANDBOX) up --stack "$(STACK)" --context "$(CONTEXT)"

preview: $(INSTALLED) ## Show what an up of STACK would change
	@$(SANDBOX) preview --stack "$(STACK)" --context "$(CONTEXT)"

status: $(INSTALLED) ## Show what runs, and what is attached where
	@$(SANDBOX) status --context "$(CONTEXT)"

down: $(INSTALLED) ## Destroy the stacks, stop the sandbox and remove it
	@$(SANDBOX) down --context "$(CONTEXT)"

test: $(INSTALLED) ## Run all tests, on the real engine and API server
	@$(SANDBOX) parts
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile -m "not long" --cov --cov-report=term

test-long: $(INSTALLED) ## Run the tests that try thousands of things; SEED=… replays a run
	@$(SANDBOX) parts
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --hypothesis-profile=long --hypothesis-seed=$(SEED) \
	  -m "" tests/unit tests/integration/test_model.py
	$(BIN)/python -m pytest --numprocesses=auto --hypothesis-seed=$(SEED) -m long tests/integration

test-unit: $(INSTALLED) ## Run the fast tests, which need no Go
	$(BIN)/python -m pytest --numprocesses=auto tests/unit

# In an environment of its own: the oldest versions that components/pyproject.toml allows, and the pinned tools.
test-lowest: $(INSTALLED) ## Run the library's fast tests with the oldest packages that it says it works with
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/lowest
	@sed -nE 's/^(($(TEST_TOOLS))==.*) \\$$/\1/p' requirements-dev.txt > .venv/lowest/tools.txt
	@$(BIN)/uv pip install --quiet --system-certs --python .venv/lowest --resolution lowest-direct \
	  --editable "components[doctor]" --requirement .venv/lowest/tools.txt
	.venv/lowest/bin/python -m pytest -p no:cacheprovider -p no:anyio $(LIBRARY_TESTS)

bench: $(INSTALLED) ## Measure time, memory and requests, for over an hour (benchmarks/README.md)
	$(BIN)/python -m benchmarks.doctor
	$(BIN)/python -m benchmarks.rollout docs/performance/measured.jsonl 10 100 300 1000 3000
	$(BIN)/python -m benchmarks.rollout.report

lint: $(INSTALLED) ## Check format, lint, types, workflows and pins
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	@$(MAKE) --no-print-directory lint-workflows
	@cp requirements-dev.txt .venv/requirements-dev.txt
	@$(COMPILE) --output-file .venv/requirements-dev.txt
	@diff -u requirements-dev.txt .venv/requirements-dev.txt || { echo "the pins are stale; renew them: make lock"; exit 1; }

# Both read files alone: what GitHub's interface would tell, such as whether an action's tag moved, they don't ask.
lint-workflows: $(INSTALLED)
	go -C .github/actionlint tool actionlint -shellcheck="$(CURDIR)/$(BIN)/shellcheck" -pyflakes=
	$(BIN)/zizmor --offline --pedantic --strict-collection --no-progress --quiet .github

format: $(INSTALLED) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(INSTALLED) ## Renew the pins of requirements-dev.txt
	$(COMPILE) --upgrade --output-file requirements-dev.txt

schema: $(INSTALLED) ## Renew components/schema.json, with the pulumi of the sandbox's parts
	@$(SANDBOX) parts
	@$(BIN)/python -m sandbox.schema

reference: $(INSTALLED) ## Renew docs/reference.md
	@$(BIN)/python -m sandbox.reference

# What follows is for CI, and does the same on a laptop. The first four run the pulumi that is on PATH, with its backend.
# Values that others choose, such as a tag, are read from the environment by the shell: make would expand them.

review: $(INSTALLED) venv ## Write what an up of STACK would change, for a reviewer, to reports/review/
	@mkdir -p reports/review
	@$(BIN)/pull-secrets preview --stack "$$STACK" --format markdown --output "reports/review/$$STACK.md"

comment: $(INSTALLED) ## Put the reviews on pull request PR of REPO=owner/name, a comment for each stack
	@$(BIN)/python -m ci.unreviewed --stacks "$$STACKS"
	@for file in reports/review/*.md; do \
	  test ! -e "$$file" || $(BIN)/pull-secrets comment --pr "$$PR" --repo "$$REPO" --file "$$file" || exit 1; \
	done

deploy: $(INSTALLED) venv ## pulumi up of STACK, without a question
	@pulumi up --stack "$$STACK" --yes --non-interactive

drift: $(INSTALLED) venv ## Fail where an up of STACK would change something; keep what in reports/drift/
	@$(BIN)/python -m ci.drift --stack "$$STACK"

drift-issue: $(INSTALLED) ## Tell what make drift kept in one issue of REPO=owner/name; RUN=address
	@$(BIN)/python -m ci.drift_issue --repo "$$REPO" --run "$$RUN"

kubeconfig: $(INSTALLED) ## Write KUBECONFIG_TEXT to ~/.kube/config, on a machine of CI
	@$(BIN)/python -m ci.kubeconfig

dist: $(INSTALLED) ## Build the library's sdist and wheel into dist/
	@rm -rf dist
	@cd components && ../$(BIN)/hatchling build --directory ../dist

sbom: dist ## List what the wheel brings along, as CycloneDX, in reports/sbom.cdx.json
	@$(BIN)/python -m ci.sbom

release-notes: $(INSTALLED) ## Check that TAG is the library's version; write what the changelog says of it
	@$(BIN)/python -m ci.release --tag "$$TAG"

# Plain pulumi runs the program in venv/, as Pulumi.yaml says. Where pulumi install made none it is the pinned one of make.
venv:
	@ln -s .venv venv

clean: ## Remove the virtual environment and what tools left behind
	@test ! -L venv || rm venv
	rm -rf .venv reports dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

# --no-deps: the file is complete. pip 23 doesn't see the pin of what a package wants with an extra (pytest-cov wants
# coverage[toml]): it would take the newest and refuse that for its missing digest.
$(INSTALLED): requirements-dev.txt components/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed; this is " + sys.version) if sys.version_info < (3, 10) else None'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e components
	@touch $@
