"""Whether people's address leads to HQ's pages, asked as a phone would ask it."""

import ssl
from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from outcry.responder.findings import Finding
from outcry.responder.web.guard import NO_SOURCE

LIMIT_S = 10.0
_REMEDY = "look at the proxy, and at the address that this name has"


def look(public_url: str) -> Finding:
    """What came of asking for the first page; a good answer tells when the certificate expires.

    Takes up to half a minute; never raises.
    """
    netloc = urlsplit(public_url).netloc
    asking = HTTPSConnection(netloc, timeout=LIMIT_S, context=ssl.create_default_context())
    try:
        asking.connect()
        certificate = asking.sock.getpeercert() if isinstance(asking.sock, ssl.SSLSocket) else None
        asking.request("HEAD", "/")
        answer = asking.getresponse()
    except ssl.SSLCertVerificationError as error:
        what = f"phones do not believe the certificate of {netloc}: {error.verify_message}"
        return Finding(False, what, "let the proxy renew it; a name must be the certificate's own")
    except (OSError, HTTPException) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        return Finding(False, f"nobody can open {public_url}: {why}", _REMEDY)
    finally:
        asking.close()
    if answer.status != 200:
        return Finding(False, f"{public_url} answers {answer.status}", _REMEDY)
    if not answer.headers.get("Content-Security-Policy", "").startswith(NO_SOURCE):
        return Finding(False, f"another site answers at {public_url}", _REMEDY)
    until = ssl.cert_time_to_seconds(str((certificate or {})["notAfter"]))
    return Finding(True, f"pages can be opened at {public_url}", "renew the certificate", until)
