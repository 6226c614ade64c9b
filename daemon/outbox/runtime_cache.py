"""What a restart may keep and the card may not: last fix, texts' words, what is spent, the time.

The file is in the runtime directory (a tmpfs, ``/run/outcry``): it survives a
restart of the service, not a power cut. So a text whose outcome was lost can be
sent again with the same words, and nothing readable touches the card.
"""

import json
import logging
from pathlib import Path

from outcry.daemon.outbox.private_files import write_whole
from outcry.hw.gps import Fix
from outcry.hw.system_errors import told

log = logging.getLogger("outcry.memory")

Hours = dict[int, int]  # what was spent, by the hour of the clock
FIX_KEPT_EVERY_S = 30.0  # an idle device need not write each second's fix


class Memory:
    """The last fix, the texts, what is spent. Without the file no alarm is lost.

    ``now`` is seconds of the clock that fixes are dated by.
    """

    def __init__(self, path: Path, now: float) -> None:
        self._path = path
        self._kept_fix_at = float("-inf")
        self.fix: Fix | None = None
        self.worn = False
        """Whether the strap was worn when it was last seen."""
        self.texts: dict[int, str] = {}
        """Their words, by their ids; a power cut takes them."""
        self._spent: dict[str, Hours] = {}
        self.time: tuple[float, str] | None = None
        """The Unix time at which ``now`` was 0, and what told it."""
        try:
            self._read(now)
        except FileNotFoundError:
            pass  # the first start since power came on
        except Exception as error:  # noqa: BLE001 - whatever the file holds, the button is watched
            log.warning("what the restart should keep is unreadable: %s", told(error))

    def see(self, fix: Fix) -> bool:
        """Whether ``fix`` is now the last one: none replaces one that was taken later.

        gpsd repeats a silent receiver's place, and one whose age is not known may be as old.
        """
        if self.fix is not None and fix.taken_at < self.fix.taken_at:  # by our clock, never ahead
            return False
        self.fix = fix
        if fix.taken_at - self._kept_fix_at >= FIX_KEPT_EVERY_S:
            self._kept_fix_at = fix.taken_at
            self.keep()
        return True

    def remember_worn(self, worn: bool) -> None:
        """Remember whether the strap is worn: one opened during a restart is an alarm."""
        if worn is not self.worn:
            self.worn = worn
            self.keep()

    def remember_texts(self, texts: dict[int, str]) -> None:
        """Remember the words of texts, by their ids, until they are forgotten."""
        self.texts |= texts
        self.keep()

    def forget_texts(self, but: set[int]) -> None:
        """Forget the words of all texts but these: they are no longer needed."""
        if self.texts.keys() - but:
            self.texts = {id_: words for id_, words in self.texts.items() if id_ in but}
            self.keep()

    def spent(self, name: str) -> Hours:
        """What is spent of a budget; after a power cut nothing is."""
        return self._spent.get(name, {})

    def keep_spent(self, name: str, hours: Hours) -> None:
        self._spent[name] = hours
        self.keep()

    def remember_time(self, zero: float, source: str) -> None:
        """Remember the time, as ``time`` has it."""
        self.time = zero, source
        self.keep()

    def _read(self, now: float) -> None:
        kept = json.loads(self._path.read_text())
        self.texts = {int(id_): str(words) for id_, words in kept["texts"].items()}
        self.worn = kept.get("worn") is True
        self._spent = {
            str(name): {int(hour): int(amount) for hour, amount in hours.items()}
            for name, hours in kept.get("spent", {}).items()
        }
        if (time := kept.get("time")) is not None:
            self.time = float(time[0]), str(time[1])
        if kept["fix"] is None:
            return
        latitude, longitude, accuracy, taken_at = kept["fix"]
        accuracy_m = None if accuracy is None else float(accuracy)
        fix = Fix(float(latitude), float(longitude), accuracy_m, float(taken_at))
        # A clock that started again means another boot: the fix's age is not known.
        self.fix = fix if fix.taken_at <= now else None

    def keep(self) -> None:
        fix = self.fix
        kept = {
            "fix": fix and [fix.latitude, fix.longitude, fix.accuracy_m, fix.taken_at],
            "texts": self.texts,
            "worn": self.worn,
            "spent": self._spent,
            "time": self.time,
        }
        try:
            write_whole(self._path, json.dumps(kept))
        except OSError as error:
            log.warning("a restart would lose the last fix and texts: %s", told(error))
