"""A serial device that cannot be had says why: the errno and the path, as the service's user."""

import fcntl
import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from outcry.hw.modem import PortLost, SerialPort
from outcry.hw.system_errors import told

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534
ASKS = """
import json, os, sys
from outcry.hw.modem import PortLost, SerialPort
import serial
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    SerialPort(sys.argv[1]).close()
    print(json.dumps("opened"))
except PortLost as error:
    print(json.dumps(str(error)))
"""


@pytest.fixture
def terminal():
    master, slave = pty.openpty()
    yield slave
    os.close(master)
    os.close(slave)


def refused(path):
    with pytest.raises(PortLost) as caught:
        SerialPort(str(path))
    return str(caught.value)


def asked_by_another_user(path):
    """What a user without rights is told; run as root, that user is nobody."""
    done = subprocess.run(
        [sys.executable, "-c", ASKS, path], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return json.loads(done.stdout)


def test_none_a_folder_and_a_file_are_told_apart(tmp_path):
    missing = refused(tmp_path / "ttyAMA0")
    assert missing.endswith(f"{tmp_path}/ttyAMA0: No such file or directory (ENOENT)")
    assert "(EISDIR)" in refused(tmp_path)
    (tmp_path / "file").touch()
    assert "(ENOTTY)" in refused(tmp_path / "file")


def test_one_that_another_program_has_locked_is_busy(terminal):
    fcntl.flock(terminal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert "(EAGAIN)" in refused(os.ttyname(terminal))


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="only root may keep a terminal from others")
@pytest.mark.parametrize(
    ("mode", "exclusive", "errno"),
    [(0o600, False, "EACCES"), (0o666, True, "EBUSY"), (0o666, False, "")],
    ids=["another user's", "exclusive", "free"],
)
def test_permission_and_a_lock_are_told_apart_for_the_services_user(
    terminal, mode, exclusive, errno
):
    """TIOCEXCL keeps everybody out but root: asked as root, both would say that it is free."""
    path = os.ttyname(terminal)
    os.chmod(path, mode)
    if exclusive:
        fcntl.ioctl(terminal, termios.TIOCEXCL)
    said = asked_by_another_user(path)
    assert said == "opened" if not errno else f"({errno})" in said
    fcntl.ioctl(terminal, termios.TIOCNXCL)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "x"), "No space left on device (ENOSPC)"),
        (termios.error(25, "Inappropriate ioctl"), "Inappropriate ioctl for device (ENOTTY)"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("+447700900101"), "ValueError"),
        (ValueError(True), "ValueError"),
    ],
    ids=["errno", "in its arguments", "none", "no words of others", "no number"],
)
def test_an_error_is_told_by_its_errno_or_its_kind_and_never_by_free_words(error, words):
    assert told(error) == words
