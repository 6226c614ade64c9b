"""A duty officer's hand on the console: keeps cookies, finds forms' tokens, reads the phone."""

from __future__ import annotations

import html
import re
from http.cookies import SimpleCookie

import pyotp
from served import browser

PASSWORD = "correct horse battery staple"


class Hand:
    """A browser of its own. Cookies that want TLS are kept here on loopback's plain HTTP too."""

    def __init__(self, base_url, clock):
        self.client = browser(base_url)
        self.clock = clock
        self.cookies = {}
        self.secret = None

    def get(self, path):
        return self._kept(self.client.get(path, headers=self.headers()))

    def post(self, path, token=None, headers=(), **fields):
        data = fields if token is None else fields | {"token": token}
        return self._kept(self.client.post(path, data=data, headers=self.headers() | dict(headers)))

    def send(self, page_path, form_path, **fields):
        """Open the page, fill its form in, press its button."""
        return self.post(form_path, token_in(self.get(page_path).text), **fields)

    def code(self):
        return pyotp.TOTP(self.secret).at(int(self.clock()))

    def settle(self, link, password=PASSWORD):
        """Settle in through the one-time link; returns the recovery codes."""
        page = self.get(link).text
        self.secret = re.search(r"Type this into the app: <code>([A-Z2-7 ]+)</code>", page)[1]
        self.secret = self.secret.replace(" ", "")
        token = token_in(page)
        done = self.post(link, token, password=password, again=password, code=self.code())
        assert done.status_code == 200, done.text
        return re.findall(r"<code>([A-Z2-7-]{19})</code>", done.text)

    def login(self, name="olga", password=PASSWORD, code=None):
        self.clock.passes(30)  # a code works once; wait for the next
        page = self.get("/console/login").text
        return self.post(
            "/console/login",
            token_in(page),
            name=name,
            password=password,
            code=code or self.code(),
            next="/console",
        )

    def act(self, alarm, act, **fields):
        """Look at the alarm, and act on what its page shows."""
        path = f"/console/alarm/{alarm}"
        seen = re.search(r'name="seen" value="(\d+)"', self.get(path).text)
        shown = {"seen": seen[1]} if seen else {}
        return self.send("/console", f"{path}/{act}", **shown | fields)

    def close(self):
        self.client.close()

    def headers(self):
        said = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"cookie": said} if said else {}

    def _kept(self, answer):
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        self.client.cookies.clear()
        return answer


def token_in(page):
    found = re.search(r'name="token" value="([^"]*)"', page)
    assert found, page
    return html.unescape(found[1])
