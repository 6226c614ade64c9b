"""Links by which a reader passes a post on: plain addresses, nothing is asked of anybody before."""

from urllib.parse import quote

LONGEST = 200  # characters of the post; X takes 280 with the address


def links(words: str, url: str) -> list[tuple[str, str]]:
    """Each place by name, and the address at which it asks its user to say this there.

    ``mail`` is the one that is no name.
    """
    said, where = quote(words, safe=""), quote(url, safe="")
    both = quote(f"{words}\n{url}", safe="")
    return [
        ("WhatsApp", f"https://wa.me/?text={both}"),
        ("Telegram", f"https://t.me/share/url?url={where}&text={said}"),
        ("Facebook", f"https://www.facebook.com/sharer/sharer.php?u={where}"),
        ("X", f"https://x.com/intent/post?text={said}&url={where}"),
        ("Bluesky", f"https://bsky.app/intent/compose?text={both}"),
        ("Mastodon", f"https://share.joinmastodon.org/#text={both}"),
        ("mail", f"mailto:?subject={said}&body={both}"),
    ]
