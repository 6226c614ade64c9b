"""What readers of a network see of the calls that rules have asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from outcry.responder.rules.calls import Correction, FollowUp, Post, TakeBack


@dataclass
class Wall:
    """What readers of one network see: posts by their target, each with the words added to it."""

    edits: bool
    posts: dict[Post, list[str]] = field(default_factory=dict)

    def takes(self, target, case, text):
        match target:
            case Post():
                self.posts.setdefault(target, [text])
            case FollowUp():
                pass
            case Correction(network, _, episode) | TakeBack(network, _, episode):
                words = self.posts.setdefault(Post(network, episode), ["(nobody knows of it)"])
                words[0:1] = [text] if self.edits else words[0:1]
                words += [] if self.edits else [text]

    def last_words(self):
        return [words[-1] for words in self.posts.values()]
