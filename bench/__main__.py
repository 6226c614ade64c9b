"""``make bench``: a line a figure; exit 0 if every one holds, 1 if one is short, 2 if unknown."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence

from bench.figure import Figure, line, say
from bench.figures import FIGURES
from stage.stage import NotSeen, PartMissing


class UnknownFigure(Exception):
    """There is no figure of this name."""


def main(arguments: Sequence[str]) -> int:
    """Measure the figures named, or all; returns the exit code."""
    try:
        chosen = choose(arguments, FIGURES)
    except UnknownFigure as error:
        say(str(error))
        return 2
    return measure(chosen)


def choose(names: Sequence[str], figures: Sequence[Figure]) -> list[Figure]:
    """The figures of these names in the table's order, all if none is named.

    Raises :class:`UnknownFigure`.
    """
    known = {figure.name for figure in figures}
    strangers = [name for name in names if name not in known]
    if strangers:
        raise UnknownFigure(
            f"there is no figure {', '.join(strangers)}; there is {', '.join(sorted(known))}"
        )
    return [figure for figure in figures if not names or figure.name in names]


def measure(figures: Sequence[Figure]) -> int:
    """Print each figure's line as it is known; 0 if all hold, else 1."""
    lines = []
    for figure in figures:
        say(f"{figure.name} ...")
        value = None
        try:
            value = figure.measure()
        except (NotSeen, PartMissing, OSError, subprocess.SubprocessError) as error:
            say(f"{figure.name} was not measured: {error}")
        lines.append(line(figure, value))
        print(lines[-1], flush=True)
    return 0 if all(each.endswith("\tholds") for each in lines) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("stopped; every process is gone")
        sys.exit(130)
