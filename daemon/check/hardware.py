"""Whether button, strap, motor and receiver are as they should be.

While the daemon runs, the pins are its own, and its facts are used. Otherwise each pin is opened for
a moment. gpsd serves several programs and is always asked directly.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from operator import ne
from typing import Any

from outcry.daemon.check.findings import Finding, Patience, failed, left_out, look, ok
from outcry.daemon.service.status import MARKS
from outcry.daemon.settings import Settings
from outcry.daemon.touch.haptics import TRIAL
from outcry.hw.gps import FRESH_S, Fix, Gps, NoFix, NoFixReason
from outcry.hw.pin_library import PinUnusable
from outcry.hw.switch import Button, Strap, Switch
from outcry.hw.vibration import Vibration
from outcry.report import Flag

LOOK_S = 0.5  # how long a switch is watched
FLICKERS = 3  # no finger makes so many edges within that time
SURE_OF_GPS_S = 10.0  # gpsd opens a receiver when somebody asks, and is mute for 6 s meanwhile
_NO_STRAP = left_out("strap", "there is none (strap.enabled)")
_NO_MOTOR = left_out("motor", "there is none (vibration.enabled)")
_SHORT = "let go of it; if nobody presses it, its pin has a short circuit to ground"
_FASTEN = "fasten the strap; if it is fastened, its wire or buckle is broken"
_REPAIR = "repair the wire or the contact"
_PINS = (
    "check the pin's number in the settings, that no other program uses it, and that"
    " python3-lgpio is installed"
)
_SEE_JOURNAL = "`journalctl -u outcry` says why it could not be used when the service started"
_SILENT = "check the receiver's cable and supply, then `systemctl restart gpsd`"
_NO_POSITION = {
    NoFixReason.NO_RECEIVER: "check the receiver's cable and DEVICES in /etc/default/gpsd",
    NoFixReason.NO_SATELLITES: "place the antenna under open sky for some minutes, then check again",
}


def of_daemon(facts: dict[str, Any], settings: Settings) -> Iterator[Finding]:
    """Button, strap and motor, from the running daemon's facts."""
    marks = facts["marks"]
    if marks & Flag.BUTTON_STUCK:
        yield failed("button", "stuck: it has been down for too long", _SHORT)
    else:
        yield _button(facts["pressed"])
    if not settings.flag("strap", "enabled"):
        yield _NO_STRAP
    elif facts["worn"] is None:
        yield failed("strap", "the daemon cannot watch it", _SEE_JOURNAL)
    elif marks & Flag.STRAP_LOOSE:
        yield failed("strap", MARKS[Flag.STRAP_LOOSE].partition(":")[0], _REPAIR)
    else:
        yield _strap(not marks & Flag.STRAP_OPEN)
    if not settings.flag("vibration", "enabled"):
        yield _NO_MOTOR
    elif not facts["motor"]:
        yield failed("motor", "the daemon cannot use its pin", _SEE_JOURNAL)
    else:
        yield ok("motor", "its pin is in use; `outcry check --buzz` moves it")


def by_itself(settings: Settings, buzz: bool, patience: Patience) -> Iterator[Finding]:
    """The same, by opening each pin for a moment."""
    with _pins():
        yield _switch(Button, settings, patience, _button)
        if settings.flag("strap", "enabled"):
            yield _switch(Strap, settings, patience, _strap)
        else:
            yield _NO_STRAP
        if settings.flag("vibration", "enabled"):
            yield _motor(settings, buzz, patience)
        else:
            yield _NO_MOTOR


def buzzed(answer: dict[str, Any]) -> Finding:
    """The motor, after the daemon was asked to move it."""
    if "error" in answer:
        return left_out("motor", str(answer["error"]))
    return _has_buzzed()


def gps(settings: Settings, patience: Patience) -> Iterator[Finding]:
    """gpsd, and whether it has a position now."""
    receiver = Gps(
        settings.text("gps", "host"),
        settings.whole("gps", "port"),
        lambda reading: None,
        patience.clock,
    )
    reading: Fix | NoFix = NoFix(NoFixReason.NO_GPSD)
    for reason in (NoFixReason.NO_GPSD, NoFixReason.NO_RECEIVER, NoFixReason.NO_SATELLITES):
        if reading == NoFix(reason):
            words = f"gps: {reason.value.partition(':')[0]}"
            reading = patience.until(receiver.ask, partial(ne, reading), SURE_OF_GPS_S, words)
    if reading == NoFix(NoFixReason.NO_GPSD):
        remedy = "`systemctl status gpsd`; its address is gps.host and gps.port"
        yield failed("gpsd", "it does not answer", remedy)
        yield left_out("fix", "gpsd does not answer")
        return
    yield ok("gpsd", "it answers")

    def settled(reading: Fix | NoFix) -> bool:  # gpsd repeats the last fix of a silent receiver
        return isinstance(reading, NoFix) or reading.taken_at >= patience.clock() - FRESH_S

    reading = patience.until(receiver.ask, settled, SURE_OF_GPS_S, "gps: waiting for a new fix")
    if isinstance(reading, NoFix):
        words, _, _ = reading.reason.value.partition(":")
        yield failed("fix", f"none: {words}", _NO_POSITION.get(reading.reason, "check again"))
    elif not settled(reading):
        yield failed("fix", "only an old one: the receiver has fallen silent", _SILENT)
    elif reading.accuracy_m is None:
        yield ok("fix", "there is a position; its accuracy is not known")
    else:
        yield ok("fix", f"there is a position, within {reading.accuracy_m:.0f} m")


def _button(closed: bool) -> Finding:
    return failed("button", "it is down", _SHORT) if closed else ok("button", "not pressed")


def _strap(closed: bool) -> Finding:
    return ok("strap", "closed") if closed else look("strap", "open", _FASTEN)


def _switch(
    kind: type[Switch], settings: Settings, patience: Patience, judge: Callable[[bool], Finding]
) -> Finding:
    edges: list[bool] = []
    name, pin = kind.name, settings.whole(kind.name, "pin")
    try:
        switch = kind(pin, lambda closed, at: edges.append(closed), patience.clock)
    except PinUnusable as error:
        return failed(name, str(error), _PINS)
    try:
        patience.sleep(LOOK_S)
        closed = switch.closed
    except Exception as error:  # noqa: BLE001 - each library of pins raises errors of its own
        return failed(name, f"GPIO {pin} cannot be read: {type(error).__name__}", _PINS)
    finally:
        switch.close()
    if len(edges) >= FLICKERS:
        return failed(name, f"it flickers: {len(edges)} edges in {LOOK_S:g} s", _REPAIR)
    return judge(closed)


def _motor(settings: Settings, buzz: bool, patience: Patience) -> Finding:
    try:
        motor = Vibration(settings.whole("vibration", "pin"))
    except PinUnusable as error:
        return failed("motor", str(error), _PINS)
    try:
        if not buzz:
            return ok("motor", "its pin can be used; `outcry check --buzz` moves it")
        motor.play(TRIAL)
        patience.sleep(TRIAL.pulses * (TRIAL.on_s + TRIAL.off_s))
        return _has_buzzed()
    except PinUnusable as error:
        return failed("motor", str(error), _PINS)
    finally:
        motor.close()


def _has_buzzed() -> Finding:
    return ok("motor", "it got a short pulse; if you felt nothing, check its transistor and wires")


@contextlib.contextmanager
def _pins() -> Iterator[None]:
    """As in the unit: lgpio, in a working directory where it can make its FIFO; no warnings."""
    os.environ.setdefault("GPIOZERO_PIN_FACTORY", "lgpio")
    with (
        tempfile.TemporaryDirectory(prefix="outcry-") as folder,
        _working_in(folder),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _working_in(folder: str) -> Iterator[None]:
    """Afterwards in ``/``: the service's user may not be able to enter the old directory."""
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir("/")
