"""A contact without internet: their phone, HQ's simulated SIM800, and the real service."""

from __future__ import annotations

import re

import httpx
import pytest

from outcry.responder.cli.main import main
from tests.support.simulated_modem import SimulatedModem

pytestmark = pytest.mark.slow

BEN, STRANGER = "+447700900111", "+447700900199"
HQ = "+447700900002"


@pytest.fixture
def modem():
    with SimulatedModem(HQ) as simulated:
        yield simulated


def test_a_code_by_sms_and_a_pin_on_the_page_make_an_alarm_public(
    process, modem, world, wait_for, capsys
):
    service = process(modem.port)
    assert main(["codes", "print", "Ana", "--config", str(service.config)]) == 0
    codes = re.findall(r"\[ \] (\d{4} \d{4})", capsys.readouterr().out)
    message = world.device.message()
    httpx.post(f"{service.device_url}/v1/reports", content=message.sealed)
    (told,) = wait_for(lambda: modem.texts(BEN))
    assert told.text.endswith("1 (real), 2 (seen), 3 (do not know) or 4 (false).")
    modem.text(STRANGER, codes[0])
    modem.text(BEN, world.pins[0])
    modem.text(BEN, f"{codes[0]} 1")
    wait_for(lambda: len(modem.texts(BEN)) == 3)
    assert modem.texts(BEN)[2].text.startswith("Saved: it is real, make it public.")
    assert modem.texts(STRANGER) == []
    wait_for(lambda: "contact 1: CONFIRMED by SMS" in service.log.read_text())
    link = f"{service.people_url}/a/{message.text}/2"
    httpx.post(f"{link}/confirm", data={"pin": world.pins[1]})
    wait_for(lambda: "Ana raised an alarm" in httpx.get(service.people_url).text)
    log = service.log.read_text()
    assert "may be published, by quorum" in log
    assert not any(secret in log for secret in (codes[0], world.pins[0], BEN, STRANGER))
