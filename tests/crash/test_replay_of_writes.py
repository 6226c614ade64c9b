"""The replay itself: it loses what a power cut may lose, keeps what it may not, and knows its limits."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from crash.recording import Unreplayable, record
from crash.replay import SECTOR, Crash, Loss, crashes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
]

PROGRAM = """
import os, sys
folder = sys.argv[1]
os.chdir(folder)
def sync(name):
    handle = os.open(f"{folder}/{name}" if name else folder, os.O_RDWR if name else os.O_RDONLY)
    os.fsync(handle)
def write(name, data):
    handle = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT)
    os.write(handle, data)
def move(old, new):
    os.rename(f"{folder}/{old}", f"{folder}/{new}")
def told():
    os.write(1, b"TOLD\\n")
"""
DATA = bytes(range(1, 5)) * SECTOR  # four sectors

Left = Callable[[str], list[Crash]]


@pytest.fixture
def left_after(tmp_path: Path) -> Left:
    """The states after somebody was told, of a program that does this."""

    def run(what: str) -> list[Crash]:
        folder = tmp_path / "state"
        folder.mkdir()
        program = f"{PROGRAM}\ndata = {DATA!r}\n{what}"
        events = record(
            [sys.executable, "-c", program, str(folder)], folder, tmp_path / "strace", {}
        )
        return [crash for crash in crashes(events, folder, {}, 1) if crash.said]

    return run


def test_what_was_not_synced_is_lost_kept_or_torn_between_sectors(left_after: Left) -> None:
    found = left_after('write("a", data); told()')
    contents = {crash.files.get("a", b"") for crash in found}
    assert {b"", DATA} <= contents
    torn = contents - {b"", DATA}
    assert torn
    for content in torn:
        for at in range(0, len(content), SECTOR):
            assert content[at : at + SECTOR] in (DATA[at : at + SECTOR], bytes(SECTOR))


def test_a_synced_file_is_lost_only_where_its_folder_was_not_synced(left_after: Left) -> None:
    found = left_after('write("a", data); sync("a"); told()')
    assert {crash.loss for crash in found if crash.files.get("a") != DATA} == {Loss.NAMES_TOO}


def test_nothing_is_lost_once_file_and_folder_were_synced(left_after: Left) -> None:
    found = left_after('write("a", data); sync("a"); sync(""); told()')
    assert [crash.files for crash in found] == [{"a": DATA}]


def test_a_move_may_be_undone_until_the_folder_is_synced(left_after: Left) -> None:
    before = 'write("a", data); sync("a"); sync(""); move("a", "b")'
    assert {frozenset(crash.files) for crash in left_after(f"{before}; told()")} == {
        frozenset("a"),
        frozenset("b"),
    }


def test_a_file_moved_before_it_was_synced_can_be_empty(left_after: Left) -> None:
    found = left_after('write("a", data); move("a", "b"); sync(""); told()')
    assert b"" in {crash.files["b"] for crash in found}


def test_a_removed_file_can_come_back(left_after: Left) -> None:
    found = left_after('write("a", data); sync("a"); sync(""); os.unlink(folder + "/a"); told()')
    assert {len(crash.files) for crash in found} == {0, 1}


@pytest.mark.parametrize(
    "call",
    [
        'os.writev(os.open(folder + "/a", os.O_WRONLY | os.O_CREAT), [data])',
        'write("a", data); os.truncate(folder + "/a", 1)',
        'os.write(os.open(folder + "/a", os.O_WRONLY | os.O_CREAT | os.O_APPEND), data)',
        'os.mkdir(folder + "/a")',
    ],
)
def test_what_the_replay_does_not_understand_it_refuses(left_after: Left, call: str) -> None:
    with pytest.raises(Unreplayable):
        left_after(call)
