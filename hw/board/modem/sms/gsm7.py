"""The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 §6.2.1), and packing.

Written apart from the product's codec on purpose: the board checks the product, so they must not
share their mistakes.
"""

ESCAPE = 0x1B
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_CODES = {letter: bytes([code]) for code, letter in enumerate(BASIC) if code != ESCAPE}
_CODES |= {letter: bytes([ESCAPE, code]) for code, letter in EXTENSION.items()}


def fits(text: str) -> bool:
    """Whether every character of the text is in the alphabet or its extension."""
    return all(letter in _CODES for letter in text)


def encoded(text: str) -> bytes:
    """Septets, one a byte. Raises ValueError for a character outside the alphabet."""
    try:
        return b"".join(_CODES[letter] for letter in text)
    except KeyError:
        raise ValueError("a character is not in the GSM 7-bit alphabet") from None


def decoded(septets: bytes) -> str:
    """Text of the septets; an unknown escape shows as the basic letter, as phones must do."""
    letters = []
    left = iter(septets)
    for septet in left:
        if septet != ESCAPE:
            letters.append(BASIC[septet])
        elif (escaped := next(left, None)) is not None:
            letters.append(EXTENSION.get(escaped, BASIC[escaped]))
    return "".join(letters)


def packed(septets: bytes, fill: int = 0) -> bytes:
    """Septets packed into octets, low bits first, after ``fill`` empty bits (a header's rest)."""
    bits = 0
    for position, septet in enumerate(septets):
        bits |= septet << (7 * position + fill)
    return bits.to_bytes((7 * len(septets) + fill + 7) // 8, "little")


def unpacked(octets: bytes, count: int, fill: int = 0) -> bytes:
    """The ``count`` septets packed in the octets after ``fill`` bits."""
    bits = int.from_bytes(octets, "little") >> fill
    return bytes((bits >> (7 * position)) & 0x7F for position in range(count))
