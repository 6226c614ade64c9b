"""A part of the service: what runs on a thread of its own from the service's start to its end."""

from __future__ import annotations

import threading


class Part:
    """Works on a thread until it is asked to stop; ``work`` and ``ask_to_stop`` say how."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._thread = threading.Thread(target=self.work, name=name, daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float) -> bool:
        """Finish what is in hand; False if that took longer than ``timeout_s``."""
        self.ask_to_stop()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def ask_to_stop(self) -> None:
        """Begin nothing more; returns at once."""
        raise NotImplementedError

    def work(self) -> None:
        """On the thread: until asked to stop."""
        raise NotImplementedError
