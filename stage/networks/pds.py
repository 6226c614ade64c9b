"""Bluesky's own server on this machine: an account with an app password, for one run."""

from __future__ import annotations

import json
import secrets
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stage.networks import peers
from stage.ports import free_port
from stage.stage import end

if TYPE_CHECKING:
    from atproto import Client

HANDLE = "alarm.test"
_ANSWER_LIMIT_S = 60.0


@dataclass(frozen=True)
class Pds:
    """A PDS that runs, and the account in it."""

    url: str
    handle: str
    did: str
    password: str = field(repr=False)
    app_password: str = field(repr=False)
    process: subprocess.Popen[str] = field(repr=False)

    def stop(self) -> None:
        """End it."""
        end(self.process)

    def client(self) -> object:
        """A session of our own in it, to look at what others have posted."""
        client = _client(self.url)
        client.login(self.handle, self.app_password, fetch_bsky_profile=False)
        return client


def start(folder: Path) -> Pds:
    """Start one with its data in this folder; it must be installed, see ``tools/peers.py``."""
    installed, node = peers.pds(), peers.node()
    assert installed is not None, "the PDS is not installed: make peers"
    assert node is not None
    (folder / "data").mkdir(parents=True)
    (folder / "blobs").mkdir()
    port = free_port()
    settings = {
        "port": port,
        "plcPort": free_port(),
        "data": str(folder / "data"),
        "blobs": str(folder / "blobs"),
        "secret": secrets.token_hex(32),
    }
    with (folder / "pds.log").open("w") as log:
        process = subprocess.Popen(
            [str(node), "pds.mjs", json.dumps(settings)],
            cwd=installed,
            env={"LOG_ENABLED": "false", "PATH": "/usr/bin:/bin", "HOME": str(folder)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        process.kill()
        raise RuntimeError((folder / "pds.log").read_text()[-2000:])
    try:
        return _with_account(f"http://127.0.0.1:{port}", process)
    except BaseException:
        process.kill()
        raise


def _client(url: str) -> Client:
    from atproto import Client, Request

    # Its own 5 s are too few on a busy machine.
    return Client(base_url=f"{url}/xrpc", request=Request(timeout=_ANSWER_LIMIT_S))


def _with_account(url: str, process: subprocess.Popen[str]) -> Pds:
    client = _client(url)
    password = secrets.token_urlsafe(12)
    server = client.com.atproto.server
    server.create_account({"handle": HANDLE, "email": "alarm@example.org", "password": password})
    client.login(HANDLE, password, fetch_bsky_profile=False)
    did = str(server.get_session().did)
    app_password = server.create_app_password({"name": "outcry"}).password
    return Pds(url, HANDLE, did, password, app_password, process)
