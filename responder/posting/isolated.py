"""A network whose library runs in a process of its own, and is ended there when its limit is over.

Each request that could publish asks first whether it still may: see ``last_look.py``.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from outcry.responder.callers.processes import Caller, Callers, Lost, May, Withheld
from outcry.responder.findings import Finding
from outcry.responder.posting import in_caller, last_look, publisher
from outcry.responder.posting.publisher import Draft, Posted, Publisher


class Isolated:
    """One account. Its process is made for the first call, and again after it was ended."""

    def __init__(
        self, kind: Callable[..., Publisher], account: dict[str, Any], callers: Callers
    ) -> None:
        """``kind`` makes the publisher, here without loading its library; ``account`` is its own."""
        here = kind(**account)
        self.name = here.name
        self.limits = here.limits
        self.limit_s = here.limit_s
        self._kind = kind
        self._account = tuple(account.items())
        self._callers = callers
        self._caller: Caller | None = None
        self._lock = threading.Lock()

    def check(self) -> Sequence[Finding]:
        try:
            found = self._call("check", may=_always)
        except (publisher.PublishingFailed, publisher.OutcomeUnknown) as error:
            return [Finding(False, str(error), "see docs/networks.md")]
        return [Finding(*each) for each in found]

    def find(self, key: str, draft: Draft) -> Posted | None:
        found: Posted | None = self._call("find", key, draft, may=_always)
        return found

    def post(self, key: str, draft: Draft) -> Posted:
        return self._say("post", key, draft)

    def reply(self, key: str, to: Posted, draft: Draft) -> Posted:
        return self._say("reply", key, to, draft)

    def correct(self, key: str, to: Posted, draft: Draft) -> Posted:
        return self._say("correct", key, to, draft)

    def delete(self, to: Posted) -> None:
        self._call("delete", to, may=last_look.why_not)

    def _say(self, what: str, *arguments: object) -> Posted:
        said = self._call(what, *arguments, may=last_look.why_not)
        assert isinstance(said, Posted)
        return said

    def _call(self, what: str, *arguments: object, may: May) -> Any:
        if not self._lock.acquire(blocking=False):  # the workflow has one lane for it
            raise publisher.NothingLeft(f"{self.name}: another call is still being made")
        try:
            if self._caller is None or not self._caller.is_alive():
                self._close()
                self._caller = self._callers.new()
            task = self._kind, self._account, what, arguments
            came = self._caller.call(in_caller.perform, task, self.limit_s, self.name, may)
        except Withheld as no:
            if no.wait_s is None:
                raise publisher.Withheld(str(no)) from None
            raise publisher.PublishingFailed(f"{self.name}: {no}", no.wait_s) from None
        except Lost as lost:
            raise publisher.OutcomeUnknown(f"{self.name}: {lost}") from None
        finally:
            self._lock.release()
        return self._read(*came.value)

    def _read(self, what: str, *words: Any) -> Any:
        match what:
            case "posted":
                return Posted(str(words[0]), str(words[1]), *words[2:])
            case "nothing":
                return None
            case "found":
                return words[0]
            case "nothing left":
                raise publisher.NothingLeft(*words)
            case "refused":
                raise publisher.PublishingRefused(*words)
            case "failed":
                raise publisher.PublishingFailed(*words)
            case _:
                raise publisher.OutcomeUnknown(*words)

    def _close(self) -> None:
        if self._caller is not None:
            self._caller.end()


def _always() -> None:
    """Looking does nothing that could be forbidden."""
