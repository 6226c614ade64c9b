"""Answer cards: the one-time codes with which a contact answers by SMS."""

from collections.abc import Callable

from sqlalchemy import Connection, delete, func, insert, select

from outcry.responder.enrolment.pins import COST, SALT_BYTES, create_pins, hash_pin
from outcry.responder.storage import store

CODES_ON_A_CARD = 8
CODE_DIGITS = 8


def print_codes(
    connection: Connection,
    device: int,
    random: Callable[[int], bytes],
    number_in_list: int | None = None,
    cost: int = COST,
) -> dict[int, tuple[str, ...]]:
    """New codes for a wearer's contacts, or for one of them, by number in the list.

    To be shown once. Those on older cards are worth nothing from now on. ``cost`` is that of each
    hash.
    """
    table = store.contact
    wanted = select(table.c.id, table.c.number_in_list).filter_by(device=device)
    if number_in_list is not None:
        wanted = wanted.filter_by(number_in_list=number_in_list)
    cards = {}
    for contact in connection.execute(wanted.order_by(table.c.number_in_list)).all():
        codes = create_pins(CODES_ON_A_CARD, random, CODE_DIGITS)
        salt = random(SALT_BYTES)
        connection.execute(delete(store.sms_code).filter_by(contact=contact.id))
        kept = {"contact": contact.id, "salt": salt}
        rows = [{**kept, "hash": hash_pin(code, salt, cost)} for code in codes]
        connection.execute(insert(store.sms_code), rows)
        cards[contact.number_in_list] = tuple(f"{code[:4]} {code[4:]}" for code in codes)
    return cards


def codes_left(connection: Connection, device: int) -> dict[int, int]:
    """How many codes each contact has left, by number in the list."""
    contact, code = store.contact.c, store.sms_code.c
    rows = connection.execute(
        select(contact.number_in_list, func.count(code.id).label("left"))
        .outerjoin(store.sms_code, (code.contact == contact.id) & code.burned_at.is_(None))
        .where(contact.device == device)
        .group_by(contact.number_in_list)
        .order_by(contact.number_in_list)
    )
    return {row.number_in_list: row.left for row in rows}
