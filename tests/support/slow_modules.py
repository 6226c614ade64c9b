"""Modules of which each test is slow: a run of the quick ones need not even read them."""

import re

_ALL = re.compile(r"^pytestmark = .*(?:\n[ \])].*)*?mark\.slow\b", re.MULTILINE)


def is_slow(source: str) -> bool:
    """Whether this module's text says of all its tests that they are slow."""
    return _ALL.search(source) is not None
