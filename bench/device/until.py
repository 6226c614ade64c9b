"""``outcry`` up to a moment of its start: ``python until.py armed|ready ARGUMENTS OF outcry``.

The process ends at once when that moment has come, so that an instruction
counter around it stops there too. Nothing else differs from the console script.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def end_when_armed() -> None:
    """End when the button is complete: pin claimed, handlers set, looked at once."""
    from outcry.hw.switch import Button

    end_after(Button, "__init__")


def end_when_ready() -> None:
    """End when the service manager has been told READY=1."""
    from outcry.daemon.service.systemd import Service

    end_after(Service, "ready")


def end_after(owner: type, name: str) -> None:
    """Let this method do its work, and then end the process."""
    whole = getattr(owner, name)

    def last(*arguments: Any) -> None:
        whole(*arguments)
        os._exit(0)

    setattr(owner, name, last)


if __name__ == "__main__":
    {"armed": end_when_armed, "ready": end_when_ready}[sys.argv.pop(1)]()
    from outcry.daemon.cli.main import main

    sys.exit(main())
