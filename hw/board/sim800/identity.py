"""What a modem says of itself and its SIM: maker, model, version, numbers, and the time."""

from datetime import datetime, timedelta

from outcry.hw.board.modem.at import Command, Refused
from outcry.hw.board.modem.handler import Answer, Handler, forms, says
from outcry.hw.board.modem.part import Core, Part
from outcry.hw.board.modem.registration import OPERATOR

MAKER, MODEL, VERSION = "SIMCOM_Ltd", "SIMCOM_SIM800L", "Revision:1418B04SIM800L24"
FIRST_DAY = datetime(2004, 1, 1)  # what the clock shows until it is set
_CLOCK = "%y/%m/%d,%H:%M:%S"


class Identity(Part):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        options = core.options
        self.restart()
        self.handlers = {
            "I": _always("SIM800 R14.18"),
            **dict.fromkeys(("+CGMI", "+GMI"), _always(MAKER)),
            **dict.fromkeys(("+CGMM", "+GMM"), _always(MODEL)),
            **dict.fromkeys(("+CGMR", "+GMR"), _always(VERSION)),
            "+GSV": _always(MAKER, MODEL, VERSION),
            **dict.fromkeys(("+CGSN", "+GSN"), _always(options.imei)),
            "+CIMI": self._of_the_sim(options.imsi),
            "+CCID": self._of_the_sim(options.iccid),
            "+CSPN": self._of_the_sim(f'+CSPN: "{OPERATOR}",0'),
            "+CNUM": self._of_the_sim(),
            "+CPAS": _always("+CPAS: 0"),
            "+GCAP": _always("+GCAP: +CGSM"),
            "+CLCC": _always(),
            "+CHUP": _always(),
            "+CCLK": forms("read run set", self._answer_cclk, test=""),
        }

    def restart(self) -> None:
        """Without a battery of its own the clock starts over."""
        self._set_at, self._shown, self._zone = self._context.now, FIRST_DAY, "+00"

    def _of_the_sim(self, *lines: str) -> Handler:
        def answer(command: Command) -> Answer:
            self._registration.sim.demand()  # belief: a locked SIM's number is refused, too
            return says(*lines)

        return forms("read run set", answer, test="")

    def _answer_cclk(self, command: Command) -> Answer:
        """The time as it was set, going on; the zone in quarter hours (manual p. 93)."""
        if command.form == "read":
            now = self._shown + timedelta(seconds=self._context.now - self._set_at)
            return says(f'+CCLK: "{now.strftime(_CLOCK)}{self._zone}"')
        text = command.text(0)
        try:
            shown, zone = datetime.strptime(text[:-3], _CLOCK), int(text[-3:])
        except ValueError:
            raise Refused from None
        self._shown, self._zone, self._set_at = shown, f"{zone:+03d}", self._context.now
        return says()


def _always(*lines: str) -> Handler:
    return forms("read run set", lambda command: says(*lines), test="")
