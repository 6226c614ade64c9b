"""docs/journal.md: every entry of both journals, from the code's own lists and the catalogs."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from outcry.daemon.journal import Entry
from outcry.responder.service.journal import Entry as HqEntry

ROOT = Path(__file__).parents[1]
CATALOG = ROOT / "systemd" / "outcry.catalog"
HQ_CATALOG = ROOT / "systemd" / "outcry-responder.catalog"
PAGE = ROOT / "docs" / "journal.md"

_HEAD = """# What the journals say

Made from `daemon/journal.py`, `responder/service/journal.py` and the catalogs in `systemd/` by `make docs`; do not
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
number, in `OUTCRY_ALARM`, is another than the device's. `%s` and `%d` stand for what a line fills in.

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
    parts = []
    for entry in Entry:
        _, level, sentence = entry.value
        kind = logging.getLevelName(level).lower()
        parts += _entry(catalog(), entry.message_id, sentence, f"{kind}, ")
    hq = []
    for at_hq in HqEntry:
        hq += _entry(catalog(HQ_CATALOG), at_hq.message_id, at_hq.value[1], "")
    return _HEAD + "\n\n".join(parts) + "\n\n" + _AT_HQ + "\n\n".join(hq) + "\n"


def _entry(texts: dict[str, tuple[str, str]], id_: str, sentence: str, kind: str) -> list[str]:
    subject, text = texts[id_]
    shown = [f"`{sentence}`"] if sentence else []
    return [f"### {_plain(subject)}", *shown, f"{kind}`MESSAGE_ID={id_}`", _plain(text)]


def _plain(text: str) -> str:
    """The text where there is no entry to take the fields from."""
    text = text.replace("@OUTCRY_RECIPIENT@", "a recipient").replace("@OUTCRY_STATE@", "in a state")
    return text.replace("--alarm @OUTCRY_ALARM@", "--alarm ID").replace(" @OUTCRY_ALARM@", "")
