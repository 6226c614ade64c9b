"""Telling of an unforeseen error without its words, which may hold a number or a place."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

_HERE = str(Path(__file__).parent)


def describe(error: BaseException) -> str:
    """The error's type and where it arose: ``KeyError at workflow.py:210``."""
    name = type(error).__name__
    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_HERE)]
    if not ours:
        return name
    return f"{name} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"
