"""How a command is served: what its handler is, what it may wait for, and what it answers.

A handler is a function that answers at once, or a generator that yields what it waits for
(:class:`Wait`, :class:`Entry`, :class:`Signal`) and returns its answer.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from outcry.hw.board.modem.at import Command, Refused


@dataclass(frozen=True)
class Wait:
    seconds: float


@dataclass(frozen=True)
class Entry:
    """Raw input after a prompt: ``length`` bytes, or until ^Z when None; ESC then cancels.

    Resumes the handler with the bytes, or with None when cancelled; after ``seconds`` with
    those that have come.
    """

    length: int | None = None
    seconds: float | None = None
    prompt: bytes = b"\r\n> "
    again: bytes = b""  # said after each CR typed in text mode


class Signal:
    """Something that will be told, once: the handler that yields it sleeps until ``tell``."""

    def __init__(self) -> None:
        self.told = False
        self._then: Callable[[], None] | None = None

    def then(self, wake: Callable[[], None]) -> None:
        self._then = wake

    def tell(self) -> None:
        self.told = True
        if self._then is not None:
            wake, self._then = self._then, None
            wake()


@dataclass(frozen=True)
class Answer:
    """What a command says: its text as it goes over the wire, and the final result code if any."""

    body: bytes = b""
    final: str = "OK"


Steps = Generator[Wait | Entry | Signal, bytes | None, Answer]
Handler = Callable[[Command], Answer | Steps]


def framed(*lines: str) -> bytes:
    """Each line between CR LF, as the manual (p. 23) has it."""
    return b"".join(b"\r\n" + line.encode("latin-1") + b"\r\n" for line in lines)


def says(*lines: str, final: str = "OK") -> Answer:
    return Answer(framed(*lines), final)


def forms(served: str, handler: Handler, *, test: str | None = None) -> Handler:
    """A handler for these forms of a command, such as "read set"; any other is refused.

    ``test`` is what =? lists, as the modem prints it; "" where it only says OK.
    """

    def answer(command: Command) -> Answer | Steps:
        if command.form == "test" and test is not None:
            return says(f"{command.name}: {test}") if test else says()
        if command.form not in served.split():
            raise Refused
        return handler(command)

    return answer
