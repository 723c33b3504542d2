# Two commands are enough on a fresh machine with Python 3.11 or newer and make:
#   make demo   installs what is needed and runs the main job to rendered reports
#   make demo-sources  does the same on a shop as the exports of eleven vendors show it
#   make test   installs what is needed and passes the tests
#   make test-fast  passes those that make no world, run no notebook and open no browser
#   make test-slow  passes those that take longer, as claims on many worlds do, which make test leaves out

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
WORLD := synthetic/worlds/retail
EXPORTED := synthetic/worlds/retail-exports
EXPORTED_CUSTOMERS := 400
# byte code is compiled once at install; where writing it is forbidden every start would compile again
unexport PYTHONDONTWRITEBYTECODE
# rooms whose tests make no world, run no notebook and open no browser
FAST := $(addprefix tests/,charts foundation identity schema session sources statistics studies vault)
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

# there once a workspace and its key are made
WORKSPACE_FORMAT = $${WORKBENCH_WORKSPACE:-.workbench}/format

.PHONY: help install demo demo-sources test test-slow test-fast lab lint bench realism contest claims schemas lock clean

help:
	@grep -E '^# +make ' Makefile | sed 's/^# *//'
	@echo "make lab    opens JupyterLab on the notebooks; make lint, bench, realism, contest, claims, schemas, lock, clean do what they say"

install: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: name it with PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "this Python lacks venv: on Debian and Ubuntu run apt-get install python3-venv"; exit 1; }
	@echo "Installing into $(VENV) ..."
	@if $(BIN)/python -m pip install --quiet --disable-pip-version-check uv 2>/dev/null && \
	    VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode requirements.lock; then \
	    $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	else \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	fi
	@touch $(INSTALLED)

# the synthetic world, loaded as dataset demo: what every notebook opens
define prepare
	@test -f $(WORKSPACE_FORMAT) || { echo "$$ workbench init"; $(BIN)/workbench init; }
	@test -f $(WORLD)/world.json || { echo "$$ workbench generate retail --out $(WORLD)"; $(BIN)/workbench generate retail --out $(WORLD); }
	@echo "$$ workbench load $(WORLD) --dataset demo"; $(BIN)/workbench load $(WORLD) --dataset demo
endef

demo: install
	$(prepare)
	@echo "$$ workbench run demo"; $(BIN)/workbench run demo
	@echo "Open $(CURDIR)/reports/site/index.html"

# what a file cannot say is set for each export: purchases are counted from the shop's orders alone, payments that the
# provider settles from its export and others from the shop's, visits of the site from GA4 and those of the app from
# Segment, opened mails from the mail tool; systems that hold the shop's numbers of customers and orders take the shop's
# name, so that these are one
demo-sources: install
	@test -f $(WORKSPACE_FORMAT) || { echo "$$ workbench init"; $(BIN)/workbench init; }
	@test -f $(EXPORTED)/world.json || { echo "$$ workbench generate retail --customers $(EXPORTED_CUSTOMERS) --exports --out $(EXPORTED)"; $(BIN)/workbench generate retail --customers $(EXPORTED_CUSTOMERS) --exports --out $(EXPORTED); }
	@load() { \
	    folder=$(EXPORTED)/exports/$$1; shift; \
	    echo "$$ workbench load $$folder $$*"; $(BIN)/workbench load $$folder "$$@"; \
	}; \
	every="--dataset sources --set data_until=2025-07-01"; \
	load shopify_orders $$every --set basis=contract --set zone=Europe/Berlin --set currency=EUR --set orders=own --set payments=other --set provider=shopify,paypal,sepa && \
	load shopify_customers $$every --set basis=contract && \
	load stripe_payments $$every --set system=shopify --set basis=contract --set currency=EUR && \
	load salesforce $$every --set basis=contract --set currency=EUR && \
	load zendesk $$every --set basis=contract && \
	load mailchimp $$every --set basis=consent && \
	load qualtrics $$every --set basis=consent --set zone=Europe/Berlin && \
	load meta_graph_comments $$every --set basis=legitimate_interest --set page_id=100200300400500 && \
	load consent_onetrust $$every --set system=shopify --set basis=consent && \
	load segment $$every --set system=shopify --set basis=consent --set currency=EUR --set visits=app && \
	load access_log $$every --set basis=legitimate_interest --set visits=other --set mails=other && \
	load ga4_bigquery_export $$every --set system=shopify --set basis=consent --set currency=EUR --set visits=web
	@echo "$$ workbench run sources"; $(BIN)/workbench run sources
	@echo "Open $${WORKBENCH_REPORTS:-$(CURDIR)/reports}/site/index.html"

lab: install
	$(prepare)
	$(BIN)/workbench lab

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest --doctest-modules workbench
	$(BIN)/python -m pytest -n 2

test-slow: install
	$(BIN)/python -m pytest -n 2 -m slow

test-fast: install
	$(BIN)/python -m pytest -n 2 $(FAST)

bench: install
	$(BIN)/python tests/bench/bench.py

# holds models that learn from 200,000 customers against the best observer, nine minutes of CPU time
contest: install
	$(BIN)/python -m tests.truth.contest

# holds what verdicts and intervals claim against 100 worlds of each kind, two to three hours of CPU time
claims: install
	$(BIN)/python -m tests.truth.claims

realism: install
	$(BIN)/python -m tests.realism.realism
	@if test -d reports/runs; then $(BIN)/workbench site; fi

# the JSON schemas of records, after a change of their models
schemas: install
	$(BIN)/python -m tests.repository.write_schemas

lock:
	$(BIN)/uv pip compile pyproject.toml --extra lab --extra test --extra cluster --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements.lock

clean:
	rm -rf .workbench reports/runs reports/site synthetic/worlds
