"""What a hand on the motor counts: the edges of its pin, read as the patterns that they were."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

# (pulses, whether the first was long): daemon/touch/haptics.py plays them so.
_MEANINGS = {(1, True): "raised", (2, False): "HQ has it", (3, True): "a person has it"}
_LONG_S = 0.35  # midway between the 0.2 s and the 0.5 s that are played
_BETWEEN_S = 0.55  # midway: at most 0.3 s within a pattern, at least 0.8 s between two


def patterns(edges: Sequence[tuple[float, bool]]) -> Iterator[tuple[float, str]]:
    """Each pattern with a meaning: when it began, and what it says.

    ``edges``: seconds, and whether the motor was switched on, in order.
    """
    groups: list[list[tuple[float, float]]] = []
    for (on_at, on), (off_at, off) in itertools.pairwise(edges):
        if not on or off:
            continue
        if groups and on_at - groups[-1][-1][1] < _BETWEEN_S:
            groups[-1].append((on_at, off_at))
        else:
            groups.append([(on_at, off_at)])
    for group in groups:
        began, ended = group[0]
        meaning = _MEANINGS.get((len(group), ended - began > _LONG_S))
        if meaning:
            yield began, meaning
