# Everything a newcomer types. `make` shows this list; each target installs what it needs itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest
PIP_INSTALL := bin/python -m pip install -q --disable-pip-version-check
# A module's tests stay together. What the slow ones do most is wait, so three share a core.
SHARED := -n $(shell echo $$((3 * $$(nproc)))) --dist loadfile --no-loadscope-reorder
ARGS ?=
# Some images set it; then each of the many processes that the tests start compiles everything.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo check lint test lowest nightly peers bench deb docs site pictures format clean
.NOTPARALLEL:

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

demo: $(VENV)/ready-demo  ## press to post, live: once over GPRS, once by SMS with GPRS dead
	$(BIN)/python -m demo $(ARGS)

check: lint  ## ruff, mypy and the quick tests: under a minute
	$(BIN)/python -m pytest -q -n auto -m "not slow" $(ARGS)

lint: $(VENV)/ready-check  ## ruff and mypy alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/release_check.py

test: $(VENV)/ready-test  ## every test there is: some twenty minutes
	OUTCRY_MAKE_TEST=1 $(BIN)/python -m pytest $(SHARED) $(ARGS)

lowest: $(LOWEST)/ready  ## the wearable's quick tests, and its pins', on the oldest libraries setup.cfg allows
	$(LOWEST)/bin/python -m pytest -q -n auto -m "not slow" tests/daemon tests/hw tests/outcry $(ARGS)
	$(LOWEST)/bin/python -m pytest -q -m slow tests/hw/test_button_and_vibration.py $(ARGS)

nightly: $(VENV)/ready-test  ## every test, with the long campaigns in full: hours
	OUTCRY_CAMPAIGNS=full OUTCRY_MAKE_TEST=1 $(BIN)/python -m pytest $(SHARED) --timeout 7200 $(ARGS)

peers: $(VENV)/ready-peers  ## fetch real servers to post to, for demo and test: Bluesky's PDS and snac, 600 MB
	$(BIN)/python tools/peers.py

bench: $(VENV)/ready-bench  ## the promised figures: name, value, unit, bound, holds or short
	@$(BIN)/python -m bench $(ARGS)

deb: $(VENV)/ready-deb  ## the Debian packages, into dist/: the wearable's and the responder's
	tools/make-deb $(BIN)/python

docs: $(VENV)/ready-demo  ## write the pages that are generated from code
	$(BIN)/python -m tools.write_docs

site: $(VENV)/ready-site  ## all guides as a site that works offline, into build/site
	$(BIN)/python tools/build_site.py

pictures: $(VENV)/ready-pictures  ## write the docs' screenshots of the pages, in a real browser
	OUTCRY_PICTURES=1 $(BIN)/python -m pytest -q tests/responder/stories/test_*in_the_browser.py -k docs_pictures

format: $(VENV)/ready-check  ## let ruff lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove what these targets made
	rm -rf $(VENV) $(LOWEST) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# One environment for all; each target adds the Debian packages and the extra of setup.cfg that bear
# its name. What the tests need has in it what these need:
WITHIN_test := demo check bench deb pictures site
AND_test := ,systemd
AND_bench := ,systemd
$(VENV)/ready-%: setup.cfg pyproject.toml tools/system-packages
	tools/system-packages $*
	test -e $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(VENV)/$(PIP_INSTALL) -e '.[$*$(AND_$*)]'
	touch $(patsubst %,$(VENV)/ready-%,$* $(WITHIN_$*))

$(LOWEST)/ready: $(LOWEST)/libraries
	$(LOWEST)/$(PIP_INSTALL) --no-deps -e .
	touch $@

# Apart from Outcry itself, which only one pip at a time may prepare: CI fetches them meanwhile.
# gpiozero 1.6.2 finds its pin factories through pkg_resources, which setuptools 81 dropped.
$(LOWEST)/libraries: setup.cfg pyproject.toml tools/lowest.py tools/system-packages
	tools/system-packages lowest
	$(PYTHON) -m venv --clear $(LOWEST)
	$(PYTHON) tools/lowest.py > $(LOWEST)/constraints
	$(PYTHON) tools/lowest.py --libraries > $@.txt
	$(LOWEST)/$(PIP_INSTALL) -c $(LOWEST)/constraints -r $@.txt 'setuptools<81'
	touch $@
