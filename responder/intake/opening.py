"""Opening what a device has sealed: RFC 9180 as the receiver of its mode PSK, for our one suite.

The key is derived here, since ``pyhpke``, through which devices seal, takes a good part of what a
report costs HQ. All else is ``cryptography``'s: X25519, which refuses a shared secret of zeros, and
ChaCha20-Poly1305, which refuses whatever was changed.
"""

from functools import lru_cache
from hmac import digest

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from outcry.envelope import HEADER_BYTES, KEY_BYTES, SEALED_BYTES, EnvelopeRefused, read_header

_KEM = b"HPKE-v1KEM\x00\x20"  # section 7: DHKEM(X25519, HKDF-SHA256)
_HPKE = b"HPKE-v1HPKE\x00\x20\x00\x01\x00\x03"  # with HKDF-SHA256 and ChaCha20-Poly1305
_MODE_PSK = b"\x01"
_NONCE_BYTES = 12


def open_sealed(message: bytes, hq_private_key: bytes, psk: bytes) -> bytes:
    """What was sealed; raises :class:`EnvelopeRefused` for anything but an untouched message."""
    if len(message) != SEALED_BYTES:
        raise EnvelopeRefused(f"a sealed message is {SEALED_BYTES} bytes, this is {len(message)}")
    device = read_header(message).device
    info, body = message[:HEADER_BYTES], message[HEADER_BYTES:]
    try:
        shared = shared_secret(body[:KEY_BYTES], hq_private_key)
        key, nonce = key_and_nonce(shared, info, psk, device.to_bytes(4, "big"))
        return ChaCha20Poly1305(key).decrypt(nonce, body[KEY_BYTES:], None)
    except Exception:  # noqa: BLE001 - each layer below raises its own; all mean the same here
        raise EnvelopeRefused("the seal does not fit this device's key") from None


def shared_secret(encapsulated: bytes, hq_private_key: bytes) -> bytes:
    """What the sender of this message and HQ alone can know (section 4.1)."""
    private, public = _key_pair(hq_private_key)
    exchanged = private.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    secret = _extract(b"", _KEM, b"eae_prk", exchanged)
    return _expand(secret, _KEM, b"shared_secret", encapsulated + public, KEY_BYTES)


def key_and_nonce(shared: bytes, info: bytes, psk: bytes, psk_id: bytes) -> tuple[bytes, bytes]:
    """For the first, and here the only message under a shared secret (section 5.1)."""
    context = _MODE_PSK + _extract(b"", _HPKE, b"psk_id_hash", psk_id)
    context += _extract(b"", _HPKE, b"info_hash", info)
    secret = _extract(shared, _HPKE, b"secret", psk)
    key = _expand(secret, _HPKE, b"key", context, KEY_BYTES)
    return key, _expand(secret, _HPKE, b"base_nonce", context, _NONCE_BYTES)


def _extract(salt: bytes, suite: bytes, label: bytes, data: bytes) -> bytes:
    return digest(salt, suite + label + data, "sha256")


def _expand(secret: bytes, suite: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """At most one hash is asked for: then expanding has one step (RFC 5869)."""
    said = length.to_bytes(2, "big") + suite + label + context
    return digest(secret, said + b"\x01", "sha256")[:length]


@lru_cache(maxsize=8)  # HQ's few keys: reading one takes half as long as opening a message
def _key_pair(key: bytes) -> tuple[X25519PrivateKey, bytes]:
    private = X25519PrivateKey.from_private_bytes(key)
    return private, private.public_key().public_bytes_raw()
