"""The PINs that were said to a SIM, remembered over restarts: a third wrong one locks it."""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

SAID, REFUSED, TAKEN = "said", "refused", "taken"


class SaidPins:
    """What came of each saying of a PIN, so that no restart makes three wrong ones of one.

    Of PIN and SIM there are keyed hashes only. ``files``: on the card, and where that cannot be
    written, one that lasts until the next boot.
    """

    def __init__(
        self, files: tuple[Path, ...] = (), random: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._files = tuple(dict.fromkeys(files))  # each says what it knows once
        self._random = random
        self._here: list[str] = []
        self._undo: Callable[[], object] | None = None

    def of(self, pin: str, sim: str) -> list[str]:
        """REFUSED for each time it was, SAID for each time of which no more is known.

        ``sim`` is the SIM's number; empty, if it is not known, stands for every SIM.
        """
        found: list[str] = []
        for line in self._lines():
            key, of_pin, of_sim, word = line
            if of_pin == _hash(key, pin) and (not sim or of_sim in ("-", _hash(key, pin + sim))):
                found = [each for each in found if each == REFUSED or word == SAID]
                found += [word] if word != TAKEN else []
        return found

    def knows(self, pin: str, sim: str) -> bool:
        """Whether anything is kept of this PIN and this very SIM."""
        return any(of_sim == _hash(key, pin + sim) for key, _, of_sim, _ in self._lines())

    def has_refusals(self) -> bool:
        """Whether any PIN was refused, by whichever SIM."""
        return any(line[-1] == REFUSED for line in self._lines())

    def can_keep(self) -> bool:
        """Whether this user may read what is kept and add to it."""
        for path in self._files:
            with suppress(OSError), path.open("a+"):
                return True
        return False

    def add(self, word: str, pin: str, sim: str) -> None:
        """``pin`` is about to be said, or was refused or taken."""
        self._undo = None
        if word == TAKEN and not self.has_refusals():
            self._here.clear()
            for path in self._files:
                with suppress(OSError):
                    path.unlink()
            return
        key = self._random(16).hex()
        of_sim = _hash(key, pin + sim) if sim else "-"
        self._undo = self._here.pop
        self._here.append(f"\n{key} {_hash(key, pin)} {of_sim} {word}")
        for path in self._files:
            with suppress(OSError), path.open("a", encoding="ascii") as file:
                size = os.fstat(file.fileno()).st_size
                file.write(self._here[-1])
                file.flush()
                os.fsync(file.fileno())
                self._here.pop()
                self._undo = partial(_cut, path, size)
                return

    def take_back(self) -> None:
        """What was added last does not count."""
        undo, self._undo = self._undo, None
        with suppress(OSError):
            if undo is not None:
                undo()

    def _lines(self) -> list[list[str]]:
        texts = []
        for path in self._files:
            with suppress(OSError):
                texts.append(path.read_text(encoding="ascii", errors="replace"))
        lines = [line.split() for line in "".join([*texts, *self._here]).splitlines()]
        return [line for line in lines if len(line) == 4]


def _cut(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())


def _hash(key: str, what: str) -> str:
    # Late, and not hashlib, which would bring OpenSSL's own library into memory beside this one's.
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.hmac import HMAC

    keyed = HMAC(key.encode(), SHA256())
    keyed.update(what.encode())
    return keyed.finalize().hex()
