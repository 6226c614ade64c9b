"""What a delivery report proves of a text whose answer was lost; a wrong proof is worse than none."""

import pytest

from outcry.hw.modem.delivery_reports import DeliveryReports
from outcry.hw.modem.pdu import StatusReport

ANA, BEN = "+447700900201", "+447700900202"


def proofs(last: int, *earlier: tuple[str, str]) -> set[int]:
    """The references that prove a text to Ana, after one that left under ``last`` and ``earlier``."""
    reports = DeliveryReports()
    reports.given()
    reports.refused(BEN)  # over with the one that leaves
    reports.given()
    reports.left(last)
    for number, end in earlier:
        reports.given()
        if end == "refused":
            reports.refused(number)
    reports.given()
    of_others = [report(each, BEN) for each in range(256)]
    assert reports.proof(of_others, ANA) is None
    return {each for each in range(256) if reports.proof([report(each)], ANA) == each}


def report(reference: int, number: str = ANA) -> StatusReport:
    return StatusReport(reference, True, number)


@pytest.mark.parametrize(
    ("last", "earlier", "proven"),
    [
        (5, [], {6}),
        (5, [(BEN, "refused")], {6, 7}),
        (5, [(BEN, "refused")] * 2, {6, 8}),
        (5, [(ANA, "refused")], {7}),
        (5, [(ANA, "refused"), (BEN, "refused")], {8}),
        (5, [(ANA, "lost")], {7}),
        (5, [(BEN, "lost")], {7}),
        (5, [(ANA, "lost"), (BEN, "refused")], set()),
        (5, [(BEN, "refused"), (ANA, "lost")], set()),
        (254, [], {255}),
        (255, [], {0, 1}),
        (254, [(BEN, "lost")], set()),
        (253, [(BEN, "lost")], {255}),
        (254, [(ANA, "refused")], set()),
        (254, [(BEN, "refused")], {255, 0, 1}),
    ],
)
def test_each_reference_that_the_last_part_alone_can_have_is_proof(
    last: int, earlier: list[tuple[str, str]], proven: set[int]
) -> None:
    assert proofs(last, *earlier) == proven


def test_the_report_of_another_text_is_no_proof() -> None:
    """The modem may count from 1 again after a restart, or have another SIM."""
    reports = DeliveryReports()
    for reference, number in ((1, BEN), (2, ANA)):
        reports.given()
        reports.left(reference)
        reports.awaits(reference, number, f"t{reference}")
    reports.forget()
    reports.given()
    reports.left(1)
    reports.given()
    assert reports.proof([report(2)], ANA) is None
    assert reports.proof([report(2, BEN)], BEN) == 2, "the other number's is no one else's"
    assert reports.told(report(2)) == ("t2", True)
