"""The wire format, held by files: whoever changes a byte changes a vector."""

import json
from pathlib import Path

import pytest
from Crypto.Protocol import HPKE
from Crypto.PublicKey import ECC
from tools_vectors import REPORTS

from outcry import receipt
from outcry.envelope import (
    HEADER_BYTES,
    Header,
    from_text,
    public_key,
    read_header,
    seal,
    to_text,
)
from outcry.report import MessageType, decode, encode
from outcry.responder.intake.opening import open_sealed

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "messages.json").read_text())
HQ_PRIVATE_KEY = bytes.fromhex(VECTORS["hq_private_key"])
PSK = bytes.fromhex(VECTORS["psk"])
SEED = bytes.fromhex(VECTORS["ephemeral_seed"])

each_message = pytest.mark.parametrize("vector", VECTORS["messages"], ids=lambda v: v["name"])


def test_every_message_type_has_a_known_answer():
    types = {decode(bytes.fromhex(vector["report"])).type for vector in VECTORS["messages"]}
    assert types == set(MessageType)


@each_message
def test_the_fields_become_these_bytes_and_these_bytes_those_fields(vector):
    plain = bytes.fromhex(vector["report"])
    assert encode(REPORTS[vector["name"]]) == plain
    assert decode(plain) == REPORTS[vector["name"]]


@each_message
def test_the_device_seals_to_these_characters(vector):
    header = Header(VECTORS["device"], vector["counter"])
    sealed = seal(
        bytes.fromhex(vector["report"]), header, public_key(HQ_PRIVATE_KEY), PSK, lambda n: SEED[:n]
    )
    assert to_text(sealed) == vector["sealed"]


@each_message
def test_hq_opens_these_characters(vector):
    sealed = from_text(vector["sealed"])
    assert read_header(sealed) == Header(VECTORS["device"], vector["counter"])
    assert open_sealed(sealed, HQ_PRIVATE_KEY, PSK).hex() == vector["report"]


@each_message
def test_an_implementation_nobody_here_wrote_opens_them_too(vector):
    sealed = from_text(vector["sealed"])
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    pem = X25519PrivateKey.from_private_bytes(HQ_PRIVATE_KEY).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    context = HPKE.new(
        receiver_key=ECC.import_key(pem.decode()),
        aead_id=HPKE.AEAD.CHACHA20_POLY1305,
        enc=sealed[HEADER_BYTES : HEADER_BYTES + 32],
        psk=(VECTORS["device"].to_bytes(4, "big"), PSK),
        info=sealed[:HEADER_BYTES],
    )
    assert context.unseal(sealed[HEADER_BYTES + 32 :]).hex() == vector["report"]


@each_message
def test_the_receipts_are_these_and_verify(vector):
    header = Header(VECTORS["device"], vector["counter"])
    token = decode(bytes.fromhex(vector["report"])).token
    for status, key in (
        (receipt.Status.STORED, "receipt_stored"),
        (receipt.Status.ACKNOWLEDGED, "receipt_acknowledged"),
    ):
        assert to_text(receipt.make(token, status, header)) == vector[key]
        assert receipt.verify(from_text(vector[key]), token, header) is status
