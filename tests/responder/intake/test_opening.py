"""Opening, held against RFC 9180's own figures and two implementations that nobody here wrote."""

import pytest
from Crypto.Protocol import HPKE
from Crypto.PublicKey import ECC
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from outcry.envelope import EnvelopeRefused, Header, public_key, seal
from outcry.report import REPORT_BYTES
from outcry.responder.intake.opening import key_and_nonce, open_sealed, shared_secret

PRIVATE = bytes(range(32))
PSK = bytes(range(32, 64))

secrets = st.binary(min_size=32, max_size=32)
headers = st.builds(Header, st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF))
plains = st.binary(min_size=REPORT_BYTES, max_size=REPORT_BYTES)

# Each encodes zero, one or a point of low order on the curve or its twist (RFC 7748, section 6.1).
LOW_ORDER = [
    bytes(32),
    (1).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    *((2**255 - 19 + n).to_bytes(32, "little") for n in (-1, 0, 1)),
]


def test_the_figures_of_rfc_9180_for_our_suite_in_mode_psk():
    """Appendix A.2.2, and its encryption 0."""
    encapsulated = bytes.fromhex("2261299c3f40a9afc133b969a97f05e95be2c514e54f3de26cbe5644ac735b04")
    private = bytes.fromhex("77d114e0212be51cb1d76fa99dd41cfd4d0166b08caa09074430a6c59ef17879")
    psk = bytes.fromhex("0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82")
    sealed = bytes.fromhex(
        "4a177f9c0d6f15cfdf533fb65bf84aecdc6ab16b8b85b4cf65a370e07fc1d78d28fb073214525276f4a89608ff"
    )
    shared = shared_secret(encapsulated, private)
    key, nonce = key_and_nonce(shared, b"Ode on a Grecian Urn", psk, b"Ennyn Durin aran Moria")
    opened = ChaCha20Poly1305(key).decrypt(nonce, sealed, b"Count-0")
    assert opened == b"Beauty is truth, truth beauty"


@given(plains, headers, secrets, secrets, secrets)
def test_it_opens_what_pyhpke_seals(plain, header, private, psk, seed):
    sealed = seal(plain, header, public_key(private), psk, lambda n: seed[:n])
    assert open_sealed(sealed, private, psk) == plain


@given(plains, headers, secrets, secrets)
def test_it_opens_what_pycryptodome_seals(plain, header, private, psk):
    receiver = ECC.import_key(
        bytes.fromhex("302a300506032b656e032100") + public_key(private)
    )  # as RFC 8410 writes a key
    sender = HPKE.new(
        receiver_key=receiver,
        aead_id=HPKE.AEAD.CHACHA20_POLY1305,
        psk=(header.device.to_bytes(4, "big"), psk),
        info=header.pack(),
    )
    sealed = header.pack() + sender.enc + sender.seal(plain)
    assert open_sealed(sealed, private, psk) == plain
    for other in (
        Header(header.device ^ 1, header.counter),
        Header(header.device, header.counter ^ 1),
    ):
        with pytest.raises(EnvelopeRefused):
            open_sealed(other.pack() + sealed[9:], private, psk)


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda point: point.hex()[:8])
def test_a_key_that_leaves_nothing_secret_is_refused(point):
    """Anyone who knows the PSK could otherwise make a message that every key of HQ opens."""
    header = Header(1, 2)
    key, nonce = key_and_nonce(bytes(32), header.pack(), PSK, header.device.to_bytes(4, "big"))
    sealed = ChaCha20Poly1305(key).encrypt(nonce, bytes(REPORT_BYTES), None)
    with pytest.raises(ValueError, match="shared key"):
        shared_secret(point, PRIVATE)
    with pytest.raises(EnvelopeRefused):
        open_sealed(header.pack() + point + sealed, PRIVATE, PSK)
