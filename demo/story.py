"""The story as it is seen from outside, told live with seconds since the press."""

from __future__ import annotations

import sqlite3
import sys
import time
from typing import Any

from demo.contact import Contact, page
from demo.motor import patterns
from stage.stage import CONTACTS, WEARER, WEARER_NUMBER, NotSeen, Stage

HOLD_S = 1.5  # config/outcry.toml: button.hold_seconds
QUORUM = 2  # config/responder.toml: plan.quorum
MOTOR_PIN = 18
_BOOT_LIMIT_S = 90.0
_STEP_LIMIT_S = 60.0


class Story:
    """One scenario. Each hop is printed when it is seen, and kept for the table."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self.name = name
        self.hops: list[tuple[float, str]] = []
        self._pressed = 0.0
        self._contacts = [Contact(stage, name) for name in CONTACTS]

    def tell(self) -> None:
        """Run the scenario; raises :class:`NotSeen` at the first step nobody could observe."""
        self._say("starting gpsd, the board, the responder and the daemon; a SIM800 takes its time")
        self._stage.start()
        networks = self._stage.networks
        if networks is not None and not networks.names():
            self._say("no network's server is here; make peers fetches two")
        self._wait_until_armed()
        if self.name == "data":
            self._over_data()
        else:
            self._over_sms()

    # The two scenarios

    def _over_data(self) -> None:
        self._press()
        self._hop_from("bytes out: AT+CIPSEND", "at", command="AT+CIPSEND")
        received = self._hop_from("receipt at the modem", "tcp-received", modem="wearer")
        self._pulse("HQ has it", after=float(received["t"]))
        first, *others = self._contacts
        self._text_arrives(first, "/c/")
        self._confirms(first, "/c/")
        self._pulse("a person has it")
        for contact in others[: QUORUM - 1]:
            self._text_arrives(contact, "/c/")
            self._confirms(contact, "/c/")
        self._post()
        for contact in others[QUORUM - 1 :]:
            self._text_arrives(contact, "/c/")

    def _over_sms(self) -> None:
        self._stage.board("gprs", "off", "--how", "dead", "--modem", "wearer")
        self._stage.board("network", "off", "--modem", "hq")
        self._say("GPRS is dead, and HQ's own modem has no network: only the contacts' phones work")
        self._press()
        self._hop_from("bytes out: AT+CMGS", "at", command="AT+CMGS", modem="wearer")
        for contact in self._contacts:
            self._text_arrives(contact, "ALARM")
        first = self._contacts[0]
        link = self._wait(f"link on {first.name}'s phone", lambda: first.link("/a/"))
        shown = first.opens(link)
        if WEARER not in shown:
            raise NotSeen("the contact's page does not say whose alarm it is")
        self._hop(f"{first.name} opens the link: the alarm reaches HQ")
        self._stage.board("network", "on", "--modem", "hq")
        self._say("HQ's modem has its network back")
        self._hop_from("receipt by SMS at the modem", "sms-delivered", to=WEARER_NUMBER)
        self._pulse("HQ has it")
        for contact in self._contacts[:QUORUM]:
            self._confirms(contact, "/a/")
        self._post()
        self._pulse("a person has it")

    # Steps

    def _wait_until_armed(self) -> None:
        self._wait(
            "data path up", lambda: self._event("tcp-connected", modem="wearer"), _BOOT_LIMIT_S
        )
        self._wait("a position at gpsd", self._stage.has_fix, _BOOT_LIMIT_S)
        self._say("armed, registered, data path up, position known")

    def _press(self) -> None:
        self._say("the wearer holds the button ...")
        began = time.monotonic()
        self._stage.board("hold")
        down = self._wait("button down", lambda: self._event("pin-in", since=began, level=0))
        self._pressed = float(down["t"]) + HOLD_S
        report = self._wait("a sealed report on disk", self._report_on_disk)
        self._hop(f"report sealed, on disk ({len(report)} bytes nobody here can open)")
        self._pulse("raised")
        self._stage.board("release")

    def _report_on_disk(self) -> bytes | None:
        path = self._stage.folder / "state" / "outbox.sqlite"
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            row = database.execute("SELECT sealed FROM report ORDER BY counter LIMIT 1").fetchone()
        except sqlite3.OperationalError:
            return None
        finally:
            database.close()
        return bytes(row[0]) if row else None

    def _text_arrives(self, contact: Contact, needle: str) -> None:
        def seen() -> str | None:
            return next((text for text in contact.texts() if needle in text), None)

        text = self._wait(f"SMS on {contact.name}'s phone", seen)
        self._hop(f"SMS on {contact.name}'s phone", detail=text)

    def _confirms(self, contact: Contact, path: str) -> None:
        link = self._wait(f"a link for {contact.name}", lambda: contact.link(path))
        if WEARER not in contact.opens(link):
            raise NotSeen("the contact's page does not say whose alarm it is")
        contact.confirms(link)
        self._hop(f"{contact.name} opens the link and confirms with the PIN")

    def _post(self) -> None:
        url = self._stage.people_url
        self._wait("the post", lambda: WEARER in page(url) and WEARER in page(f"{url}/feed.atom"))
        self._hop(f"post on {url}/ and in its feed")
        networks = self._stage.networks
        for name in networks.names() if networks is not None else ():
            posts = self._wait(f"the post on {name}", lambda name=name: self._posts(name))
            self._hop(f"post on {name}, read from its server", detail=posts[0])

    def _posts(self, network: str) -> list[str]:
        assert self._stage.networks is not None
        return [text for text in self._stage.networks.posts(network) if WEARER in text]

    def _pulse(self, words: str, after: float = 0.0) -> None:
        try:
            at = self._wait(f'pulse "{words}"', lambda: self._felt(words, after))
        except NotSeen as error:
            raise NotSeen(f"{error}; the motor's pin: {self._edges(after)}") from None
        self._hop(f'the wearer feels "{words}"', at=at)

    def _felt(self, words: str, after: float) -> float | None:
        """When the motor began this pattern."""
        found = patterns(self._edges(after))
        return next((began for began, felt in found if felt == words), None)

    def _edges(self, after: float) -> list[tuple[float, bool]]:
        """When the motor's pin changed since the press, and to what."""
        events = self._stage.events("pin-out", since=max(after, self._pressed - HOLD_S))
        return [(event["t"], bool(event["level"])) for event in events if event["pin"] == MOTOR_PIN]

    def _event(self, what: str, since: float = 0.0, **facts: object) -> dict[str, Any] | None:
        for event in self._stage.events(what, since):
            if all(event.get(key) == value for key, value in facts.items()):
                return event
        return None

    def _hop_from(self, words: str, what: str, **facts: object) -> dict[str, Any]:
        event: dict[str, Any] = self._wait(
            words, lambda: self._event(what, since=self._pressed - HOLD_S, **facts)
        )
        self._hop(words, at=float(event["t"]))
        return event

    # Telling

    def _wait(self, what: str, seen: Any, limit_s: float = _STEP_LIMIT_S) -> Any:
        return self._stage.wait(f"{self.name}: {what}", seen, limit_s)

    def _hop(self, words: str, at: float | None = None, detail: str = "") -> None:
        seconds = (time.monotonic() if at is None else at) - self._pressed
        self.hops.append((seconds, words))
        self._print(f"{seconds:8.2f} s  {words}")
        for line in detail.splitlines():
            self._print(f"{'':12}| {line}")

    def _say(self, words: str) -> None:
        self._print(f"{'':10}  {words}")

    def _print(self, line: str) -> None:
        print(f"[{self.name:>7}] {line}", flush=True, file=sys.stdout)
