"""The first change of CONTRIBUTING.md, made as the page says, in a copy of this tree."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
DIFFS = re.findall(r"```diff\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]
pytestmark = pytest.mark.slow


@pytest.fixture
def tree(tmp_path):
    tree = tmp_path / "outcry"
    ignored = shutil.ignore_patterns(
        ".venv*", ".git", "build", "dist", "__pycache__", ".hypothesis", ".*_cache"
    )
    shutil.copytree(ROOT, tree, symlinks=True, ignore=ignored)
    yield tree
    shutil.rmtree(tree)


def run(tree, *words, keys=""):
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    return subprocess.run(
        words, cwd=tree, input=keys, env=environment, capture_output=True, text=True, check=False
    )


def types(tree, begins):
    """The page's command that begins so, with this Python in the place of .venv's."""
    (line,) = [line for line in COMMANDS if line.startswith(begins)]
    return run(tree, *shlex.split(line.replace(".venv/bin/python", sys.executable)))


def applies(tree, diff):
    done = run(tree, "git", "apply", "--verbose", "-", keys=diff)
    assert done.returncode == 0, done.stderr


def test_the_first_change_goes_as_the_page_says(tree):
    test, code = DIFFS
    alarm = (tree / "docs" / "alarm.md").read_text(encoding="utf-8")

    applies(tree, test)
    red = types(tree, ".venv/bin/python -m pytest")
    assert red.returncode == 1, red.stdout + red.stderr
    assert "assert 0.2 >= 0.3" in red.stdout
    assert "1 failed" in red.stdout

    applies(tree, code)
    green = types(tree, ".venv/bin/python -m pytest")
    assert re.search(r"ends with `(\d+ passed)`", PAGE)[1] in green.stdout, green.stdout

    recipe = re.search(
        r"^docs:.*\n\t\$\(BIN\)/python (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert run(tree, sys.executable, *recipe[1].split()).returncode == 0
    changed = (tree / "docs" / "alarm.md").read_text(encoding="utf-8")
    before, after = set(alarm.splitlines()), set(changed.splitlines())
    assert len(before - after) == len(after - before) == 1
    assert "HQ has it" in (after - before).pop()


def test_the_commit_it_shows_is_what_it_calls_a_good_one():
    (message,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    subject, empty, *body = message.splitlines()
    assert re.fullmatch(r"[a-z]+: [A-Z].{0,70}[^.]", subject)
    assert len(subject) <= 72
    assert empty == ""
    assert all(len(line) <= 72 for line in body)


@pytest.mark.parametrize("line", [line for line in COMMANDS if "outcry-board" in line])
def test_each_command_for_the_board_is_one_it_takes(line):
    from outcry.hw.board.process import arguments

    _, *words = shlex.split(line)
    arguments.parser().parse_args(words)


def test_the_demo_takes_what_the_page_gives_it():
    (given,) = re.findall(r'^make demo ARGS="(.*)"$', "\n".join(COMMANDS), re.MULTILINE)
    done = run(ROOT, sys.executable, "-m", "demo", *given.split(), "--help")
    assert done.returncode == 0, done.stderr
