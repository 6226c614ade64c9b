"""A day on which nobody touches the device: what it costs over the air, and on the card."""

import re
from math import ceil
from pathlib import Path

import pytest

from outcry.daemon.outbox.stored import StoredReport
from outcry.daemon.settings import HEARTBEATS_KILOBYTES
from simulation.air import GOODBYE, HANDSHAKE, HEADERS, LOOKUP, IdleDay, over_the_air
from simulation.idle import written

ROOT = Path(__file__).parents[3]
PART = 0.125  # three hours tell what a day costs
CLASSES = {10.0: "10.0", 1.5: "1.5", 0.333: "0.333"}  # minutes, as the page writes them
NAT_S = 300.0
ROUGHLY = 1.06  # the page rounds up


def rows():
    """The page's table: by minutes, the numbers of each row."""
    page = (ROOT / "docs" / "supervision.md").read_text()
    table = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ")]
    return {cells[1].strip(): [cell.strip() for cell in cells] for cells in table[1:]}


def kilobytes(cell):
    return int(cell.removesuffix(" kB"))


@pytest.mark.slow
@pytest.mark.parametrize("minutes", CLASSES)
def test_the_page_and_the_settings_tell_what_a_class_of_heartbeats_costs(tmp_path, minutes):
    row = rows()[CLASSES[minutes]]
    for column, nat_s in ((3, None), (4, NAT_S)):
        (folder := tmp_path / str(column)).mkdir()
        day = IdleDay(folder, minutes * 60, nat_s).passes_by(PART)
        assert day / 1000 <= kilobytes(row[column]) <= max(ROUGHLY * day / 1000, day / 1000 + 10)
    assert int(row[5]) == ceil(HEARTBEATS_KILOBYTES / minutes)
    settings = (ROOT / "config" / "outcry.toml").read_text().replace("\n# ", " ")
    assert re.search(rf"{kilobytes(row[4])} kB at {re.escape(CLASSES[minutes])}\b", settings)


def test_the_page_tells_when_silence_is_noticed():
    noticed = [row[2] for row in rows().values()]
    assert noticed == ["25 min", "3 min 45 s", "50 s"]
    assert [round(minutes * 60 * 2.5) for minutes in CLASSES] == [1500, 225, 50]


def test_what_is_counted_for_one_exchange_on_a_new_connection():
    seen = [
        (1.0, "tcp-connecting", {}),
        (2.0, "tcp-sent", {"bytes": 229}),
        (3.0, "tcp-received", {"bytes": 142}),
        (4.0, "tcp-closed", {"by": "peer"}),
        (5.0, "at", {"command": "AT+CSQ"}),
    ]
    assert over_the_air(seen) == LOOKUP + HANDSHAKE + 229 + 142 + 4 * HEADERS + GOODBYE


@pytest.mark.slow
def test_an_idle_day_writes_nothing_to_the_card(tmp_path):
    day = IdleDay(tmp_path, 600.0, NAT_S)
    assert written(day, hours=6) == 0
    assert day.arrived, "and heartbeats went all the while"


@pytest.mark.slow
def test_a_write_in_an_idle_day_would_be_seen(tmp_path):
    day = IdleDay(tmp_path, 600.0, NAT_S)

    def writes():
        with day.outbox.step():
            day.outbox.add_report(StoredReport(1, 1, 0, b"", b"", answered=True))

    day.at(7200.0, writes)
    assert written(day, hours=6) > 0
