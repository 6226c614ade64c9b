"""What a modem says of itself and its SIM: maker, model, version, numbers."""

from outcry.hw.board.modem.at import Command
from outcry.hw.board.modem.handler import Answer, Handler, forms, says
from outcry.hw.board.modem.part import Core, Part
from outcry.hw.board.modem.registration import OPERATOR

MAKER, MODEL, VERSION = "SIMCOM_Ltd", "SIMCOM_SIM800L", "Revision:1418B04SIM800L24"


class Identity(Part):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.handlers = {
            "I": _always("SIM800 R14.18"),
            **dict.fromkeys(("+CGMI", "+GMI"), _always(MAKER)),
            **dict.fromkeys(("+CGMM", "+GMM"), _always(MODEL)),
            **dict.fromkeys(("+CGMR", "+GMR"), _always(VERSION)),
            "+GSV": _always(MAKER, MODEL, VERSION),
            **dict.fromkeys(("+CGSN", "+GSN"), _always(self._options.imei)),
            "+CIMI": self._of_the_sim(self._options.imsi),
            "+CCID": self._of_the_sim(self._options.iccid),
            "+CSPN": self._of_the_sim(f'+CSPN: "{OPERATOR}",0'),
            "+CNUM": self._of_the_sim(),
            "+CPAS": _always("+CPAS: 0"),
            "+GCAP": _always("+GCAP: +CGSM"),
            "+CLCC": _always(),
            "+CHUP": _always(),
        }

    def _of_the_sim(self, *lines: str) -> Handler:
        def answer(command: Command) -> Answer:
            self._registration.sim.demand()  # belief: a locked SIM's number is refused, too
            return says(*lines)

        return forms("read run set", answer, test="")


def _always(*lines: str) -> Handler:
    return forms("read run set", lambda command: says(*lines), test="")
