"""docs/journal.md: every entry of the wearable's journal, from daemon/journal.py and the catalog."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from outcry.daemon.journal import Entry

ROOT = Path(__file__).parents[1]
CATALOG = ROOT / "systemd" / "outcry.catalog"
PAGE = ROOT / "docs" / "journal.md"

_HEAD = """# The wearable's journal

Made from `daemon/journal.py` and `systemd/outcry.catalog` by `make docs`; do not edit. On the device
`journalctl -x -u outcry` shows these texts beside the lines, and `outcry log` the lines alone.

Every line is of one of the kinds below, and its `MESSAGE_ID` never changes. The fields: `OUTCRY_ALARM`
the alarm's id, `OUTCRY_STATE` its state, `OUTCRY_PATH` data or sms, `OUTCRY_RECIPIENT` HQ or a contact
by place in the list, `OUTCRY_COUNT` a report's number or the modem's code. No line holds a position, a
number, a name or a key. Lines without `MESSAGE_ID` are systemd's, or the modem's steps with `--verbose`.

```sh
journalctl -u outcry MESSAGE_ID=33b40041de2a407bbe630ccb892c2a75
```

"""


def catalog() -> dict[str, tuple[str, str]]:
    """MESSAGE_ID to subject and text."""
    found = {}
    for part in re.split(r"^-- ", CATALOG.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, text = part.partition("\n\n")
        lines = head.splitlines()
        headers = dict(line.split(": ", 1) for line in lines[1:])
        found[lines[0]] = (headers["Subject"], text.strip())
    return found


def page() -> str:
    """The whole page."""
    texts = catalog()
    parts = []
    for entry in Entry:
        subject, text = texts[entry.message_id]
        _, level, sentence = entry.value
        parts += [
            f"## {_plain(subject)}",
            f"`{sentence}`",
            f"{logging.getLevelName(level).lower()}, `MESSAGE_ID={entry.message_id}`",
            _plain(text),
        ]
    return _HEAD + "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """The text where there is no entry to take the fields from."""
    text = text.replace("@OUTCRY_RECIPIENT@", "a recipient").replace("@OUTCRY_STATE@", "in a state")
    return text.replace("--alarm @OUTCRY_ALARM@", "--alarm ID").replace(" @OUTCRY_ALARM@", "")
