"""Refuses a release that is not ready: make check runs it.

While CHANGELOG.md opens with "Unreleased", work goes on and nothing is refused. Its first section
becomes "VERSION, YYYY-MM-DD" in the commit that is released.
"""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACEHOLDER = "security@example.org"


def problems(changelog: str, security: str, version: str) -> list[str]:
    """What speaks against releasing this; nothing while it is not meant to be released."""
    heading = re.search(r"^## (.+)$", changelog, re.MULTILINE)
    if heading is None:
        return ["CHANGELOG.md has no section"]
    if heading[1] == "Unreleased":
        return []
    found = []
    release = re.fullmatch(r"(\d+\.\d+\.\d+), (\d{4}-\d\d-\d\d)", heading[1])
    if release is None or not _is_day(release[2]):
        found.append(f"CHANGELOG.md: wanted 'Unreleased' or 'X.Y.Z, YYYY-MM-DD', not: {heading[1]}")
    elif release[1] != version:
        found.append(f"outcry/__init__.py says {version}, CHANGELOG.md releases {release[1]}")
    if PLACEHOLDER in security:
        found.append(f"SECURITY.md: {PLACEHOLDER} is nobody's; write an address that is read")
    return found


def _is_day(words: str) -> bool:
    try:
        date.fromisoformat(words)
    except ValueError:
        return False
    return True


def main() -> int:
    """Says what is wrong; 1 if anything is."""
    package = (ROOT / "outcry" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"$', package, re.MULTILINE)
    found = problems(
        (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        (ROOT / "SECURITY.md").read_text(encoding="utf-8"),
        version[1] if version else "nothing",
    )
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
