"""The network's time (NITZ, 3GPP TS 22.042) as a SIM800 tells it once AT+CLTS=1 was said.

``*PSUTTZ`` is UTC and its zone changes nothing, ``+CCLK`` is local time with its zone in quarter
hours. In a public log the host's clock shows 16:04:19 at UTC+2 beside
``*PSUTTZ: 2024,7,24,14,4,19,"+8",1``, and ``+CCLK: "24/07/24,16:05:01+08"`` 42 s later.

A byte that the line loses is seen in ``+CCLK``, whose fields have two digits each, and not in
``*PSUTTZ``, whose 14 h may become 4: that needs a second witness.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime

QUARTER_S = 900
_PSUTTZ = re.compile(r"\*PSUTTZ: (\d{4}), ?(\d+), ?(\d+), ?(\d+), ?(\d+), ?(\d+),.*")
_CCLK = re.compile(r'"(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)"')
_UNSET_YEARS = (*range(25), *range(70, 100))  # a SIM800 starts in 2004, others in 1980 or 1970


class NetworkTime:
    """Unix seconds as the network told them; ``None`` for what nobody can vouch for.

    A clock that had a date before we looked may have kept it from an earlier boot, or from
    somebody's AT+CCLK=. One that had none and then has one got it from this network.
    """

    def __init__(self) -> None:
        self._was_unset = False

    def told(self, text: str) -> float | None:
        """What a ``*PSUTTZ`` says."""
        found = _PSUTTZ.fullmatch(text)
        return _unix(*map(int, found.groups())) if found else None

    def shown(self, answer: str) -> float | None:
        """What an answer to AT+CCLK? says of a clock that the network has set."""
        shown = self.read(answer)
        return shown if self._was_unset else None

    def read(self, answer: str) -> float | None:
        """What an answer to AT+CCLK? says, whoever has set that clock."""
        found = _CCLK.fullmatch(answer)
        if found is None:
            return None
        year, *rest, zone = map(int, found.groups())
        if year in _UNSET_YEARS:
            self._was_unset = True
            return None
        local = _unix(2000 + year, *rest)
        return None if local is None else local - zone * QUARTER_S


def _unix(*fields: int) -> float | None:
    with suppress(ValueError, OverflowError):
        year, month, day, hour, minute, second = fields
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    return None
