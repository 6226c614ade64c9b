"""A modem of another make: small, awkward, and without a line of the board's code.

It does what is asked of it and says so in every way that modems do: spaces or none, prompts of all
shapes, answers in the wrong order, bytes one by one or all at once, half the commands unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Quirks:
    """What is odd about it; without any it is an ordinary modem that has been on for long."""

    lacks: frozenset[str] = frozenset()
    """Commands answered ERROR, by their names without AT."""
    ignores: frozenset[str] = frozenset()
    """Commands answered by nothing at all."""
    tight: bool = False  # no space after a colon
    bare: bool = False  # no CR LF in front of an answer
    prompt: bytes = b"\r\n> "
    echo_stays: bool = False
    state_first: bool = False  # STATE, then OK
    connect_first: bool = False  # CONNECT OK, then OK
    connect_alone: bool = False  # and no OK at all
    send_ok: bool = False  # SEND OK whatever CIPQSEND says
    announces_data: bool = True
    sent_alone: bool = False  # +CMGS: and no OK
    ok_alone: bool = False  # OK and no +CMGS:
    texts_need_idle_data: bool = False  # +CMS ERROR: 530 beside a connection
    registered_at: float = 0.0
    creg: str = '2,1,"00E6","7A9F"'
    tells_creg: str = ""  # what it says on registering
    trickles: bool = False  # a byte every 2 ms
    bursts: bool = False  # all that was said in half a second comes at its end
    chatters: bool = False  # something unsolicited before every answer
    noisy: bool = False  # line noise before every answer
    takes_s: float = 0.05


CHATTER = ("RING", "UNDER-VOLTAGE WARNNING", '+CMTI: "SM",7', "Call Ready", "+CGREG: 1", "DST: 0")


class QuirkyModem:
    """A FarEnd. ``accept`` makes HQ's listener of a new connection, None where data is dead."""

    def __init__(self, quirks: Quirks, accept: Callable[[], object] | None, seed: int = 0) -> None:
        self.texts: list[tuple[float, str]] = []
        self.tried: list[float] = []
        self._quirks = quirks
        self._accept = accept
        self._random = Random(seed)
        self._peer: object | None = None
        self._said: list[tuple[float, bytes]] = []
        self._line = b""
        self._wants: tuple[str, int] | None = None
        self._echo = True
        self._pulled = self._headed = False
        self._inbox = b""
        self._free_at = 0.0
        self._reference = 40
        self._told = False

    # FarEnd

    def feed(self, data: bytes, now: float) -> None:
        for byte in data:
            self._take(bytes([byte]), now)

    def output(self, now: float) -> bytes:
        ready = [said for t, said in self._said if t <= now]
        self._said = [(t, said) for t, said in self._said if t > now]
        return b"".join(ready)

    def due(self) -> float | None:
        quirks = self._quirks
        waits = [quirks.registered_at] if quirks.tells_creg and not self._told else []
        return min([t for t, _ in self._said] + waits, default=None)

    def advance(self, now: float) -> None:
        quirks = self._quirks
        if quirks.tells_creg and not self._told and now >= quirks.registered_at:
            self._told = True
            self._say(now, f"+CREG: {quirks.tells_creg}")

    # Saying

    def _say(self, now: float, *lines: str) -> None:
        for line in lines:
            text = line.replace(": ", ":", 1) if self._quirks.tight else line
            self._raw(now, (b"" if self._quirks.bare else b"\r\n") + text.encode() + b"\r\n")

    def _raw(self, now: float, data: bytes) -> None:
        last = max([t for t, _ in self._said], default=0.0)
        if self._quirks.bursts:
            now = (now // 0.5 + 1) * 0.5
        now = max(now, last)
        if self._quirks.trickles:
            self._said += [(now + 0.002 * n, bytes([byte])) for n, byte in enumerate(data, 1)]
        else:
            self._said.append((now, data))

    # Hearing

    def _take(self, byte: bytes, now: float) -> None:
        if self._wants is not None:
            self._typed(byte, now)
            return
        if byte not in (b"\r", b"\x1b"):
            self._line += byte
            return
        line, self._line = self._line.decode("latin-1").strip(), b""
        if byte == b"\r" and "AT" in line.upper():
            if self._echo:
                self._raw(now, line.encode("latin-1") + b"\r")
            self._free_at = max(self._free_at, now) + self._quirks.takes_s
            self._obey(line[line.upper().index("AT") + 2 :], self._free_at)

    def _typed(self, byte: bytes, now: float) -> None:
        assert self._wants is not None
        kind, count = self._wants
        if kind == "pdu" and byte not in (b"\x1a", b"\x1b"):
            self._line += byte
            return
        if kind == "data":
            self._line += byte
            if len(self._line) < count:
                return
        typed, self._line, self._wants = self._line, b"", None
        if kind == "data":
            self._sends(typed, now)
        elif byte == b"\x1a":
            self._submits(typed, now)
        else:
            self._say(now, "OK")

    def _obey(self, text: str, now: float) -> None:
        quirks = self._quirks
        name = re.match(r"[+*&]?[A-Z]*", text.upper())[0]  # type: ignore[index]
        if quirks.noisy:
            self._raw(now, self._random.choice([b"\x00\xff\xfe", b"~x\x81", b"\xf0\x9f\r\n"]))
            self._raw(now, b"\r\n")
        if quirks.chatters:
            self._say(now, self._random.choice(CHATTER))
        if name in quirks.ignores:
            return
        if name in quirks.lacks:
            self._say(now, "ERROR")
            return
        act = getattr(self, f"_at_{name.strip('+').lower()}", None)
        if act is None:
            self._say(now, "OK")
        else:
            act(text, now)

    def _at_e(self, text: str, now: float) -> None:
        self._echo = self._quirks.echo_stays or text[1:] != "0"
        self._say(now, "OK")

    def _at_cpin(self, text: str, now: float) -> None:
        self._say(now, "+CPIN: READY", "OK")

    def _at_creg(self, text: str, now: float) -> None:
        if text.endswith("?"):
            there = now >= self._quirks.registered_at
            self._say(now, f"+CREG: {self._quirks.creg if there else '0,2'}")
        self._say(now, "OK")

    def _at_csq(self, text: str, now: float) -> None:
        self._say(now, "+CSQ: 21,0", "OK")

    def _at_cmgs(self, text: str, now: float) -> None:
        self.tried.append(now)
        self._prompts(("pdu", 0), now)

    def _at_cipsend(self, text: str, now: float) -> None:
        if self._peer is None:
            self._say(now, "ERROR")
        else:
            self._prompts(("data", int(text.partition("=")[2])), now)

    def _prompts(self, wants: tuple[str, int], now: float) -> None:
        self._wants = wants
        self._raw(now, self._quirks.prompt)

    def _submits(self, typed: bytes, now: float) -> None:
        quirks = self._quirks
        self._free_at = now = now + 3.0
        if now < quirks.registered_at:
            self._say(now, "+CMS ERROR: 331")
        elif quirks.texts_need_idle_data and self._peer is not None:
            self._say(now, "+CMS ERROR: 530")
        else:
            digits = int(typed[6:8], 16)
            swapped = typed[10 : 10 + digits + digits % 2].decode()
            number = "".join(b + a for a, b in zip(swapped[::2], swapped[1::2], strict=True))
            self.texts.append((now, "+" + number[:digits]))
            self._reference += 1
            lines = [f"+CMGS: {self._reference}", "OK"]
            self._say(now, *(lines[1:] if quirks.ok_alone else lines[: 2 - quirks.sent_alone]))

    # Data

    def _at_ciprxget(self, text: str, now: float) -> None:
        mode, _, most = text.partition("=")[2].partition(",")
        if mode == "1":
            self._pulled = True
        elif mode == "2":
            taken, self._inbox = self._inbox[: int(most)], self._inbox[int(most) :]
            self._say(now, f"+CIPRXGET: 2,{len(taken)},{len(self._inbox)}")
            self._raw(now, taken)
        self._say(now, "OK")

    def _at_ciphead(self, text: str, now: float) -> None:
        self._headed = True
        self._say(now, "OK")

    def _at_cipstatus(self, text: str, now: float) -> None:
        state = "IP INITIAL" if self._peer is None else "CONNECT OK"
        lines = ["OK", f"STATE: {state}"]
        self._say(now, *(reversed(lines) if self._quirks.state_first else lines))

    def _at_cipstart(self, text: str, now: float) -> None:
        if self._peer is not None:
            self._say(now, "ERROR")
            return
        result = "CONNECT FAIL"
        if self._accept is not None and now >= self._quirks.registered_at:
            self._peer, result = self._accept(), "CONNECT OK"
        if self._quirks.connect_alone:
            self._say(now, result)
        elif self._quirks.connect_first:
            self._say(now, result, "OK")
        else:
            self._say(now, "OK")
            self._say(now + 0.7, result)

    def _at_cipclose(self, text: str, now: float) -> None:
        self._say(now, "ERROR" if self._peer is None else "CLOSE OK")
        self._peer = None

    def _at_cipshut(self, text: str, now: float) -> None:
        self._peer = None
        self._say(now, "SHUT OK")

    def _sends(self, typed: bytes, now: float) -> None:
        answer = self._peer.received(typed, now) if self._peer is not None else b""  # type: ignore[attr-defined]
        self._say(now, "SEND OK" if self._quirks.send_ok else f"DATA ACCEPT:{len(typed)}")
        if not answer:
            return
        if self._pulled:
            self._inbox += answer
            if self._quirks.announces_data:
                self._say(now + 0.8, "+CIPRXGET: 1")
        elif self._headed:
            self._raw(now + 0.8, b"\r\n+IPD,%d:" % len(answer) + answer)
        else:
            self._raw(now + 0.8, answer)
