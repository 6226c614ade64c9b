"""Three alarms as release 0.1.0 has written them: every kind of event is among theirs."""

from __future__ import annotations

import json
from pathlib import Path

HISTORIES = json.loads(Path(__file__).with_name("histories_as_written.json").read_text())
LINES = [line for file in HISTORIES for line in file["history"]]
