"""The site: whole, works from a folder without a network, and a broken link ends its build."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from parts import needs_chromedriver, needs_chromium, needs_dot

from tools import build_site

ROOT = Path(__file__).resolve().parents[2]


def build(source, out):
    """What `make site` runs once its parts are there."""
    return subprocess.run(
        [sys.executable, "tools/build_site.py", "--source", str(source), "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def test_make_site_runs_this():
    assert "tools/build_site.py\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


# The check of built pages


@pytest.fixture
def site(tmp_path):
    (tmp_path / "style.css").write_text("")
    (tmp_path / "other.html").write_text('<h1 id="there">Other</h1>')
    return tmp_path


def found(site, body):
    page = site / "page.html"
    page.write_text(f"<html><body>{body}</body></html>")
    build_site.read.cache_clear()
    return list(build_site.problems(page, site))


@pytest.mark.parametrize(
    "body",
    [
        '<a href="other.html#there">a</a>',
        '<a href="#here">a</a><p id="here">',
        '<a href="https://example.org/">a page to read, if somebody wants to</a>',
        '<link rel="stylesheet" href="style.css?v=1">',
        '<img src="data:image/png;base64,AA==">',
    ],
)
def test_a_page_that_is_whole_by_itself_is_fine(site, body):
    assert found(site, body) == []


@pytest.mark.parametrize(
    "body",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<script src="//cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="https://fonts.example/css">',
        '<img src="http://example.org/x.png">',
        '<object data="https://example.org/x.svg"></object>',
    ],
)
def test_a_page_that_fetches_something_from_the_network_is_refused(site, body):
    (problem,) = found(site, body)
    assert problem.startswith("page.html: fetches ")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<a href="gone.html">a</a>', "leads nowhere"),
        ('<img src="gone.png">', "leads nowhere"),
        ('<a href="other.html#gone">a</a>', "no such part"),
        ('<a href="#gone">a</a>', "no such part"),
    ],
)
def test_a_page_that_links_to_what_is_not_there_is_refused(site, body, words):
    (problem,) = found(site, body)
    assert words in problem


@pytest.mark.parametrize(
    ("style", "count"),
    [
        ('@import "https://fonts.example/css";', 1),
        ("@font-face { src: url(https://fonts.example/a.woff2) }", 1),
        ("i { background: url('//example.org/x.png') }", 1),
        (
            "i { background: url(x.png) } b { background: url(\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>\") }",
            0,
        ),
    ],
)
def test_a_style_that_fetches_something_from_the_network_is_refused(site, style, count):
    (site / "style.css").write_text(style)
    assert len(list(build_site.fetching_styles(site))) == count


# The real one


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "site"
    done = build(ROOT, out)
    assert done.returncode == 0, done.stdout + done.stderr
    yield out
    shutil.rmtree(out.parent)


@pytest.mark.slow
@needs_dot
def test_the_site_has_every_page(built):
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    assert len(pages) > 35
    for page in pages:
        assert (built / page.relative_to(ROOT)).with_suffix(".html").exists(), page.name


@pytest.mark.slow
@needs_dot
def test_states_are_drawn_without_a_script_of_somebody_elses(built):
    alarm = (built / "docs" / "alarm.html").read_text(encoding="utf-8")
    pictures = re.findall(r'data="\.\./(_images/graphviz-\w+\.svg)"', alarm)
    drawn = "".join((built / picture).read_text(encoding="utf-8") for picture in pictures)
    assert "acknowledged" in drawn
    assert "stateDiagram" not in alarm


@pytest.mark.slow
@needs_dot
@needs_chromium
@needs_chromedriver
def test_a_reader_without_a_network_finds_things(built):
    from browser import asked_of, browser, complaints
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    with browser() as driver:
        driver.get((built / "index.html").as_uri())
        WebDriverWait(driver, 30).until(lambda d: d.current_url.endswith("docs/index.html"))
        WebDriverWait(driver, 60).until(  # the page may be on its way still
            lambda d: d.find_elements(By.XPATH, "//h2[contains(., 'wear')]")
        )
        driver.find_element(By.NAME, "q").send_keys("watchdog\n")
        results = WebDriverWait(driver, 60).until(
            lambda d: d.find_elements(By.CSS_SELECTOR, "#search-results li a")
        )
        addresses = [link.get_attribute("href") for link in results]
        assert any("/docs/hardware.html" in address for address in addresses)
        assert asked_of(driver) <= {""}  # files alone
        assert complaints(driver) == []


@pytest.mark.slow
@needs_dot
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("(threats.md)", "(threat.md)"),
        ("(hardware.md#on-the-bench)", "(hardware.md#on-the-bank)"),
    ],
)
def test_a_broken_link_ends_the_build(tmp_path, right, wrong):
    source = tmp_path / "copy"
    source.mkdir()
    shutil.copytree(ROOT / "docs", source / "docs")
    for page in ROOT.glob("*.md"):
        shutil.copy(page, source)
    page = source / "docs" / "enrolment.md"
    text = page.read_text(encoding="utf-8")
    assert right in text
    page.write_text(text.replace(right, wrong), encoding="utf-8")
    done = build(source, tmp_path / "site")
    assert done.returncode != 0
    assert wrong[1:-1].split("#")[-1] in done.stderr
    assert "enrolment.md" in done.stderr
