# `make demo` and `make test` need python3 and make only: they set up the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup check test chaos surroundings image demo bench schemas-generate lock clean

setup: $(READY)

$(READY): requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $(READY)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/ccas-connector schemas export --check

# Most of the suite waits: for a broker that starts, a fault that lasts, a job that is put off. It starts hundreds of
# processes: each would compile the project anew where the environment says that nothing compiled is to be kept.
test: $(READY)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

chaos: $(READY)
	$(BIN)/python -m tests.chaos

# What workers stand on fails over, under load: a cluster of brokers, a database, a shared state.
surroundings: $(READY)
	$(BIN)/python -m tests.surroundings

# The image of deploy/image, built without a registry, started without a privilege and looked at. Needs root.
image: $(READY)
	$(BIN)/python -m tests.image

demo: $(READY)
	$(BIN)/ccas-connector demo

bench: $(READY)
	$(BIN)/python -m tests.bench

# Classes in Java, C# and TypeScript of the published schemas, compiled and tried with every kind of message.
schemas-generate: $(READY)
	$(BIN)/python -m tests.generated

LOCK := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header

# What runs in production, and the same with what develops it: a production install brings no linter.
# And what builds the package, for the image: pip takes hashes from a lock alone.
lock:
	$(LOCK) --output-file requirements.lock pyproject.toml
	$(LOCK) --all-extras --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	$(LOCK) --only-build-deps --build-deps-for wheel --constraint requirements-dev.lock --output-file deploy/image/requirements-build.txt pyproject.toml
	$(LOCK) --output-file tests/generated/requirements.txt tests/generated/requirements.in

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
