"""A certificate authority and its time-stamping server: openssl's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

CONFIG = """
[tsa]
default_tsa = ours
[ours]
dir = {folder}
serial = $dir/serial
signer_cert = $dir/tsa.pem
certs = $dir/ca.pem
signer_key = $dir/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
PURPOSE = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"


class Authority:
    """A certificate authority, and the time-stamping server that it has signed."""

    def __init__(self, folder: Path, *, ended: bool = False) -> None:
        self.folder = folder
        self.certificate = folder / "ca.pem"
        (folder / "serial").write_text("01")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "purpose").write_text(PURPOSE)
        new_key = "req", "-newkey", "rsa:2048", "-nodes"
        ca = "-subj", "/CN=A fictitious authority", "-keyout", "ca.key", "-out", "ca.pem"
        self.openssl(*new_key, "-x509", "-days", "30", *ca)
        tsa = "-subj", "/CN=A fictitious clock", "-keyout", "tsa.key", "-out", "tsa.csr"
        self.openssl(*new_key, *tsa)
        signed = "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key"
        days = "-1" if ended else "30"
        more = "-CAcreateserial", "-days", days, "-extfile", "purpose", "-out", "tsa.pem"
        self.openssl(*signed, *more)

    def openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def stamp(self, asked: bytes) -> bytes:
        (self.folder / "asked.tsq").write_bytes(asked)
        config = "-config", "tsa.cnf", "-queryfile", "asked.tsq", "-out", "said.tsr"
        self.openssl("ts", "-reply", *config)
        return (self.folder / "said.tsr").read_bytes()
