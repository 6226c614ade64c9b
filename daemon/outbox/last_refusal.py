"""The code by which the last text was refused, kept over restarts of the service while that lasts."""

import re
from contextlib import suppress
from pathlib import Path

from outcry.daemon.outbox.private_files import write_whole
from outcry.hw.sms_errors import is_the_operators


class LastRefusal:
    """One file on the card with the code alone; ``code`` is what it says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.code = ""
        with suppress(OSError):
            found = path.read_bytes().decode("ascii", "replace")
            self.code = found if re.fullmatch("[0-9]{1,5}", found) else ""

    def keep(self, code: str) -> None:
        """Keep this code as the modem tells it, if the operator alone ends it; empty: a text left."""
        if code != self.code and (not code or is_the_operators(code)):
            with suppress(OSError):  # it is tried again; an alarm does not need it
                write_whole(self._path, code)
                self.code = code
