"""The guide's ten commands on a bare machine: HQ behind each proxy, its certificate included.

Pebble, a server of Let's Encrypt's own for tests, stands in for Let's Encrypt.
"""

import re
import subprocess

import pytest
from bare_stage import ROOT, from_guide

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

NAME = "hq.outcry.test"
DIRECTORY = "https://127.0.0.1:14000/dir"
COMMANDS_MOST = 10
PEBBLE = """\
{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
 "certificate": "/root/pebble.pem", "privateKey": "/root/pebble.key",
 "httpPort": 80, "tlsPort": 443}}
"""
# What certbot asks a person: the server's terms, and an address for its letters.
CERTBOT = f"""\
server = {DIRECTORY}
agree-tos = true
register-unsafely-without-email = true
"""
FETCH = """
import http.client, ssl, sys
from urllib.parse import urlsplit
url = urlsplit(sys.argv[1])
kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
asking = kind(url.netloc, timeout=60)
asking.request(sys.argv[2], url.path or "/", headers={"Host": sys.argv[3]} if sys.argv[3:] else {})
answer = asking.getresponse()
print(answer.status, answer.getheader("location"), answer.read().decode(errors="replace")[:4000])
"""


@pytest.fixture(scope="module")
def site(machine, debs, tmp_path_factory):
    """The machine with HQ's package at hand, a name, and somebody who issues certificates."""
    folder = tmp_path_factory.mktemp("pebble")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", folder / "pebble.key", "-out", folder / "pebble.pem"),
        ],
        check=True,
        capture_output=True,
    )
    for name in ("pebble.key", "pebble.pem"):
        machine.copy(folder / name, f"/root/{name}")
    deb = debs[1]
    machine.copy(deb, f"/root/{deb.name}")
    machine.write("/etc/hosts", f"127.0.0.1 localhost {NAME}\n")
    machine.write("/root/pebble.json", PEBBLE)
    machine.write("/root/fetch.py", FETCH)
    machine.write("/root/.config/letsencrypt/cli.ini", CERTBOT)
    script = """
        apt-get install -qy --no-install-recommends pebble ca-certificates python3
        cp /root/pebble.pem /usr/local/share/ca-certificates/pebble.crt
        update-ca-certificates
        systemd-run --unit=pebble -E PEBBLE_VA_NOSLEEP=1 -E PEBBLE_AUTHZREUSE=0 \
            pebble -config /root/pebble.json
    """
    machine.run("sh", "-ec", script, timeout=900)
    roots = "https://127.0.0.1:15000/roots/0"
    said = machine.wait("Pebble", lambda: fetched(machine, roots, check=False), 60)
    machine.write("/usr/local/share/ca-certificates/issued.crt", said[said.index("-----BEGIN") :])
    machine.run("update-ca-certificates")
    return machine


def fetched(machine, url, method="GET", host="", check=True):
    """The status, the place it leads to, and what is said, by programs that believe the machine."""
    asked = [url, method, *([host] if host else [])]
    return machine.run("python3", "/root/fetch.py", *asked, check=check).stdout


def set_up(site, example, meanwhile=()):
    """The block of the guide that uses this example; ``meanwhile`` comes after its copy."""
    lines = from_guide(f"examples/{example}").splitlines()
    assert len(lines) <= COMMANDS_MOST
    lines[0] = lines[0].replace("help.example.org", NAME)
    assert NAME in lines[0]
    copied = next(n for n, line in enumerate(lines) if line.startswith("cp "))
    lines[copied + 1 : copied + 1] = meanwhile
    lines[1] += " -qy"  # nobody is there to say yes
    lines[-1] += " || true"  # HQ has no wearers and no channels yet
    return site.run("sh", "-ec", "cd /root\n" + "\n".join(lines), timeout=900).stdout


def is_complete(site, said):
    """People, devices and officers are served; the certificate is one that was issued."""
    link = re.search(rf"https://{NAME}(/console/welcome/\S+)", said)
    assert link, said
    site.wait("HQ", lambda: fetched(site, f"https://{NAME}/").startswith("200"), 60)
    assert "Example Org" in fetched(site, f"https://{NAME}/")
    assert fetched(site, f"https://{NAME}{link[1]}").startswith("200")
    assert fetched(site, f"https://{NAME}/", "HEAD").startswith("200")
    assert fetched(site, f"http://{NAME}/post/1").startswith(f"301 https://{NAME}/post/1")
    for host in (NAME, "192.0.2.1"):
        assert fetched(site, f"http://{NAME}/v1/reports", "POST", host).startswith("400"), "HQ's no"
    site.run("systemctl", "start", "outcry-responder-check", check=False)  # with the hardening on
    checked = site.said("journalctl", "-u", "outcry-responder-check", "-o", "cat")
    assert f"ok: pages can be opened at https://{NAME}; expires in" in checked
    return link[1]


def tells_of_hqs_absence_and_keeps_no_secret(site, secret, proxy):
    site.run("systemctl", "stop", "outcry-responder")
    try:
        answer = fetched(site, f"https://{NAME}{secret}")
        assert answer.startswith("503")
        assert "we are restarting" in answer
    finally:
        site.run("systemctl", "start", "outcry-responder")
    kept = site.said("journalctl", "-o", "cat", "-u", proxy) + site.said(
        "sh", "-c", "find /var/log/nginx /var/log/caddy -type f -exec cat {} + 2>/dev/null || true"
    )
    assert proxy in kept.lower() or "started" in kept.lower()
    assert secret.rpartition("/")[2] not in kept


def test_ten_commands_put_hq_behind_nginx_and_its_certificate_is_renewed(site):
    secret = is_complete(site, set_up(site, "nginx.conf"))
    tells_of_hqs_absence_and_keeps_no_secret(site, secret, "nginx")
    assert "worker_connections 32768;" in site.said("nginx", "-T")
    serial = f"openssl x509 -noout -serial -in /etc/letsencrypt/live/{NAME}/cert.pem"
    before = site.said("sh", "-c", serial)
    site.run("certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew", timeout=300)
    assert site.said("sh", "-c", serial) != before
    shown = (
        f"openssl s_client -connect {NAME}:443 </dev/null 2>/dev/null | openssl x509 -noout -serial"
    )
    renewed = site.said("sh", "-c", serial)
    site.wait("nginx to show it", lambda: site.said("sh", "-c", shown) == renewed, 60)


def test_ten_commands_put_hq_behind_caddy(site):
    script = """
        systemctl disable --now nginx
        runuser -u outcry-responder -- outcry-responder officer remove olga
    """
    site.run("sh", "-c", script, check=False)  # if they are there
    believes = f"sed -i '0,/^{{/s|^{{|{{\\n\\tacme_ca {DIRECTORY}|' /etc/caddy/Caddyfile"
    said = set_up(site, "Caddyfile", [believes])
    site.wait("a certificate", lambda: fetched(site, f"https://{NAME}/", check=False), 120)
    secret = is_complete(site, said)
    tells_of_hqs_absence_and_keeps_no_secret(site, secret, "caddy")


def test_the_shipped_settings_have_each_line_that_the_guide_rewrites():
    text = (ROOT / "config" / "responder.toml").read_text()
    for example in ("nginx.conf", "Caddyfile"):
        wanted = re.findall(r"s\|\^(\w+) = ", from_guide(f"examples/{example}"))
        assert wanted == ["name", "public_url", "behind_proxy", "public_host", "public_port"]
        for key in wanted:
            assert len(re.findall(rf"^{key} = ", text, re.MULTILINE)) == 1, key
