"""The pages: every link and file they name is there, and what is made from code is up to date."""

import re
from pathlib import Path

import pytest

from outcry.daemon.touch.haptics import FEW, PATTERNS
from outcry.responder import translations
from outcry.responder.intake.reading import CHOICES
from outcry.responder.rules.events import CalledFalse, Confirmed, ContactSaw, Unsure
from tools import decisions_page, release_check, rooms_page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
TREES = r"(?:bench|config|daemon|debian|demo|docs|hw|outcry|responder|simulation|stage|systemd|tests|tools)/"


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def prose(name):
    """The page without what is between fences."""
    return re.sub(r"^```.*?^```$", "", read(name), flags=re.MULTILINE | re.DOTALL)


def table(name):
    """The cells of the page's first table, a list a row."""
    rows = [line for line in read(name).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def anchors(name):
    """As GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", prose(name), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


# All pages


def test_the_pages_are_found():
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/index.md"} < set(NAMES)
    assert len(NAMES) > 35


@pytest.mark.parametrize("name", NAMES)
def test_every_link_of_a_page_leads_somewhere(name):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(name)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / name).parent / path if path else ROOT / name
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found.resolve().relative_to(ROOT)), target


@pytest.mark.parametrize("name", NAMES)
def test_every_file_that_a_page_names_is_there(name):
    for path in re.findall(rf"`({TREES}[\w./*-]*)`", prose(name)):
        assert list(ROOT.glob(path)), path


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_one_title_and_comes_first(name):
    assert re.findall(r"^# .+$", prose(name), re.MULTILINE) == read(name).splitlines()[:1]


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_written_in_todays_english(name):
    quaint = r"\b(anew|whoever|how-manieth|for order's sake|the gravest|minded less|will not do)\b"
    assert re.findall(quaint, prose(name), re.IGNORECASE) == []


def test_every_page_is_reached_from_the_front_page():
    reached, waiting = set(), ["docs/index.md"]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        for path in re.findall(r"\]\(([^)#\s]+\.md)", read(name)):
            found = str(((ROOT / name).parent / path).resolve().relative_to(ROOT))
            if found not in reached | set(waiting):
                waiting.append(found)
    assert set(NAMES) == reached


# Decisions


@pytest.mark.parametrize("page", decisions_page.pages(), ids=lambda page: page.stem)
def test_a_decision_has_the_form_of_all(page):
    decision = decisions_page.read(page.read_text(encoding="utf-8"))
    assert page.name.startswith(f"{decision.number}-")
    assert decision.title[0].isupper()


def test_decisions_are_numbered_without_a_gap():
    numbers = [int(page.name[:4]) for page in decisions_page.pages()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 17


def test_the_list_of_decisions_is_up_to_date():
    assert decisions_page.PAGE.read_text(encoding="utf-8") == decisions_page.page(), "make docs"


GOOD = """# 0042: Something is so

- Date: 2026-11-26
- Status: superseded by 0043

## Context

Some.

## Decision

Some.

## Alternatives

Some.

## Consequences

Some.
"""


def test_a_decision_says_its_number_title_date_and_status():
    decision = decisions_page.read(GOOD)
    assert (decision.number, decision.title) == ("0042", "Something is so")
    assert (str(decision.made), decision.status) == ("2026-11-26", "superseded by 0043")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("# 0042: ", "# 42. "),
        ("- Date: 2026-11-26\n", ""),
        ("2026-11-26", "2026-11-31"),
        ("2026-11-26", "last week"),
        ("superseded by 0043", "superseded"),
        ("superseded by 0043", "accepted, mostly"),
        ("## Alternatives\n\nSome.\n\n", ""),
        ("## Alternatives", "## Instead"),
        ("## Decision\n\nSome.", "## Decision"),
        ("## Consequences\n\nSome.\n", "## Consequences\n"),
    ],
)
def test_a_decision_in_another_form_is_refused(right, wrong):
    assert right in GOOD
    with pytest.raises(decisions_page.MalformedDecision):
        decisions_page.read(GOOD.replace(right, wrong))


# Architecture


def test_the_tables_of_rooms_are_up_to_date():
    assert rooms_page.PAGE.read_text(encoding="utf-8") == rooms_page.page(), "run: make docs"


@pytest.mark.parametrize("end", rooms_page.ENDS)
def test_the_picture_of_an_end_shows_every_room_above_what_it_imports(end):
    drawn = rooms_page.picture_of(end).read_text(encoding="utf-8")
    assert drawn == rooms_page.picture(end), "run: make docs"
    height = {name: int(y) for y, name in re.findall(r'y="(\d+)">(\w+)</text>', drawn)}
    rooms = [room for room in rooms_page.ENDS[end] if (ROOT / end / room).is_dir()]
    assert sorted(height) == sorted(rooms)
    for room in rooms:
        for other in {name.split(".")[0] for name in rooms_page.ENDS[end][room]} & set(rooms):
            assert height[room] < height[other], f"{room} is not drawn above {other}"


# Words


def test_the_page_about_the_console_has_its_buttons():
    shown = read("responder/web/pages/console/alarm.html")
    named = (
        r'act\("[\w-]+", "([^"]+?) ?"|<summary>(.+)…</summary>|<button id="[\w-]+"[^>]*>([^<{]+)<'
    )
    buttons = re.findall(named, shown)
    told = [row[0] for row in table("docs/pages.md")][: len(buttons)]
    assert told == ["".join(names) for names in buttons]


def test_the_glossary_has_each_word_once_in_order():
    words = [row[0] for row in table("docs/glossary.md")]
    assert len(words) >= 30
    assert words == sorted(set(words), key=str.lower)


def test_the_wearers_card_tells_the_pulses_that_are_played():
    told = [(row[0].split()[0], row[1]) for row in table("docs/wearer.md")]
    assert [int(count) for count, _ in told] == [pattern.pulses for pattern in PATTERNS.values()]
    few = re.search(r"Then you feel only (\d) pulse and (\d) long pulses", read("docs/wearer.md"))
    assert {int(count) for count in few.groups()} == {PATTERNS[pulse].pulses for pulse in FEW}


def test_the_contacts_card_has_the_buttons_of_the_page():
    buttons = [row[0] for row in table("docs/contact.md")]
    say = translations.load()["en"]
    assert buttons == [say(key) for key in ("seen", "confirm", "unsure", "false")]


def test_the_contacts_card_has_the_digits_of_answers_by_sms():
    told = re.search(
        r"(\d) it is\sreal, (\d) seen, (\d) do not know, (\d) false alarm", read("docs/contact.md")
    )
    meant = (Confirmed, ContactSaw, Unsure, CalledFalse)
    assert [CHOICES[digit] for digit in told.groups()] == list(meant)


# Changes and releases


def test_the_changelog_has_sections_under_versions():
    text = read("CHANGELOG.md")
    versions = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    names = [version.splitlines()[0] for version in versions]
    assert names[-1].startswith("0.1.0, ")
    assert all(re.fullmatch(r"Unreleased|\d+\.\d+\.\d+, \d{4}-\d\d-\d\d", name) for name in names)
    known = ["Security", "Added", "Changed", "Fixed"]
    for version in versions:
        sections = re.findall(r"^### (.+)$", version, re.MULTILINE)
        assert sections == [name for name in known if name in sections]


RELEASED = "# Changes\n\n## 0.2.0, 2027-01-31\n\n### Added\n\n- Something.\n"
ADDRESSED = "Write to **holes@outcry.test**."
UNADDRESSED = f"Write to **{release_check.PLACEHOLDER}**."


def test_a_release_with_an_address_for_holes_may_go_out():
    assert release_check.problems(RELEASED, ADDRESSED, "0.2.0") == []


def test_no_release_goes_out_while_nobody_reads_the_address_for_holes():
    (problem,) = release_check.problems(RELEASED, UNADDRESSED, "0.2.0")
    assert release_check.PLACEHOLDER in problem
    assert problem.startswith("SECURITY.md")


def test_while_work_goes_on_the_placeholder_may_stand():
    text = RELEASED.replace("## 0.2.0", "## Unreleased\n\n## 0.2.0")
    assert release_check.problems(text, UNADDRESSED, "0.1.0") == []


@pytest.mark.parametrize(
    "heading", ["0.2", "0.2.0", "0.2.0, 2027-02-31", "Soon", "v0.2.0, 2027-01-31"]
)
def test_a_release_without_a_version_and_a_day_is_refused(heading):
    text = RELEASED.replace("0.2.0, 2027-01-31", heading)
    (problem,) = release_check.problems(text, ADDRESSED, "0.2.0")
    assert heading in problem


def test_a_release_of_another_version_than_the_packages_is_refused():
    (problem,) = release_check.problems(RELEASED, ADDRESSED, "0.1.0")
    assert "0.1.0" in problem
    assert "0.2.0" in problem


def test_a_changelog_without_a_section_is_refused():
    assert release_check.problems("# Changes\n", ADDRESSED, "0.1.0") != []


def test_make_check_asks_whether_a_release_is_ready_and_today_nothing_is_refused():
    assert "tools/release_check.py" in read("Makefile")
    assert release_check.main() == 0
