"""What systemd knows of the service and of its own watchdog, from systemctl."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import MutableMapping

SERVICE = "outcry.service"
ASK_LIMIT_S = 10.0
_OF_SERVICE = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "WatchdogUSec",
    "Environment",
    "NRestarts",
)
_OF_SYSTEM = ("RuntimeWatchdogUSec",)
_NO_TIME = ("", "0", "infinity")


class Unit:
    """The properties of a service; none where systemd does not run."""

    def __init__(self, properties: dict[str, str], system: dict[str, str]) -> None:
        self._properties = properties
        self._system = system

    @property
    def is_there(self) -> bool:
        """Whether systemd runs and has this service's unit."""
        return self._properties.get("LoadState") == "loaded"

    @property
    def state(self) -> str:
        """Such as ``active``, ``inactive``, ``failed`` or ``activating (auto-restart)``."""
        active, sub = self._properties.get("ActiveState", ""), self._properties.get("SubState", "")
        return f"{active} ({sub})" if active == "activating" else active

    @property
    def starts_at_boot(self) -> bool:
        """Whether it is enabled."""
        return self._properties.get("UnitFileState", "").startswith(("enabled", "static"))

    @property
    def restarts(self) -> int:
        """How often systemd had to restart it since it was last started by hand."""
        return int(self._properties.get("NRestarts") or 0)

    @property
    def watchdog(self) -> str:
        """``WatchdogSec=`` as systemd writes it, such as ``30s``; empty: none."""
        return _span(self._properties.get("WatchdogUSec", ""))

    @property
    def system_watchdog(self) -> str:
        """``RuntimeWatchdogSec=`` likewise: how long the board's watchdog waits for systemd."""
        return _span(self._system.get("RuntimeWatchdogUSec", ""))

    def lend(self, environment: MutableMapping[str, str]) -> None:
        """Set the unit's variables where they are not set: the pins must be the service's."""
        for word in shlex.split(self._properties.get("Environment", "")):
            name, _, value = word.partition("=")
            environment.setdefault(name, value)


def ask() -> Unit:
    """Ask systemd; without it there is no unit."""
    return Unit(_show(SERVICE, _OF_SERVICE), _show(None, _OF_SYSTEM))


def _show(name: str | None, properties: tuple[str, ...]) -> dict[str, str]:
    command = ["systemctl", "show", *([name] if name else []), f"--property={','.join(properties)}"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASK_LIMIT_S,
            env=os.environ | {"LC_ALL": "C"},
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def _span(value: str) -> str:
    return "" if value in _NO_TIME else value
