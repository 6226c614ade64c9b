"""Which text a delivery report is of: by reference and number, and what it proves."""

from collections.abc import Iterable

from outcry.hw.modem.pdu import StatusReport

REFERENCES = 256  # TP-MR is an octet
SAME_DIGITS = 7  # at the end: the network may leave out the country

Key = tuple[int, str]


class DeliveryReports:
    """The reports that are awaited; networks keep them for phones that are off, and may repeat them.

    A belief: each part that is handed over takes the next reference.
    """

    def __init__(self, texted_before: bool = False) -> None:
        """``texted_before``: reports of texts of an earlier run may still come."""
        self._awaited: dict[Key, str] = {}
        self._last: int | None = None
        self._given_since = 0
        self._is_first = not texted_before

    def forget(self) -> None:
        """The modem has started, and may count from another number."""
        self._last = None

    def given(self) -> None:
        """A part has been handed over."""
        self._given_since += 1

    def left(self, reference: int | None) -> None:
        """A part has left under ``reference``; None where that got lost."""
        if reference is not None:
            self._last, self._given_since, self._is_first = reference, 0, False

    def awaits(self, reference: int, number: str, ref: str) -> None:
        """The report under ``reference`` will be of the text ``ref``."""
        self._awaited[_key(reference, number)] = ref

    def proof(self, reports: Iterable[StatusReport], number: str) -> int | None:
        """The reference of the part handed over last, to ``number``, if one of ``reports`` has it.

        The very first needs no reference: nothing else can have been reported.
        """
        expected = None
        if self._last is not None:
            expected = (self._last + self._given_since) % REFERENCES
        elif not self._is_first or self._given_since > 1:
            return None
        for report in reports:
            reference = report.reference if expected is None else expected
            if _key(report.reference, report.recipient) == _key(reference, number):
                return reference
        return None

    def told(self, report: StatusReport) -> tuple[str, bool] | None:
        """The text whose fate is known by this report, and whether all of it has arrived."""
        key = _key(report.reference, report.recipient)
        ref = self._awaited.get(key)
        if ref is None or report.delivered is None:
            return None
        del self._awaited[key]
        others = [other for other, its_ref in self._awaited.items() if its_ref == ref]
        if others and report.delivered:
            return None
        for other in others:
            del self._awaited[other]
        return ref, report.delivered


def _key(reference: int, number: str) -> Key:
    """What a report is known by: references come round after 256 texts, and networks write a
    number with or without its country."""
    return reference, number[-SAME_DIGITS:]
