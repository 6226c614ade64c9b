"""A message as the host types it after AT+CMGS or AT+CMGW: as a PDU, or in words."""

from collections.abc import Generator

from outcry.hw.board.modem.at import Cms, Command
from outcry.hw.board.modem.handler import Entry
from outcry.hw.board.modem.parameters import Parameters
from outcry.hw.board.modem.sms import pdu, text_mode

BAD_PDU = 304


def recipient(command: Command, position: int, parameters: Parameters) -> str:
    """A number as an argument, in whatever characters +CSCS says. Raises Cms 304."""
    charset = parameters.text("+CSCS")
    number = command.text(position)
    if charset == "UCS2" and not number.startswith("+"):
        number = text_mode.entered(number.encode(), charset)
    if not number.removeprefix("+").isdecimal():
        raise Cms(BAD_PDU)
    return number


def transfer_unit(command: Command) -> Generator[Entry, bytes | None, bytes | None]:
    """Prompts for a PDU; its octets after the centre's address, or None when ESC was typed.

    Raises Cms 304 for what is no PDU, or not of the length that the command announced.
    """
    length = command.number(0)
    typed = yield Entry()
    if typed is None:
        return None
    try:
        octets = bytes.fromhex(typed.decode("ascii").strip())
        tpdu = octets[1 + octets[0] :]
    except (ValueError, IndexError):
        raise Cms(BAD_PDU) from None
    if len(tpdu) != length:
        raise Cms(BAD_PDU)
    return tpdu


def words(number: str, parameters: Parameters) -> Generator[Entry, bytes | None, pdu.Submit | None]:
    """Prompts for a text to this number; None when ESC was typed. Raises Cms 305."""
    typed = yield Entry(again=b"\r\n> ")
    if typed is None:
        return None
    text = text_mode.entered(typed.replace(b"\r", b"\n"), parameters.text("+CSCS"))
    content = text_mode.outgoing(text, parameters.number("+CSMP", 3))
    return pdu.Submit(number, content, bool(parameters.number("+CSMP", 0) & 0x20))


def message(
    command: Command, parameters: Parameters
) -> Generator[Entry, bytes | None, pdu.Submit | None]:
    """Prompts for what AT+CMGS sends; None when ESC was typed. Raises Cms 304 or 305."""
    if parameters.number("+CMGF"):
        return (yield from words(recipient(command, 0, parameters), parameters))
    tpdu = yield from transfer_unit(command)
    try:
        return None if tpdu is None else pdu.submit(tpdu)
    except pdu.PduInvalid:
        raise Cms(BAD_PDU) from None
