"""Secrets that systemd hands to the service alone (``LoadCredential=`` in the unit)."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

FOLDER = "CREDENTIALS_DIRECTORY"


def secret(
    name: str, environment: Mapping[str, str] = os.environ, encoding: str = "utf-8"
) -> str | None:
    """The secret of this name without its line end; ``None`` if there is none or it is empty.

    Raises ``OSError`` or ``UnicodeDecodeError`` if it is there and cannot be read.
    """
    if folder := environment.get(FOLDER):
        with suppress(FileNotFoundError):
            return Path(folder, name).read_text(encoding=encoding).strip() or None
    return None
