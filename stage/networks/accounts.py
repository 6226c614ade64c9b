"""The demo's networks: those real servers that are installed, an account in each, what is posted."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from stage.networks import pds, peers, snac

_ANSWER_LIMIT_S = 10


class Accounts:
    """Servers that run, and the file that HQ finds its accounts in."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "networks.toml"
        self._folder = folder
        self._pds: pds.Pds | None = None
        self._snac: snac.Snac | None = None

    def start(self) -> None:
        """Start what is installed, and write the file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        sections = []
        try:
            if peers.pds() is not None:
                self._pds = pds.start(self._folder / "pds")
                sections.append(
                    f'[bluesky]\nserver = "{self._pds.url}"\nhandle = "{self._pds.handle}"\n'
                    f'app_password = "{self._pds.app_password}"\n'
                )
            if peers.snac() is not None:
                (self._folder / "fediverse").mkdir()
                self._snac = snac.start(self._folder / "fediverse")
                sections.append(
                    f'[mastodon]\nserver = "{self._snac.url}"\ntoken = "{self._snac.token}"\n'
                )
        except BaseException:
            self.stop()
            raise
        self.file.touch(0o600)
        self.file.write_text("\n".join(sections), encoding="utf-8")

    def stop(self) -> None:
        """End them."""
        for server in (self._pds, self._snac):
            if server is not None:
                server.stop()

    def names(self) -> list[str]:
        """What runs, as HQ calls it."""
        running = {"bluesky": self._pds, "mastodon": self._snac}
        return [name for name, server in running.items() if server is not None]

    def posts(self, name: str) -> list[str]:
        """The words of every post in this account, asked of the server itself."""
        return self._on_bluesky() if name == "bluesky" else self._on_mastodon()

    def _on_bluesky(self) -> list[str]:
        assert self._pds is not None
        query = f"repo={self._pds.did}&collection=app.bsky.feed.post"
        found = _asked(f"{self._pds.url}/xrpc/com.atproto.repo.listRecords?{query}")
        return [str(record["value"]["text"]) for record in found["records"]]

    def _on_mastodon(self) -> list[str]:
        assert self._snac is not None
        api = f"{self._snac.url}/api/v1/accounts"
        me = _asked(f"{api}/verify_credentials", self._snac.token)
        found = _asked(f"{api}/{me['id']}/statuses", self._snac.token)
        return [html.unescape(re.sub(r"<[^>]+>", " ", post["content"])) for post in found]


def _asked(url: str, token: str | None = None) -> Any:
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urlopen(request, timeout=_ANSWER_LIMIT_S) as answer:
        return json.load(answer)
