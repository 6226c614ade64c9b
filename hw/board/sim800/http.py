"""The modem's own HTTP client: AT+HTTPINIT and its family (manual p. 245 to 256)."""

from urllib.parse import urljoin

from outcry.hw.board.modem.at import Command, NotAllowed
from outcry.hw.board.modem.gprs import Fate
from outcry.hw.board.modem.handler import Answer, Entry, Handler, Steps, Wait, forms, framed, says
from outcry.hw.board.modem.network import Network
from outcry.hw.board.modem.part import Core, Part
from outcry.hw.board.modem.schedule import Planned
from outcry.hw.board.sim800 import exchange
from outcry.hw.board.sim800.bearer import Bearer

METHODS = ("GET", "POST", "HEAD")
DATA_TIME_MS = range(1000, 120001)
SESSION_S = range(30, 1001)  # HTTPPARA="TIMEOUT"
REDIRECTIONS_MOST = 5
_AS_DELIVERED = {
    "CID": "1",
    "URL": "",
    "UA": "SIMCOM_MODULE",
    "PROIP": "0.0.0.0",
    "PROPORT": "0",
    "REDIR": "0",
    "BREAK": "0",
    "BREAKEND": "0",
    "TIMEOUT": "120",
    "CONTENT": "",
    "USERDATA": "",
}
_NUMBERS = {"CID": range(1, 4), "REDIR": range(2), "TIMEOUT": SESSION_S, "PROPORT": range(65536)}


class Http(Part):
    def __init__(self, core: Core, bearer: Bearer, network: Network) -> None:
        super().__init__(core)
        self._bearer = bearer
        self._network = network
        self._session: dict[str, str] | None = None
        self._tls = False
        self._data = b""
        self._method = 0
        self._busy = False
        self._exchange: exchange.Exchange | None = None
        self._limit: Planned | None = None
        self._answer = b""
        self._redirections = 0
        sizes = f"(0-{exchange.MEMORY}),({DATA_TIME_MS[0]}-{DATA_TIME_MS[-1]})"
        para = '"HTTPParamTag","HTTPParamValue"'
        handlers = {
            "+HTTPPARA": forms("read run set", self._answer_para, test=para),
            "+HTTPDATA": forms("set", self._downloads, test=sizes),
            "+HTTPACTION": forms("set", self._answer_action, test="(0-2)"),
            "+HTTPREAD": forms("run set", self._answer_read, test="<start_address>,<byte_size>"),
            "+HTTPSTATUS": forms("read", self._answer_status, test=""),
            "+HTTPSSL": forms("read set", self._answer_ssl, test="(0,1)"),
        }
        self.handlers = {
            **{name: self._once_begun(handler) for name, handler in handlers.items()},
            "+HTTPINIT": forms("read run set", self._answer_init, test=""),
            "+HTTPTERM": forms("read run set", self._answer_term, test=""),
        }

    def poll(self) -> None:
        if self._exchange is not None:
            self._exchange.poll()

    def due(self) -> float | None:
        return self._exchange.due() if self._exchange is not None else None

    def lose(self, fate: Fate) -> None:
        """The data path changes under a request."""
        if self._exchange is not None:
            self._exchange.lose(fate)

    def restart(self) -> None:
        self._stop()
        self._session = None

    def _stop(self) -> None:
        self._busy = False
        if self._limit is not None:
            self._limit.cancel()
        if self._exchange is not None:
            self._exchange.end()
            self._exchange = None

    def _once_begun(self, handler: Handler) -> Handler:
        def guarded(command: Command) -> Answer | Steps:
            if self._session is None and command.form != "test":
                raise NotAllowed
            return handler(command)

        return guarded

    def _answer_init(self, command: Command) -> Answer:
        if command.form != "run" or self._session is not None:
            raise NotAllowed
        self._session = dict(_AS_DELIVERED)
        self._tls = False
        self._data = self._answer = b""
        return says()

    def _answer_term(self, command: Command) -> Answer:
        if command.form != "run" or self._session is None:
            raise NotAllowed
        self.restart()
        return says()

    # What to ask, and how

    def _answer_para(self, command: Command) -> Answer:
        known = self._session or {}
        if command.form == "read":
            listed = [f"{tag}: {value}" for tag, value in known.items() if value]
            return says("\r\n".join(["+HTTPPARA:", *listed]))
        tag = command.text(0).upper()
        if command.form != "set" or tag not in known or len(command.args) < 2:
            raise NotAllowed
        value = ",".join(command.args[1:])
        if tag in _NUMBERS and not (value.isdecimal() and int(value) in _NUMBERS[tag]):
            raise NotAllowed
        known[tag] = value
        return says()

    def _answer_ssl(self, command: Command) -> Answer:
        if command.form == "read":
            return says(f"+HTTPSSL: {int(self._tls)}")
        self._tls = command.flag(0)
        return says()

    def _downloads(self, command: Command) -> Steps:
        length, milliseconds = command.number(0), command.number(1)
        if not 1 <= length <= exchange.MEMORY or milliseconds not in DATA_TIME_MS:
            raise NotAllowed
        data = yield Entry(length, milliseconds / 1000, prompt=framed("DOWNLOAD"))
        self._data = data or b""
        yield Wait(self._context.draw(self._context.timing.query))
        return says()

    def _answer_action(self, command: Command) -> Answer:
        method = command.number(0)
        if method >= len(METHODS):
            raise NotAllowed
        if self._busy:
            self._context.schedule.after(0, lambda: self._tell(method, exchange.STACK_BUSY, 0))
            return says()
        self._busy = True
        self._method = method
        self._answer = b""
        self._redirections = 0
        self._context.see("http-action", method=METHODS[method])
        self._limit = self._context.schedule.after(float(self._value("TIMEOUT")), self._lose)
        self._bearer.lost.then(self._lose)
        self._context.schedule.after(0, lambda: self._ask(self._value("URL")))
        return says()

    def _ask(self, url: str) -> None:
        if not self._busy:
            return
        to = exchange.target(url, self._tls)
        if to is None or not self._bearer.connected(int(self._value("CID"))):
            self._ends(exchange.Result(exchange.NETWORK_ERROR))
            return
        method = METHODS[self._method]
        host = to.host if to.port == 80 else f"{to.host}:{to.port}"
        request, how = self._worded(method, to.path, host), self._registration.gprs.for_new
        self._exchange = exchange.Exchange(
            self._context, self._network, how, to, request, method, self._ends
        )

    def _worded(self, method: str, path: str, host: str) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"User-Agent: {self._value('UA')}"]
        lines += ["Accept: */*", "Connection: close"]
        lines += [line for line in self._value("USERDATA").split("\\r\\n") if line]
        body = b""
        if method == "POST":
            body = self._data
            content = self._value("CONTENT") or "text/plain"
            lines += [f"Content-Type: {content}", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body

    def _ends(self, result: exchange.Result) -> None:
        self._exchange = None
        elsewhere = result.location and self._value("REDIR") == "1" and 301 <= result.status <= 308
        if elsewhere and self._redirections < REDIRECTIONS_MOST:
            self._redirections += 1
            self._ask(urljoin(self._value("URL"), result.location))
            return
        self._stop()
        self._answer = result.body
        self._context.see("http-answer", status=result.status, bytes=len(result.body))
        self._tell(self._method, result.status, len(result.body))

    def _tell(self, method: int, status: int, length: int) -> None:
        self._terminal.result("+HTTPACTION", f"+HTTPACTION: {method},{status},{length}")

    def _lose(self) -> None:
        if self._exchange is not None:
            self._exchange.fail(exchange.NETWORK_ERROR)

    def _value(self, tag: str) -> str:
        return (self._session or _AS_DELIVERED)[tag]

    def _answer_read(self, command: Command) -> Answer:
        start, length = 0, len(self._answer)
        if command.form == "set":
            start, length = command.number(0), command.number(1)
            if not length:
                raise NotAllowed
        data = self._answer[start : start + length]
        if not data:
            return says()
        return Answer(f"\r\n+HTTPREAD: {len(data)}\r\n".encode() + data)

    def _answer_status(self, command: Command) -> Answer:
        under_way = self._exchange
        mode = METHODS[self._method] if self._options.http_status_words else str(self._method)
        if under_way is None:
            return says(f"+HTTPSTATUS: {mode},0,0,0")
        left = max(0, under_way.expected - under_way.received)
        return says(f"+HTTPSTATUS: {mode},1,{under_way.received},{left}")
