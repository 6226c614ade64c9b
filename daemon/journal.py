"""What the daemon tells the readers of its journal.

An entry can carry an alarm's id, states, paths, counts and reasons from the code's own
enumerations; there is no way to hand it a position, a number, a name or a key.
"""

from collections.abc import Callable
from contextlib import suppress

from outcry.daemon.alarm.model import State
from outcry.journal_entry import JournalEntry, debug, error, info, warning

Fields = dict[str, str]
Sink = Callable[[int, str, Fields], None]

PART_FAULTS_MOST = 10  # on a screen; the journal has them all


class Entry(JournalEntry):
    STARTED = info("e9c547895a5a4c689b497bebeee871c8", "outcry {detail} starts")
    ARMED = info("6418a4d1accf40f0a5a21a06b5dfe367", "armed: the button is watched")
    NOT_ARMED = error(
        "dd8f491b20c14f4fada884293435261a", "NOT ARMED, nobody watches the button: {detail}"
    )
    NOT_LOCKED = warning(
        "96b5ec2dff21445a8415731c8b4e1dee", "its memory may be swapped out: {detail}"
    )
    NOT_LIMITED = warning(
        "e1f649f0a1c341ad818b0e83ff009a23",
        "the kernel does not keep it to the devices and addresses of its unit: it can open {detail}",
    )
    RESUMED = warning(
        "479ebd4315284531a443ded2e7d55d1e", "an alarm was open before the restart and continues"
    )
    HELD = warning("33b40041de2a407bbe630ccb892c2a75", "the button was held")
    STRAP = warning("c82d9115520c4493add825ff640c3c91", "the strap was opened")
    TAPPED = warning("c4028b59b8614d81bb2e580d03d3315d", "a code was tapped; HQ judges it")
    DRILL = warning("d1700ec9322e403ca947c385fd998ab7", "a drill has begun")
    DRILL_OVER = info("2c360f9ece91457894933cf4481e0033", "the drill is over: {detail}")
    SENSED = info("152e565e0422432e930f44f36f0181fe", "{detail}")
    STATE = info("b2ba576642834293909dc258d7614c1b", "now {state}: {detail}")
    SEALED = info("2eeeb74ccc3c4411bb6297e33fffa55b", "report {count} is {detail}")
    POSTING = info("e93456bcb7104b10b98b4a1bcdfff8f9", "report {count}: sending")
    RECEIPT = info("b9f26ccaa0b647e89e0bf629f8756bdc", "report {count}: {detail}")
    POST_FAILED = info(
        "84140a74527847b2841a339eeba70de7", "report {count} got no valid receipt: {detail}"
    )
    TEXT_OUT = info("36c3af3903b14ac1bc94438102404fa0", "{detail} to {recipient}: sending")
    TEXT_GIVEN = info(
        "7f1fafb382be4fa9b8c721bf990a5bac", "{detail} to {recipient}: accepted by the network"
    )
    TEXT_FAILED = warning(
        "e42f0340d36642cc8d835c822b36dc9c",
        "{detail} to {recipient}: not sent, will be tried again (modem code {count})",
    )
    TEXT_UNKNOWN = warning(
        "cbb1c7a4734345d58f3362404f554a0b", "{detail} to {recipient}: not known whether it was sent"
    )
    TEXT_REACHED = info("10ea60c629d745d4b44e44f172a5c222", "{detail} to {recipient}: delivered")
    TEXT_LOST = warning(
        "49ca1aa0194f4b749372ffca55a5663f",
        "{detail} to {recipient}: the network could not deliver it",
    )
    TEXT_UNREACHED = info(
        "12e1c3e5dda94bceafa78f3fcb2a2f6a",
        "{detail} to {recipient}: no delivery report, sending it once more",
    )
    BUDGET_SPENT = warning("4ede7f0d52fb4f5fb73029d0509caa68", "a day's budget is spent: {detail}")
    MODEM = info("3891b5f5a4b147c4b2ef51c27816e6a9", "modem: {detail}")
    DATA_PATH = info("550bbbfdd0b84a9f80234193fd886e15", "data path: {detail}")
    GPS = info("53f5680e02eb412b886b7e1e1b35dd65", "gps: {detail}")
    CARD_FAULT = error("ec0b7017b81247f08becbf95d4db8791", "{detail}; continuing in memory")
    PART_FAULT = error("6688bb93073c4682bbc98b9b2e83c593", "{detail}")
    INTERNAL = error(
        "02deb16d11b84a70b8f94c52cb545588", "a fault in Outcry itself, please report it: {detail}"
    )
    HEARTBEAT = debug("0e2c199365884198abfba2c9b495deae", "heartbeat: {detail}")
    STRANGE_SMS = info(
        "4e2c0ceafa004205965b0f032159fcdc",
        "an SMS that is not a receipt for this device was deleted unread",
    )
    STOPPING = info("aaad101ba5f342989e3d8afbd63a6a0f", "stopping: {detail}")


class Journal:
    """Turns entries into sentences and fields and hands them to the sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.part_faults: list[str] = []
        """What could not be used since the start, each once, for those who ask how the device is."""

    def tell(
        self,
        entry: Entry,
        *,
        alarm: int = 0,
        state: State | None = None,
        path: str = "",
        count: int | None = None,
        recipient: int | None = None,
        detail: str = "",
    ) -> None:
        """Write one entry. ``recipient`` 0 is HQ, others are contacts by their place in the list."""
        is_fault = entry in (Entry.PART_FAULT, Entry.INTERNAL)
        if is_fault and (fault := entry.sentence.format(detail=detail)) not in self.part_faults:
            self.part_faults = [*self.part_faults, fault][-PART_FAULTS_MOST:]
        told = {
            "alarm": f"{alarm:08x}" if alarm else None,
            "state": state.value if state else None,
            "path": path or None,
            "recipient": {None: None, 0: "HQ"}.get(recipient, f"contact {recipient}"),
            "count": None if count is None else str(count),
        }
        fields = {"MESSAGE_ID": entry.message_id}
        fields |= {f"OUTCRY_{name.upper()}": value for name, value in told.items() if value}
        with suppress(Exception):  # nobody is left to tell, and the alarm must not pay for it
            words = told | {"count": told["count"] or "?", "detail": detail}
            prefix = f"alarm {alarm:08x}: " if alarm else ""
            self._sink(entry.level, prefix + entry.sentence.format(**words), fields)
