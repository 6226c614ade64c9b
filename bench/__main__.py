"""``make bench``: a line a figure, for all or for those named.

Exits with 0 if each holds or needs a part that cannot be had here, with 1 if one is short or
broken, with 2 if a name is unknown. ``--smallest``: as little of each as it takes.
"""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Sequence

from bench.figure import Figure, Verdict, line, say
from bench.figures import FIGURES
from stage.stage import NotSeen, PartMissing


class UnknownFigure(Exception):
    """There is no figure of this name."""


def main(arguments: Sequence[str]) -> int:
    """Measure the figures named, or all; returns the exit code."""
    smallest = "--smallest" in arguments
    try:
        chosen = choose([word for word in arguments if word != "--smallest"], FIGURES)
    except UnknownFigure as error:
        say(str(error))
        return 2
    return measure(chosen, smallest)


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


def measure(figures: Sequence[Figure], smallest: bool = False) -> int:
    """Print each figure's line as it is known; one that breaks is a line, and not the end."""
    verdicts = set()
    for figure in figures:
        say(f"{figure.name} ...")
        value, verdict = measured(figure, smallest)
        verdicts.add(verdict)
        print(line(figure, value, verdict), flush=True)
    return 0 if verdicts <= {"holds", "absent"} else 1


def measured(figure: Figure, smallest: bool) -> tuple[float | None, Verdict]:
    """A figure's value, None if there is none, and what is to be said of it."""
    try:
        value = figure.measured(smallest)
    except PartMissing as error:
        say(f"{figure.name} cannot be measured here: {error}")
        return None, "absent"
    except NotSeen as error:
        say(f"{figure.name} was not measured: {error}")
    except Exception:  # noqa: BLE001  # whatever it is, the other figures are still wanted
        say(f"{figure.name} was not measured:\n{traceback.format_exc()}")
    else:
        return value, figure.verdict(value)
    return None, "broken"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("stopped; every process is gone")
        sys.exit(130)
