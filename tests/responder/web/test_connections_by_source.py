"""The shipped nftables.conf, loaded in a network of its own: one source cannot take all places."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from parts import needs_nft

from stage.proxies import EXAMPLES

EACH, DEVICES = 200, 4000  # connections of one source, as the file has it
WEARERS = EACH + 5

KNOCKS = """
import json, resource, socket, subprocess, sys
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
subprocess.run("ip link set lo up", shell=True, check=True)
for address in sys.argv[4:]:
    if ":" in address:
        subprocess.run(["ip", "-6", "addr", "add", address + "/128", "dev", "lo"], check=True)
for _ in range(2):  # it can be loaded again
    subprocess.run(["nft", "-f", sys.argv[1]], check=True)
family = socket.AF_INET6 if ":" in sys.argv[4] else socket.AF_INET
here = "::1" if family == socket.AF_INET6 else "127.0.0.1"
door = socket.socket(family)
door.bind((here, int(sys.argv[2])))
door.listen(4096)
kept, opened = [], {}
for address in sys.argv[4:]:
    opened[address] = 0
    for _ in range(int(sys.argv[3])):
        try:
            one = socket.socket(family)
            one.bind((address, 0))
            one.connect((here, int(sys.argv[2])))
        except ConnectionRefusedError:
            break
        kept.append(one)
        opened[address] += 1
print(json.dumps(opened))
"""


@needs_nft
@pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root")
@pytest.mark.parametrize(
    ("port", "knocks", "sources", "opened"),
    [
        (443, WEARERS, ["127.0.0.2", "127.0.0.3"], [EACH, EACH]),
        (80, WEARERS, ["127.0.0.2", "127.0.0.3"], [WEARERS, WEARERS]),
        (80, WEARERS, ["2001:db8:1:2::1", "2001:db8:1:2:a::1"], [WEARERS, WEARERS]),
        (80, DEVICES + 5, ["127.0.0.2"], [DEVICES]),
        (80, DEVICES + 5, ["2001:db8:1:2::1", "2001:db8:1:2:a::1"], [DEVICES, 0]),
        (
            443,
            WEARERS,
            ["2001:db8:1:2::1", "2001:db8:1:2:a::1", "2001:db8:1:3::1"],
            [EACH, 0, EACH],
        ),
        (22, WEARERS, ["127.0.0.2"], [WEARERS]),
    ],
)
def test_one_source_has_so_many_connections_and_its_neighbour_too(port, knocks, sources, opened):
    """Each wearable keeps one, and hundreds may come from a carrier's one address."""
    command = ["unshare", "--net", sys.executable, "-c", KNOCKS]
    done = subprocess.run(
        [*command, EXAMPLES / "nftables.conf", str(port), str(knocks), *sources],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [*json.loads(done.stdout).values()] == opened
