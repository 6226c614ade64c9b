"""Why a text was refused: the modem's +CMS ERROR codes in words, each with what to do.

Codes below 128 are the network's (3GPP TS 24.011 annex E), 300 to 511 the modem's
(TS 27.005 3.2.5), 512 and above SIMCom's own (SIM800 manual p.334).
"""

_SIM = "seat the SIM in its holder: `outcry check`"
_PASSES = "this passes; it is tried again"
_NUMBER = "ask the contact for the right number"
_CREDIT = "the SIM has no credit or may not send texts: ask its operator"
_UNKNOWN = "Outcry does not know this code of the modem: ask its operator"
_CARD = "put the SIM into a phone and delete its texts"
_UNSAID = "it may have fallen silent or been restarted: `outcry check`"
_MODEM = "the modem is faulty: `outcry check`"

REFUSALS = {
    1: ("there is no such number", _NUMBER),
    8: ("the operator bars texts from this SIM", _CREDIT),
    10: ("the operator bars calls from this SIM", _CREDIT),
    21: ("the network rejects the text", _CREDIT),
    27: ("the number is out of service", _NUMBER),
    28: ("the network does not know the number", _NUMBER),
    29: ("the network rejects the service", _CREDIT),
    30: ("the network does not know this SIM", _CREDIT),
    38: ("the network is out of order", _PASSES),
    41: ("the network has a temporary fault", _PASSES),
    42: ("the network is congested", _PASSES),
    47: ("the network has no room", _PASSES),
    50: ("the SIM's subscription does not include texts", _CREDIT),
    69: ("the network does not offer this", _CREDIT),
    111: ("the network does not understand", _PASSES),
    208: ("the SIM's store is full", _CARD),
    302: ("the modem may not send now", _PASSES),
    304: ("the modem does not take the text's form", "report it: `outcry --version`"),
    310: ("there is no SIM", _SIM),
    311: ("the SIM wants its PIN", "write it into /etc/outcry/modem.pin, then restart outcry"),
    313: ("the SIM has failed", _SIM),
    314: ("the SIM is busy", _PASSES),
    315: ("the SIM is wrong", _SIM),
    316: ("the SIM wants its PUK", "put the SIM into a phone and enter it"),
    322: ("the SIM's store is full", _CARD),
    330: ("the SIM has no SMS centre", "put the SIM into a phone and set the SMS centre's number"),
    331: ("there is no network", _PASSES),
    332: ("the network did not answer in time", _PASSES),
    500: ("the modem gives no reason", _PASSES),
    513: ("the text is too long for the modem", "report it: `outcry --version`"),
    515: ("the modem's store has failed", _MODEM),
    521: ("the modem is not ready for texts", _PASSES),
    529: ("the operator allows no texts from this SIM", _CREDIT),
    530: ("the data path stands in the way", _PASSES),
    532: ("the SIM is being refreshed", _PASSES),
}


def told(code: str) -> tuple[str, str]:
    """A code as the journal has it, ``?`` if the modem gave none: in words, and what to do."""
    if code == "?":
        return "the modem gave no reason", _UNSAID
    unknown = f"code {code}", _UNKNOWN
    return REFUSALS.get(int(code), unknown) if code.isdecimal() else unknown


def lasts(code: str) -> bool:
    """Whether this keeps back texts to anybody until somebody does something about it."""
    return told(code)[1] not in (_NUMBER, _PASSES, _UNSAID)


def outlasts_a_start(code: str) -> bool:
    """Whether it lasts, and a SIM that is ready and has a centre does not disprove it."""
    return lasts(code) and code not in ("310", "311", "313", "315", "316", "330")


def is_of_the_number(code: int | str | None) -> bool:
    """Whether it says that the text's number is wrong, and by itself nothing of other numbers."""
    return told(str(code))[1] == _NUMBER
