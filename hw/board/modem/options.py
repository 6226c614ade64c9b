"""What differs from one modem to the next, and what is not verified on hardware."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """One modem's build. Where the manual and the field disagree, the harder case is the default.

    The identities are fictitious (test ranges).
    """

    imei: str = "001010123456780"
    imsi: str = "001010123456789"
    iccid: str = "89441000000000000018"
    service_centre: str = "+447700900999"  # empty: the SIM has none
    autobaud: bool = False  # AT+IPR=0: no RDY, +CFUN, +CPIN at power-on (manual p. 53)
    pin: str | None = None  # the SIM asks for it after power-on
    puk: str = "12345678"
    pin_tries: int | None = None  # left on the card; None: all three
    sim: bool = True
    sms_capacity: int = 20  # belief: messages the SIM holds
    me_storage: bool = False  # CPMS="ME": manual p. 121: yes; a SIM800L in a log: no
    escape_answers_ok: bool = True  # belief: ESC at a prompt is answered with OK
    serves_while_connecting: bool = True  # belief: other commands between OK and result of CIPSTART
    http_status_words: bool = True  # HTTPSTATUS shows GET (IP note) or 0 (manual p. 254)
    network_time: bool = True  # whether the operator sends the time (NITZ); not all do
    network_zone: int = 4  # its zone in quarter hours: 22 in India, 23 in Nepal
    restarts_after_close: bool = False  # belief: no CIPSTART from TCP CLOSED without CIPSHUT
