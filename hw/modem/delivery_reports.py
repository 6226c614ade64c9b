"""Which text a delivery report is of: by reference and number, and what it proves."""

from collections.abc import Collection, Iterable

from outcry.hw.modem.pdu import StatusReport

REFERENCES = 256  # TP-MR is an octet
SAME_DIGITS = 7  # at the end: the network may leave out the country

Key = tuple[int, str]


class DeliveryReports:
    """The reports that are awaited; networks keep them for phones that are off, and may repeat them.

    A belief: each part that is handed over takes the next reference, one that is refused perhaps
    none; after 255 comes 0 or 1.
    """

    def __init__(self, texted_before: bool = False) -> None:
        """``texted_before``: reports of texts of an earlier run may still come."""
        self._awaited: dict[Key, str] = {}
        self._last: int | None = None
        self._given_since = 0
        self._refused_since: list[str] = []  # the ends of their numbers
        self._is_first = not texted_before

    def forget(self) -> None:
        """The modem has started, and may count from another number."""
        self._last = None

    def given(self) -> None:
        """A part has been handed over."""
        self._given_since += 1

    def refused(self, number: str) -> None:
        """So was the part handed over last, to ``number``."""
        self._refused_since.append(number[-SAME_DIGITS:])

    def left(self, reference: int | None) -> None:
        """A part has left under ``reference``; None where that got lost."""
        if reference is not None:
            self._last, self._given_since, self._is_first = reference, 0, False
            self._refused_since.clear()

    def awaits(self, reference: int, number: str, ref: str) -> None:
        """The report under ``reference`` will be of the text ``ref``."""
        self._awaited[_key(reference, number)] = ref

    def proof(self, reports: Iterable[StatusReport], number: str) -> int | None:
        """The reference of the part handed over last, to ``number``, if one of ``reports`` has it.

        The very first needs no reference: nothing else can have been reported. One that another
        text's report may come under is no proof, and a refused text may have left all the same.
        """
        given, refused = self._given_since, len(self._refused_since)
        expected: Collection[int] = range(REFERENCES)
        if self._last is not None:
            to_same = self._refused_since.count(number[-SAME_DIGITS:])
            steps = {given} if to_same else {given, given - refused}
            counted = {self._last + step for step in steps}
            skips_zero = {at + 1 for at in counted if at >= REFERENCES}
            expected = {at % REFERENCES for at in counted | skips_zero}
            if len(expected) > 1 and given - 1 - refused + to_same > 0:
                return None
        elif not self._is_first or given > 1:
            return None
        for report in reports:
            key = _key(report.reference, report.recipient)
            is_its = report.reference in expected and key not in self._awaited
            if is_its and key == _key(report.reference, number):
                return report.reference
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
