"""Lets the tests read the reports the vectors were written from."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    "write_vectors", Path(__file__).parents[2] / "tools" / "write_vectors.py"
)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
REPORTS = _module.REPORTS
