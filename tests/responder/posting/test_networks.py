"""The file of networks' accounts: every problem at once, no value ever repeated."""

from __future__ import annotations

import pytest

from outcry.responder import settings
from outcry.responder.posting import networks
from outcry.responder.rules.model import BROADCAST, NETWORKS
from outcry.responder.storage.store import Store
from outcry.settings_file import SettingsInvalid

ALL = """
[mastodon]
server = "https://social.example"
token = "canary1"
[bluesky]
handle = "org.bsky.social"
app_password = "canary2"
[x]
api_key = "canary3"
api_secret = "canary4"
access_token = "canary5"
access_token_secret = "canary6"
[facebook]
page = "1055"
token = "canary7"
app_secret = "canary8"
[apprise]
news = "ntfy://canary9@127.0.0.1:9/topic"
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The publishers of a file with these words, or of a credential."""
    database = Store(tmp_path / "state")

    def make(text: str, as_credential: bool = False):
        path = tmp_path / networks.CREDENTIAL
        path.write_text(text, encoding="utf-8")
        given = {} if as_credential else {"networks": str(path)}
        if as_credential:
            monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
        return networks.publishers(settings.check({"publishing": given}), database, lambda: 0.0)

    yield make
    database.close()


def test_without_accounts_the_own_page_is_all_there_is(made):
    assert list(made("")) == ["own page"]


@pytest.mark.parametrize("as_credential", [False, True])
def test_every_network_is_made_by_its_name(made, as_credential):
    found = made(ALL, as_credential)
    names = ["own page", "mastodon", "bluesky", "x", "facebook", "apprise-news"]
    assert list(found) == names
    assert [each.name for each in found.values()] == names
    assert names == [*NETWORKS, f"{BROADCAST}news"]  # as plans may name them
    assert all(0 < each.limit_s <= 60 for each in found.values())


def test_x_has_no_link_unless_it_is_wanted(made):
    assert not made(ALL)["x"].limits.link
    assert made(ALL.replace("[facebook]", "link = true\n[facebook]"))["x"].limits.link


def test_every_problem_is_said_at_once_and_no_value_is(made):
    with pytest.raises(SettingsInvalid) as wrong:
        made(
            '[mastodon]\nserver = "http://canary.example"\nvisibility = "canary"\ntokn = "canary"\n'
            '[bluesky]\nhandle = "canary"\napp_password = 7\n[x]\nlink = "canary"\n'
            '[threads]\ntoken = "canary"\n[apprise]\n"Bad Name" = "canary"\nnews = "canary"\n'
        )
    said = "\n".join(wrong.value.problems)
    for part in (
        "mastodon.server", "mastodon.visibility", "mastodon.tokn", "mastodon.token",
        "bluesky.app_password", "x.link", "x.api_key", "threads: is not known", "apprise.news", "apprise: names",
    ):  # fmt: skip
        assert part in said, part
    assert "canary" not in said


@pytest.mark.parametrize("text", ["[mastodon", 'mastodon = "canary"', 'apprise = "canary"'])
def test_what_is_no_file_of_accounts_is_refused(made, text):
    with pytest.raises(SettingsInvalid) as wrong:
        made(text)
    assert "canary" not in str(wrong.value)


def test_a_file_that_is_not_there_is_a_problem(tmp_path):
    given = settings.check({"publishing": {"networks": str(tmp_path / "gone")}})
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        networks.publishers(given, None, lambda: 0.0)
