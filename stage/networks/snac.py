"""snac on this machine: a small real server of the fediverse that speaks Mastodon's client API."""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from stage.networks import peers
from stage.ports import free_port
from stage.stage import end

ACCOUNT = "alarm"
_START_LIMIT_S = 30.0


@dataclass(frozen=True)
class Snac:
    """A server that runs, and a token for its account."""

    url: str
    token: str = field(repr=False)
    process: subprocess.Popen[bytes] = field(repr=False)

    def stop(self) -> None:
        """End it."""
        end(self.process)


def start(folder: Path) -> Snac:
    """Start one with its data in this folder; it must be here, see ``tools/peers.py``."""
    program = peers.snac()
    assert program is not None, "snac is not here: make peers"
    port = free_port()
    data = folder / "snac"
    answers = f"127.0.0.1\n{port}\nlocalhost:{port}\n\n\n"
    _run(program, "init", data, answers=answers)
    settings = data / "server.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"protocol": "http"}))
    said = _run(program, "adduser", data, ACCOUNT, answers="\n\n\n\n")
    password = re.search(r"User password is (\S+)", said)
    assert password is not None, "snac has made no account"
    with (folder / "snac.log").open("wb") as log:
        process = subprocess.Popen([program, "httpd", data], stdout=log, stderr=log)
    url = f"http://localhost:{port}"
    try:
        _wait_for(f"{url}/api/v1/instance")
        form = {"login": ACCOUNT, "passwd": password[1], "redir": "", "cid": "", "state": ""}
        with urlopen(f"{url}/oauth/x-snac-get-token", urlencode(form).encode(), timeout=10) as got:
            return Snac(url, got.read().decode().strip(), process)
    except BaseException:
        process.kill()
        raise


def _run(program: Path, *words: object, answers: str) -> str:
    done = subprocess.run(
        [program, *map(str, words)], input=answers.encode(), capture_output=True, check=True
    )
    return (done.stdout + done.stderr).decode()


def _wait_for(url: str) -> None:
    end = time.monotonic() + _START_LIMIT_S
    while True:
        try:
            urlopen(url, timeout=5).close()
            return
        except (URLError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
