"""How the bench reads an emulated program's memory."""

from pathlib import Path

import pytest

from bench.device.armel import guest_rss_bytes
from stage.stage import NotSeen

FOLDER = Path("/build/armel")


def mapping(start: int, kb: int, name: str = "") -> str:
    head = f"{start:08x}-{start + 4096:08x} r--p 00000000 fe:00 1234       {name}".rstrip()
    return f"{head}\nSize:  4 kB\nKernelPageSize:  4 kB\nRss:   {kb} kB\nPss:  {kb} kB\n"


@pytest.mark.parametrize("base", [0, 0x7F0000000000 & ~0xFFFFFFFF])
def test_the_programs_own_four_gigabytes_count_and_the_emulators_do_not(base):
    smaps = mapping(base + 0x11000, 300, f"{FOLDER}/usr/bin/python3.13")
    smaps += mapping(base + 0x59B000, 20) + mapping(base + 0x3FFF0000, 1)
    smaps += mapping(base + 0x2_0000_0000, 5000, "/usr/bin/qemu-arm-static")
    assert guest_rss_bytes(smaps, FOLDER) == 321 * 1024


def test_a_process_that_is_not_the_program_is_not_measured():
    with pytest.raises(NotSeen, match="none of its files"):
        guest_rss_bytes(mapping(0x11000, 300, "/usr/bin/qemu-arm-static"), FOLDER)
