# The book's commands.  `make` alone lists them.  Everything happens in .venv, which the first command creates.

# The Python that creates .venv: `make test PYTHON=python3.13`.
PYTHON ?= python3
# One chapter instead of all: `make execute CHAPTER=gaussian`.
CHAPTER ?=
# How many tests run at a time: `make test JOBS=1`.
JOBS ?= auto
# How to measure: `make bench OPTIONS="--minutes 2 --results /tmp/results"`.
OPTIONS ?=
PORT ?= 8000

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
BENCH := _build/bench/Scripts
PEERS := _build/peers/Scripts
else
BIN := .venv/bin
BENCH := _build/bench/bin
PEERS := _build/peers/bin
endif
READY := .venv/ready
HTML := _build/html

.PHONY: help book test check lab mutants serve execute format lock links bench rosetta assignments clean

## help: list the commands
help:
	@sed -n 's/^## \([a-z]*\): /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

## book: build the site, cold and strict, and say where to open it
book: $(READY)
	@rm -rf $(HTML) _build/.doctrees _build/.jupyter_cache  # Sphinx re-uses what it finds there: only a cold build is honest
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo "The book is ready: open $(CURDIR)/$(HTML)/index.html, or run make serve."

## test: style, unit tests, doctests, the book's own rules, and every notebook re-executed and compared
test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest -n $(JOBS) --dist loadfile

## mutants: change each step of each derivation in every way that is a mistake; the engine must refuse them all
mutants: $(READY)
	$(BIN)/pytest -m mutants -n $(JOBS) --dist loadfile tests/test_mutation.py

## check: the book's own rules alone, in a second
check: $(READY)
	$(BIN)/python tools/check.py

## lab: open the chapters in JupyterLab
lab: $(READY)
	$(BIN)/jupyter lab chapters

## serve: show the built site at http://127.0.0.1:8000 (PORT=…)
serve: $(READY)
	@test -f $(HTML)/index.html || { echo "There is no site yet: run make book first."; exit 1; }
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory $(HTML)

## execute: re-execute the notebooks and normalise them (CHAPTER=gaussian for one)
execute: $(READY)
	$(BIN)/python tools/execute.py $(CHAPTER)

## format: bring code, notebooks included, into the house style
format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python tools/execute.py --normalise

## lock: compile requirements.in into requirements.txt (UPGRADE=1 for the newest versions)
lock: $(READY)
	$(BIN)/python tools/lock.py $(if $(UPGRADE),--upgrade)

## links: try every link of the book (needs the network)
links: $(READY)
	$(BIN)/jupyter-book build . --builder linkcheck

## bench: speed, memory and accuracy side by side with other libraries, in about ten minutes
bench: $(READY)
	@test -x $(BENCH)/python || $(BIN)/python -m venv _build/bench  # large libraries: an environment of their own
	$(BENCH)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt -e .
	$(BENCH)/python benchmarks/run.py $(OPTIONS)

## rosetta: run every call of the Rosetta stone in six other libraries (WRITE=1 to write the page anew)
rosetta: _build/peers/ready
	$(if $(WRITE),$(PEERS)/python peers/write.py)
	$(PEERS)/python -m pytest -c peers/pytest.ini --rootdir peers --confcutdir peers peers

## assignments: make the students' versions of the assignments, which are pages of the book
assignments: $(READY)
	@for source in $(wildcard assignments/source/*/*.ipynb); do \
	  $(BIN)/python -m grader release $$source assignments/release/$$(basename $$source) || exit 1; \
	  echo "assignments/release/$$(basename $$source)"; \
	done

## clean: remove everything that was built, .venv included
clean:
	rm -rf _build .venv build dist node_modules lossbook.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, renewed when the pinned versions change.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) tools/environment.py .venv
	@touch $@

# The libraries of the Rosetta stone, which are large: an environment of their own.
_build/peers/ready: peers/requirements.txt pyproject.toml | $(READY)
	@test -x $(PEERS)/python || $(BIN)/python -m venv _build/peers
	$(PEERS)/python -m pip install --quiet --disable-pip-version-check -r peers/requirements.txt -e .
	@touch $@
