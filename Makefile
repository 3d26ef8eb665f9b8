# Every target does its own set-up in .venv; nothing is needed beforehand but Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS := --disable-pip-version-check --quiet

.PHONY: quickstart test check install install-test clean

quickstart: $(VENV)/.installed
	$(BIN)/designer run configs/quickstart.yaml

# Four processes on two cores, as some tests wait for a batch system, a browser or another process. The modules that take
# longest begin first, and each stays whole, so that what its tests share is made once. Tests start hundreds of programs: what they import is
# compiled before, also where Python is told to write no bytecode.
test: $(VENV)/.installed-test
	$(BIN)/python -m compileall -q designer generators mdcore surrogates tests
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

install: $(VENV)/.installed

install-test: $(VENV)/.installed-test

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install $(PIP_FLAGS) -c constraints.txt -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/pip install $(PIP_FLAGS) -c constraints.txt -e '.[test]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
