"""The promised figures, measured: ``python -m bench`` (design, section 9)."""
