"""Debian's smstools, which nobody in the project wrote, sends and receives through the board."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from parts import needs_smstools

from tests.support.simulated_modem import SimulatedModem

pytestmark = [pytest.mark.slow, needs_smstools]

PHONE = "+447700900201"
LIMIT_S = 120.0
FOLDERS = ("outgoing", "checked", "incoming", "failed", "sent", "report")
# A SIM800 gives delivery reports straight to its host (+CDS) and stores none, and wants no +CNMA.
SETTINGS = """\
devices = board
{folders}
logfile = {spool}/smsd.log
infofile = {spool}/smsd.working
pidfile = {spool}/smsd.pid
delaytime = 1
receive_before_send = no
autosplit = 3
decode_unicode_text = yes
incoming_utf8 = yes
[board]
device = {port}
baudrate = 115200
rtscts = no
incoming = yes
report = yes
init = AT+CNMI=2,1,0,1,0
using_routed_status_report = yes
routed_status_report_cnma = no
"""


class Smsd:
    """The daemon on a simulated modem; its spool is how one talks to it."""

    def __init__(self, spool: Path, port: str) -> None:
        self.spool = spool
        for name in FOLDERS:
            (spool / name).mkdir()
        folders = "\n".join(f"{name} = {spool / name}" for name in FOLDERS)
        settings = spool / "smsd.conf"
        settings.write_text(SETTINGS.format(folders=folders, spool=spool, port=port))
        self.process = subprocess.Popen(
            ["smsd", "-t", "-c", str(settings)],
            env={"PATH": "/usr/sbin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def send(self, name: str, words: str, *headers: str) -> None:
        head = "\n".join([f"To: {PHONE.removeprefix('+')}", "Alphabet: UTF-8", *headers])
        (self.spool / name).write_text(f"{head}\n\n{words}")
        (self.spool / name).rename(self.spool / "outgoing" / name)

    def found(self, folder: str) -> list[str]:
        return [file.read_text() for file in sorted((self.spool / folder).iterdir())]

    def has(self, folder: str, *words: str) -> bool:
        """Whether it has written a file there with all these words: it is seen half written, too."""
        return any(all(word in text for word in words) for text in self.found(folder))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(LIMIT_S)


Run = Callable[[SimulatedModem], Smsd]


@pytest.fixture
def run_smsd(tmp_path: Path) -> Iterator[Run]:
    running: list[Smsd] = []

    def run(modem: SimulatedModem) -> Smsd:
        running.append(Smsd(tmp_path, modem.port))
        return running[-1]

    yield run
    for smsd in running:
        smsd.stop()


def test_smsd_sends_receives_and_gets_a_delivery_report(run_smsd: Run) -> None:
    with SimulatedModem() as modem:
        smsd = run_smsd(modem)
        smsd.send("one", "drill {€}", "Report: yes")
        modem.wait_for(lambda: smsd.has("report", "Status: ", "Message_id: "), LIMIT_S)
        modem.wait_for(lambda: smsd.has("sent", "Message_id: "), LIMIT_S)
        (sent,) = smsd.found("sent")
        assert "Message_id: 1\n" in sent
        (report,) = smsd.found("report")
        assert "Message_id: 1\n" in report
        assert "Status: 0,Ok,short message received by the SME" in report
        assert [text.text for text in modem.texts(PHONE)] == ["drill {€}"]
        modem.text(PHONE, "и обратно ✓")
        modem.wait_for(lambda: smsd.has("incoming", "From: ", "✓"), LIMIT_S)
        (came,) = smsd.found("incoming")
        assert f"From: {PHONE.removeprefix('+')}\n" in came
        assert came.rstrip().endswith("и обратно ✓")
        assert not smsd.found("failed")
        modem.wait_for(lambda: not modem.sim.sms.storage.messages)  # it deletes what it has read


def test_smsd_sends_a_long_text_in_parts(run_smsd: Run) -> None:
    words = "Помогите, мы возле моста. " * 7
    with SimulatedModem() as modem:
        smsd = run_smsd(modem)
        smsd.send("long", words)
        modem.wait_for(lambda: modem.texts(PHONE), LIMIT_S)
        assert [(text.text, text.parts) for text in modem.texts(PHONE)] == [(words, 3)]
        modem.wait_for(lambda: smsd.found("sent"), LIMIT_S)
