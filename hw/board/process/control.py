"""What other programs may ask of a running board: one JSON object a line, one answer a line.

A request names what to ``do``; an answer says ``ok`` with what was found, or ``error`` in words.
A client that asks for ``pins-attach`` is a wearer's process: from then on pin levels go both ways.
"""

import contextlib
import json
import socket
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

from outcry.hw.board.modem.context import Witness
from outcry.hw.board.pins.pinboard import PRESSED, RELEASED, PinBoard
from outcry.hw.board.process.board import Board
from outcry.hw.board.process.modem_control import modem_requests
from outcry.hw.board.process.requests import Invalid, Json, Request
from outcry.hw.board.receiver.receiver import STATES, Receiver

LINE_LIMIT = 65536
SLOW_CLIENT_S = 1.0  # the board stands still while a client does not read


class Client:
    def __init__(self, connection: socket.socket, control: "Control") -> None:
        connection.setblocking(False)
        self._connection = connection
        self._control = control
        self._partial = b""
        self._pins: set[int] | None = None  # outputs, once it has attached

    def serve(self) -> bool:
        """Do what it asks; False when it has gone, or sends what no client sends."""
        try:
            data = self._connection.recv(LINE_LIMIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._take(line)
        return bool(data) and len(self._partial) < LINE_LIMIT

    def answer(self, answer: Json) -> None:
        """Say it, to a client that listens; one that does not is found gone by serve()."""
        with contextlib.suppress(OSError):
            self._connection.settimeout(SLOW_CLIENT_S)
            self._connection.sendall(json.dumps(answer).encode() + b"\n")
            self._connection.setblocking(False)

    def level(self, pin: int, level: int | None) -> None:
        self.answer({"pin": pin, "level": level, "t": self._control.pins.now})

    def close(self) -> None:
        self._connection.close()
        if self._pins is not None:
            self._control.detach(self, self._pins)

    def _take(self, line: bytes) -> None:
        try:
            given = json.loads(line)
            if not isinstance(given, dict):
                raise Invalid("a request is a JSON object")
            request = Request(given)
            if self._pins is not None:
                self._take_level(request)
            elif request.get("do") == "pins-attach":
                self._pins = set()
                self._control.attach(self)
            else:
                self._control.take(request, self.answer)
        except ValueError as error:
            self.answer({"ok": False, "error": str(error)})

    def _take_level(self, change: Request) -> None:
        pin, level = change.get("pin"), change.get("level")
        if self._pins is None or not isinstance(pin, int) or level not in (0, 1, None):
            raise Invalid('a pin change is {"pin": NUMBER, "level": 0, 1 or null}')
        self._pins.add(pin)
        self._control.pins.put_out(pin, level)


class Control:
    def __init__(self, board: Board, pins: PinBoard, receiver: Receiver, witness: Witness) -> None:
        self.pins = pins
        self._board = board
        self._receiver = receiver
        self._witness = witness
        self._requests: dict[str, Callable[[Request], Json]] = {
            "hold": partial(self._drive, PRESSED),
            "release": partial(self._drive, RELEASED),
            "pins": self._pins,
            "phones": self._phones,
            "sms": self._sms,
            "text": self._text,
            "fix": self._fix,
            "move": self._move,
            "status": self._status,
            **modem_requests(board),
        }

    def attach(self, client: Client) -> None:
        """A wearer's process takes the pins."""
        client.answer({"ok": True, "levels": self.pins.levels})
        self.pins.listeners.append(client.level)
        self._witness(self.pins.now, "pins-attached")

    def detach(self, client: Client, outputs: set[int]) -> None:
        """It is gone, and with it what it put out."""
        self.pins.listeners.remove(client.level)
        self._witness(self.pins.now, "pins-detached")
        for pin in outputs:
            self.pins.put_out(pin, None)

    def take(self, request: Request, answer: Callable[[Json], None]) -> None:
        """Do one request, and answer at once or, for a press, at its end. Raises Invalid."""
        name = request.get("do")
        if name == "press":
            self._press(request, answer)
        elif name in self._requests:
            answer({"ok": True, **self._requests[name](request)})
        else:
            raise Invalid(f"there is no request {name!r}")

    def _press(self, request: Request, answer: Callable[[Json], None]) -> None:
        seconds = request.number("seconds", 0.0, 600.0)
        started = self.pins.now
        self.pins.press(
            request.pin(),
            seconds,
            bool(request.get("bounce")),
            lambda: answer({"ok": True, "pressed": started, "released": self.pins.now}),
        )

    def _drive(self, level: int | None, request: Request) -> Json:
        self.pins.drive(request.pin(), level)
        return {"t": self.pins.now}

    def _pins(self, request: Request) -> Json:
        return {
            "driven": self.pins.levels,
            "outputs": self.pins.outputs,
            "history": [{"t": t, "pin": pin, "level": to} for t, pin, to in self.pins.history],
        }

    def _phones(self, request: Request) -> Json:
        return {
            "phones": [
                {"number": phone.number, "texts": len(phone.texts), "incomplete": phone.incomplete}
                for phone in self._board.centre.phones.values()
            ]
        }

    def _sms(self, request: Request) -> Json:
        number = request.text("number")
        if any(modem.number == number for modem in self._board.modems.values()):
            raise Invalid("this is a modem's number, not a phone's; its texts are read by AT+CMGL")
        phone = self._board.centre.phones.get(number)
        return {"texts": [asdict(text) for text in phone.texts] if phone is not None else []}

    def _text(self, request: Request) -> Json:
        sender, recipient = request.text("from"), request.text("to")
        for number in (sender, recipient):
            if not number.removeprefix("+").isdecimal():
                raise Invalid("a phone number is + and digits")
        return {"ids": self._board.centre.text(sender, recipient, request.text("words"))}

    def _fix(self, request: Request) -> Json:
        self._receiver.state = request.choice("state", STATES)
        self._witness(self.pins.now, "fix", state=self._receiver.state)
        return {}

    def _move(self, request: Request) -> Json:
        self._receiver.latitude = request.number("latitude", -90.0, 90.0)
        self._receiver.longitude = request.number("longitude", -180.0, 180.0)
        return {}

    def _status(self, request: Request) -> Json:
        return {
            "modems": {name: modem.status() for name, modem in self._board.modems.items()},
            "receiver": self._receiver.state,
        }
