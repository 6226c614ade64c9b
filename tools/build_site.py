"""Builds docs/ and the pages beside README.md into a site that works offline: make site.

A warning of Sphinx's ends the build, and so does a built page that links to what is not there or
fetches anything from the network.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
CONFIGURATION = Path(__file__).parent / "website"
FRONT = "docs/index.html"
REDIRECT = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Outcry</title>
<meta http-equiv="refresh" content="0; url={FRONT}">
<p><a href="{FRONT}">Outcry</a></p></html>
"""


def main() -> int:
    """Builds; 0 if the site is whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=ROOT, help="the checkout")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site")
    options = parser.parse_args()
    if not build(options.source, options.out):
        return 1
    found = [problem for page in pages(options.out) for problem in problems(page, options.out)]
    found += fetching_styles(options.out)
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    if not found:
        print(f"open {options.out / 'index.html'}")
    return 1 if found else 0


def build(source: Path, out: Path) -> bool:
    """Let Sphinx write the pages; False if it had anything to say."""
    shutil.rmtree(out, ignore_errors=True)  # a page that is gone must not be found here
    words = ["-W", "-n", "--keep-going", "-q", "-E", "-c", str(CONFIGURATION)]
    words += ["-d", str(out.with_name(f"{out.name}-cache")), str(source), str(out)]
    done = subprocess.run([sys.executable, "-m", "sphinx", *words], check=False)
    if done.returncode == 0:
        (out / "index.html").write_text(REDIRECT, encoding="utf-8")
    return done.returncode == 0


def pages(out: Path) -> list[Path]:
    """Every built page."""
    return sorted(out.rglob("*.html"))


@dataclass
class Page:
    """What a page leads to, what it fetches, and which anchors it has."""

    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.page.anchors.add(value)
            elif name == "href" and tag == "a":
                self.page.links.append(value)
            elif name in ("src", "srcset", "data", "poster") or (name == "href" and tag == "link"):
                self.page.fetched.append(value)


@cache
def read(page: Path) -> Page:
    """Its links, fetches and anchors."""
    reader = _Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader.page


def problems(page: Path, out: Path) -> Iterator[str]:
    """What is wrong with a built page."""
    here = page.relative_to(out)
    this = read(page)
    for url in this.fetched:
        if urlsplit(url).scheme not in ("", "data") or url.startswith("//"):
            yield f"{here}: fetches {url}"
    for url in (*this.links, *this.fetched):
        parts = urlsplit(url)
        if parts.scheme or url.startswith("//"):
            continue
        target = page if not parts.path else (page.parent / unquote(parts.path))
        if not target.exists():
            yield f"{here}: {url} leads nowhere"
        elif parts.fragment and unquote(parts.fragment) not in read(target).anchors:
            yield f"{here}: {url} leads to no such part of that page"


def fetching_styles(out: Path) -> Iterator[str]:
    """The style sheets that ask for a font or picture from the network."""
    for style in sorted(out.rglob("*.css")):
        for url in _FETCHED.findall(style.read_text(encoding="utf-8")):
            yield f"{style.relative_to(out)}: fetches {url}"


_FETCHED = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')]+)""")


if __name__ == "__main__":
    sys.exit(main())
