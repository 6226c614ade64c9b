"""From a modem that answers AT to one that can carry texts: echo off, SIM, settings."""

import logging
import re
from collections.abc import Callable
from enum import Enum

from outcry.hw.modem.errors import ModemSilent, RestartDue
from outcry.hw.modem.events import Condition
from outcry.hw.modem.ladder import RUNGS, Failure, Rung
from outcry.hw.modem.link import Link
from outcry.hw.modem.radio import REGISTRATION, STATES
from outcry.hw.modem.recovery import Recovery
from outcry.hw.modem.settings import ModemSettings
from outcry.hw.modem.texts import Texts
from outcry.hw.said_pins import REFUSED, SAID, TAKEN

log = logging.getLogger("outcry.modem")

CFUN_LIMIT_S = 10.0  # manual p.96
TEXTS_READY_LIMIT_S = 60.0  # SMS Ready: 8-20 s after power-on as a rule
PIN_IN_NEED_S = 30.0  # for a SIM that may want its PIN: without that nothing leaves at all
READY_IN_NEED_S = 8.0  # and then an alarm goes on, by data or by a text all the same
SIM_LOOK_S = 1.0  # while the SIM is busy
SIM_SAYS_LIMIT_S = 60.0  # for a modem that answers neither AT+CPIN? nor AT+CREG?
LOOKS_SKIPPED = 20  # after which even a question that crashes the modem is asked again
SIM_WAIT_S = 10.0  # while only a person can help
TRIES_UNTOUCHED = 3  # left on a SIM whose PIN was right the last time
TRIES_FOR_ANOTHER = 2  # left for another PIN than the refused one; the last is never used up
UNPROVED = "the SIM does not say whether the PIN is right"
SAYINGS = 2  # with no answer known: the third try is never used up
TAKEN_S = 10.0  # from the OK to a PIN to READY; a SIM takes 1 s as a rule
SURELY_S = 30.0  # belief: from the OK to READY no SIM takes longer
SURELY_IN_NEED_S = 20.0  # and then a restart that was for nothing costs less than waiting

CME_NO_SIM = (10, 13, 15)  # absent, failed, wrong
CME_PIN, CME_PUK, CME_BUSY = 11, 12, 14
NUMBER = re.compile(r'(?:\+CCID: )?"?(\d{17,19}[\dFf])"?')  # as AT+CCID's whole line
REFUSALS = (CME_PUK, 16)  # 27.007 section 9.2.1; any other error may be noise, and counts as none


class Pin(Enum):
    """What is known of the PIN in the settings."""

    UNSAID = "not said yet"
    SAID = "said, with no answer"
    TAKEN = "taken, SIM not yet ready"
    DOUBTED = "taken, and wanted still: the OK was another command's, or the SIM is slow"
    RIGHT = "proved right"


class Starting:
    """Remembers over restarts of the modem whether the PIN may be said.

    A third wrong PIN locks the SIM. So that no restart, of the modem or the process, gets there,
    what came of each is kept on the card before it is said: one that was refused is not said again,
    one whose answer was lost once more; so is one that got OK for nothing, after a restart.
    AT+SPIC, where the modem knows it, must tell of all tries left. Another SIM, told apart by its
    number, may have another PIN. In each run one has its try, because many may be one that is misread.
    """

    def __init__(
        self,
        settings: ModemSettings,
        texts: Texts,
        clock: Callable[[], float],
        wait: Callable[[Link, float], None],
        report: Callable[[Condition, str], None],
        recovery: Recovery,
    ) -> None:
        """``wait`` lets seconds pass while everything that arrives is dealt with."""
        self._settings = settings
        self._texts = texts
        self._clock = clock
        self._wait = wait
        self._report = report
        self._recovery = recovery
        self._pin = Pin.UNSAID
        self._taken_at = 0.0
        self._doubts = 0  # of its PIN since it was proved, or since the modem restarted by itself
        self._restarting = self._restarted_for_pin = False
        self._sim = ""  # the number of the SIM to which it was said
        self._number = ""  # of the SIM that is in the modem, where known
        self._other = ""  # of the one to which it was said though another had refused it
        self._never_ready = False
        self._looks = 0
        self.says = ""
        """What was amiss with the SIM when the start went on without it."""
        self._began = clock()

    def run(self, link: Link) -> None:
        """Bring the modem up; returns when it can take texts, however long the SIM takes."""
        self._began = self._clock()
        self._texts.forget()
        self._number = ""
        if not self._restarting:  # a SIM that was slow before is no sign of an OK for nothing
            self._doubts = 0
        self._restarting = False
        if self._pin is not Pin.RIGHT:  # the modem went under before its SIM was ready
            self._pin = Pin.UNSAID
        link.guarded = True
        link.echo_expected = not link.command("ATE0", idle=True).done
        link.command("AT+CMEE=1", idle=True)
        functionality = link.command("AT+CFUN?", CFUN_LIMIT_S, asked="+CFUN: ", idle=True)
        if functionality.value("+CFUN") not in (None, "1"):
            self._radio_on(link)
        pause_s = self._sim_wants(link)  # at once: a SIM with a PIN gets no network before that
        # CBATCHK=1 would switch it off below 3.4 V, for a dip of a moment and for good.
        # CLTS=1, as early as can be: the network tells the time when the modem registers.
        for command in ("AT+CBATCHK=0", "AT+CLTS=1"):
            link.command(command, idle=True)
        while pause_s > 0:
            self._wait(link, pause_s)
            pause_s = self._sim_wants(link)
        link.command("AT+CREG=2", idle=True)
        link.command("AT+CENG=1,1", idle=True)
        self._await_texts(link)

    def _radio_on(self, link: Link) -> None:
        rung = self._recovery.next(Failure.RADIO_OFF).rung
        if rung is Rung.RADIO:
            for command in RUNGS[rung].commands:
                link.command(command, RUNGS[rung].limit_s, vital=True)

    def _sim_wants(self, link: Link) -> float:
        """One look at the SIM, every other with its full 5 s (manual p.84): 0 if ready, else a pause."""
        self._looks += 1
        # A SIM that wants its PIN must be asked: at once if there is one to say, else at last.
        spared = self._settings.pin is None or link.quarantine.often("+CPIN")
        asked_again = self._looks % LOOKS_SKIPPED == 0 and not link.quarantine.spares("+CPIN")
        vital = not spared or asked_again
        reply = link.command("AT+CPIN?", asked="+CPIN: ", idle=self._looks % 2 > 0, vital=vital)
        wants = reply.value("+CPIN")
        self.says = ""
        if reply.done and wants == "READY":
            self._prove()
            return 0.0
        locked = wants == "SIM PIN" or reply.code == CME_PIN
        blocked = wants == "SIM PUK" or reply.code == CME_PUK
        absent = reply.code in CME_NO_SIM
        told = locked or blocked or absent
        if (self._texts.wanted or not told) and self._is_registered(link):
            log.warning("modem does not say that its SIM is ready, but the network has taken it")
            if not told:
                self._prove()
            return 0.0
        if locked:
            return self._unlock(link)
        if blocked:
            self._report(Condition.SIM_PUK, "its PIN was wrong too often, it wants its PUK")
        elif absent:
            self._number = ""  # the next one may be another
            words = "no SIM found; check that it is seated"
            if reply.code != CME_NO_SIM[0]:
                words = f"the SIM fails, or is of the wrong kind ({reply.final})"
            self._report(Condition.SIM_ABSENT, words)
        elif self._clock() >= self._silent_sim_until():
            self.says = f"the SIM does not get ready ({wants or reply.final or 'no word'})"
            log.warning("modem: %s; going on", self.says)
            return 0.0
        else:
            self._report(Condition.STARTING, "the SIM is not ready yet")
            return SIM_LOOK_S
        return SIM_WAIT_S

    def _prove(self) -> None:
        """The SIM is open: a PIN that was said is right."""
        if self._pin in (Pin.SAID, Pin.TAKEN, Pin.DOUBTED):
            self._pin, self._doubts, self._restarted_for_pin = Pin.RIGHT, 0, False
            self._settings.said_pins.add(TAKEN, self._settings.pin or "", self._sim)

    def _silent_sim_until(self) -> float:
        """When a SIM of which nothing is known is taken for ready: a busy one takes seconds."""
        in_need_s = READY_IN_NEED_S if self._settings.pin is None else PIN_IN_NEED_S
        return self._began + (in_need_s if self._texts.wanted else SIM_SAYS_LIMIT_S)

    def _is_registered(self, link: Link) -> bool:
        """Registered, which needs a SIM that is ready."""
        reply = link.command(REGISTRATION, asked="+CREG: ", idle=True)
        fields = (reply.value("+CREG") or "").split(",")
        return len(fields) > 1 and STATES.get(fields[1].strip(), Condition.SEARCHING).registered

    def _unlock(self, link: Link) -> float:
        pin, said_pins = self._settings.pin, self._settings.said_pins
        if pin is None:
            self._report(Condition.SIM_PIN, self._settings.no_pin)
            return SIM_WAIT_S
        if self._pin is Pin.TAKEN:
            if self._clock() - self._taken_at < TAKEN_S:
                self._report(Condition.STARTING, "the SIM is not ready yet")
                return SIM_LOOK_S
            self._pin = Pin.DOUBTED
            self._doubts += 1
            if len(said_pins.of(pin, self._sim)) < SAYINGS:
                said_pins.add(SAID, pin, self._sim)
        number = self._number = self._number or self._sims_number(link, pin)
        said, is_refused = said_pins.of(pin, number), REFUSED in said_pins.of(pin, "")
        if REFUSED in said or (is_refused and self._other not in ("", number)):
            who = "the" if REFUSED in said else "another"
            self._report(Condition.SIM_PIN, f"{who} SIM has refused the PIN; it is not tried again")
            return SIM_WAIT_S
        is_doubted = self._pin is Pin.DOUBTED
        if not self._may_say_pin(link, len(said)):
            surely_s = SURELY_IN_NEED_S if self._texts.wanted else SURELY_S
            if is_doubted and len(said) < SAYINGS and self._clock() - self._taken_at >= surely_s:
                self._restart()
            wants = "the SIM wants a PIN, and there is none left to try"
            self._report(Condition.SIM_PIN, UNPROVED if is_doubted else wants)
            return SIM_LOOK_S if is_doubted else SIM_WAIT_S
        is_proved = number != "" and (self._pin, self._sim) == (Pin.RIGHT, number)
        if is_refused:
            self._other = number
        counts = not is_proved and len(said) < SAYINGS
        if counts:
            said_pins.add(SAID, pin, number)
        if not is_proved:
            self._pin, self._sim = Pin.SAID, number
        reply = link.command(f'AT+CPIN="{pin}"', vital=True)
        if reply.done or reply.code == CME_BUSY:
            if counts and not (reply.done and self._doubts):  # this OK may be for nothing, too
                said_pins.take_back()
            if reply.done:  # no proof yet: what is kept of earlier ones stays until READY
                self._pin, self._taken_at = Pin.TAKEN, self._clock()
        elif reply.code not in REFUSALS:
            if is_proved:  # and doubted now: somebody may have changed it
                said_pins.add(SAID, pin, number)
                self._pin = Pin.SAID
            self._report(Condition.SIM_PIN, UNPROVED)
            return SIM_WAIT_S if said else SIM_LOOK_S
        else:  # remembered for this SIM, so another can have its try
            self._pin = Pin.UNSAID
            said_pins.add(REFUSED, pin, number)
            self._report(Condition.SIM_PIN, "the SIM refused the PIN; it is not tried again")
        return SIM_LOOK_S

    def _sims_number(self, link: Link, pin: str) -> str:
        """Empty if it is not known: a new one is believed when it is read the same twice."""
        number = _read_number(link)
        is_known = number in ("", self._sim) or self._settings.said_pins.knows(pin, number)
        return number if is_known or _read_number(link) == number else ""

    def _may_say_pin(self, link: Link, said: int) -> bool:
        reply = link.command("AT+SPIC", idle=True)
        tries = (reply.value("+SPIC") or "").partition(",")[0].strip()
        if tries.isdigit():
            if self._doubts > 1 and not self._restarted_for_pin:
                self._restart()
            is_another = not said and self._settings.said_pins.has_refusals()
            return int(tries) >= (TRIES_FOR_ANOTHER if is_another else TRIES_UNTOUCHED)
        if not reply.final:  # a PIN must not be said to a modem that has just gone deaf
            link.command("AT", idle=True)
        return said < SAYINGS and self._pin is not Pin.DOUBTED

    def _restart(self) -> None:
        """The modem has said OK to a PIN that its SIM never got: some do so until they restart."""
        self._restarting = self._restarted_for_pin = True
        raise RestartDue(self._recovery.next(Failure.PIN_UNPROVED), Failure.PIN_UNPROVED.value)

    def _await_texts(self, link: Link) -> None:
        began = self._clock()
        while True:
            ready = self._texts.ready(link)
            if ready and (self._texts.set_up(link) or self._texts.wanted):
                return
            spared = link.quarantine.spares_most if ready else link.quarantine.spares("+CMGF")
            if spared:
                return  # what is not said is not awaited
            waited_s = self._clock() - began
            if self._texts.wanted and (waited_s >= READY_IN_NEED_S or self._texts.takes):
                log.warning("modem does not get ready for texts; going on, an alarm is open")
                return
            if ready and waited_s >= TEXTS_READY_LIMIT_S / 2:
                log.warning("modem refuses some SMS settings; going on without them")
                return
            if waited_s >= TEXTS_READY_LIMIT_S:
                if self._never_ready:
                    log.warning("modem does not get ready for texts; going on for data alone")
                    return
                self._never_ready = True  # a restart may cure it; a second time data goes on
                raise ModemSilent("it does not get ready for texts")
            self._report(Condition.STARTING, "not ready for texts yet")
            self._wait(link, SIM_LOOK_S)


def _read_number(link: Link) -> str:
    reply = link.command("AT+CCID", idle=True)
    found = [match[1] for line in reply.lines if (match := NUMBER.fullmatch(line))]
    return found[0].rstrip("Ff") if reply.done and len(found) == 1 else ""
