"""HQ's own modem: the real notifier and modem owner on a simulated SIM800."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import httpx
import pytest
from builders import BEN, CLEO, DANA, WEARER

from outcry.envelope import from_text
from outcry.hw.board.modem.faults import Fault, Kind
from outcry.receipt import Status, verify
from outcry.responder.storage.store import DATABASE
from tests.support.simulated_modem import SimulatedModem

pytestmark = pytest.mark.slow

HQ = "+447700900002"


@pytest.fixture
def modem():
    with SimulatedModem(HQ) as simulated:
        yield simulated


def texts(modem, number):
    return [text.text for text in modem.texts(number)]


def post(service, message):
    answer = httpx.post(f"{service.device_url}/v1/reports", content=message.sealed)
    assert answer.status_code == 200


def test_contacts_are_texted_and_their_link_opens(process, modem, world, wait_for):
    service = process(modem.port)
    post(service, world.device.message())
    wait_for(lambda: texts(modem, DANA))
    for number in (BEN, CLEO, DANA):
        (text,) = texts(modem, number)
        assert text.startswith("ALARM from Ana")
        link = next(word for word in text.split() if word.startswith("http"))
        assert "<bdi>Ana</bdi> needs help" in httpx.get(link).text
        httpx.post(f"{link}/confirm", data={"pin": world.pins[(BEN, CLEO, DANA).index(number)]})
    wait_for(lambda: "Ana raised an alarm" in httpx.get(service.people_url).text)


def test_a_sealed_sms_comes_in_and_receipts_go_back(process, modem, world, wait_for):
    service = process(modem.port)
    message = world.device.message()
    modem.text(WEARER, message.text)
    (text,) = wait_for(lambda: texts(modem, WEARER))
    assert verify(from_text(text), message.report.token, message.header) is Status.STORED
    link = f"{service.people_url}/a/{message.text}/2"
    httpx.post(f"{link}/seen", data={"pin": world.pins[1]})
    _, text = wait_for(lambda: len(texts(modem, WEARER)) == 2 and texts(modem, WEARER))
    assert verify(from_text(text), message.report.token, message.header) is Status.ACKNOWLEDGED


def test_a_sealed_sms_that_cannot_be_written_down_survives_the_kill(
    process, modem, world, wait_for
):
    """Somebody's backup holds the database; HQ is killed before it lets go of it."""
    service = process(modem.port)
    with closing(sqlite3.connect(service.state / DATABASE)) as other:
        other.execute("BEGIN IMMEDIATE")
        message = world.device.message()
        modem.text(WEARER, message.text)
        wait_for(lambda: "sms: failed, and is tried again" in service.log.read_text())
        service.kill()
    service.start(wait_for)
    (text,) = wait_for(lambda: texts(modem, WEARER))
    assert verify(from_text(text), message.report.token, message.header) is Status.STORED


def test_every_other_sms_is_dropped_unanswered(process, modem, world, wait_for):
    service = process(modem.port)
    for words in ("STOP", "A" * 155, "a call from your bank, open http://x.example"):
        modem.text("+447700900666", words)
    wait_for(lambda: service.log.read_text().count("no report was dropped") == 3)
    message = world.device.message()
    modem.text(WEARER, message.text)
    wait_for(lambda: texts(modem, WEARER))
    assert texts(modem, "+447700900666") == []
    assert "bank" not in service.log.read_text()


def test_a_network_that_refuses_texts_for_a_while_delays_them(process, modem, world, wait_for):
    service = process(modem.port)
    modem.sms_fault(38)  # network out of order
    post(service, world.device.message())
    wait_for(lambda: service.log.read_text().count(": failed") >= 3)
    modem.sms_fault(None)
    wait_for(lambda: all(texts(modem, number) for number in (BEN, CLEO, DANA)))


def test_without_a_network_texts_wait_and_pages_work(process, modem, world, wait_for):
    modem.network(False)
    service = process(modem.port)
    message = world.device.message()
    post(service, message)
    link = f"{service.people_url}/a/{message.text}/1"
    for pin in world.pins[:2]:
        assert httpx.post(f"{link}/confirm", data={"pin": pin}).status_code == 200
    wait_for(lambda: "Ana raised" in httpx.get(service.people_url).text)
    assert texts(modem, BEN) == []
    modem.network(True)
    wait_for(lambda: texts(modem, DANA))


PARTS = 2  # SMS parts of each contact's text here


@pytest.mark.parametrize("contact", [0, 1, 2])
@pytest.mark.parametrize(("stage", "copies"), [("answer", 2), ("prompt", 1)])
def test_killed_while_a_text_leaves_it_is_sent_once_more_and_no_other(
    process, modem, world, wait_for, contact, stage, copies
):
    """The modem goes silent at this contact's last part: after it has left, or just before."""
    modem.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage=stage), skip=PARTS * contact + PARTS - 1)
    service = process(modem.port)
    message = world.device.message()
    post(service, message)
    numbers = (BEN, CLEO, DANA)
    wait_for(lambda: modem.commands().count("AT+CMGS") == PARTS * (contact + 1))
    if stage == "answer":
        wait_for(lambda: texts(modem, numbers[contact]))
    service.kill()
    service.start(wait_for)
    expected = [copies if n == contact else 1 for n, _ in enumerate(numbers)]

    def heard():
        return [texts(modem, number) for number in numbers]

    wait_for(lambda: [len(each) for each in heard()] == expected)
    link = f"{service.people_url}/a/{message.text}/1"
    for pin in world.pins[:2]:
        httpx.post(f"{link}/confirm", data={"pin": pin})
    wait_for(lambda: texts(modem, WEARER))  # and whatever was to be sent before has been
    assert [len(each) for each in heard()] == expected
    assert all(len(set(each)) == 1 for each in heard()), "the same words"
    assert service.log.read_text().count("was under way: its process was lost") == 1
    wait_for(lambda: httpx.get(service.people_url).text.count("<article") == 1)


def test_killed_again_and_again_everyone_is_told_and_the_post_is_out_once(
    process, modem, world, wait_for
):
    service = process(modem.port)
    message = world.device.message()
    post(service, message)
    link = f"{service.people_url}/a/{message.text}/1"
    for _ in range(8):
        service.kill()
        service.start(wait_for)
        for pin in world.pins[:2]:
            httpx.post(f"{link}/confirm", data={"pin": pin})
    wait_for(lambda: all(texts(modem, number) for number in (BEN, CLEO, DANA, WEARER)))
    wait_for(lambda: "Ana raised" in httpx.get(service.people_url).text)
    copies = sum(len(texts(modem, number)) - 1 for number in (BEN, CLEO, DANA))
    assert copies <= service.log.read_text().count("was under way: its process was lost")
    assert httpx.get(service.people_url).text.count("<article") == 1
