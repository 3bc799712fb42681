# Everything here works on a machine with Python 3.11 or newer and make; `make help` lists it.

PYTHON ?=
ARGS ?=
CHECK ?=
WITHOUT ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"

# What a site behind HTTPS sets; `make check` holds the settings to it. None of it is secret.
SITE := DEBUG=false \
	SECRET_KEY=only-for-make-check-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ \
	BASE_URL=https://orchestrator.example.org \
	ALLOWED_HOSTS=orchestrator.example.org \
	DATABASE_URL=postgresql://orchestrator@database.example.org/orchestrator
IN_MEMORY := DATABASE_URL=sqlite://:memory:

export WITHOUT
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test check clean benchmark coverage format lock python screenshots

help:  ## List these targets and variables.
	@echo "Targets:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) \
		| while IFS='|' read -r name text; do printf '  %-10s %s\n' "$$name" "$$text"; done
	@echo "Variables:"
	@echo "  PYTHON=/path/to/python  the interpreter, if not the newest on the path"
	@echo "  ARGS='-k name'          arguments for pytest, or for the benchmarks"
	@echo "  CHECK=1                 make demo tries everything, says what it saw, and ends"
	@echo "  WITHOUT=postgresql,browser  leave out tests that need what is not here"

demo: $(VENV)/.examples  ## Run the orchestrator with the example workflows, on SQLite.
	ORCHESTRATOR_APPS=examples.l2vpn $(BIN)/python manage.py demo $(if $(CHECK),--check)

test: $(VENV)/.dev  ## Run all tests, on SQLite and on PostgreSQL at the same time.
	$(BIN)/python -m tests.services install
	$(BIN)/python -m tests.services both -- $(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.dev  ## Check style, types, layers, migrations, translations, deployment, API and docs.
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(IN_MEMORY) $(BIN)/python manage.py makemigrations --check --dry-run
	$(IN_MEMORY) $(BIN)/python manage.py translations --check
	$(SITE) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(IN_MEMORY) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(if $(wildcard docs/check.py),$(BIN)/python docs/check.py)

clean:  ## Remove all that the other targets made.
	rm -rf $(VENV) .demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf .coverage .coverage.* htmlcov staticfiles test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

benchmark: $(VENV)/.dev  ## Measure the engine beside loops that do the same without one.
	$(BIN)/python -m benchmarks $(ARGS)

coverage: $(VENV)/.dev  ## Run all tests on both databases, and report the branches not taken.
	rm -f .coverage .coverage.*
	$(MAKE) test ARGS="--cov --cov-report= $(ARGS)"
	$(BIN)/coverage combine
	$(BIN)/coverage report

screenshots: $(VENV)/.dev  ## Take the pictures of the documentation again.
	$(BIN)/python -m tests.browser.screenshots docs/img

format: $(VENV)/.dev  ## Format the code and mend what can be mended.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock:  ## Choose the newest versions that pyproject.toml allows (needs uv).
	$(COMPILE) --upgrade -o requirements/runtime.txt pyproject.toml
	$(COMPILE) --upgrade -c requirements/runtime.txt --extra examples \
		-o requirements/examples.txt pyproject.toml
	$(COMPILE) --upgrade -c requirements/examples.txt --extra examples --group dev \
		-o requirements/dev.txt pyproject.toml

python:  ## Name the interpreter that the others use.
	@$(find_python); echo "$$python"

# The environment, made again only when its lock changes. The stamp is written last.
$(VENV)/.examples $(VENV)/.dev: $(VENV)/.%: requirements/%.txt
	@$(find_python); test -x $(BIN)/python || "$$python" -m venv $(VENV)
	@echo "Installing $< into $(VENV)"
	@$(PIP) --requirement $<
	@touch $@

define find_python
	usable() { "$$1" -c 'import sys; assert sys.version_info >= (3, 11); import ensurepip, sqlite3, ssl, venv' 2> /dev/null; }; \
	search() { \
		for name in python3.13 python3.12 python3.11 python3; do \
			IFS=:; for directory in $$PATH; do \
				if usable "$$directory/$$name"; then echo "$$directory/$$name"; return; fi; \
			done; \
		done; }; \
	python="$(PYTHON)"; python="$${python:-$$(search)}"; \
	if ! usable "$$python"; then \
		echo "Python 3.11 or newer, with its venv module, is needed. On Debian: apt-get install python3 python3-venv." >&2; \
		echo "If it is elsewhere: make PYTHON=/path/to/python3." >&2; \
		exit 1; \
	fi
endef
