"""The pins as the kernel has them: what it is asked for, and what it says to a second program.

For real chips alone: what a library only feigns would not be seen here. The structures and flags:
linux/gpio.h of the kernel's own headers.
"""

import fcntl
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import gpiozero
import pytest
from pin_benches import BUTTON, MOTOR, STRAP

from outcry.hw.pin_library import PinUnusable, on_pin
from outcry.hw.switch import Button, Strap
from outcry.hw.vibration import Pattern, Vibration

REAL = os.environ.get("OUTCRY_BENCH", "wires")
pytestmark = [
    pytest.mark.hardware,
    pytest.mark.parametrize("bench", [] if REAL == "person" else [REAL], indirect=True),
]

SPARE = 7  # a pin that nobody here uses
CHIP = "/dev/gpiochip0"
GET_LINE_INFO = 0xC048B402
USED, OUTPUT, PULL_UP, PULL_DOWN = 1 << 0, 1 << 1, 1 << 5, 1 << 6
LIMIT_S = 60.0

HOLDS = """
import sys
from outcry.hw.switch import Button
button = Button(int(sys.argv[1]), lambda closed, at: None)
print("held", flush=True)
sys.stdin.read()
"""
LOOKS = """
import sys, time
from pathlib import Path
from outcry.daemon.check import hardware
from outcry.daemon.check.sheet import Patience
from outcry.daemon.settings import read
settings = read(sys.argv[1], Path("outcry.toml"))
for found in hardware.by_itself(settings, False, Patience(time.monotonic, time.sleep, print)):
    print(found.name, found.result.value, found.words, found.remedy, sep="|")
"""


def flags(pin):
    """What the kernel says of a line."""
    chip = os.open(CHIP, os.O_RDONLY)
    try:
        info = struct.pack("=II32s32s", pin, 0, b"", b"")
        return struct.unpack("=II32s32s", fcntl.ioctl(chip, GET_LINE_INFO, info))[1]
    finally:
        os.close(chip)


def seen_by_check(button):
    """What ``outcry check`` finds of the three parts, in a process of its own."""
    toml = f"[button]\npin = {button}\n[strap]\nenabled = true\npin = {STRAP}\n"
    toml += f"[vibration]\npin = {MOTOR}\n"
    said = subprocess.run(
        [sys.executable, "-c", LOOKS, toml], capture_output=True, text=True, check=True
    )
    return {line.split("|")[0]: line.split("|")[1:] for line in said.stdout.splitlines()}


@pytest.fixture
def another_program():
    """Another program that holds the spare pin until told to end."""
    command = [sys.executable, "-c", HOLDS, str(SPARE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout.readline() == b"held\n"
        yield program


def test_check_says_how_the_pins_are_and_gives_them_back(bench):
    found = seen_by_check(BUTTON)
    assert found["button"][:2] == ["ok", "not pressed"]
    assert found["strap"][:2] == ["look", "open"]
    assert found["motor"][0] == "ok"
    assert not any(flags(pin) & USED for pin in (BUTTON, MOTOR, STRAP))


@pytest.mark.parametrize(("kind", "pin"), [(Button, BUTTON), (Strap, STRAP)])
def test_the_pull_up_is_asked_of_the_kernel(bench, kind, pin):
    switch = kind(pin, lambda closed, at: None)
    assert flags(pin) & (USED | OUTPUT | PULL_UP | PULL_DOWN) == USED | PULL_UP
    switch.close()


def test_the_motors_line_is_an_output_at_rest(bench):
    motor = Vibration(MOTOR)
    assert flags(MOTOR) & (USED | OUTPUT) == USED | OUTPUT
    assert bench.volts(MOTOR) < 0.8
    motor.play(Pattern(1, 60.0, 0.1))
    end = time.monotonic() + LIMIT_S
    while bench.volts(MOTOR) < 2.0:
        assert time.monotonic() < end
        time.sleep(0.001)
    motor.close()
    assert bench.volts(MOTOR) < 0.8


def test_an_edge_told_late_has_the_kernels_time(bench):
    """The first edge keeps the library's thread busy while the second one comes."""
    told = []

    def busy(closed, at):
        told.append((closed, at))
        if closed:
            time.sleep(1.0)

    button = Button(BUTTON, busy)
    before = time.monotonic()
    bench.ground(BUTTON)
    time.sleep(0.3)
    between = time.monotonic()
    bench.let_go(BUTTON)
    after = time.monotonic()
    while len(told) < 2 and time.monotonic() < after + LIMIT_S:
        time.sleep(0.01)
    button.close()
    (first, pressed), (second, released) = told
    assert (first, second) == (True, False)
    assert before <= pressed <= between
    assert between <= released + 0.01
    assert released < after + 0.5


def test_a_line_is_held_by_one_program_and_free_when_it_ends(bench, another_program):
    assert flags(SPARE) & USED
    result, words, remedy = seen_by_check(SPARE)["button"]
    assert result == "failed"
    assert f"button on GPIO {SPARE}: " in words
    assert "EBUSY" in words
    assert "another program" in remedy
    another_program.stdin.close()
    another_program.wait(LIMIT_S)
    assert not flags(SPARE) & USED


def test_a_pin_that_was_refused_can_be_had_as_soon_as_it_is_free(bench, another_program):
    for _ in range(2):
        with pytest.raises(PinUnusable, match="EBUSY"):
            Button(SPARE, lambda closed, at: None)
    another_program.stdin.close()
    another_program.wait(LIMIT_S)
    Button(SPARE, lambda closed, at: None).close()


def test_two_parts_on_one_pin_are_refused(bench):
    button = Button(BUTTON, lambda closed, at: None)
    with pytest.raises(PinUnusable, match="EBUSY"):
        Strap(BUTTON, lambda closed, at: None)
    button.close()


def test_a_pin_that_the_chip_does_not_have_is_refused(bench):
    with pytest.raises(PinUnusable, match="EINVAL"):
        Button(1000, lambda closed, at: None)


def test_the_motors_line_is_let_go_of_at_the_end(bench):
    """Some kernels leave a line as it was when its program ends."""
    motor = Vibration(MOTOR)
    motor.close()
    assert flags(MOTOR) & (USED | OUTPUT) == 0


def test_edges_are_kept_while_nobody_takes_them(bench):
    """A bouncing contact makes dozens; here a hundred come while the first one is being taken."""
    contact = on_pin(gpiozero.DigitalInputDevice, BUTTON, pull_up=True)
    told = []

    def slow(at, level):
        if not told:
            time.sleep(1.0)
        told.append((at, level))

    contact.pin.when_changed = None
    contact.pin.when_changed = slow
    for _ in range(50):
        bench.ground(BUTTON)
        bench.let_go(BUTTON)
    end = time.monotonic() + LIMIT_S
    while len(told) < 100 and time.monotonic() < end:
        time.sleep(0.01)
    contact.close()
    assert [level for _, level in told] == [False, True] * 50
    assert told == sorted(told, key=lambda edge: edge[0])


def test_an_edge_that_cannot_be_taken_does_not_deafen_the_button(bench):
    told = []

    def breaks_once(closed, at):
        told.append(closed)
        if len(told) == 1:
            raise RuntimeError

    button = Button(BUTTON, breaks_once)
    for level in (bench.ground, bench.let_go, bench.ground):
        level(BUTTON)
        time.sleep(0.1)
    end = time.monotonic() + LIMIT_S
    while told[-1:] != [True] or len(told) < 3:
        assert time.monotonic() < end
        time.sleep(0.01)
    button.close()
    bench.let_go(BUTTON)


def test_a_watched_pin_wakes_nobody(bench):
    """lgpio 0.2.2 looked at its pins 1,800 times a second."""
    button, strap = (
        kind(pin, lambda closed, at: None) for kind, pin in ((Button, BUTTON), (Strap, STRAP))
    )
    before = slept()
    time.sleep(10.0)
    woken = slept() - before
    button.close()
    strap.close()
    assert woken <= 20, f"{woken} times in 10 s"


def slept():
    """How often threads of this process have gone to sleep: each waking is followed by one."""
    lines = [
        line
        for status in Path("/proc/self/task").glob("*/status")
        for line in status.read_text().splitlines()
    ]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
