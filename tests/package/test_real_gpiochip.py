"""The wearable's package on a real kernel's GPIO chip, with Debian's own gpiozero and the newer one.

The very sentences of tests/hw, on an emulated board: see tests/support/arm_board.py for what is
real there, and tests/support/pin_registers.py for what is not.
"""

import os
import re
from tempfile import TemporaryDirectory

import arm_board
import pytest

from stage.stage import PartMissing

# As long as the board is given, and its folder's making; alone it takes a minute.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"

KERNEL, SWITCH, PRESSES, STRAP = (
    f"tests/hw/test_{name}.py"
    for name in (
        *("pins_of_the_kernel", "button_and_vibration", "button_at_the_pin", "strap_at_the_pin"),
    )
)
# In CI what fits into a minute of one core; make nightly runs them all, with both.
SHORTER = "-k 'registers and not tap and not says_nothing'"
RUNS = {"debian": [SHORTER, KERNEL, SWITCH, PRESSES]}
if FULL:
    RUNS = {pair: [KERNEL, SWITCH, PRESSES, STRAP] for pair in ("debian", "newer")}
VERSIONS = {"debian": "1.6.2", "newer": "2.0.1"}


@pytest.fixture(scope="module")
def console(debs):
    """What the board said."""
    try:
        arm_board.debian()
    except PartMissing as error:
        pytest.skip(str(error))
    with TemporaryDirectory(dir=arm_board.FOLDER) as folder:
        return arm_board.boot(debs[0], RUNS, arm_board.Path(folder))


@pytest.mark.parametrize("pair", RUNS)
def test_every_sentence_about_pins_holds_on_a_real_chip(console, pair):
    said = re.search(rf"^begin {pair}\n(.*)^end {pair} (\d+)$", console, re.DOTALL | re.MULTILINE)
    assert said, console[-3000:]
    assert f"gpiozero {VERSIONS[pair]}" in said[1]
    assert said[2] == "0", said[1][-6000:]
    selected = re.search(r"(\d+) selected", said[1])
    passed = re.search(r"(\d+) passed", said[1])
    assert selected[1] == passed[1]
    assert int(passed[1]) >= 30
    assert not re.search(r"\d+ (skipped|xfailed|error)", said[1])
