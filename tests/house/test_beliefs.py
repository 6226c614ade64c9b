"""What the simulated modem does, and how long it takes, has a source or is marked as a belief."""

import re

import pytest

from tools import beliefs_page

SOURCE = re.compile(r"\bp\. ?\d+|manual|hardware design|TinyGSM|ostaquet|TS 2|[Bb]elief")
OURS = {"LATE_S", "USUAL_MV"}  # what a fault does where nothing else is said; a healthy cell
TIMES = re.compile(r"^([A-Z_]+_(?:S|MV)|    \w+)(?:: Span)? = (?:[\d.]+|\([\d., ]+\))(?=\s|$)(.*)")
FOLDERS = ("modem", "sim800")


def times():
    for folder in FOLDERS:
        for path in sorted((beliefs_page.ROOT / "hw" / "board" / folder).glob("*.py")):
            for line in path.read_text(encoding="utf-8").splitlines():
                found = TIMES.match(line)
                if found and ("Span" in line or not line.startswith(" ")):
                    yield path.name, found[1].strip(), found[2]


def test_the_times_of_the_simulated_modem_are_found():
    assert len(list(times())) > 30


@pytest.mark.parametrize(("file", "name", "comment"), list(times()))
def test_a_time_of_the_simulated_modem_names_its_source_or_that_it_is_believed(file, name, comment):
    assert name in OURS or SOURCE.search(comment)


def test_the_list_of_beliefs_is_up_to_date():
    assert beliefs_page.PAGE.read_text(encoding="utf-8") == beliefs_page.page(), "run: make docs"


def test_every_belief_in_the_code_is_in_the_list():
    marks = sum(
        len(re.findall(r"\b[Bb]elief: ", path.read_text(encoding="utf-8")))
        for path in (beliefs_page.ROOT / "hw").rglob("*.py")
    )
    found = beliefs_page.beliefs()
    assert len(found) == marks > 25
    assert all(each.name and each.words for each in found)


@pytest.mark.parametrize(
    ("source", "name", "words"),
    [
        ("QUIET_S = 5.0  # belief: so long\nOTHER = 1\n", "QUIET_S = 5.0", "so long"),
        ("# Why. Belief: one\n# and two.\nLIMIT_S = 1\n", "LIMIT_S", "one and two"),
        (
            'def off():\n    """Off. Belief: it stays\n    off.\n\n    More.\n    """\n',
            "off",
            "it stays off",
        ),
        ('def off():\n    """Off. Belief: it stays."""\n    return 1\n', "off", "it stays"),
    ],
)
def test_a_belief_is_read_from_comments_and_docstrings(tmp_path, source, name, words):
    (tmp_path / "hw").mkdir()
    (tmp_path / "hw" / "part.py").write_text(source)
    assert beliefs_page.beliefs(tmp_path / "hw") == [("hw/part.py", name, words)]
