"""A pytest plugin: a run without slow tests does not even read the modules that have no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

# Says of a module that each of its tests is slow.
_SLOW_AS_A_WHOLE = re.compile(r"^pytestmark = .*(?:\n[ \])].*)*?mark\.slow\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Spares a run without slow tests the modules that have no other, and what they import."""
    if config.option.markexpr != "not slow" or not collection_path.match("test_*.py"):
        return None
    return True if _SLOW_AS_A_WHOLE.search(collection_path.read_text(encoding="utf-8")) else None
