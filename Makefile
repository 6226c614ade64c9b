# Everything a newcomer types. `make` shows this list; each target does its own set-up.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OLD_VENV := .venv-gpiozero-1.6
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check bench nightly deb docs site pictures format clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

demo: $(VENV)/ready  ## press to post, live: once over GPRS, once by SMS with GPRS dead
	$(BIN)/python -m demo $(ARGS)

test: $(VENV)/ready $(OLD_VENV)/ready  ## every test, on both supported gpiozero versions
	OUTCRY_MAKE_TEST=1 $(BIN)/python -m pytest $(ARGS)
	$(OLD_VENV)/bin/python -m pytest tests/hw/test_button_and_vibration.py tests/hw/test_*_at_the_pin.py tests/hw/board/pins/test_factory.py

peers: $(VENV)/ready  ## real servers to post to, for demo and test: Bluesky's PDS and snac, 600 MB
	tools/system-packages peers
	$(BIN)/python -m pip install -q -e '.[test,systemd,tools,peers]'
	$(BIN)/python tools/peers.py

check: $(VENV)/ready  ## ruff, mypy and the quick tests: under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/release_check.py
	$(BIN)/python -m pytest -q -n auto -m "not slow" $(ARGS)

bench: $(VENV)/ready  ## the promised figures: name, value, unit, bound, holds or short
	@$(BIN)/python -m bench $(ARGS)

nightly: $(VENV)/ready  ## every test with the long campaigns in full
	OUTCRY_CAMPAIGNS=full OUTCRY_MAKE_TEST=1 $(BIN)/python -m pytest --timeout 7200 $(ARGS)

deb: $(VENV)/ready  ## the Debian packages, into dist/: the wearable's and the responder's
	tools/make-deb $(BIN)/python

docs: $(VENV)/ready  ## write the pages that are generated from code
	$(BIN)/python -m tools.write_docs

site: $(VENV)/ready  ## all guides as a site that works offline, into build/site
	$(BIN)/python tools/build_site.py

pictures: $(VENV)/ready  ## write the docs' screenshots of the pages, in a real browser
	OUTCRY_PICTURES=1 $(BIN)/python -m pytest -q tests/responder/stories/test_in_the_browser.py -k docs_pictures

format: $(VENV)/ready  ## let ruff lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove what these targets made
	rm -rf $(VENV) $(OLD_VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/ready: setup.cfg pyproject.toml tools/system-packages
	tools/system-packages
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -e '.[test,systemd,tools]'
	touch $@

# gpiozero 1.6.2 is what Debian trixie ships; it finds its pin factories through pkg_resources.
$(OLD_VENV)/ready: setup.cfg $(VENV)/ready
	$(PYTHON) -m venv $(OLD_VENV)
	$(OLD_VENV)/bin/python -m pip install -q --upgrade pip
	$(OLD_VENV)/bin/python -m pip install -q -e '.[test]' 'gpiozero==1.6.2' 'setuptools<81'
	touch $@
