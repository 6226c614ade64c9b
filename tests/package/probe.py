"""Run inside a unit's sandbox: tries what the service may and may not do, prints what came of it.

Each line is ``NAME OUTCOME``: ``ok``, or the name of the error.
"""

import ctypes
import errno
import mmap
import os
import socket
import sys
from pathlib import Path

IO_URING_SETUP = 425  # on every architecture


def try_(name, action):
    """Print what became of it."""
    try:
        action()
    except OSError as error:
        print(name, errno.errorcode.get(error.errno, error.errno))
    else:
        print(name, "ok")


def touch(path):
    Path(path).write_text("x")


def opened(path):
    """Open a device, as a serial library would; a driver that is not there is no refusal."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError as error:
        if error.errno not in (errno.ENXIO, errno.ENODEV):
            raise


def executed(path):
    pid = os.posix_spawn(path, [path], {}) if os.access(path, os.F_OK) else None
    if pid is None:
        raise FileNotFoundError(errno.ENOENT, path)
    os.waitpid(pid, 0)


def own_program(folder):
    path = Path(folder, "program")
    path.write_text("#!/usr/bin/python3\n")
    path.chmod(0o700)
    executed(str(path))


def sent(host):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", (host, 9))


def unshared():
    """A namespace of its own, where it would be root."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000):  # CLONE_NEWUSER
        raise OSError(ctypes.get_errno(), "unshare")


def executed_from_memory():
    """A program that no path leads to."""
    program = os.memfd_create("program", 0)
    os.write(program, b"#!/usr/bin/python3\n")
    executed(f"/proc/self/fd/{program}")


def ring():
    """The other way into the kernel, which asks no filter for what it does."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(IO_URING_SETUP, 1, ctypes.create_string_buffer(120)) < 0:
        raise OSError(ctypes.get_errno(), "io_uring_setup")


def locked():
    """What lies in memory, as the daemon locks its own; a limit is no refusal."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(1 | 2 | 4) and ctypes.get_errno() != errno.ENOMEM:
        raise OSError(ctypes.get_errno(), "mlockall")


state = sys.argv[1]

for path in ("/home/somebody/secret", "/root/secret", sys.argv[2], "/proc/1/environ"):
    try_(f"read:{path}", lambda path=path: Path(path).read_bytes())
for folder in ("/etc", "/usr/lib", "/var/lib", "/var/cache", "/run", "/srv", "/dev/shm"):
    try_(f"write:{folder}", lambda folder=folder: touch(f"{folder}/open/probe"))
for path in ("/dev/other", "/dev/gpiochip0", "/dev/null"):
    try_(f"open:{path}", lambda path=path: opened(path))
for path in ("/bin/sh", "/usr/bin/id", "/usr/bin/outcry-board"):
    try_(f"exec:{path}", lambda path=path: executed(path))
for folder in (state, "/tmp", "/var/tmp"):
    try_(f"exec:{folder}", lambda folder=folder: own_program(folder))
for host in ("192.0.2.1", "127.0.0.1"):
    try_(f"send:{host}", lambda host=host: sent(host))
for family in ("AF_PACKET", "AF_NETLINK", "AF_BLUETOOTH", "AF_INET6", "AF_INET", "AF_UNIX"):
    try_(f"socket:{family}", lambda family=family: socket.socket(getattr(socket, family)).close())
try_("signal:1", lambda: os.kill(1, 0))
try_("nice", lambda: os.nice(-5))
try_("unshare", unshared)
try_("exec:memory", executed_from_memory)
try_("ring", ring)
try_("lock", locked)
try_("code", lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC).close())
try_("state", lambda: touch(f"{state}/probe"))
try_("cpuinfo", lambda: Path("/proc/cpuinfo").read_bytes())
