"""Fetches the real servers that tests and demo post to: ``python tools/peers.py [pds] [snac]``.

Kept under ``build/peers``. The PDS needs the extra ``peers``, snac a Debian with its keyring.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from stage.networks import peers

FETCH = {"pds": peers.fetch_pds, "snac": peers.fetch_snac}


def main(wanted: list[str]) -> None:
    for name in wanted or FETCH:
        FETCH[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
