"""Sealing: a report becomes bytes that only HQ can open and only this device can have made.

HPKE (RFC 9180), mode PSK, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
ChaCha20-Poly1305, through ``pyhpke``. The device holds HQ's public key and its
own pre-shared key: it cannot open what it has sent. HQ does that, in
``responder/intake/opening.py``.

A sealed message is ``header | encapsulated key (32) | ciphertext and tag``.
The header (version 1 byte, device 4, counter 4, big-endian) travels in clear
and is bound as HPKE's ``info``; the PSK's id is the device's four bytes.
"""

import base64
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from outcry.report import REPORT_BYTES

if TYPE_CHECKING:
    from pyhpke import CipherSuite

ENVELOPE_VERSION = 1
KEY_BYTES = 32  # X25519; and RFC 9180 section 9.5 asks for a PSK of at least 32 bytes
_HEADER = struct.Struct(">BII")
HEADER_BYTES = _HEADER.size
_ENCAPSULATED_BYTES = 32
_TAG_BYTES = 16
SEALED_BYTES = HEADER_BYTES + _ENCAPSULATED_BYTES + REPORT_BYTES + _TAG_BYTES
SEALED_CHARS = -(-SEALED_BYTES * 4 // 3)  # base64url without padding; one SMS holds 160


class EnvelopeRefused(ValueError):
    """This message was not sealed for this key by this device, or was changed on the way."""


@dataclass(frozen=True)
class Header:
    """Who sent a message, and its number among all that device has ever sent."""

    device: int
    counter: int

    def __post_init__(self) -> None:
        if not (0 <= self.device <= 0xFFFFFFFF and 0 <= self.counter <= 0xFFFFFFFF):
            raise EnvelopeRefused("device and counter are four bytes each")

    def pack(self) -> bytes:
        """The header's ``HEADER_BYTES`` bytes."""
        return _HEADER.pack(ENVELOPE_VERSION, self.device, self.counter)


def read_header(message: bytes) -> Header:
    """The header a message begins with; raises :class:`EnvelopeRefused` if there is none."""
    if len(message) < HEADER_BYTES:
        raise EnvelopeRefused("too short to be a sealed message")
    version, device, counter = _HEADER.unpack_from(message)
    if version != ENVELOPE_VERSION:
        raise EnvelopeRefused(f"envelope version {version} is not known here")
    return Header(device, counter)


def seal(
    plain: bytes,
    header: Header,
    hq_public_key: bytes,
    psk: bytes,
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """The sealed message.

    ``hq_public_key`` and ``psk`` are 32 bytes each; ``random(n)`` gives n secret bytes, a new
    ephemeral key is made from it for every message.
    """
    suite = _suite()
    encapsulated, context = suite.create_sender_context(
        suite.kem.deserialize_public_key(hq_public_key),
        info=header.pack(),
        psk=psk,
        psk_id=header.device.to_bytes(4, "big"),
        eks=suite.kem.derive_key_pair(random(KEY_BYTES)),
    )
    return header.pack() + encapsulated + context.seal(plain)


def public_key(private_key: bytes) -> bytes:
    """The X25519 public key of a 32-byte private key."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def to_text(data: bytes) -> str:
    """base64url without padding (RFC 4648 section 5): every character is in GSM 03.38's basic set."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_text(text: str) -> bytes:
    """The bytes behind :func:`to_text`; raises :class:`EnvelopeRefused` for any other text."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        data = b""
    if to_text(data) != text:  # other letters, or leftover bits: a second spelling of a message
        raise EnvelopeRefused("not base64url text")
    return data


@cache
def _suite() -> "CipherSuite":
    from pyhpke import AEADId, CipherSuite, KDFId, KEMId  # here: the button is armed before

    exchange, derivation = KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256
    return CipherSuite.new(exchange, derivation, AEADId.CHACHA20_POLY1305)
