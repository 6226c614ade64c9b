"""What may stand between the quotation marks of an AT command."""

LONGEST = 100


def can_be_said(text: str) -> bool:
    """Whether a modem takes this as an APN, a name, a password, a host."""
    return text.isascii() and text.isprintable() and '"' not in text and len(text) <= LONGEST


def is_pin(text: str) -> bool:
    """Whether this can be a SIM's PIN (3GPP TS 31.101: 4 to 8 digits)."""
    return text.isascii() and text.isdigit() and 4 <= len(text) <= 8
