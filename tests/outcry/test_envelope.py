"""What sealing and receipts promise, tried on every valid report and on every change of one."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcry import receipt
from outcry.envelope import (
    SEALED_BYTES,
    SEALED_CHARS,
    EnvelopeRefused,
    Header,
    from_text,
    public_key,
    seal,
    to_text,
)
from outcry.report import (
    AlarmKind,
    Cell,
    Flag,
    MessageType,
    Neighbour,
    NoFixReason,
    NoPosition,
    Position,
    Report,
    ReportInvalid,
    decode,
    encode,
)
from outcry.responder.intake.opening import open_sealed
from stage.reports import report as made

PRIVATE = bytes(range(32))
PUBLIC = public_key(PRIVATE)
PSK = bytes(range(32, 64))
GSM7_BASIC_USED = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

e5 = st.integers
positions = st.builds(
    Position,
    latitude=e5(-9_000_000, 9_000_000).map(lambda n: n / 100_000),
    longitude=e5(-18_000_000, 18_000_000).map(lambda n: n / 100_000),
    accuracy_m=st.none() | st.integers(0, 65_534),
    age_s=st.integers(0, 65_535),
)
cells = st.builds(
    Cell,
    st.integers(0, 999),
    st.integers(0, 999),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
)


neighbours = st.lists(
    st.builds(Neighbour, st.integers(1, 0xFFFE), st.integers(0, 0xFFFF)), max_size=3
).map(tuple)
unknown_or_16_bits = st.none() | st.integers(1, 0xFFFF)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    type_ = draw(st.sampled_from(MessageType))
    heartbeat = type_ is MessageType.HEARTBEAT
    kinds = st.sampled_from([AlarmKind.PANIC, AlarmKind.STRAP, AlarmKind.DRILL])
    taps = st.lists(st.integers(1, 15), max_size=8).map(tuple)
    return Report(
        type=type_,
        kind=AlarmKind.NONE if heartbeat else draw(kinds),
        alarm_id=0 if heartbeat else draw(st.integers(1, 0xFFFFFFFF)),
        sequence=draw(st.integers(0, 0xFFFF)),
        sent_at=draw(st.integers(0, 0xFFFFFFFF)),
        place=draw(positions | st.builds(NoPosition, st.sampled_from(NoFixReason), neighbours)),
        token=draw(st.binary(min_size=16, max_size=16)),
        battery_percent=draw(st.none() | st.integers(0, 100)),
        signal=draw(st.none() | st.integers(0, 31)),
        cell=draw(st.none() | cells),
        flags=Flag(draw(st.integers(0, 0xFFFF))),
        taps=draw(taps) if type_ is MessageType.WITHDRAWAL else (),
        supply_mv=None if type_ is MessageType.WITHDRAWAL else draw(unknown_or_16_bits),
        drill_hours=None if type_ is MessageType.WITHDRAWAL else draw(unknown_or_16_bits),
    )


headers = st.builds(Header, st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF))


@pytest.mark.slow
@given(reports(), headers)
def test_every_valid_report_survives_the_way_and_fits_one_sms(report, header):
    sealed = seal(encode(report), header, PUBLIC, PSK)
    text = to_text(sealed)
    assert len(sealed) == SEALED_BYTES <= 140
    assert len(text) == SEALED_CHARS <= 160
    assert set(text) <= GSM7_BASIC_USED
    assert decode(open_sealed(from_text(text), PRIVATE, PSK)) == report


def decoded_or_refused(data: bytes) -> Report | None:
    """The one outcome that must never occur is another exception."""
    try:
        return decode(data)
    except ReportInvalid:
        return None


@given(st.binary(max_size=80))
def test_any_bytes_are_a_report_or_a_clear_refusal(data):
    report = decoded_or_refused(data)
    assert report is None or decode(encode(report)) == report


@given(reports(), st.integers(0, 58), st.integers(1, 255))
def test_a_report_changed_in_any_byte_is_read_or_refused(report, index, change):
    data = bytearray(encode(report))
    data[index] ^= change
    read = decoded_or_refused(bytes(data))
    assert read is None or decode(encode(read)) == read


def test_a_change_of_any_bit_of_a_sealed_message_is_refused():
    sealed = seal(bytes(59), Header(1, 2), PUBLIC, PSK)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(EnvelopeRefused):
            open_sealed(bytes(changed), PRIVATE, PSK)


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_any_bytes_at_all_are_refused_without_another_exception(data):
    with pytest.raises(EnvelopeRefused):
        open_sealed(data, PRIVATE, PSK)


@given(st.binary(min_size=SEALED_BYTES - 1, max_size=SEALED_BYTES - 1))
def test_bytes_of_the_right_length_and_version_are_refused_too(data):
    with pytest.raises(EnvelopeRefused):
        open_sealed(b"\x01" + data, PRIVATE, PSK)


def test_the_device_cannot_open_what_it_has_sent():
    sealed = seal(bytes(59), Header(1, 2), PUBLIC, PSK)
    with pytest.raises(EnvelopeRefused):
        open_sealed(sealed, PSK, PSK)
    with pytest.raises(EnvelopeRefused):
        open_sealed(sealed, PRIVATE, bytes(32))


def test_two_seals_of_one_report_share_nothing_but_the_header():
    first, second = (seal(bytes(59), Header(1, 2), PUBLIC, PSK) for _ in range(2))
    assert first[:9] == second[:9]
    assert first[9:41] != second[9:41]


@given(st.text(max_size=200).filter(lambda text: not set(text) <= GSM7_BASIC_USED))
def test_text_in_another_alphabet_is_refused(text):
    with pytest.raises(EnvelopeRefused, match=r"^not base64url text$"):
        from_text(text)


@given(st.text(alphabet=sorted(GSM7_BASIC_USED), max_size=200))
def test_a_message_has_one_spelling(text):
    try:
        data = from_text(text)
    except EnvelopeRefused:
        return
    assert to_text(data) == text


@given(st.binary(max_size=40), headers)
@settings(max_examples=300)
def test_no_forged_receipt_verifies(data, header):
    with pytest.raises(receipt.ReceiptRefused):
        receipt.verify(data, os.urandom(16), header)


@given(headers, headers, st.integers(0, 207))
def test_a_receipt_of_another_message_or_with_a_changed_bit_is_refused(header, other, bit):
    token = os.urandom(16)
    good = receipt.make(token, receipt.Status.STORED, header)
    assert receipt.verify(good, token, header) is receipt.Status.STORED
    changed = bytearray(good)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(receipt.ReceiptRefused):
        receipt.verify(bytes(changed), token, header)
    if other != header:
        with pytest.raises(receipt.ReceiptRefused):
            receipt.verify(good, token, other)


def test_nothing_secret_shows_in_a_repr():
    place = Position(43.31780, 45.69490, accuracy_m=12, age_s=3)
    cell = Cell(250, 1, 2070, 63905)
    report = made(place=place, token=b"secret-token-123", cell=cell)
    blind = NoPosition(NoFixReason.NO_GPSD, (Neighbour(4711, 1234),))
    shown = repr(report) + repr(place) + repr(report.cell) + repr(blind)
    for canary in ("43.3", "45.6", "secret", "2070", "63905", "4711", "1234"):
        assert canary not in shown


@pytest.mark.parametrize(
    "change",
    [
        {"kind": AlarmKind.SILENCE},
        {"sequence": 65_536},
        {"sent_at": -1},
        {"alarm": 0},
        {"token": b""},
        {"battery_percent": 101},
        {"signal": 32},
        {"taps": (1,)},
        {"supply_mv": 0},
        {"drill_hours": 65_536},
        {"type_": MessageType.WITHDRAWAL, "supply_mv": 3900},
    ],
)
def test_a_field_the_layout_cannot_carry_is_refused_by_name(change):
    with pytest.raises(ReportInvalid):
        made(**change)


def test_a_device_that_knew_of_no_neighbours_is_still_understood():
    report = made(place=NoPosition(NoFixReason.NO_GPSD))
    older = bytearray(encode(report))
    older[23:25] = b"\xff\xff"  # it wrote "accuracy unknown" beside "no fix"
    assert decode(bytes(older)) == report


def test_there_is_room_for_three_neighbours_and_none_without_a_name():
    with pytest.raises(ReportInvalid):
        NoPosition(NoFixReason.NO_GPSD, (Neighbour(1, 1),) * 4)
    with pytest.raises(ReportInvalid):
        Neighbour(0xFFFF, 1)
