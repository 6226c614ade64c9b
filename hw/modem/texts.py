"""Texts: AT+CMGS with three outcomes, delivery reports, and what comes in."""

import logging
import math
import re
import zlib
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from outcry.hw.modem import events
from outcry.hw.modem.jobs import JobQueue, TextJob
from outcry.hw.modem.lines import HEX, Reply, Urc
from outcry.hw.modem.link import Link

if TYPE_CHECKING:
    from outcry.hw.modem.pdu import Part

log = logging.getLogger("outcry.modem")

PROMPT_LIMIT_S = 5.0
PROMPTS = 2  # asked for before a text is given up for now
SEND_LIMIT_S = 61.0  # the modem may take 60 s (manual p.116)
# Most answers come within 6 s, and one that was lost must hold up nobody. Belief: AT does no harm
# to a text on its way; a SIM800 takes no command meanwhile, and CMGS is none that a byte aborts.
ASKED_AFTER_S = 15.0
CALLED_OFF_AFTER_S = 20.0  # and the text's own end may have been lost
LATE_TRIES = 3  # of AT after that: its answer may still be on the way
OK_LIMIT_S = 1.0  # after +CMGS: by then the text has left, with or without the OK
LIST_LIMIT_S = 20.0  # for a SIM full of texts
SET_UP_AGAIN_S = 60.0  # after the modem has refused some of it, or an alarm could not wait for it
READY_AGAIN_S = 1.0  # while an alarm is open or a text waits
SWEEP_S = 600.0  # after which a text is found whose +CMTI was lost
CENTRE_S = 55.0  # between looks whether texts have a centre, and are served at all
CENTRE_AGAIN_S = 25.0  # after one that was refused
MUTE_LOOKS = 2  # in a row, refused or not answered: a busy SIM is soon done
LISTED_AGAIN_S = 5.0  # after a list with a line that may have lost some of it
NO_PROMPT = "the prompt did not come"  # so nothing of it was handed over, and nothing has left
ATTEMPTS_MOST = 2  # for a text that has not left the modem
SETTINGS = ('AT+CPMS="SM","SM","SM"', 'AT+CSCS="GSM"', "AT+CNMI=2,1,0,1,0")
BEARER, BY_PACKETS = "+CGSMS", ("0", "2")  # kept for good (manual p.210): an earlier owner's choice
SERVICE_CENTRE = "AT+CSCA?"
TEXT_MODE, PDU_MODE = 'AT+CMGL="STO SENT"', "AT+CMGL=3"  # accepted in that mode (manual p.114)
NO_CENTRE = "330"  # 3GPP TS 27.005 section 3.2.5: as a text would be refused then

DOUBT_S = 5.0  # after an OK or an ERROR that may be another command's: +CMGS may follow
PARSED_S = 1.0  # no network answers that fast: so soon the modem itself has refused

_PROVEN = r"\+CMGS:.*|\+CMS ERROR: .*"
_SENT = rf"{_PROVEN}|OK|ERROR|\+CME ERROR: .*"
_LISTED = re.compile(r"\+CMGL: (\d+),(\d+),.*")
_ARRIVED = re.compile(r'\+CMTI: ".*",\s*(\d+)')


class Texts:
    """Sends and receives over the link it is given; remembers across restarts of the modem."""

    def __init__(
        self,
        jobs: JobQueue,
        emit: Callable[[events.ModemEvent], None],
        clock: Callable[[], float],
        on_stuck: Callable[[bool], bool],
        beside_data: Callable[[], bool] = lambda: False,
        texted_before: bool = False,
        refused_before: str = "",
    ) -> None:
        """``on_stuck`` is called when neither a text nor AT beside it is answered, with whether noise
        was heard; it may raise, and says whether to wait on.

        ``beside_data`` tells whether there is a connection, or one is being made;
        ``texted_before`` whether reports of texts of an earlier run may still come;
        ``refused_before`` is the code by which the last of those was refused.
        """
        from outcry.hw.modem import pdu  # late: this is the modem's own thread
        from outcry.hw.modem.delivery_reports import DeliveryReports

        self._pdu = pdu
        self._jobs = jobs
        self._emit = emit
        self._clock = clock
        self._on_stuck = on_stuck
        self._beside_data = beside_data
        self._given_at = 0.0
        self._late: TextJob | None = None
        self._reports = DeliveryReports(texted_before)
        self._to_read: deque[int] = deque()
        self.handed_on: dict[int, object] = {}  # by place on the SIM, until it may be deleted
        self._doubted: dict[int, str] = {}  # what was read there, and does not fit its length
        self._to_delete: deque[tuple[int, object]] = deque()  # other threads add to it
        self._sweep_at = self._set_up_at = self._centre_at = 0.0
        self._mute_looks = 0
        self.is_ready = True
        """Whether the modem has let itself be switched to PDU mode, when it was last told to."""
        self.takes = True
        """Whether a text is worth a try: it is in PDU mode, or refuses that though it is ready."""
        self.says_ready = False
        self.refused, self._foreseen = refused_before, ""

    def forget(self) -> None:
        """The modem starts; it may have another SIM."""
        self.handed_on.clear()
        self._mute_looks, self._centre_at = 0, 0.0
        self._reports.forget()
        self.says_ready = False

    def ready(self, link: Link) -> bool:
        """Switch to PDU mode; False while the modem refuses (before SMS Ready it does)."""
        self._set_up_at = 0.0
        # Left out, it may be in text mode: texts are refused then, or a PDU's digits sent as words.
        vital = link.quarantine.forgotten("+CMGF", refused=bool(self.refused))
        say = partial(link.command, "AT+CMGF=0", idle=True, vital=vital)
        self.is_ready = say().done
        self.takes = self.is_ready or (self.wanted and self._serves_texts(link))
        if self.takes and not self.is_ready:
            self.is_ready = say().done  # it has got ready between the two, or a byte was lost
        return self.is_ready

    def _serves_texts(self, link: Link) -> bool:
        """Whether the modem is ready for texts by another sign than that it is in PDU mode.

        Belief: AT+CSCA?, as all that has to do with texts, fails before SMS Ready.
        """
        if self.says_ready or link.quarantine.holds("+CSCA"):
            return self.says_ready
        return link.command(SERVICE_CENTRE, idle=True).done

    def _stays_in_text_mode(self, link: Link) -> bool:
        """Whether the digits of a PDU would go out as words, and the modem cannot be told better.

        It is told though it has hung in that: no text of it is of use before.
        """
        in_text_mode = (
            link.command(TEXT_MODE, idle=True).done
            and link.command(PDU_MODE, idle=True).outcome is events.Outcome.FAILED
        )
        if in_text_mode:
            vital = not link.quarantine.often("+CMGF")
            self.is_ready = link.command("AT+CMGF=0", vital=vital).done
        return in_text_mode and not self.is_ready

    def set_up(self, link: Link) -> bool:
        """Storage, alphabet and what is to be announced; whether all was accepted."""
        if not self.is_ready and not self.ready(link):
            self._set_up_at = self._clock() + (READY_AGAIN_S if self.wanted else SET_UP_AGAIN_S)
            return False
        # A modem that restarts over and over may do so for a list.
        can_wait = self.wanted and link.quarantine.spares_most
        self._sweep_at = min(self._sweep_at, self._clock() + SET_UP_AGAIN_S) if can_wait else 0.0
        if link.command(f"AT{BEARER}?", idle=True).value(BEARER) in BY_PACKETS:
            link.command(f"AT{BEARER}=1", idle=True)
        accepted = [link.command(setting, idle=True).done for setting in SETTINGS]
        # What was left out in quarantine is seen to by a start from the beginning; what is spared, in
        # a long alarm as well: answers to it come in by these.
        quarantine = link.quarantine
        is_seen_to = quarantine.retry_at < math.inf and not quarantine.spares("+CNMI")
        refused = not (all(accepted) or is_seen_to)
        self._set_up_at = self._clock() + SET_UP_AGAIN_S if refused else math.inf
        return all(accepted)

    @property
    def refusal(self) -> str:
        """The code by which the last text was refused, or the next will be; "?" where none came."""
        return self.refused or self._foreseen

    @property
    def is_mute(self) -> bool:
        """Whether the modem refuses what has to do with texts, though none has been tried."""
        return self._mute_looks >= MUTE_LOOKS

    @property
    def wanted(self) -> bool:
        """Whether an alarm is open or a text waits: no time for settings."""
        return self._jobs.in_need

    def send(self, link: Link, job: TextJob) -> events.SmsOutcome:
        """Send what is left of ``job``. A link error means: see ``interrupted``."""
        job.attempts += 1
        if not self.is_ready and self._stays_in_text_mode(link):
            self.refused = "?"
            return self._end(job, events.Outcome.FAILED, "the modem stays in text mode")
        if not job.parts:
            # Parts are put together by this number (3GPP TS 23.040 section 9.2.3.24.1). The second
            # half of other words must not complete a first half that left before, not even before
            # a restart; that of the same words may.
            concatenation = zlib.crc32(job.text.encode("utf-8", "replace")) % 256
            try:
                job.parts = self._pdu.encode(job.number, job.text, concatenation)
            except self._pdu.PduRefused as refusal:
                return self._end(job, events.Outcome.FAILED, str(refusal))
        for part in job.parts[len(job.references) :]:
            reply = self._hand_over(link, job, part)
            if not reply.final and not job.given:
                return self._end(job, events.Outcome.FAILED, NO_PROMPT)
            reply = self._evidence(link, job, reply)
            if not reply.final:
                return self._end(job, events.Outcome.UNKNOWN, "its answer was lost")
            if not reply.done:
                if job.given:
                    self._reports.refused(job.number)
                by_code = reply.final.startswith("+CMS ERROR: ") and reply.code is not None
                self.refused = str(reply.code) if by_code else "?"
                return self._end(job, events.Outcome.FAILED, "refused", reply.code)
            self._left(job, _reference(reply.final))
            job.given = False
            link.hold("OK", OK_LIMIT_S)
        return self._end(job, events.Outcome.DONE, "sent")

    def _evidence(self, link: Link, job: TextJob, reply: Reply) -> Reply:
        """What proves the outcome of the part that was handed over; without any, no final line."""
        if not job.given or re.fullmatch(_PROVEN, reply.final):
            return reply
        if reply.final and not reply.done and self._clock() - self._given_at < PARSED_S:
            # Beside a connection it may be that one's late end, and +CMGS is still to come.
            proof = link.hold(_PROVEN, DOUBT_S) if self._beside_data() else Reply("")
            return proof if proof.final else reply
        proof = link.hold(_PROVEN, DOUBT_S) if reply.final else self._ask_after(link)
        if not proof.final and (reported := self._reported_already(link, job)) is not None:
            return Reply(f"+CMGS: {reported}")
        return proof

    def _ask_after(self, link: Link) -> Reply:
        """Wait on for the answer, but no longer than the modem is busy: one that says OK is free."""
        reply = link.probe(_SENT, CALLED_OFF_AFTER_S - ASKED_AFTER_S, call_off=False)
        if not reply.final and self._on_stuck(link.heard_noise):
            left_s = self._given_at + SEND_LIMIT_S - self._clock()
            reply = link.probe(_SENT, left_s, call_off=True)
        link.attention(LATE_TRIES)  # what it has been asked twice it may answer twice
        return reply if re.fullmatch(_PROVEN, reply.final) else Reply("")

    def _reported_already(self, link: Link, job: TextJob) -> int | None:
        """This text's reference, if a delivery report has come for it: then it has left."""
        said = (self._pdu.decode(urc.body) for urc in link.urcs if urc.text.startswith("+CDS: "))
        reports = (each for each in said if isinstance(each, self._pdu.StatusReport))
        return self._reports.proof(reports, job.number)

    def _hand_over(self, link: Link, job: TextJob, part: "Part") -> Reply:
        """One AT+CMGS; two if the first prompt got lost, for then nothing has left."""
        for _ in range(PROMPTS):
            reply = link.with_prompt(
                f"AT+CMGS={part.length}",
                part.pdu.encode("ascii") + b"\x1a",
                lambda: self._given(job),
                prompt_limit_s=PROMPT_LIMIT_S,
                limit_s=ASKED_AFTER_S,
                ends=_SENT,
                asked="+CMGS: ",
            )
            if reply.final or job.given:
                break
            link.attention(tries=3)  # a silent modem never saw the command: the text stays
        return reply

    def interrupted(self, job: TextJob, reason: str) -> events.SmsOutcome | None:
        """The link broke off during ``job``. None: nothing has left, it stays in the queue."""
        if job.parts and len(job.references) == len(job.parts):
            return self._end(job, events.Outcome.DONE, "sent")
        if job.given:
            return self._end(job, events.Outcome.UNKNOWN, reason)
        if job.attempts >= ATTEMPTS_MOST:
            return self._end(job, events.Outcome.FAILED, reason)
        if not job.references:
            job.parts, job.begun = [], False
        return None

    def _given(self, job: TextJob) -> None:
        job.given = True
        self._reports.given()
        self._given_at = self._clock()
        self._late = None
        if len(job.references) + 1 == len(job.parts):
            self._emit(events.SmsLeaving(job.ref))

    def _left(self, job: TextJob, reference: int | None) -> None:
        """The modem says that a part has left."""
        job.references.append(reference)
        self._reports.left(reference)

    def _end(
        self, job: TextJob, outcome: events.Outcome, reason: str, code: int | None = None
    ) -> events.SmsOutcome:
        self._jobs.drop_text(job)
        if outcome is events.Outcome.DONE:
            self.is_ready = self.takes = True
            self.refused = self._foreseen = ""
            self._mute_looks = 0
        if outcome is not events.Outcome.DONE and job.given:
            self._late = job
        known = tuple(reference for reference in job.references if reference is not None)
        for reference in known:
            self._reports.awaits(reference, job.number, job.ref)
        with_code = "" if code is None else f", code {code}"
        log.info("text %s: %s (%s%s)", job.ref, outcome.value, reason, with_code)
        event = events.SmsOutcome(job.ref, outcome, known, code, reason)
        self._emit(event)
        return event

    # What the modem says of its own accord

    def take(self, urc: Urc) -> bool:
        """Whether ``urc`` was about texts; it is then dealt with or noted down."""
        if urc.text.startswith("+CMGS: "):
            self._answered_late(_reference(urc.text))
        elif urc.text.startswith(("+CDS: ", "+CMT: ")):
            self._hand_on(urc.body, lambda: None)
        elif arrived := _ARRIVED.fullmatch(urc.text):
            self._to_read.append(int(arrived[1]))
        else:
            if urc.text == "SMS Ready":
                self.says_ready = True
                if not self.is_ready:
                    self._set_up_at = 0.0
            return urc.text.startswith("+CMTI: ")
        return True

    def _answered_late(self, reference: int | None) -> None:
        job, self._late = self._late, None
        if job is None or len(job.references) + 1 < len(job.parts):
            return
        self._left(job, reference)
        self._jobs.drop_texts(job.ref)
        self._end(job, events.Outcome.DONE, "sent, answered late")

    def _hand_on(self, pdu: str, kept: Callable[[], None]) -> None:
        decoded = self._pdu.decode(pdu)
        if isinstance(decoded, self._pdu.Incoming):
            said = decoded.sender, decoded.text, kept, decoded.whole, decoded.sent_at
            self._emit(events.SmsReceived(*said))
            return
        kept()
        if not isinstance(decoded, self._pdu.StatusReport):
            log.info("an incoming PDU of %d digits makes no sense; dropped", len(pdu))
        elif (told := self._reports.told(decoded)) is not None:
            self._emit(events.SmsReport(*told))

    @property
    def unread(self) -> bool:
        """Whether ``tidy`` has something to do."""
        due = min(self._sweep_at, self._set_up_at)
        due_now = self._clock() >= due or self._looks_for_centre
        return bool(self._to_read or self._to_delete) or due_now

    @property
    def _looks_for_centre(self) -> bool:
        return not self.wanted and self._clock() >= self._centre_at

    def tidy(self, link: Link) -> None:
        """One short step: read a text, delete one that is kept, see to the settings, or look."""
        if self._to_read:
            self.read_one(link)
        elif self._to_delete:
            place, mark = self._to_delete.popleft()
            if self.handed_on.get(place) is mark:  # not another one that lies there since
                del self.handed_on[place]
                link.command(f"AT+CMGD={place}", idle=True)
        elif self._clock() >= self._set_up_at:
            self.set_up(link)
        elif self._clock() >= self._sweep_at:
            self._sweep_at = self._clock() + SWEEP_S
            self._sweep(link)
        else:
            self._look_for_centre(link)
            self._centre_at = self._clock() + (CENTRE_AGAIN_S if self._mute_looks else CENTRE_S)

    def read_one(self, link: Link) -> None:
        """Read the first that came in, which may be HQ's receipt; unread, it is looked for later."""
        if self._to_read:
            index = self._to_read.popleft()
            reply = link.command(f"AT+CMGR={index}", idle=True)
            if (reply.lines or not reply.done) and not self._take_in(index, *reply.lines[:2]):
                self._sweep_at = 0.0

    def _sweep(self, link: Link) -> None:
        """Take in all that lies on the SIM: a full one would receive no more."""
        listed: int | None = None
        above = ""
        for line in link.command("AT+CMGL=4", LIST_LIMIT_S, idle=True).lines:
            if header := _LISTED.fullmatch(line):
                listed = int(header[1])
                if listed in self._to_read:
                    self._to_read.remove(listed)
                above = line
            elif listed is not None:
                if not self._take_in(listed, above, line):
                    self._sweep_at = self._clock() + LISTED_AGAIN_S
                listed = None

    def _look_for_centre(self, link: Link) -> None:
        """Whether the SIM has a service centre, and is served: known before a text needs either."""
        if link.quarantine.holds("+CSCA"):
            return
        reply = link.command(SERVICE_CENTRE, idle=True)
        centre = reply.value("+CSCA")
        by_code = reply.final.startswith("+CMS ERROR: ") and reply.code is not None
        served = reply.done or not (by_code or self.wanted or self._refuses_pdu_mode(link))
        if self.wanted and not served:
            return  # it may have been given up for a text
        self._mute_looks = 0 if served else self._mute_looks + 1
        self._foreseen = str(reply.code) if by_code and self.is_mute else ""
        if centre is not None and centre.startswith('""'):
            self._foreseen = NO_CENTRE
        if centre and not self._foreseen and self.refused == NO_CENTRE:
            self.refused = ""  # it was given one since

    def _refuses_pdu_mode(self, link: Link) -> bool:
        """A second opinion: a modem that does not know AT+CSCA? may well serve texts."""
        if link.quarantine.holds("+CMGF"):
            return False
        return not link.command("AT+CMGF=0", idle=True).done

    def _take_in(self, index: int, header: str = "", pdu: str = "") -> bool:
        """Hand on what lies there, once; it is deleted when whoever has it has kept it.

        False if the line may have lost some of it: then it must be read again. What reads the same
        twice is taken as it is.
        """
        if index in self.handed_on:
            return True
        same = self._doubted.get(index) == pdu
        if not HEX.fullmatch(pdu) or not (same or _is_whole(header, pdu)):
            self._doubted[index] = pdu
            return same
        self._doubted.pop(index, None)
        mark = self.handed_on[index] = object()
        self._hand_on(pdu, partial(self._to_delete.append, (index, mark)))
        return True


def _is_whole(header: str, pdu: str) -> bool:
    """By its octets in ``+CMGR: <stat>,<alpha>,<length>``, the centre's number not counted
    (3GPP TS 27.005 section 3.1)."""
    octets = header.rpartition(",")[2].strip()
    return octets.isdecimal() and len(pdu) == 2 * (1 + int(pdu[:2], 16) + int(octets))


def _reference(final: str) -> int | None:
    """TP-MR of the part just sent, from ``+CMGS: <mr>[,<scts>]``; None where it got lost."""
    digits = final[6:].partition(",")[0].strip()
    return int(digits) % 256 if digits.isdecimal() else None
