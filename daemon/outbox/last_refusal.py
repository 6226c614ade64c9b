"""The code by which the last text was refused, kept over restarts of the service while that lasts."""

import re
from contextlib import suppress
from pathlib import Path

from outcry.daemon.outbox.private_files import write_whole
from outcry.hw.sms_errors import outlasts_a_start


class LastRefusal:
    """One file on the card with the code alone; ``code`` is what it says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.code = ""
        with suppress(OSError):
            found = path.read_bytes().decode("ascii", "replace")
            self.code = found if re.fullmatch("[0-9]{1,5}", found) else ""

    def keep(self, code: str) -> None:
        """Keep the code by which a text was refused, if it outlasts a start; empty: none is, or one left."""
        if code != self.code and (not code or outlasts_a_start(code)):
            with suppress(OSError):  # it is tried again; an alarm does not need it
                write_whole(self._path, code)
                self.code = code
