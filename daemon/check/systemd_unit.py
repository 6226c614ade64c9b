"""What systemd knows of the service and of its own watchdog, from systemctl."""

import os
import shlex
import subprocess
from collections import defaultdict
from collections.abc import Mapping, MutableMapping

from outcry.daemon.service.restart_backoff import NOT_ARMED

SERVICE = "outcry.service"
ASK_LIMIT_S = 10.0
_OF_SERVICE = (
    "LoadState,ActiveState,SubState,UnitFileState,WatchdogUSec,Environment,NRestarts,"
    "StatusText,MainPID"
)
_OF_SYSTEM = "RuntimeWatchdogUSec"
_NO_TIME = ("", "0", "infinity")


class Unit:
    """A service as systemd knows it; not there where systemd does not run."""

    def __init__(self, of_service: Mapping[str, str], of_system: Mapping[str, str]) -> None:
        of = defaultdict(str, of_service)
        self.is_there = of["LoadState"] == "loaded"
        active, sub = of["ActiveState"], of["SubState"]
        self.state = f"{active} ({sub})" if active == "activating" else active
        """Such as ``active``, ``inactive``, ``failed`` or ``activating (auto-restart)``."""
        self.starts_at_boot = of["UnitFileState"].startswith(("enabled", "static"))
        self.restarts = int(of["NRestarts"] or 0)
        """How often systemd had to restart it since it was last started by hand."""
        self.refusal = of["StatusText"].partition(f"{NOT_ARMED}: ")[2]
        """Why its last start was refused, in its own words; empty if it was not."""
        self.process = of["MainPID"]
        """The number of its process; 0 or empty: none."""
        self.watchdog = _span(of["WatchdogUSec"])
        """``WatchdogSec=`` as systemd writes it, such as ``30s``; empty: none."""
        self.system_watchdog = _span(of_system.get("RuntimeWatchdogUSec", ""))
        """``RuntimeWatchdogSec=`` likewise: how long the board's watchdog waits for systemd."""
        self._environment = of["Environment"]

    def lend(self, environment: MutableMapping[str, str]) -> None:
        """Set the unit's variables where they are not set: the pins must be the service's."""
        for word in shlex.split(self._environment):
            name, _, value = word.partition("=")
            environment.setdefault(name, value)


def ask() -> Unit:
    """Ask systemd; without it there is no unit."""
    return Unit(_show(SERVICE, _OF_SERVICE), _show(None, _OF_SYSTEM))


def _show(name: str | None, properties: str) -> dict[str, str]:
    command = ["systemctl", "show", *([name] if name else []), f"--property={properties}"]
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
