"""The guides: wires as in the settings, commands that exist, links that lead somewhere."""

import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from outcry.daemon.cli import main
from outcry.daemon.settings import NO_PIN, SCHEMA
from outcry.hw import sms_errors
from outcry.hw.board.process import arguments
from outcry.responder.cli.main import parser as hq_parser
from tools import journal_page, wiring

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GUIDES = ("install.md", "runbook.md", "enrolment.md", "hardware.md", "journal.md")
HARDWARE = (DOCS / "hardware.md").read_text(encoding="utf-8")
HEADER = {2: 3, 3: 5, 4: 7, 14: 8, 15: 10, 17: 11, 18: 12, 27: 13, 22: 15, 23: 16, 24: 18, 25: 22}


def guide(name):
    return (DOCS / name).read_text(encoding="utf-8")


# Wires


def rows():
    """The rows of the table of wires: setting, GPIO, pin of the header."""
    return re.findall(r"^\| [^|]+ \| `([\w.]+)` \| (\d+) \| (\d+) \|", HARDWARE, re.MULTILINE)


def test_the_table_of_wires_is_what_the_settings_say():
    table = {setting: int(gpio) for setting, gpio, _ in rows() if setting != "modem.port"}
    by_default = {
        f"{section}.{name}": key.default
        for section, keys in SCHEMA.items()
        for name, key in keys.items()
        if name.endswith("pin") and isinstance(key.default, int)
    }
    assert table.keys() == by_default.keys()
    assert by_default.pop("modem.power_pin") == NO_PIN
    assert f"power_pin = {table.pop('modem.power_pin')}\n" in HARDWARE
    assert table == by_default


def test_every_wire_is_on_a_pin_of_its_own_and_the_header_has_it_there():
    gpios = [int(gpio) for _, gpio, _ in rows()]
    assert len(gpios) == len(set(gpios)) == 6
    assert all(HEADER[int(gpio)] == int(pin) for _, gpio, pin in rows())


def test_the_picture_shows_the_same_wires_and_is_what_the_tool_draws():
    assert wiring.PICTURE.read_text(encoding="utf-8") == wiring.page(), "run: make docs"
    shown = re.findall(r">(?:GPIO|TXD|RXD) (\d+)</text>", wiring.page())
    assert sorted(shown) == sorted(gpio for _, gpio, _ in rows())
    assert {number: HEADER[number] for number in wiring.HEADER} == wiring.HEADER


def test_the_levels_until_outcry_runs_are_set_for_the_same_pins():
    up = re.search(r"^gpio=([\d,]+)=ip,pu$", HARDWARE, re.MULTILINE)
    low = re.search(r"^gpio=([\d,]+)=op,dl$", HARDWARE, re.MULTILINE)
    table = {setting: gpio for setting, gpio, _ in rows()}
    assert up[1].split(",") == [table["button.pin"], table["strap.pin"]]
    assert low[1].split(",") == [table["vibration.pin"], table["modem.power_pin"]]


def test_the_parts_are_as_many_as_the_picture_needs():
    """The list of resistors, counted in the drawing."""
    drawn = re.findall(r">([\d.]+ k?Ω)</text>", wiring.page())
    listed = re.search(r"^\| resistors \| ([^|]+) \|", HARDWARE, re.MULTILINE)[1]
    counts = {value.strip(): int(n) for n, value in re.findall(r"(\d+) \S ([\d.]+ k?Ω)", listed)}
    assert counts == {value: drawn.count(value) for value in set(drawn)}


# Commands and settings named in any text a maintainer reads


def texts():
    """Every text with commands in it: guides, catalog, remedies."""
    for name in GUIDES:
        yield name, guide(name)
    for catalog in (journal_page.CATALOG, journal_page.HQ_CATALOG):
        yield catalog.name, catalog.read_text(encoding="utf-8")
    for module in (
        ROOT / "daemon" / "service" / "status.py",
        *(ROOT / "daemon" / "check").iterdir(),
    ):
        if module.suffix == ".py":
            yield module.name, module.read_text(encoding="utf-8")
    yield "refusals", str(sms_errors.REFUSALS)


def named():
    """Every `outcry …` in them, once."""
    found = set()
    for name, text in texts():
        inline = re.findall(r"`([^`\n]+)`", text)
        blocks = [
            line.strip()
            for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
            for line in block.splitlines()
        ]
        for words in (*inline, *blocks):
            command = re.sub(r"^sudo (-u \S+ )?", "", words)
            if re.match(r"outcry(-board|-responder)? [a-z-]", command):
                found.add((name, command))
    return sorted(found)


@pytest.mark.parametrize(("where", "command"), named())
def test_every_command_named_is_one_that_the_program_takes(where, command):
    if "…" in command:
        return  # the journal's own line, not a command
    program, *words = shlex.split(re.sub(r"--alarm (ID|@OUTCRY_ALARM@)", "--alarm 7f3a", command))
    parsers = {
        "outcry": main.parser,
        "outcry-board": arguments.parser,
        "outcry-responder": hq_parser,
    }
    with redirect_stderr(io.StringIO()) as said:
        try:
            taken = parsers[program]().parse_args(words)
        except SystemExit as end:  # --version leaves so too
            taken = end.code == 0
    assert taken, said.getvalue()


def test_enough_commands_were_found_to_mean_something():
    assert len(named()) > 40


@pytest.mark.slow
@pytest.mark.parametrize("line", re.findall(r"^ +(.*pytest --hardware.*)$", HARDWARE, re.MULTILINE))
def test_the_bench_finds_its_tests(line):
    """None is run: there is no bench here."""
    words = line.replace("python3", sys.executable).split()
    settings = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    done = subprocess.run(
        [*words[len(settings) :], "--collect-only", "-q"],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+)/\d+ tests collected", done.stdout)[1]) > 5


@pytest.mark.parametrize("name", GUIDES)
def test_every_setting_named_exists(name):
    sections = "|".join(SCHEMA)
    for section, key in re.findall(rf"`({sections})\.(\w+)\b", guide(name)):
        if (section, key) != ("modem", "pin") or "/etc/outcry/modem.pin" not in guide(name):
            assert key in SCHEMA[section], f"{section}.{key}"


def anchors(text):
    """As GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("name", GUIDES)
def test_every_link_leads_somewhere(name):
    for target in re.findall(r"\]\(([^)]+)\)", guide(name)):
        path, _, anchor = target.partition("#")
        assert (DOCS / path).exists(), target
        if anchor:
            assert anchor in anchors(guide(path)), target


def test_every_section_of_a_guide_that_a_text_sends_to_is_there():
    for where, text in texts():
        for page, section in re.findall(r"docs/(\w+\.md),\s+['\"]([^'\"]+)['\"]", text):
            headings = " ".join(re.findall(r"^#+ (.+)$", guide(page), re.MULTILINE))
            assert section in headings, f"{where}: {page}, {section}"
        for page in re.findall(r"docs/(\w+\.md)", text):
            assert (DOCS / page).exists(), f"{where}: {page}"


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_can_be_read_on_paper(name):
    prose = [
        line
        for line in guide(name).splitlines()
        if not line.startswith(("|", "   sudo", "   python3"))
    ]
    too_long = [line for line in prose if len(line) > 130 and "sudo" not in line]
    assert too_long == []
