"""The shipped nftables.conf, loaded in a network of its own: one source cannot take all places."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from parts import needs_nft

from stage.proxies import EXAMPLES

EACH = 200  # connections of one source, as the file has it

KNOCKS = """
import json, socket, subprocess, sys
subprocess.run("ip link set lo up", shell=True, check=True)
for address in sys.argv[3:]:
    if ":" in address:
        subprocess.run(["ip", "-6", "addr", "add", address + "/128", "dev", "lo"], check=True)
for _ in range(2):  # it can be loaded again
    subprocess.run(["nft", "-f", sys.argv[1]], check=True)
family = socket.AF_INET6 if ":" in sys.argv[3] else socket.AF_INET
here = "::1" if family == socket.AF_INET6 else "127.0.0.1"
door = socket.socket(family)
door.bind((here, int(sys.argv[2])))
door.listen(4096)
kept, opened = [], {}
for address in sys.argv[3:]:
    opened[address] = 0
    for _ in range(EACH):
        try:
            one = socket.socket(family)
            one.bind((address, 0))
            one.connect((here, int(sys.argv[2])))
        except ConnectionRefusedError:
            break
        kept.append(one)
        opened[address] += 1
print(json.dumps(opened))
""".replace("EACH", str(EACH + 5))


@needs_nft
@pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root")
@pytest.mark.parametrize(
    ("port", "sources", "opened"),
    [
        (443, ["127.0.0.2", "127.0.0.3"], [EACH, EACH]),
        (80, ["127.0.0.2", "127.0.0.3"], [EACH, EACH]),
        (443, ["2001:db8:1:2::1", "2001:db8:1:2:a::1", "2001:db8:1:3::1"], [EACH, 0, EACH]),
        (22, ["127.0.0.2"], [EACH + 5]),
    ],
)
def test_one_source_has_so_many_connections_and_its_neighbour_too(port, sources, opened):
    command = ["unshare", "--net", sys.executable, "-c", KNOCKS]
    done = subprocess.run(
        [*command, EXAMPLES / "nftables.conf", str(port), *sources],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [*json.loads(done.stdout).values()] == opened
