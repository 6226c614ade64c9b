"""Telling of an unforeseen error without its words, which may hold a number or a place."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb


def describe(error: BaseException) -> str:
    """The error's type and where it arose: ``KeyError at workflow.py:210``."""
    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "responder" in frame.filename] or list(frames)
    if not ours:
        return type(error).__name__
    return f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"
