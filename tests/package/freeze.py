"""Stops every thread of a process but its first, until the process is killed: freeze.py PID."""

import contextlib
import ctypes
import os
import sys

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207  # ptrace(2)
ANY_THREAD = 0x40000000  # waitpid(2): __WALL

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
process = int(sys.argv[1])
for thread in map(int, os.listdir(f"/proc/{process}/task")):
    if thread == process:
        continue
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if libc.ptrace(request, thread, None, None):
            raise OSError(ctypes.get_errno(), "ptrace")
print("frozen", flush=True)
with contextlib.suppress(ChildProcessError):
    while True:
        os.waitpid(-1, ANY_THREAD)  # a thread that is traced cannot go before its tracer has looked
