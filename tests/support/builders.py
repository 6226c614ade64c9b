"""What tests are made of, each with what is said least often left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from outcry.settings_file import as_toml

HQ_MODEM = {"port": "/dev/ttyUSB0", "number": "+447700900002"}


def settings_text(**sections: Mapping[str, object]) -> str:
    """A settings file's text: ``settings_text(gps={"port": 9})``."""
    lines = []
    for name, keys in sections.items():
        lines += [f"[{name}]", *(f"{key} = {as_toml(value)}" for key, value in keys.items())]
    return "\n".join((*lines, ""))


def device_config(folder: Path, **sections: Mapping[str, object]) -> Path:
    """A wearable's settings file in ``folder``, which also holds its files."""
    storage = {"state": str(folder / "state"), "runtime": str(folder / "run")}
    path = folder / "outcry.toml"
    path.write_text(settings_text(**({"storage": storage} | sections)), encoding="utf-8")
    return path


def hq_config(
    folder: Path, directory: Path | None = None, **sections: Mapping[str, object]
) -> Path:
    """HQ's settings file in ``folder``, and its state in ``directory`` or below the file."""
    state = {"directory": str(directory or folder / "state")}
    path = folder / "responder.toml"
    path.write_text(settings_text(state=state, **sections), encoding="utf-8")
    return path
