"""gpiozero's pins on the board: the same on gpiozero 1.6.2 and 2.x."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import gpiozero
import pytest

from outcry.hw.board import meeting
from outcry.hw.board.modem.network import LoopbackNetwork
from outcry.hw.board.modem.schedule import Schedule
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.pins.factory import BoardFactory
from outcry.hw.board.pins.pinboard import PinBoard
from outcry.hw.board.process.board import Board
from outcry.hw.board.process.control import Client, Control
from outcry.hw.board.receiver.receiver import Receiver
from outcry.hw.board.waiting import ready

BUTTON, MOTOR = 17, 18
LIMIT_S = 60.0


class PinSocket:
    """The board's end of the pins alone: the real control code, served by one thread."""

    def __init__(self, directory: Path) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self._schedule = Schedule()
        self.pins = PinBoard(self._schedule, Random(0), self._witness)
        board = Board(
            {"wearer": "+447700900001"}, LoopbackNetwork(), timing=Timing(), random=Random()
        )
        self._control = Control(board, self.pins, Receiver(), self._witness)
        self._listener = meeting.listening(directory)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _witness(self, t: float, what: str, **facts: object) -> None:
        self.events.append((what, facts))

    def drive(self, pin: int, level: int | None, at: float = 0.0) -> None:
        with self._lock:
            self._schedule.now = at
            self.pins.drive(pin, level)

    def outputs(self) -> list[tuple[object, object]]:
        return [(f["pin"], f["level"]) for what, f in list(self.events) if what == "pin-out"]

    def _serve(self) -> None:
        clients: dict[int, Client] = {}
        while not self._stopping.is_set():
            awake = ready([self._listener.fileno(), *clients], [], 0.02)
            with self._lock:
                if self._listener.fileno() in awake:
                    connection, _ = self._listener.accept()
                    clients[connection.fileno()] = Client(connection, self._control)
                for descriptor in awake & clients.keys():
                    if not clients[descriptor].serve():
                        clients.pop(descriptor).close()
        for client in clients.values():
            client.close()
        self._listener.close()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(LIMIT_S)


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[PinSocket]:
    served = PinSocket(tmp_path)
    yield served
    served.stop()


@pytest.fixture
def factory(
    board: PinSocket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BoardFactory]:
    monkeypatch.setenv("OUTCRY_BOARD", str(tmp_path))
    made = BoardFactory()
    yield made
    made.close()


def test_without_a_board_the_pins_are_a_plain_mock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUTCRY_BOARD", raising=False)
    factory = BoardFactory()
    button = gpiozero.Button(BUTTON, pull_up=True, pin_factory=factory)
    motor = gpiozero.DigitalOutputDevice(MOTOR, pin_factory=factory)
    assert not button.is_pressed
    factory.pin(BUTTON).drive_low()
    assert button.is_pressed
    motor.on()
    assert factory.pin(MOTOR).state
    factory.close()


def test_a_press_on_the_board_is_a_press_for_gpiozero(
    board: PinSocket, factory: BoardFactory
) -> None:
    seen: queue.Queue[str] = queue.Queue()
    button = gpiozero.Button(BUTTON, pull_up=True, pin_factory=factory)
    # gpiozero 1.6.2 looks at the function's code, so a bound method of C will not do.
    button.when_pressed = lambda: seen.put("pressed")
    button.when_released = lambda: seen.put("released")
    board.drive(BUTTON, 0)
    assert seen.get(timeout=LIMIT_S) == "pressed"
    board.drive(BUTTON, None)
    assert seen.get(timeout=LIMIT_S) == "released"
    assert not button.is_pressed


def test_an_edge_says_when_it_happened_however_late_it_is_heard(
    board: PinSocket, factory: BoardFactory
) -> None:
    heard: queue.Queue[float] = queue.Queue()
    button = gpiozero.Button(BUTTON, pull_up=True, pin_factory=factory)
    button.when_pressed = lambda: heard.put(button.active_time)
    began = time.monotonic()
    board.drive(BUTTON, 0, at=began - 25.0)  # the process has stood still since
    ago = heard.get(timeout=LIMIT_S)
    assert 25.0 <= ago <= 25.0 + time.monotonic() - began


def test_a_button_held_at_start_is_seen_as_pressed(
    board: PinSocket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.drive(BUTTON, 0)
    monkeypatch.setenv("OUTCRY_BOARD", str(tmp_path))
    factory = BoardFactory()
    factory.reset()
    assert gpiozero.Button(BUTTON, pull_up=True, pin_factory=factory).is_pressed
    factory.close()


def test_an_output_is_told_to_the_board_with_every_change(
    board: PinSocket, factory: BoardFactory
) -> None:
    motor = gpiozero.DigitalOutputDevice(MOTOR, pin_factory=factory)
    motor.on()
    motor.off()
    wait_for(lambda: board.outputs() == [(MOTOR, 0), (MOTOR, 1), (MOTOR, 0)])


def test_a_process_that_is_gone_puts_out_nothing(board: PinSocket, factory: BoardFactory) -> None:
    motor = gpiozero.DigitalOutputDevice(MOTOR, initial_value=True, pin_factory=factory)
    wait_for(lambda: (MOTOR, 1) in board.outputs())
    factory.close()
    assert not motor.closed
    wait_for(lambda: board.pins.outputs[MOTOR] is None)


@pytest.mark.slow
def test_losing_the_board_keeps_the_levels_and_a_new_board_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTCRY_BOARD", str(tmp_path))
    monkeypatch.setattr("outcry.hw.board.pins.factory.LOOK_AGAIN_S", 0.01)
    first = PinSocket(tmp_path)
    factory = BoardFactory()
    button = gpiozero.Button(BUTTON, pull_up=True, pin_factory=factory)
    motor = gpiozero.DigitalOutputDevice(MOTOR, pin_factory=factory)
    first.drive(BUTTON, 0)
    wait_for(lambda: button.is_pressed)
    first.stop()
    motor.on()
    assert button.is_pressed
    second = PinSocket(tmp_path)
    wait_for(lambda: (MOTOR, 1) in second.outputs())
    wait_for(lambda: not button.is_pressed)
    second.drive(BUTTON, 0)
    wait_for(lambda: button.is_pressed)
    factory.close()
    second.stop()


def test_a_named_board_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTCRY_BOARD", str(tmp_path))
    with pytest.raises(FileNotFoundError):
        BoardFactory()


def test_a_directory_of_any_length_will_do(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    served = PinSocket(deep)
    meeting.connected(deep, LIMIT_S).close()
    served.stop()


def test_gpiozero_finds_the_factory_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUTCRY_BOARD", raising=False)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "board")
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    button = gpiozero.Button(27, pull_up=True)
    assert isinstance(button.pin_factory, BoardFactory)
    button.close()


def test_a_bouncing_press_never_lets_go_for_longer_than_a_slip() -> None:
    for seed in range(50):
        changes: list[tuple[float, object]] = []

        def witness(t: float, what: str, changes: list = changes, **facts: object) -> None:  # type: ignore[type-arg]
            changes.append((t, facts["level"]))

        schedule = Schedule()
        done: list[float] = []
        pins = PinBoard(schedule, Random(seed), witness)
        pins.press(BUTTON, 2.0, True, lambda done=done: done.append(1.0))
        schedule.run(5.0)
        assert done
        assert changes[-1][1] is None
        inside = [change for change in changes if change[0] < 2.0]
        for (opened, level), (closed, _) in pairwise(inside):
            assert level == 0 or closed - opened < 0.05
        assert len(inside) > 5
