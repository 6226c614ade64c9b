"""docs/journal.md: every entry of both journals, from the code's own lists and the catalogs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from pathlib import Path

from outcry.daemon.journal import Entry
from outcry.journal_entry import JournalEntry
from outcry.responder.journal import Entry as HqEntry

ROOT = Path(__file__).parents[1]
CATALOG = ROOT / "systemd" / "outcry.catalog"
HQ_CATALOG = ROOT / "systemd" / "outcry-responder.catalog"
PAGE = ROOT / "docs" / "journal.md"

_HEAD = """# What the journals say

Made from `daemon/journal.py`, `responder/journal.py` and the catalogs in `systemd/` by `make docs`; do not
edit. The wearable's entries come first, then [HQ's](journal.md#at-hq). On each machine `-x` shows these texts beside
the lines; `outcry log` shows the wearable's lines alone.

Every line is of one of the kinds below, and its `MESSAGE_ID` never changes. The fields: `OUTCRY_ALARM`
the alarm's id, `OUTCRY_STATE` its state, `OUTCRY_PATH` data or sms, `OUTCRY_RECIPIENT` HQ or a contact
by place in the list, `OUTCRY_COUNT` a report's number or the modem's code. No line holds a position, a
number, a name or a key. Lines without `MESSAGE_ID` are systemd's, or the modem's steps with `--verbose`.

```sh
journalctl -u outcry MESSAGE_ID=33b40041de2a407bbe630ccb892c2a75
```

## On the wearable

"""
_AT_HQ = """## At HQ

`journalctl -x -u outcry-responder` shows these texts beside the lines. HQ numbers its alarms from 1; that
number, in `OUTCRY_ALARM`, is another than the device's.

"""


def catalog(file: Path = CATALOG) -> dict[str, tuple[str, str]]:
    """MESSAGE_ID to subject and text."""
    found = {}
    for part in re.split(r"^-- ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, text = part.partition("\n\n")
        lines = head.splitlines()
        headers = dict(line.split(": ", 1) for line in lines[1:])
        found[lines[0]] = (headers["Subject"], text.strip())
    return found


def page() -> str:
    """The whole page."""
    return _HEAD + _entries(Entry, CATALOG) + "\n" + _AT_HQ + _entries(HqEntry, HQ_CATALOG)


def _entries(entries: Iterable[JournalEntry], file: Path) -> str:
    texts = catalog(file)
    return "\n".join(_described(entry, *texts[entry.message_id]) for entry in entries)


def _described(entry: JournalEntry, subject: str, text: str) -> str:
    sentence = re.sub(r"{(\w+):\w+}", r"{\1}", entry.sentence)
    shown = [f"`{sentence}`"] if sentence else []
    kind = f"{logging.getLevelName(entry.level).lower()}, " if entry.level else ""
    id_ = f"{kind}`MESSAGE_ID={entry.message_id}`"
    return "\n\n".join([f"### {_plain(subject)}", *shown, id_, _plain(text)]) + "\n"


def _plain(text: str) -> str:
    """The text where there is no entry to take the fields from."""
    text = text.replace("@OUTCRY_RECIPIENT@", "a recipient").replace("@OUTCRY_STATE@", "in a state")
    return text.replace("--alarm @OUTCRY_ALARM@", "--alarm ID").replace(" @OUTCRY_ALARM@", "")
