"""Time stamps (RFC 3161): somebody outside HQ says that the record was so at a time.

What is sent to the time-stamping server is one hash, the record's newest link; it tells nothing.
The reply is fetched after the record was sealed, by a thread that nothing waits for, and again until
it comes. Its signature is checked where it counts, by whoever reads a case file: with OpenSSL.
"""

import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from secrets import randbits
from typing import NamedTuple

from asn1crypto import cms, tsp
from sqlalchemy import Connection, func, insert, select

from outcry.responder import journal
from outcry.responder.archive import proof
from outcry.responder.callers import outgoing
from outcry.responder.storage import audit_chain, store, versions
from outcry.responder.storage.audit_chain import Head, Noted
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.time_stamps")

STAMP_EVERY_S = 600.0  # at most: public servers serve everybody
RETRY_S = (60.0, 300.0, 900.0, 3600.0)  # after a fault; the last goes on
TIMEOUT_S = 20.0  # of each step of a call
_LARGEST_REPLY = 65_536  # one is 2 to 8 kB
_GRANTED = ("granted", "granted_with_mods")

Post = Callable[[str, bytes], bytes]


class StampInvalid(Exception):
    """This is not a time stamp over that link; the message says why."""


class Stamped(NamedTuple):
    """What a time stamp says, if its signature holds: when, and by whom.

    ``ended``: a certificate of theirs was good then, and is not any more.
    """

    at: datetime
    by: str
    ended: bool = False


def request(link: bytes, nonce: int) -> bytes:
    """What a server is asked with, DER: a stamp over this link, its certificate along."""
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": link}
    asked = {"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    return bytes(tsp.TimeStampReq(asked).dump())


def read(reply: bytes, link: bytes, nonce: int | None = None) -> Stamped:
    """What a reply says, if it is a stamp over this link; ``nonce``: that of the request.

    Its signature is not looked at. Raises :class:`StampInvalid`.
    """
    try:
        answer = tsp.TimeStampResp.load(reply, strict=True)
        status = answer["status"]["status"].native
        if status not in _GRANTED:
            raise StampInvalid(f"the server answers: {status}")
        info = answer["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        what = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
        if what != ("sha256", link) or (nonce is not None and info["nonce"].native != nonce):
            raise StampInvalid("it is a time stamp over something else")
        return Stamped(info["gen_time"].native, _signer(answer["time_stamp_token"]["content"]))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        raise StampInvalid("it is no time stamp") from None


def _signer(signed: cms.SignedData) -> str:
    """Whose certificate it is signed with: others may be along, which the signature does not hold."""
    (signer,) = signed["signer_infos"]
    said = signer["sid"].chosen
    for each in signed["certificates"]:
        known = each.chosen
        same = known.serial_number == said["serial_number"].native
        if same and known.issuer.dump() == said["issuer"].dump():
            return "".join(filter(str.isprintable, known.subject.human_friendly))
    return "an unnamed server"


def check(reply: bytes, link: bytes, authority: Path | None, now: float | None = None) -> Stamped:
    """As :func:`read`, and its signature holds by ``authority``, a PEM file of certificates.

    None: by those that this machine trusts. ``now`` (Unix seconds; None: by this machine's clock):
    a case is heard years later, so a certificate may have ended meanwhile, if it was good at the
    time that the stamp says. Raises :class:`StampInvalid`; and ``FileNotFoundError`` if OpenSSL is
    not here.
    """
    said = read(reply, link)
    program = shutil.which("openssl")
    if program is None:
        raise FileNotFoundError("openssl")
    trusted = ["-CAfile", str(authority)] if authority else ["-CApath", "/etc/ssl/certs"]
    with tempfile.NamedTemporaryFile() as file:
        file.write(reply)
        file.flush()
        for at in (time.time() if now is None else now, said.at.timestamp()):
            asked = ["ts", "-verify", "-digest", link.hex(), "-in", file.name, *trusted]
            command = [program, *asked, "-attime", str(int(at))]
            seen = subprocess.run(command, capture_output=True, timeout=60, check=False)
            if seen.returncode == 0 and b"Verification: OK" in seen.stdout + seen.stderr:
                return said._replace(ended=at == said.at.timestamp())
    why = "its signature leads to no authority that is trusted here; name one by --authority"
    raise StampInvalid(why)


def http(url: str, asked: bytes) -> bytes:
    """Ask a time-stamping server as RFC 3161 section 3.4 says."""
    types = {"Content-Type": "application/timestamp-query", "User-Agent": "outcry-responder"}
    call = urllib.request.Request(url, asked, types)
    outgoing.name_url(url)  # it is a setting
    with outgoing.guarded(), urllib.request.urlopen(call, timeout=TIMEOUT_S) as answer:
        end, reply = time.monotonic() + TIMEOUT_S, b""
        while len(reply) < _LARGEST_REPLY and (more := answer.read1(_LARGEST_REPLY)):
            reply += more
            if time.monotonic() > end:
                raise TimeoutError
    return reply


@dataclass
class TimeStamping:
    """``look`` has the record's newest seal stamped, when that is due; it never raises for a server.

    ``clock`` gives Unix seconds. ``url`` empty: nothing is ever done.
    """

    store: Store
    url: str
    clock: Callable[[], float]
    post: Post = http
    _due: float = field(default=float("-inf"), init=False)
    _faults: int = field(default=0, init=False)

    def look(self) -> None:
        now = self.clock()
        if not self.url or self._due - STAMP_EVERY_S * 6 < now < self._due:
            return
        with self.store.read() as connection:
            head = _unstamped(connection)
        if head is None:
            return
        nonce = randbits(63)
        try:
            reply = self.post(self.url, request(head.link, nonce))
            read(reply, head.link, nonce)
        except (OSError, HTTPException, ValueError, StampInvalid) as error:
            self._failed(
                now, str(error) if isinstance(error, StampInvalid) else type(error).__name__
            )
            return
        with self.store.write() as connection:
            if keep(connection, head.n, reply, now) and self._faults:
                log.tell(journal.Entry.STAMPED_AGAIN)
        self._faults, self._due = 0, now + STAMP_EVERY_S

    def _failed(self, now: float, why: str) -> None:
        self._due = now + RETRY_S[min(self._faults, len(RETRY_S) - 1)]
        self._faults += 1
        log.tell(journal.Entry.NOT_STAMPED, tries=self._faults, why=why)


def keep(connection: Connection, n: int, reply: bytes, now: float) -> bool:
    """Keep the stamp over a line of the record; False: another process was quicker."""
    if connection.scalar(select(store.stamp.c.n).filter_by(n=n)) is not None:
        return False
    connection.execute(insert(store.stamp).values(n=n, reply=reply))
    versions.note(connection, versions.STAMP, n, now)
    return True


def kept(connection: Connection) -> list[proof.Stamp]:
    """The time stamps that came, with the links that they have to be over."""
    stamp, line = store.stamp, store.record
    rows = select(stamp.c.n, line.c.link, stamp.c.reply).outerjoin_from(
        stamp, line, stamp.c.n == line.c.n
    )
    return [proof.Stamp(n, link or b"", reply) for n, link, reply in connection.execute(rows)]


def _unstamped(connection: Connection) -> Head | None:
    """The record's end, if an alarm was sealed since the last stamp."""
    line = store.record.c
    sealed = connection.scalar(select(func.max(line.n)).filter_by(what=Noted.SEALED.name))
    stamped = connection.scalar(select(func.max(store.stamp.c.n)))
    return audit_chain.head(connection) if (sealed or 0) > (stamped or 0) else None
