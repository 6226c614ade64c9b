"""Any other channel that Apprise can reach: words go out, and nothing comes back.

No address, no editing, no way to ask: so what may have gone out is not sent
again, and a correction is a message of its own.
"""

import threading
from collections.abc import Sequence

from outcry.responder.findings import Finding
from outcry.responder.posting import last_look, publisher
from outcry.responder.rules.events import Outcome
from outcry.responder.rules.model import BROADCAST
from outcry.responder.transports import apprise
from outcry.responder.transports.apprise import Channels


class Broadcast:
    """One Apprise address to which the public listens."""

    limits = publisher.Limits(length=1000, picture=False)

    def __init__(self, name: str, url: str, service: Channels | None = None) -> None:
        """``url`` holds secrets, and is never shown."""
        self.name = BROADCAST + name
        self._url = url
        self._service = service or Channels()
        self.limit_s = self._service.limit_s
        self._lock = threading.Lock()
        self._never_left: set[str] = set()

    def check(self) -> Sequence[Finding]:
        """What can be known without sending."""
        return [apprise.check(self.name, self._url)]

    def find(self, key: str, draft: publisher.Draft) -> publisher.Posted | None:
        """None if the last try certainly sent nothing; after any other nobody can tell."""
        with self._lock:
            if key in self._never_left:
                return None
        look = "look there, and send it by hand if it is missing"
        raise publisher.PublishingRefused(f"{self.name} may already have this message; {look}")

    def post(self, key: str, draft: publisher.Draft) -> publisher.Posted:
        came = self._service.attempt(self._url, "", draft.text, last_look.why_not)
        with self._lock:
            self._never_left.discard(key)
            if came.outcome in (Outcome.FAILED, Outcome.DROPPED):
                self._never_left.add(key)
        if came.outcome is Outcome.DONE:
            return publisher.Posted(key, "", draft.text)
        if came.outcome is Outcome.FAILED:
            raise publisher.NothingLeft(f"{self.name}: {came.why}", came.wait_s)
        if came.outcome is Outcome.DROPPED:
            raise publisher.Withheld(came.why or "")
        raise publisher.OutcomeUnknown(f"{self.name}: {came.why}")

    def reply(self, key: str, to: publisher.Posted, draft: publisher.Draft) -> publisher.Posted:
        return self.post(key, draft)

    def correct(self, key: str, to: publisher.Posted, draft: publisher.Draft) -> publisher.Posted:
        return self.post(key, draft)

    def delete(self, to: publisher.Posted) -> None:
        raise publisher.PublishingRefused(f"{self.name}: what was sent there cannot be taken back")
