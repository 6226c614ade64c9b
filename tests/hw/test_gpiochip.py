"""The pins of the kernel's GPIO chip: the kernel's own numbers, and what only a broken chip does.

What a real chip does: test_pins_of_the_kernel.py; every sentence about pins is tried on one in
tests/package/test_real_gpiochip.py.
"""

import os
import subprocess
import threading
import time
from contextlib import suppress
from errno import EIO, ENODEV, ENOTTY
from queue import Empty, SimpleQueue
from shutil import which
from stat import S_ISFIFO

import pytest
from gpiozero import Device

from outcry.hw import gpiochip
from outcry.hw.gpiochip import ChipFactory
from outcry.hw.switch import Button

PRINTS = r"""
#include <linux/gpio.h>
#include <stdio.h>
#include <string.h>

static void hex(const void *start, size_t size) {
    for (size_t i = 0; i < size; i++) printf("%02x", ((const unsigned char *)start)[i]);
    printf("\n");
}

int main(void) {
    printf("%lu %lu %lu %lu\n", (unsigned long)GPIO_V2_GET_LINE_IOCTL,
        (unsigned long)GPIO_V2_LINE_SET_CONFIG_IOCTL, (unsigned long)GPIO_V2_LINE_GET_VALUES_IOCTL,
        (unsigned long)GPIO_V2_LINE_SET_VALUES_IOCTL);
    printf("%d %d %d %d\n", GPIO_V2_LINE_FLAG_INPUT, GPIO_V2_LINE_FLAG_OUTPUT,
        GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING,
        GPIO_V2_LINE_EVENT_RISING_EDGE);
    printf("%d %d %d\n", GPIO_V2_LINE_FLAG_BIAS_PULL_UP, GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN,
        GPIO_V2_LINE_FLAG_BIAS_DISABLED);
    struct gpio_v2_line_request request = {
        .offsets = {17}, .consumer = "outcry", .num_lines = 1, .event_buffer_size = 256, .fd = 9};
    request.config.flags = 0x1122334455667788;
    hex(&request, sizeof request);
    hex(&request.config, sizeof request.config);
    struct gpio_v2_line_values values = {.bits = 1, .mask = 1};
    hex(&values, sizeof values);
    struct gpio_v2_line_event event = {.timestamp_ns = 0x1122334455667788, .id = 2};
    hex(&event, sizeof event);
}
"""
LIMIT_S = 60.0
FLAGS = 0x1122334455667788


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """What the kernel's own header says, line by line."""
    if which("gcc") is None or not os.path.exists("/usr/include/linux/gpio.h"):
        pytest.skip("gcc or the kernel's headers are not installed")
    folder = tmp_path_factory.mktemp("header")
    (folder / "prints.c").write_text(PRINTS)
    subprocess.run(["gcc", "-o", "prints", "prints.c"], cwd=folder, check=True)
    return subprocess.check_output([folder / "prints"], text=True).splitlines()


def test_the_numbers_are_the_kernels(kernels):
    commands, flags, pulls = ([int(number) for number in line.split()] for line in kernels[:3])
    assert commands == [
        *(gpiochip.GET_LINE, gpiochip.SET_CONFIG, gpiochip.GET_VALUES, gpiochip.SET_VALUES)
    ]
    assert flags == [gpiochip.INPUT, gpiochip.OUTPUT, gpiochip.BOTH_EDGES, gpiochip.RISING]
    assert pulls == [gpiochip.PULLS[pull] for pull in ("up", "down", "floating")]


def test_the_structures_are_the_kernels(kernels):
    request, config, values, edge = map(bytes.fromhex, kernels[3:])
    assert gpiochip.REQUEST.pack(17, b"outcry", FLAGS, 1, 256, 9) == request
    assert gpiochip.CONFIG.pack(FLAGS) == config
    assert gpiochip.VALUES.pack(1, 1) == values
    assert gpiochip.EDGE.unpack(edge) == (FLAGS, 2)


class Chip:
    """A chip whose lines are pipes; the other end of each, into which a test writes edges."""

    def __init__(self):
        self.lines = SimpleQueue()
        self.level = False  # or the error that reading it is
        self.refusal = None
        self.hangs_up = False

    def ioctl(self, file, command, said):
        if command == gpiochip.GET_LINE:
            if self.refusal is not None:
                raise self.refusal
            mine, kernel = os.pipe()
            self.lines.put(kernel)
            if self.hangs_up:
                os.close(kernel)
            return gpiochip.REQUEST.pack(*gpiochip.REQUEST.unpack(said)[:-1], mine)
        if not S_ISFIFO(os.fstat(file).st_mode):
            raise OSError(ENOTTY, "Inappropriate ioctl for device")
        if command != gpiochip.GET_VALUES:
            return said
        if isinstance(self.level, OSError):
            raise self.level
        return gpiochip.VALUES.pack(self.level, 1)


@pytest.fixture
def chip(tmp_path, monkeypatch):
    chip = Chip()
    monkeypatch.setattr(gpiochip.fcntl, "ioctl", chip.ioctl)
    (tmp_path / "gpiochip0").touch()
    chip.factory = ChipFactory(str(tmp_path / "gpiochip0"))
    yield chip
    chip.factory.close()


@pytest.fixture
def line(chip):
    """A pin whose line is a pipe, and the pipe's other end."""
    pin = chip.factory.pin(17)
    pin.function = "input"
    return pin, chip.lines.get()


def edge(at_s, level):
    return gpiochip.EDGE.pack(int(at_s * 1e9), 1 if level else 2)


def test_an_edge_that_cannot_be_taken_does_not_deafen_the_pin(line, caplog):
    pin, kernel = line
    told = SimpleQueue()

    def breaks_once(at, level):
        told.put((at, level))
        if at < 101:
            raise RuntimeError("+447700900111")

    pin.when_changed = breaks_once
    os.write(kernel, edge(100.5, False) + edge(101.0, True))
    os.write(kernel, edge(102.25, False))
    seen = [told.get(timeout=LIMIT_S) for _ in range(3)]
    assert seen == [(100.5, False), (101.0, True), (102.25, False)]
    assert caplog.messages == ["GPIO17: an edge was lost (RuntimeError)"]


def over(path):
    """Another file takes the place of the line's; the edge that wakes the watcher is lost."""

    def breaks(pin, kernel):
        other = os.open(path, os.O_RDONLY)
        os.dup2(other, pin._line)
        os.close(other)
        with suppress(BrokenPipeError):  # it had not begun to wait
            os.write(kernel, edge(99.0, False))

    return breaks


def half_an_edge(pin, kernel):
    os.write(kernel, b"?")


@pytest.mark.parametrize(
    "breaks",
    [over("/dev/null"), over("/"), half_an_edge, lambda pin, kernel: os.close(kernel)],
    ids=["end", "EISDIR", "half", "hung up"],
)
def test_a_line_that_fails_is_asked_for_again_and_a_press_is_heard(line, chip, breaks, monkeypatch):
    pin, kernel = line
    told, number = SimpleQueue(), pin._line
    pin.when_changed = lambda at, level: told.put((at, level))
    breaks(pin, kernel)
    again = chip.lines.get(timeout=LIMIT_S)
    assert told.get(timeout=LIMIT_S)[1] is False, "as the level says"
    assert pin.fault is not None
    os.write(again, edge(200.0, True))
    assert told.get(timeout=LIMIT_S) == (200.0, True)
    assert pin._line == number, "who reads its level at this moment reads no other file"
    monkeypatch.setattr(gpiochip, "WELL_AFTER_S", 0.0)
    end = time.monotonic() + LIMIT_S
    while pin.fault is not None:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_line_that_fails_for_ever_goes_by_its_level(line, chip):
    pin, kernel = line
    told = SimpleQueue()
    pin.when_changed = lambda at, level: told.put(level)
    chip.hangs_up = True
    os.close(kernel)
    for level in (False, True, False):
        chip.level = level
        assert told.get(timeout=LIMIT_S) is level
    assert pin.fault is not None


def test_a_line_whose_level_fails_goes_by_its_edges(line, chip, monkeypatch):
    monkeypatch.setattr(gpiochip, "AGAIN_MS", 3_600_000)
    pin, kernel = line
    told = SimpleQueue()
    pin.when_changed = lambda at, level: told.put((at, level))
    chip.level = OSError(EIO, "Input/output error")
    os.write(kernel, edge(100.0, False))
    assert told.get(timeout=LIMIT_S) == (100.0, False)
    again = chip.lines.get(timeout=LIMIT_S)
    os.write(again, edge(101.0, True))
    assert told.get(timeout=LIMIT_S) == (101.0, True)
    assert pin.fault is not None


def test_a_line_that_fails_at_once_keeps_nobody_busy(line, chip, monkeypatch):
    monkeypatch.setattr(gpiochip, "AGAIN_MS", 3_600_000)
    pin, kernel = line
    pin.when_changed = lambda at, level: None
    chip.hangs_up = True
    os.close(kernel)
    chip.lines.get(timeout=LIMIT_S)
    with pytest.raises(Empty):
        chip.lines.get(timeout=0.2)
    pin.close()


def test_a_button_whose_chip_is_gone_says_so_until_it_is_back(chip, monkeypatch):
    monkeypatch.setattr(Device, "pin_factory", chip.factory)
    chip.level = True
    told = SimpleQueue()
    button = Button(17, lambda closed, at: told.put(closed))
    kernel = [chip.lines.get() for _ in range(chip.lines.qsize())][-1]
    assert button.is_told()
    assert button.fault is None
    chip.refusal = OSError(ENODEV, "No such device")
    os.close(kernel)
    end = time.monotonic() + LIMIT_S
    while "ENODEV" not in str(button.fault):
        assert time.monotonic() < end
        assert button.is_told()
    assert "restart the device" in button.fault.remedy
    chip.level = False
    chip.refusal = None
    assert told.get(timeout=LIMIT_S) is True, "pressed, seen by its level"
    monkeypatch.setattr(gpiochip, "WELL_AFTER_S", 0.0)
    while button.fault is not None:
        assert time.monotonic() < end
        assert button.is_told()
    button.close()


def test_the_last_edge_of_a_burst_may_be_lost(line):
    """A Pi's chip loses edges that come close together (raspberrypi/linux pull request 5457)."""
    pin, kernel = line
    told = SimpleQueue()
    pin.when_changed = lambda at, level: told.put((at, level))
    os.write(kernel, edge(100.0, False) + edge(100.01, True))  # and it is low
    assert [told.get(timeout=LIMIT_S) for _ in range(2)] == [(100.0, False), (100.01, True)]
    before = time.monotonic()
    at, level = told.get(timeout=LIMIT_S)
    assert level is False
    assert before - 1 < at <= time.monotonic()
    os.write(kernel, edge(200.0, False))
    assert told.get(timeout=LIMIT_S) == (200.0, False)
    pin.close()
    assert told.empty(), "nothing is told that did not change"


def test_a_pin_whose_thread_cannot_start_can_be_closed(line, monkeypatch):
    pin, _ = line

    def refuses(_self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as busy:
        busy.setattr(threading.Thread, "start", refuses)
        with pytest.raises(RuntimeError, match="new thread"):
            pin.when_changed = lambda at, level: None
    pin.close()


def test_a_closed_pin_has_no_thread_and_can_be_opened_again(line):
    pin, _ = line
    threads = threading.active_count()
    for _ in range(3):
        pin.when_changed = lambda at, level: None
        assert threading.active_count() == threads + 1
        pin.when_changed = None
        assert threading.active_count() == threads
