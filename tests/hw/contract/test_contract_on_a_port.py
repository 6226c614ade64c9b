"""The bench's own command, tried without a bench: a running board's port in the modem's place."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NUMBER = "+447700900001"
LIMIT_S = 240.0


@pytest.fixture
def port(tmp_path: Path) -> Iterator[str]:
    """The serial port of a board that somebody runs elsewhere."""
    program = Path(sys.executable).with_name("outcry-board")
    arguments = ["run", "--dir", tmp_path, "--modem", f"wearer={NUMBER}"]
    with subprocess.Popen(
        [program, *arguments, "--instant", "--warm", "--receiver", "none"],
        stdout=subprocess.PIPE,
        text=True,
    ) as board:
        assert board.stdout is not None
        assert board.stdout.readline().startswith("outcry-board ready")
        yield str(tmp_path / "modem-wearer")
        board.terminate()


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--hardware", "-p", "no:cacheprovider", "-rs"),
            *(*arguments, str(HERE / "test_modem_contract.py")),
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        cwd=ROOT,
    )


def counted(said: str, what: str) -> int:
    found = re.search(rf"(\d+) {what}", said)
    return int(found[1]) if found else 0


def promises() -> int:
    """How many tests the contract has, each for either subject."""
    done = bench("--collect-only", "-q")
    return sum("[real" in line for line in done.stdout.splitlines())


def test_the_whole_contract_holds_for_whatever_modem_is_named(
    port: str, local_peer: tuple[str, int]
) -> None:
    host, number = local_peer
    done = bench("--modem", port, "--modem-number", NUMBER, "--modem-peer", f"{host}:{number}")
    assert done.returncode == 0, done.stdout
    assert counted(done.stdout, "passed") == promises() > 20
    assert not counted(done.stdout, "skipped")


def test_what_the_bench_does_not_say_is_skipped_by_its_name(port: str) -> None:
    done = bench("--modem", port, "-k", "itself or both_ways")
    assert done.returncode == 0, done.stdout
    assert counted(done.stdout, "skipped") == 2
    assert "--modem-number" in done.stdout
    assert "--modem-peer" in done.stdout


def test_without_a_modem_the_contract_is_skipped_by_name() -> None:
    done = bench()
    assert counted(done.stdout, "skipped") == promises()
    assert "no modem: give its serial port with --modem" in done.stdout
