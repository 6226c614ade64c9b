"""nginx and Caddy on loopback before HQ, with the example files as they are shipped.

Replaced is only what the files ask to be replaced, the name, and what a machine can have once:
ports, addresses and paths.
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from stage.ports import free_port
from stage.stage import ROOT, NotSeen, end, program

EXAMPLES = ROOT / "config" / "examples"
READY_LIMIT_S = 60.0
_NAME = "outcry.example"
# What Debian's own nginx.conf has around sites, as far as it bears on them.
_AROUND = """\
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-own.log;
events {{ worker_connections {connections}; }}
http {{
    access_log {folder}/nginx-access.log;
    gzip on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {more}
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """One that runs: its addresses, whose certificate to believe, and where it writes."""

    plain: str
    url: str
    authority: Path
    folder: Path

    def written(self) -> bytes:
        """All it has written into its folder, logs and forgotten bodies alike."""
        return b"".join(
            path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()
        )


@dataclass(frozen=True)
class Ports:
    """HQ's two, and the proxy's two."""

    device: int
    people: int
    plain: int
    tls: int


@contextmanager
def proxy(
    kind: str, folder: Path, device: int, people: int, connections: int = 768, more: str = ""
) -> Iterator[Proxy]:
    """``nginx`` or ``caddy`` before HQ's ports ``device`` and ``people``; ended with the block.

    nginx has so many ``connections``, and ``more`` around the site. Raises :class:`PartMissing`.
    """
    ports = Ports(device, people, free_port(), free_port())
    folder.mkdir()
    if kind == "nginx":
        command, authority = _nginx(folder, ports, connections, more)
    else:
        command, authority = _caddy(folder, ports)
    homes = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    with (folder / "said.log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | homes)
    try:
        front = Proxy(
            f"http://localhost:{ports.plain}", f"https://localhost:{ports.tls}", authority, folder
        )
        _wait(running, front)
        yield front
    finally:
        end(running)


def shipped(name: str, replaced: dict[str, str]) -> str:
    """The example of this name with these words replaced; each must be there."""
    text = (EXAMPLES / name).read_text()
    for old, new in replaced.items():
        if old not in text:
            raise NotSeen(f"{name} has no {old!r}")
        text = text.replace(old, new)
    return text


def _nginx(folder: Path, ports: Ports, connections: int, more: str) -> tuple[list[str], Path]:
    certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    subprocess.run(
        [program("openssl"), "req", "-x509", *curve, *subject, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    site = shipped(
        "nginx.conf",
        {
            "/etc/letsencrypt/live/outcry.example": str(folder),
            f"https://{_NAME}": f"https://localhost:{ports.tls}",
            _NAME: "localhost",
            "listen 80 ": f"listen 127.0.0.1:{ports.plain} ",
            "listen [::]:80 ": f"listen [::1]:{ports.plain} ",
            "listen 443 ": f"listen 127.0.0.1:{ports.tls} ",
            "listen [::]:443 ": f"listen [::1]:{ports.tls} ",
            "127.0.0.1:8080": f"127.0.0.1:{ports.device}",
            "127.0.0.1:8443": f"127.0.0.1:{ports.people}",
            "/usr/share/outcry-responder": str(ROOT / "config"),
            "/var/www/html": str(folder / "www"),
        },
    )
    (folder / "site.conf").write_text(site)
    user = "user root;" if os.geteuid() == 0 else ""
    around = _AROUND.format(folder=folder, user=user, connections=connections, more=more)
    (folder / "nginx.conf").write_text(around)
    return [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")], certificate


def _caddy(folder: Path, ports: Ports) -> tuple[list[str], Path]:
    # For this name it is its own authority, which the machine's programs need not believe.
    own = f"{{\n\tskip_install_trust\n\tdefault_bind 127.0.0.1\n\thttp_port {ports.plain}"
    own += f"\n\thttps_port {ports.tls}\n"
    text = shipped(
        "Caddyfile",
        {
            f"https://{_NAME}": f"https://localhost:{ports.tls}",
            f"\n{_NAME} {{": "\nlocalhost {",
            "servers :80 {": f"servers 127.0.0.1:{ports.plain} {{",
            "servers :443 {": f"servers 127.0.0.1:{ports.tls} {{",
            "\n:80 {": f"\n:{ports.plain} {{",
            "127.0.0.1:8080": f"127.0.0.1:{ports.device}",
            "127.0.0.1:8443": f"127.0.0.1:{ports.people}",
            "/usr/share/outcry-responder": str(ROOT / "config"),
            "\n{\n": f"\n{own}",
        },
    )
    (folder / "Caddyfile").write_text(text)
    authority = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    return [program("caddy"), "run", "--config", str(folder / "Caddyfile")], authority


def _wait(running: subprocess.Popen[bytes], front: Proxy) -> None:
    """Until both ports answer, the second with a certificate: Caddy has it later than the port."""
    until = time.monotonic() + READY_LIMIT_S
    while not _answers(front):
        if running.poll() is not None or time.monotonic() > until:
            said = (front.folder / "said.log").read_text()
            raise NotSeen(f"the proxy did not start: {said[-1000:]}")
        time.sleep(0.05)


def _answers(front: Proxy) -> bool:
    plain, tls = (("127.0.0.1", urlsplit(url).port or 0) for url in (front.plain, front.url))
    with suppress(OSError), socket.create_connection(plain, 5):  # ssl.SSLError is one, too
        trust = ssl.create_default_context(cafile=front.authority)
        with (
            socket.create_connection(tls, 5) as connection,
            trust.wrap_socket(connection, server_hostname="localhost"),
        ):
            return True
    return False
