"""Answer cards: the one-time codes with which a contact answers by SMS, and what stands beside them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, insert, select

from outcry.responder import translations
from outcry.responder.enrolment.pins import COST, SALT_BYTES, create_pins, hash_pin
from outcry.responder.storage import store
from outcry.responder.translations import Words

CODES_ON_A_CARD = 8
CODE_DIGITS = 8
_CHOICES = {"1": "confirm", "2": "seen", "3": "unsure", "4": "false"}  # the words of the buttons
_LEFT_TO_RIGHT, _END = "\u2066", "\u2069"  # two groups of figures change places in Arabic text


@dataclass(frozen=True)
class Card:
    """What one contact is given: their name, HQ's number, their codes, in their language."""

    say: Words
    contact: str
    number: str = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, language: str, contact: str, number: str, codes: tuple[str, ...]) -> "Card":
        """In English where there are no words in the contact's language."""
        known = translations.load()
        return cls(known.get(language, known[translations.ENGLISH]), contact, number, codes)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What each digit after a code says."""
        return [(digit, self.say(key)) for digit, key in _CHOICES.items()]

    def lines(self) -> Iterator[str]:
        """The card as plain text."""
        say = self.say
        yield say("card_of", contact=self.contact)
        yield say("card_use", number=self.number)
        yield say("card_how")
        yield from (f"  {digit}  {words}" for digit, words in self.choices)
        yield say("card_only")
        codes = [f"[ ] {_LEFT_TO_RIGHT}{code}{_END}" for code in self.codes]
        if say.direction == "ltr":
            codes = [f"[ ] {code}" for code in self.codes]
        yield from (f"    {'     '.join(codes[at : at + 2])}" for at in range(0, len(codes), 2))
        yield say("card_once")
        yield say("card_pin")


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
