"""HTTP/1.1 over a stream of bytes, framed by h11: one request, one bounded answer, kept alive.

The peer's bytes are a stranger's: rubbish is a clean ``BadAnswer``. Import
this module late; h11 costs 50 M instructions.
"""

from dataclasses import dataclass, field

import h11

from outcry.hw.modem.lines import HEAD_MOST

BODY_MOST = 1024  # bytes; a receipt has some dozens
CLOSED_EARLY = "HQ closed the connection"
_CUT = f"{CLOSED_EARLY} before its answer's end"
_VERSION = b"HTTP/1."
_TLS = (b"\x15\x03", b"\x16\x03")  # a record's head: an alert or a handshake (RFC 8446, 5.1)


class BadAnswer(Exception):
    """The peer's bytes are no acceptable HTTP answer; the connection is of no more use."""


@dataclass(frozen=True)
class Answer:
    """A whole answer. Unless ``reusable``, the connection is to be closed."""

    status: int
    body: bytes = field(repr=False)
    reusable: bool


class HttpStream:
    """One connection's worth of requests to HQ."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host if port == 80 else f"{host}:{port}"
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_MOST)
        self._status = 0
        self._body = b""
        self._taken = 0
        self._begins = b""
        self._asked = False

    def request(self, body: bytes) -> bytes:
        """The bytes of ``POST /v1/reports`` with ``body``."""
        self._status, self._body, self._taken = 0, b"", 0
        self._begins, self._asked = b"", True
        head = h11.Request(
            method="POST",
            target="/v1/reports",
            headers=[
                ("Host", self._host),
                ("Content-Type", "application/octet-stream"),
                ("Content-Length", str(len(body))),
            ],
        )
        said = (head, h11.Data(data=body), h11.EndOfMessage())
        return b"".join(self._h11.send(each) or b"" for each in said)

    def feed(self, data: bytes) -> Answer | None:
        """Take in what the peer sent (``b""``: it closed); the answer once it is whole.

        Raises ``BadAnswer`` for rubbish, for an answer without a request, for
        one too long, and for a connection closed before the end.
        """
        self._taken += len(data)
        self._begins += data[: len(_VERSION) - len(self._begins)]
        if self._begins.startswith(_TLS):
            raise BadAnswer("TLS answers, not HTTP")
        if not data and not self._taken:
            raise BadAnswer(CLOSED_EARLY)
        if not (self._asked and _VERSION.startswith(self._begins)):
            raise BadAnswer("the answer is not HTTP, or nobody asked")
        if self._taken > HEAD_MOST + 2 * BODY_MOST:
            raise BadAnswer("the answer is too long")
        try:
            self._h11.receive_data(data)
            return self._next_answer()
        except (h11.ProtocolError, RuntimeError) as exc:
            raise BadAnswer("the answer is not HTTP" if data else _CUT) from exc

    def _next_answer(self) -> Answer | None:
        while True:
            event = self._h11.next_event()
            if event is h11.NEED_DATA:
                return None
            if isinstance(event, h11.Response):
                self._status = event.status_code
            elif isinstance(event, h11.Data):
                self._body += bytes(event.data)
                if len(self._body) > BODY_MOST:
                    raise BadAnswer("the answer is too long")
            elif isinstance(event, h11.EndOfMessage):
                self._asked = False
                return Answer(self._status, self._body, self._start_over())
            elif not isinstance(event, h11.InformationalResponse):
                raise BadAnswer(_CUT)

    def _start_over(self) -> bool:
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
            return not self._h11.trailing_data[0]
        return False
