"""Duty officers' accounts: a password and a second factor, sessions, and slow guessing.

An account is made at HQ's own machine and settled by its officer, through a
link that works once or at the terminal. Nobody is ever locked out: wrong tries
slow the source they come from, and the officer is told how many there were. Browsers that were
right before are counted by themselves, and wait for no stranger.
"""

import hashlib
import hmac
import unicodedata
from base64 import b32encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection, Delete, Row, Update, delete, insert, or_, select, update

from outcry.responder import journal
from outcry.responder.plans import announcements
from outcry.responder.plans.announcements import BY_COMMAND, Announcement
from outcry.responder.storage import store, versions
from outcry.responder.storage.store import Store
from outcry.responder.storage.versions import OFFICER
from outcry.responder.web.link_tokens import link_token
from outcry.responder.web.sources import Sources, sources_of
from outcry.responder.web.throttle import Counted, OneByOne, Throttle, TooSoon, by_source

log = journal.Log("outcry.responder.officers")

WELCOME_S = 24 * 3600.0
SESSION_S = 14 * 3600.0  # a long night's shift and the handing over
IDLE_S = 2 * 3600.0  # an open console asks for news all the time; this is for a closed one
SHORTEST_PASSWORD = 12  # NIST SP 800-63B: length counts, rules of letters and digits do not
LONGEST_PASSWORD = 256
RECOVERY_CODES = 8
STEP_S = 30  # RFC 6238's time step, which every authenticator assumes
_SEEN_EVERY_S = 60.0
_TOKEN_CHARS = 43  # 256 bits
_NAME = "2 to 32 letters, digits, dots or dashes, without spaces"


class OfficerRefused(ValueError):
    """This cannot be done to this account; the message says what to do instead."""


class NoSuchWelcome(Exception):
    """This one-time link was used, is too old, or was never made."""


class CodeRefused(Exception):
    """This is no code of this officer's authenticator that is good now, or it was used."""


class LoginRefused(Exception):
    """Name, password and code do not belong together; which of them is wrong is not said."""


@dataclass(frozen=True)
class Newcomer:
    """Whom a one-time link is for, and what their authenticator has to be shown."""

    name: str
    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True)
class Session:
    """Who is logged in, and what each of their forms must carry."""

    officer: str
    form_token: str = field(repr=False)


class Entered(NamedTuple):
    """A session's token, the tries refused since this officer last came, and what their browser
    keeps, so that strangers' tries do not hold it up."""

    token: str
    refused: int
    known: str


@dataclass(eq=False)
class Officers:
    """Makes accounts and lets officers in; safe to call from any thread.

    ``clock`` gives Unix seconds, ``random(n)`` n secret bytes.
    """

    store: Store
    organisation: str
    clock: Callable[[], float]
    random: Callable[[int], bytes]
    # as it comes: RFC 9106's second choice, 64 MiB and 3 passes
    hasher: PasswordHasher = field(default_factory=PasswordHasher)

    def __post_init__(self) -> None:
        self._nobody = self.hasher.hash(self.random(16))
        # 128 MiB at most, however many try
        self._strangers, self._known = OneByOne(), OneByOne()
        self._right = Sources()
        self._throttle = Throttle()
        self._proving = Throttle()

    def add(self, name: str) -> str:
        """Make an account; returns the token of its one-time link. Raises :class:`OfficerRefused`."""
        name = _plain_name(name)
        token = self._token()
        with self.store.write() as connection:
            if _officer(connection, name) is not None:
                raise OfficerRefused(f"{name} exists; for a new link: officer reset {name}")
            values = self._welcome(token) | {"made_at": self.clock(), "refused": 0}
            connection.execute(insert(store.officer).values(name=name, **values))
            self._note(connection, name, "account made")
        return token

    def reset(self, name: str) -> str:
        """After a password or authenticator was lost: end all sessions, give a new link."""
        token = self._token()
        with self.store.write() as connection:
            name = _known(connection, name)
            _forget(connection, name)
            lost = {"password_hash": None, "totp_used": None}
            _change(connection, name, lost | self._welcome(token))
            self._note(connection, name, "new link")
        return token

    def remove(self, name: str) -> None:
        """End an account and its sessions; what the officer did stays written down."""
        with self.store.write() as connection:
            name = _known(connection, name)
            _forget(connection, name)
            connection.execute(delete(store.officer).filter_by(name=name))
            self._note(connection, name, "account ended")

    def _note(self, connection: Connection, name: str, what: str) -> None:
        now = self.clock()
        versions.note(connection, OFFICER, name, now, what=what)
        announcements.tell(
            connection, now, Announcement.ACCOUNT, BY_COMMAND, officer=name, change=what
        )

    def all(self) -> list[tuple[str, bool]]:
        """Every officer's name, and whether they have settled in."""
        officer = store.officer.c
        settled = officer.password_hash.is_not(None)
        with self.store.read() as connection:
            rows = connection.execute(select(officer.name, settled).order_by(officer.name))
            return [(name, is_settled) for name, is_settled in rows]

    def welcome(self, token: str) -> Newcomer:
        """Whom a one-time link is for; looking changes nothing. Raises :class:`NoSuchWelcome`."""
        with self.store.read() as connection:
            row = self._welcomed(connection, token)
        secret = row.totp_secret
        issuer = self.organisation.replace(":", " ")
        uri = pyotp.TOTP(secret).provisioning_uri(name=row.name, issuer_name=issuer)
        return Newcomer(row.name, secret, uri)

    def settle(self, token: str, password: str, code: str) -> tuple[str, ...]:
        """Take the officer's password, prove their authenticator, use the link up.

        Returns the recovery codes, shown only now. Raises :class:`NoSuchWelcome`,
        :class:`OfficerRefused`, :class:`TooSoon`.
        """
        name = self.welcome(token).name
        password = _good_password(password, name)
        with self._strangers.turn():
            password_hash = self.hasher.hash(password)
        codes = tuple(_recovery_code(self.random) for _ in range(RECOVERY_CODES))
        with self.store.write() as connection:
            row = self._welcomed(connection, token)
            step = self._step(row, code)
            if step is None:
                raise OfficerRefused(
                    "These six digits are not the right ones now. Check that the phone's clock is "
                    "right, wait for the next six digits, and type those."
                )
            used_up = {"welcome_hash": None, "welcome_until": None}
            _change(connection, name, {"password_hash": password_hash, "totp_used": step} | used_up)
            rows = [{"hash": _code_hash(each), "officer": name} for each in codes]
            connection.execute(insert(store.recovery_code), rows)
            self._note(connection, name, "settled in")
        log.tell(journal.Entry.OFFICER_SETTLED)
        return codes

    def login(self, name: str, password: str, code: str, address: str, known: str = "") -> Entered:
        """Let an officer in.

        ``code`` is the authenticator's six digits or a recovery code; either works once.
        ``address`` is where the try comes from, ``known`` what its browser was given before. Raises
        :class:`LoginRefused`, :class:`TooSoon`.
        """
        name, sources = _folded(name), sources_of(address)
        with self.store.read() as connection:
            row = _officer(connection, name)
        password_hash = None if row is None else row.password_hash
        mine = known_browser(password_hash or self._nobody)
        is_known = hmac.compare_digest(mine.encode(), known.encode())
        tried = (Counted(f"browser of {name}"),) if is_known else by_source(sources)
        turns = self._known if is_known or self._right.have(sources) else self._strangers
        before = self._throttle.admit(tried, self.clock())
        try:
            with turns.turn():
                right = self._is_password(password_hash, password)
        except TooSoon:
            self._throttle.take_back(before)
            raise
        token = self._token()
        with self.store.write() as connection:
            row = _officer(connection, name)
            if row is None or not right or not self._use(connection, row, code):
                _change(connection, name, {"refused": store.officer.c.refused + 1})
                refused = None
            else:
                refused = int(row.refused)
                self._enter(connection, name, token)
        if refused is None:
            log.tell(journal.Entry.LOGIN_REFUSED)
            raise LoginRefused
        self._throttle.forgive(tried)
        self._right.add(sources)
        log.tell(journal.Entry.OFFICER_IN)
        return Entered(token, refused, mine)

    def prove(self, name: str, code: str) -> None:
        """Take the second factor again from an officer who is logged in; each code works once.

        Wrong codes slow this officer's next. Raises :class:`CodeRefused`, :class:`TooSoon`.
        """
        tried = (Counted(name),)
        self._proving.admit(tried, self.clock())
        with self.store.write() as connection:
            row = _officer(connection, name)
            proven = row is not None and self._use(connection, row, code)
            if not proven:
                _change(connection, name, {"refused": store.officer.c.refused + 1})
        if not proven:
            log.tell(journal.Entry.LOGIN_REFUSED)
            raise CodeRefused
        self._proving.forgive(tried)

    def session(self, token: str) -> Session | None:
        """Whose session this is, if it lasts."""
        now = self.clock()
        table = store.officer_session
        digest = _digest(token)
        with self.store.read() as connection:
            row = connection.execute(select(table).filter_by(hash=digest)).first()
        if row is None or now > row.made_at + SESSION_S or now > row.seen_at + IDLE_S:
            return None
        if now > row.seen_at + _SEEN_EVERY_S:
            with self.store.write() as connection:
                connection.execute(update(table).filter_by(hash=digest).values(seen_at=now))
        return Session(row.officer, form_token(token))

    def logout(self, token: str) -> None:
        with self.store.write() as connection:
            connection.execute(delete(store.officer_session).filter_by(hash=_digest(token)))

    def _welcome(self, token: str) -> dict[str, object]:
        return {
            "totp_secret": b32encode(self.random(20)).decode(),  # RFC 4226: 160 bits
            "welcome_hash": _digest(token),
            "welcome_until": self.clock() + WELCOME_S,
        }

    def _welcomed(self, connection: Connection, token: str) -> Row[tuple[object, ...]]:
        welcomed = select(store.officer).filter_by(welcome_hash=_digest(token))
        row = connection.execute(welcomed).first()
        if row is None or self.clock() > row.welcome_until:
            raise NoSuchWelcome
        return row

    def _use(self, connection: Connection, row: Row[tuple[object, ...]], code: str) -> bool:
        """Whether the code is right; one that is, is used up."""
        step = self._step(row, code)
        use: Delete | Update
        if step is not None:
            last = store.officer.c.totp_used
            unused = update(store.officer).where(or_(last.is_(None), last < step))
            use = unused.filter_by(name=row.name).values(totp_used=step)
        else:
            use = delete(store.recovery_code).filter_by(officer=row.name, hash=_code_hash(code))
        return connection.execute(use).rowcount == 1

    def _step(self, row: Row[tuple[object, ...]], code: str) -> int | None:
        """The time step whose code this is; a phone's clock may be half a minute off."""
        digits = "".join(code.split())
        if not (digits.isascii() and digits.isdigit()):
            return None
        now = int(self.clock()) // STEP_S
        totp = pyotp.TOTP(str(row.totp_secret))
        steps = (now, now - 1, now + 1)
        return next((s for s in steps if hmac.compare_digest(totp.generate_otp(s), digits)), None)

    def _enter(self, connection: Connection, name: str, token: str) -> None:
        now = self.clock()
        table = store.officer_session
        connection.execute(delete(table).where(table.c.made_at < now - SESSION_S))
        begun = {"hash": _digest(token), "officer": name, "made_at": now, "seen_at": now}
        connection.execute(insert(table).values(begun))
        _change(connection, name, {"refused": 0})

    def _is_password(self, password_hash: str | None, password: str) -> bool:
        """Takes as long for nobody's password as for a wrong one."""
        if len(password) > LONGEST_PASSWORD:
            return False
        try:
            self.hasher.verify(password_hash or self._nobody, _text(password))
        except VerificationError:
            return False
        return password_hash is not None

    def _token(self) -> str:
        return link_token(_TOKEN_CHARS, self.random)


def form_token(token: str) -> str:
    """What a session's forms carry: made of its secret cookie, which a stranger's page lacks."""
    return hmac.new(token.encode(), b"outcry console form", hashlib.sha256).hexdigest()


def known_browser(password_hash: str) -> str:
    """What a browser keeps of an officer: it opens nothing, and ends with the password."""
    return hmac.new(password_hash.encode(), b"was right", hashlib.sha256).hexdigest()[:32]


def _officer(connection: Connection, name: str) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(store.officer).filter_by(name=name)).first()


def _change(connection: Connection, name: str, values: Mapping[str, object]) -> None:
    connection.execute(update(store.officer).filter_by(name=name).values(values))


def _known(connection: Connection, name: str) -> str:
    name = _folded(name)
    if _officer(connection, name) is None:
        raise OfficerRefused(f"there is no officer {name}; see: officer list")
    return name


def _forget(connection: Connection, name: str) -> None:
    for table in (store.officer_session, store.recovery_code):
        connection.execute(delete(table).filter_by(officer=name))
    connection.execute(delete(store.proposal).filter_by(asked_by=name))


def _plain_name(name: str) -> str:
    folded = _folded(name)
    good = all(letter.isalnum() or letter in ".-" for letter in folded)
    if not (good and 2 <= len(folded) <= 32):
        raise OfficerRefused(f"an officer's name has {_NAME}")
    return folded


def _folded(name: str) -> str:
    return _text(name).strip().casefold()


def _text(typed: str) -> str:
    """The same letters the same way, whichever keyboard they come from; half letters replaced."""
    return unicodedata.normalize("NFKC", typed.encode("utf-8", "replace").decode())


def _good_password(password: str, name: str) -> str:
    folded = _text(password)
    if not SHORTEST_PASSWORD <= len(folded) <= LONGEST_PASSWORD:
        raise OfficerRefused(
            f"A password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters. Four or five "
            "words that have nothing to do with each other are good and easy to remember."
        )
    if len(set(folded)) < 5 or len(folded.casefold().replace(name, "")) < 8:
        raise OfficerRefused("This password is too easy to guess. Use four or five words.")
    return folded


def _recovery_code(random: Callable[[int], bytes]) -> str:
    letters = b32encode(random(10)).decode()
    return "-".join(letters[n : n + 4] for n in range(0, 16, 4))


def _code_hash(code: str) -> bytes:
    return _digest("".join(code.split()).replace("-", "").upper())


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
