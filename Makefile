# kbgate: `make demo`, `make test`, `make up`, `make down`. Everything is made inside .venv and var/.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
RUNTIME := $(CURDIR)/var
PORT ?= 8080

export PATH := $(BIN):$(PATH)
# Variables are stronger than the settings file, so a file of your own says itself where its artifacts go.
ifndef KBGATE_CONFIG
export KBGATE_ARTIFACT_ROOT ?= $(RUNTIME)/artifacts
endif
export AIRFLOW_HOME ?= $(RUNTIME)/airflow
export AIRFLOW__CORE__DAGS_FOLDER := $(CURDIR)/dags
export AIRFLOW__CORE__PLUGINS_FOLDER := $(CURDIR)/plugins
export AIRFLOW__CORE__LOAD_EXAMPLES := False
export AIRFLOW__CORE__EXECUTOR := LocalExecutor
export AIRFLOW__CORE__PARALLELISM := 3
export AIRFLOW__CORE__EXECUTION_API_SERVER_URL := http://127.0.0.1:$(PORT)/execution/
export AIRFLOW__API__HOST := 127.0.0.1
export AIRFLOW__API__PORT := $(PORT)
export AIRFLOW__API__BASE_URL := http://127.0.0.1:$(PORT)
export AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME := 0.1
export AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL := 1
export AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION := True
export TOKENIZERS_PARALLELISM := true

.PHONY: help install demo test lint up down benchmark picture clean

help:
	@echo "make demo   install and watch three ingests: two promoted, the incident batch blocked"
	@echo "make test   install and run every test"
	@echo "make up     start Airflow on http://127.0.0.1:$(PORT); make down ends it"
	@echo "make lint   ruff and mypy"
	@echo "make benchmark   speed and memory, as ratios"
	@echo "make picture     draw docs/report.png from what make demo left (needs chromium)"

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[postgres,test]'
	touch $@

install: $(VENV)/installed

demo: install
	umask 077 && $(BIN)/python -m kbgate.sample.demo

# Two workers share the cores; threads of the libraries inside each would only wait for one another.
test: export OMP_NUM_THREADS = 1
test: install
	$(BIN)/python -m pytest

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

up: install
	umask 077 && $(BIN)/python -m kbgate.local_airflow up

down:
	$(BIN)/python -m kbgate.local_airflow down

benchmark: install
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

picture: install
	PYTHONPATH=tests $(BIN)/python tests/e2e/report_picture.py

clean:
	rm -rf $(VENV) var build dist
