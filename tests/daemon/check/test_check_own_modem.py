"""`outcry check` beside a stopped daemon: it has the modem to itself, and owes HQ and SIM the same."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from outcry.daemon.check import modem_access
from outcry.daemon.journal import Journal
from outcry.daemon.messages.identity import Identity
from outcry.daemon.service import judge
from outcry.daemon.service.findings import Result
from outcry.daemon.settings import read
from outcry.hw.modem import Condition, ModemSettings, ModemStatus, SaidPins
from outcry.report import Flag, decode
from outcry.responder.intake.opening import open_sealed
from simulation.world import ENROLMENT, HQ_PRIVATE_KEY


class StillModem:
    """A modem with a low battery whose SIM wants its PIN. It keeps what it is given."""

    start = stop = lambda *_: None

    def __init__(self, settings, *_):
        self.settings, self.posted = settings, []

    def status(self):
        return ModemStatus(state=Condition.SIM_PIN, reason=self.settings.no_pin, battery_mv=3300)

    def post(self, ref, body):
        self.posted.append(body)


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setattr(modem_access, "Modem", StillModem)
    settings = read(f'storage.state = "{tmp_path}"', tmp_path / "outcry.toml")
    with ExitStack() as life:

        def opened(kept=tmp_path / "said-pins", is_owner=True, pin="1234"):
            asked = ModemSettings(pin=pin, said_pins=SaidPins((tmp_path / "no" / "file", kept)))
            who, silent = Identity("Z", (), ENROLMENT), Journal(lambda *_: None)
            return modem_access.OwnModem(settings, asked, who, is_owner, life, silent)

        yield opened


def test_its_heartbeat_tells_what_is_wrong(own):
    modem = own()
    assert modem.beat() == ""
    (body,) = modem._modem.posted
    flags = decode(open_sealed(body, HQ_PRIVATE_KEY, ENROLMENT.psk)).flags
    assert flags & judge.TROUBLES == Flag(modem.facts()["marks"]) == Flag.BATTERY_LOW


def test_where_nothing_can_be_sealed_it_says_so_and_goes_on(own):
    modem, hq = own(), replace(ENROLMENT.hq, public_key=bytes(32))
    modem._who = Identity("Z", (), replace(ENROLMENT, hq=hq))
    assert modem.beat() == judge.NO_SEAL.words
    assert modem._modem.posted == []


def test_a_pin_whose_saying_can_be_kept_is_said(own):
    assert own()._modem.settings.pin == "1234"


@pytest.mark.parametrize("is_owner", [True, False])
def test_a_pin_whose_saying_cannot_be_kept_is_not_said(own, tmp_path, is_owner):
    modem = own(tmp_path / "away" / "said-pins") if is_owner else own(is_owner=False, pin=None)
    assert modem._modem.settings.pin is None
    sim = next(each for each in judge.reach(modem.facts()) if each.name == "sim")
    assert sim.result is Result.UNKNOWN
    assert "not said" in sim.words
    assert "sudo" in sim.remedy
