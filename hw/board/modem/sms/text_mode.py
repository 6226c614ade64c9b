"""SMS in text mode (AT+CMGF=1): characters of +CSCS on the wire, fields of a stored message."""

from outcry.hw.board.modem.at import Cms
from outcry.hw.board.modem.sms import gsm7, pdu

_BAD_TEXT = 305


def entered(typed: bytes, charset: str) -> str:
    """What the host typed, as text. Raises Cms 305 where the bytes do not suit the set."""
    try:
        match charset:
            case "UCS2":
                return bytes.fromhex(typed.decode("ascii")).decode("utf-16-be")
            case "HEX":
                return gsm7.decoded(bytes(b & 0x7F for b in bytes.fromhex(typed.decode("ascii"))))
            case "GSM":
                return gsm7.decoded(bytes(byte & 0x7F for byte in typed))
            case _:
                return typed.decode("latin-1")
    except ValueError:
        raise Cms(_BAD_TEXT) from None


def written(text: str, charset: str) -> str:
    """Text as the modem sends it, one character a byte.

    A message outside the GSM set shows its UCS-2 octets, as a SIM800 does.
    """
    ucs2 = text.encode("utf-16-be").hex().upper()
    match charset:
        case "UCS2":
            return ucs2
        case "HEX":
            return gsm7.encoded(text).hex().upper() if gsm7.fits(text) else ""
        case "GSM":
            return gsm7.encoded(text).decode("latin-1") if gsm7.fits(text) else ucs2
        case _:
            return text.encode("latin-1", errors="replace").decode("latin-1")


def outgoing(text: str, coding: int) -> pdu.Content:
    """One message of this text. Raises Cms 305 when it does not fit one."""
    if pdu.Content(coding).alphabet == "ucs2":
        body, room = text.encode("utf-16-be"), 140
    else:
        letters = "".join(letter if gsm7.fits(letter) else "?" for letter in text)
        body, room = gsm7.encoded(letters), 160
    if len(body) > room:
        raise Cms(_BAD_TEXT)
    return pdu.Content(coding, b"", body)


def shown(tpdu: bytes, charset: str, details: bool) -> str:
    """Sender, name, time, and on the next line the text, of a stored SMS-DELIVER."""
    message = pdu.read_deliver(tpdu)
    fields = f'"{written(message.sender, charset)}","","{clock(message.sent)}"'
    if details:
        kind = 145 if message.sender.startswith("+") else 129
        content = message.content
        fields += f",{kind},{tpdu[0]},0,{content.coding},,,{len(content.body)}"
    return f"{fields}\r\n{written(message.content.text, charset)}"


def drafted(message: pdu.Submit, charset: str) -> str:
    """Recipient and name, and on the next line the text, of a message to be sent."""
    return f'"{written(message.recipient, charset)}",""\r\n{written(message.content.text, charset)}'


def clock(semi_octets: bytes) -> str:
    """A time stamp as +CMGR shows it: 26/11/22,11:36:02+00 (quarter hours)."""
    digits = [f"{octet & 0xF}{octet >> 4}" for octet in semi_octets]
    return "{}/{}/{},{}:{}:{}+{}".format(*digits)
