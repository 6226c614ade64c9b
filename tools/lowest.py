"""Prints the lowest version of each library that setup.cfg allows, as constraints for pip."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

_LOWEST = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,]+\])?>=(?P<version>[\w.]+)")


def constraints(setup: str) -> list[str]:
    """A line for each library that this setup.cfg asks for with a lower bound."""
    read = configparser.ConfigParser()
    read.read_string(setup)
    lists = [read["options"]["install_requires"], *read["options.extras_require"].values()]
    asked = "\n".join(lists).splitlines()
    return sorted(
        {f"{found['name']}=={found['version']}" for found in map(_LOWEST.match, asked) if found}
    )


if __name__ == "__main__":
    print("\n".join(constraints((Path(__file__).parents[1] / "setup.cfg").read_text())))
