"""How Sphinx makes the site from docs/ and the pages beside README.md: see tools/build_site.py."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import wrap

from sphinx.application import Sphinx

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "outcry" / "__init__.py"

project = "Outcry"
version = release = re.findall(r'__version__ = "(.+)"', PACKAGE.read_text(encoding="utf-8"))[0]

extensions = ["myst_parser", "sphinx.ext.graphviz"]
include_patterns = ["docs/**", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
exclude_patterns = [".*", "[a-ce-z]*/**", "d[a-np-z]*/**"]  # all but docs/
root_doc = "docs/index"
indexes = (root_doc, "docs/decisions/README")
myst_heading_anchors = 4  # named as GitHub names them
graphviz_output_format = "svg"

html_theme = "furo"
html_title = f"Outcry {version}"
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css"]
html_use_index = False
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_search_summary = False  # they are fetched, which a page opened as a file may not do


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _read)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    text = re.sub(r"```mermaid\n(.*?)```", _drawn, source[0], flags=re.DOTALL)
    source[0] = text + (_navigation(text) if page in indexes else "")


def _navigation(front: str) -> str:
    """The side bar: under each heading of a front page what that part links to."""
    found = []
    seen: set[str] = set()
    for part in re.split(r"^##? ", front, flags=re.MULTILINE)[1:]:
        links = [link for link in re.findall(r"\]\(([\w./-]+\.md)\)", part) if link not in seen]
        seen.update(links)
        if links:
            caption = part.splitlines()[0]
            found += ["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *links, "```"]
    return "\n".join(["", *found, ""])


def _drawn(picture: re.Match[str]) -> str:
    """A state diagram for dot. GitHub draws Mermaid by a script; the site needs none."""
    names = {key: name for name, key in re.findall(r'state "(.+)" as (\w+)', picture[1])}
    # One arrow for all that leads the same way, with narrow words: a wide picture has to be scrolled.
    arrows: dict[tuple[str, str], list[str]] = {}
    for begins, ends, words in re.findall(
        r"^ *(\S+) --> (\w+)(?:: (.+))?$", picture[1], re.MULTILINE
    ):
        arrows.setdefault((names.get(begins, begins), names.get(ends, ends)), []).append(words)
    lines = ["```{graphviz}", "digraph {", *_STYLE]
    for (begins, ends), labels in arrows.items():
        label = "\\n".join(line for words in labels for line in wrap(words, 24))
        lines.append(f'"{begins}" -> "{ends}" [label="{label}"];')
    return "\n".join([*lines, "}", "```"])


_STYLE = (
    'graph [rankdir=TB nodesep=0.3 ranksep=0.5 bgcolor="white" fontname="sans-serif"];',
    'node [fontname="sans-serif" fontsize=11 height=0.35 shape=box style="rounded,filled"];',
    'node [fillcolor="#f2f2f2"];',
    'edge [fontname="sans-serif" fontsize=9 color="#777777" arrowsize=0.7];',
    '"[*]" [label="" shape=circle width=0.12 height=0.12 fillcolor="black"];',
)
