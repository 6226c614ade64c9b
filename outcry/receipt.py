"""The receipt: HQ's authenticated answer to one message.

``header (9) | status (1) | first 16 bytes of HMAC-SHA256(token, status | header)``.
The token is inside the sealed report, so only who opened that very message can
make its receipt. The same 26 bytes answer over HTTP and, as base64url, by SMS.
They refuse a heartbeat, too: then the header is that of the latest message heard,
and a device that has lost its counter goes on above it.
"""

import os
from enum import IntEnum

from outcry.envelope import HEADER_BYTES, EnvelopeRefused, Header, read_header

_MAC_BYTES = 16
RECEIPT_BYTES = HEADER_BYTES + 1 + _MAC_BYTES
OUTDATED = 0xFF  # in the place of a status: no receipt of anything
RECEIPT_CHARS = -(-RECEIPT_BYTES * 4 // 3)


class ReceiptRefused(ValueError):
    """Not a receipt, or not one made with this message's token."""


class Status(IntEnum):
    """What HQ says of a message, and of the alarm it belongs to."""

    STORED = 1
    ACKNOWLEDGED = 2


def make(token: bytes, status: int, header: Header) -> bytes:
    """The receipt of the message with this header and token, or its refusal as outdated."""
    return header.pack() + bytes([status]) + _mac(token, status, header)


def header_of(receipt: bytes) -> Header:
    """Which message a receipt speaks of, unverified; raises :class:`ReceiptRefused`."""
    if len(receipt) != RECEIPT_BYTES:
        raise ReceiptRefused(f"a receipt is {RECEIPT_BYTES} bytes, this is {len(receipt)}")
    try:
        return read_header(receipt)
    except EnvelopeRefused as error:
        raise ReceiptRefused(str(error)) from None


def verify(receipt: bytes, token: bytes, header: Header) -> Status:
    """The status, if this receipt was made for this message; else :class:`ReceiptRefused`."""
    if header_of(receipt) != header:
        raise ReceiptRefused("the receipt speaks of another message")
    try:
        status = Status(receipt[HEADER_BYTES])
    except ValueError:
        raise ReceiptRefused("the receipt's status is not known here") from None
    if not _equal(receipt[HEADER_BYTES + 1 :], _mac(token, status, header)):
        raise ReceiptRefused("the receipt was not made with this message's token")
    return status


def _mac(token: bytes, status: int, header: Header) -> bytes:
    return _hmac(token, bytes([status]) + header.pack())[:_MAC_BYTES]


def _equal(one: bytes, other: bytes) -> bool:
    """Compares under a key nobody can know: how long it takes says nothing about the bytes."""
    key = os.urandom(_MAC_BYTES)
    return _hmac(key, one) == _hmac(key, other)


def _hmac(key: bytes, data: bytes) -> bytes:
    # Not the standard library's hmac, nor what imports it (cryptography's constant_time): it
    # would load a second OpenSSL beside the one inside cryptography's wheel.
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.hmac import HMAC

    mac = HMAC(key, SHA256())
    mac.update(data)
    return mac.finalize()
