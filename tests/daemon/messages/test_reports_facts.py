"""What the modem knows of radio and supply travels in every report that has room for it."""

import pytest

from outcry.hw.modem import Cell, Condition, ModemStatus
from outcry.report import Flag, Neighbour, NoPosition
from simulation.world import World

HEARD = ModemStatus(
    state=Condition.REGISTERED,
    signal=17,
    cell=Cell(250, 1, 0x0816, 0xF9A1),
    neighbours=(
        Cell(250, 1, 0x0817, 0x2222),
        Cell(250, 2, 0x0001, 0x0001),  # another operator's: its numbers mean nothing here
        Cell(250, 1, 0xFFFF, 0x0003),  # noise: no cell has this area
        Cell(250, 1, 0x0816, 0x1111),
        Cell(250, 1, 0x0816, 0x4444),
        Cell(250, 1, 0x0816, 0x5555),
    ),
    battery_mv=3460,
    battery_percent=9,
    under_voltage=True,
    jamming=True,
)


@pytest.fixture
def world(world):
    world.modem.snapshot = HEARD
    return world


def test_without_a_fix_the_cells_around_tell_roughly_where(world):
    world.holds()
    report = world.report()
    assert isinstance(report.place, NoPosition)
    assert report.place.neighbours == (
        Neighbour(0x0817, 0x2222),
        Neighbour(0x0816, 0x1111),
        Neighbour(0x0816, 0x4444),
    )
    assert (report.cell.lac, report.cell.ci) == (0x0816, 0xF9A1)


def test_supply_and_warnings_ride_in_reports_and_heartbeats(world):
    world.passes(600)
    heartbeat = world.report()
    world.holds()
    for report in (heartbeat, world.report()):
        assert (report.supply_mv, report.battery_percent, report.signal) == (3460, 9, 17)
        assert Flag.JAMMING in report.flags
        assert Flag.UNDER_VOLTAGE in report.flags


def test_a_modem_that_knows_nothing_reports_nothing(tmp_path):
    world = World(tmp_path)
    world.holds()
    report = world.report()
    assert (report.supply_mv, report.battery_percent, report.cell) == (None, None, None)
    assert report.place.neighbours == ()
    assert not report.flags & (Flag.JAMMING | Flag.UNDER_VOLTAGE)


def test_nonsense_from_the_modem_costs_the_nonsense_alone(world):
    world.modem.snapshot = ModemStatus(
        state=Condition.REGISTERED, cell=Cell(250, 1, 1, 2**31), battery_mv=10**6, signal=55
    )
    world.holds()
    report = world.report()
    assert (report.supply_mv, report.signal) == (65_535, None)
