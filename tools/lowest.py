"""Prints the lowest version of each library that setup.cfg allows, as constraints for pip.

With ``--libraries`` those that ``make lowest`` needs, as requirements.
"""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path

_LOWEST = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,]+\])?>=(?P<version>[\w.]+)")


def constraints(setup: str) -> list[str]:
    """A line for each library that this setup.cfg asks for with a lower bound."""
    return sorted(
        {
            f"{found['name']}=={found['version']}"
            for found in map(_LOWEST.match, _asked(setup, None))
            if found
        }
    )


def libraries(setup: str) -> list[str]:
    """A line for each library of the wearable and of the extra ``lowest``."""
    return [line for line in _asked(setup, "lowest") if line and not line.startswith("#")]


def _asked(setup: str, extra: str | None) -> list[str]:
    """The lines of what is always installed and of this extra, or of all."""
    read = configparser.ConfigParser()
    read.read_string(setup)
    extras = read["options.extras_require"]
    lists = extras.values() if extra is None else [extras[extra]]
    return "\n".join([read["options"]["install_requires"], *lists]).splitlines()


if __name__ == "__main__":
    printed = libraries if "--libraries" in sys.argv else constraints
    print("\n".join(printed((Path(__file__).parents[1] / "setup.cfg").read_text())))
