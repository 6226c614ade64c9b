"""Whether button, strap, motor and receiver are as they should be.

While the daemon runs, its facts are used: the pins are its own, and it alone knows whether it can
reach gpsd. Otherwise each pin is opened for a moment, and gpsd is asked.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from outcry.daemon.check.sheet import Patience
from outcry.daemon.messages import reports
from outcry.daemon.service import judge
from outcry.daemon.service.findings import Finding, failed, look, ok, refused
from outcry.daemon.service.status import fix_facts
from outcry.daemon.settings import Settings
from outcry.daemon.touch.haptics import TRIAL
from outcry.hw.gps import Fix, Gps, NoFix, NoFixReason
from outcry.hw.pin_library import PinUnusable, pin_faults
from outcry.hw.switch import Button, Strap, Switch
from outcry.hw.vibration import Vibration

LOOK_S = 0.5  # how long a switch is watched
FLICKERS = 3  # no finger makes so many edges within that time
SURE_OF_GPS_S = 20.0  # gpsd opens a receiver when somebody asks, and is mute for 6 s meanwhile
_REPAIR = "repair the wire or the contact"


def by_itself(settings: Settings, buzz: bool, patience: Patience) -> Iterator[Finding]:
    """Button, strap and motor, by opening each pin for a moment."""
    with warnings.catch_warnings(action="ignore"):  # gpiozero's, of libraries that it misses
        yield _switch(Button, settings, patience, judge.button)
        if settings.flag("strap", "enabled"):
            yield _switch(Strap, settings, patience, judge.strap)
        else:
            yield judge.NO_STRAP
        if settings.flag("vibration", "enabled"):
            yield _motor(settings, buzz, patience)
        else:
            yield judge.NO_MOTOR


def buzzed(answer: dict[str, Any]) -> Finding:
    """The motor, after the daemon was asked to move it."""
    if "error" in answer:
        return refused("motor", str(answer["error"]))
    return _has_buzzed()


def receiver(settings: Settings, clock: Callable[[], float]) -> Callable[[], dict[str, Any]]:
    """Asks gpsd, and answers with facts as the daemon has them of its fix."""
    host, port = settings.text("gps", "host"), settings.whole("gps", "port")
    own = Gps(host, port, lambda reading: None, clock)

    def ask() -> dict[str, Any]:
        reading = own.ask()
        fix = reading if isinstance(reading, Fix) else None
        no_fix = reading if isinstance(reading, NoFix) else None
        nowhere = no_fix or NoFix(NoFixReason.NOT_ASKED_YET)
        return fix_facts(reports.place(fix, nowhere, clock()), no_fix)

    return ask


def gps(ask: Callable[[], dict[str, Any]], patience: Patience) -> Iterator[Finding]:
    """gpsd, and whether it has a position of now. ``ask`` gives the facts of the fix."""
    reason = ask()["reason"].partition(":")[0]
    fix = patience.until(
        ask,
        lambda fix: not fix["reason"] and fix["age_s"] <= judge.FIX_OLD_S,
        SURE_OF_GPS_S,
        f"gps: {reason or 'waiting for a new fix'}",
    )
    yield from judge.position(fix)


def _switch(
    kind: type[Switch], settings: Settings, patience: Patience, judge: Callable[[bool], Finding]
) -> Finding:
    edges: list[bool] = []
    name, pin = kind.name, settings.whole(kind.name, "pin")
    try:
        switch = kind(pin, lambda closed, at: edges.append(closed), patience.clock)
        with contextlib.closing(switch):
            patience.sleep(LOOK_S)
            with pin_faults(f"{name} on GPIO {pin}"):
                closed = switch.closed
    except PinUnusable as error:
        return failed(name, error.words, error.remedy)
    if len(edges) >= FLICKERS:
        return failed(name, f"it flickers: {len(edges)} edges in {LOOK_S:g} s", _REPAIR)
    return judge(closed)


def _motor(settings: Settings, buzz: bool, patience: Patience) -> Finding:
    try:
        with contextlib.closing(Vibration(settings.whole("vibration", "pin"))) as motor:
            if not buzz:
                return ok("motor", "its pin can be used; `outcry check --buzz` moves it")
            motor.play(TRIAL)
            patience.sleep(TRIAL.pulses * (TRIAL.on_s + TRIAL.off_s))
            return _has_buzzed()
    except PinUnusable as error:
        return look("motor", error.words, error.remedy)


def _has_buzzed() -> Finding:
    return ok("motor", "it got a short pulse; if you felt nothing, check its transistor and wires")
