"""A network in memory that asks before it publishes; what becomes of it, the test says."""

from __future__ import annotations

from outcry.responder.posting import last_look
from outcry.responder.posting.publisher import Limits, OutcomeUnknown, Posted, Withheld

NETWORK = "loop"


class Network:
    """Asks before it publishes, as an isolated one does; what becomes of it, the test says."""

    name = NETWORK
    limit_s = 5.0

    def __init__(self, threads: bool = True) -> None:
        self.limits = Limits(500, threads=threads)
        self.posts: dict[str, str] = {}
        self.corrected: dict[str, str] = {}
        self.pictures: list[bool] = []
        self.hangs = False
        self.before = lambda: None
        self.looked = 0

    def check(self):
        return []

    def find(self, key, draft):
        self.looked += 1
        return Posted(key, f"https://{key}") if key in self.posts else None

    def post(self, key, draft):
        self.pictures.append(draft.picture is not None)
        self.before()
        why = last_look.why_not()
        if why is not None:
            raise Withheld(why)
        if self.hangs:
            raise OutcomeUnknown("no answer in time")
        self.posts[key] = draft.text
        return Posted(key, f"https://{key}")

    def reply(self, key, to, draft):
        return self.post(key, draft)

    def correct(self, key, to, draft):
        self.corrected[to.id] = draft.text
        return to

    def delete(self, to):
        del self.posts[to.id]
