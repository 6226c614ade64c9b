"""The bench's hand on the simulated board: through its control socket, without a process a move.

A command of ``outcry-board`` costs a tenth of a second of the processor that
is being measured.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from outcry.hw.board import meeting
from outcry.hw.board.process.arguments import BUTTON_PIN
from stage.stage import NotSeen

HOLD_S = 1.5  # config/outcry.toml: button.hold_seconds
HELD_FOR_S = HOLD_S + 0.1  # a hand lets go a little later
MOTOR_PIN = 18
_ANSWER_S = 10.0


class Hand:
    """Acts on the board of one stage. Each call returns when the board has answered."""

    def __init__(self, board: Path) -> None:
        self._board = board

    def hold(self) -> float:
        """Close the button and stay on it; when (monotonic) the hold will be long enough."""
        return float(self._ask(do="hold", pin=BUTTON_PIN)["t"]) + HOLD_S

    def release(self) -> None:
        """Let go of the button."""
        self._ask(do="release", pin=BUTTON_PIN)

    def press(self) -> None:
        """Hold for just long enough, and let go."""
        valid_at = self.hold()
        time.sleep(valid_at + HELD_FOR_S - HOLD_S - time.monotonic())
        self.release()

    def gprs(self, how: str, old_only: bool = False) -> None:
        """Let the wearer's data path fail in this way; see ``outcry-board gprs --help``."""
        self._ask(do="gprs", modem="wearer", how=how, old_only=old_only)

    def mutes(self) -> None:
        """Let the wearer's modem neither hear nor answer, from now on."""
        self._ask(do="mute", modem="wearer", on=True)

    def resets(self) -> None:
        """Restart the wearer's modem."""
        self._ask(do="reset", modem="wearer")

    def _ask(self, **request: object) -> dict[str, Any]:
        with meeting.connected(self._board, _ANSWER_S) as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline() or b"{}")
        if not answer.get("ok"):
            raise NotSeen(f"the board refused {request['do']}: {answer.get('error')}")
        return answer
