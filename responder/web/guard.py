"""What stands before every page: no plain HTTP from afar, strict headers, nothing in the log.

Plain ASGI, outermost: an error anywhere inside becomes a bare 500 and a log
line without the error's words, since those may hold a number or a place.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outcry.responder import journal
from outcry.responder.settings import is_loopback

log = journal.Log("outcry.responder.pages")

NO_SOURCE = "default-src 'none'"  # how the policy of each page begins
HEADERS_ALONE = "outcry.headers_alone"  # in the scope of a request that was a HEAD


class Contained:
    """Ends every error here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:  # noqa: BLE001 - whatever it was, it ends here
            answer = failed(error)
            if scope["type"] == "http" and not started:
                await answer(scope, receive, send)


def failed(error: BaseException) -> Response:
    """The answer where something went wrong on our side; the journal says what."""
    log.tell(journal.Entry.PAGE_FAILED, error=journal.describe(error))
    return PlainTextResponse("Something went wrong on our side. Try again in a minute.\n", 500)


class Guard:
    """Refuses plain HTTP unless both ends are this machine, and sets the pages' headers."""

    def __init__(self, app: ASGIApp, behind_proxy: bool, style_hash: str) -> None:
        """``style_hash`` is the CSP source of the pages' one inline style."""
        self._app = app
        self._behind_proxy = behind_proxy
        self._headers = {
            "Content-Security-Policy": (
                f"{NO_SOURCE}; style-src 'self' {style_hash}; img-src 'self' data:; "
                "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ),
            # Not "no-referrer": with it browsers send forms with "Origin: null", and then a form
            # on a stranger's page could not be told from ours.
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        secure = self._is_secure(scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        if secure or (_is_here(scope) and not self._behind_proxy):
            await self._app(scope, receive, with_headers)
        else:
            refusal = PlainTextResponse("Open this address with https:// in front.\n", 403)
            await refusal(scope, receive, with_headers)

    def _is_secure(self, scope: Scope) -> bool:
        if scope["scheme"] == "https":
            return True
        said = Headers(scope=scope).get("x-forwarded-proto", "")
        return self._behind_proxy and _is_here(scope) and said == "https"


def client_address(scope: Scope, behind_proxy: bool) -> str:
    """Who asks: the last address in X-Forwarded-For when our own proxy wrote it."""
    client = scope.get("client")
    address = client[0] if client else ""
    if behind_proxy and _is_here(scope):
        forwarded = Headers(scope=scope).get("x-forwarded-for", "")
        address = forwarded.rsplit(",", 1)[-1].strip() or address
    return str(address)


def vouch_for(scope: Scope) -> None:
    """Whose request this is has shown to be one of ours: they have places and turns of their own."""
    for had in ("guest", "turn"):
        if had in scope:
            scope[had].vouch()


def keep_cookie(answer: Response, name: str, value: str, seconds: float) -> None:
    """A cookie that no script and no other site is given."""
    answer.set_cookie(
        name, value, max_age=int(seconds), secure=True, httponly=True, samesite="strict"
    )


def is_same_origin(scope: Scope) -> bool:
    """Whether a form was sent from our own page, as far as the browser says."""
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or origin.split("//", 1)[-1] == headers.get("host")


def _is_here(scope: Scope) -> bool:
    """Whether both ends of the connection are this machine."""
    client, server = scope.get("client"), scope.get("server")
    return bool(client and server and is_loopback(client[0]) and is_loopback(server[0]))
