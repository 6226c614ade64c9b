"""What stands around the tests: what a run leaves unread, the space it takes, the oldest libraries."""

import configparser
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import slow_modules
import tmp_peak

from tools import lowest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("begins", "unread"),
    [
        ("pytestmark = pytest.mark.slow\n", True),
        ("pytestmark = [pytest.mark.timeout(9), pytest.mark.slow]\n", True),
        ("pytestmark = [\n    needs_gpsd,\n    pytest.mark.slow,\n]\n", True),
        ("pytestmark = needs_gpsd\n\n\n@pytest.mark.slow\ndef test_a():\n    pass\n", False),
        ("@pytest.mark.slow\ndef test_a():\n    pass\n", False),
    ],
)
def test_a_quick_run_leaves_a_module_unread_only_if_all_of_it_is_slow(tmp_path, begins, unread):
    module = tmp_path / "test_some.py"
    module.write_text(begins)
    for marks, left in (("not slow", unread), ("", False), ("slow", False)):
        config = SimpleNamespace(option=SimpleNamespace(markexpr=marks))
        assert bool(slow_modules.pytest_ignore_collect(module, config)) is left


def test_the_space_of_a_run_is_what_was_not_there_before(tmp_path, monkeypatch):
    monkeypatch.setattr(tmp_peak.tempfile, "tempdir", str(tmp_path))
    (tmp_path / "before").write_bytes(bytes(4_000_000))
    (tmp_path / "pytest-of-root" / "pytest-1").mkdir(parents=True)
    watched = tmp_peak.TmpPeak(tmp_path / "kept" / "peak")
    watched.pytest_sessionstart()
    for folder in ("new", "pytest-of-root/pytest-2/deep"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").write_bytes(bytes(1_000_000))
    watched.pytest_sessionfinish()
    assert (tmp_path / "kept" / "peak").read_text() == "2\n"


def test_the_oldest_version_of_each_library_is_asked_for():
    setup = """
[options]
install_requires =
    one>=1.2,<2
    # Says why.
    two[extra]>=0.1.20221031
[options.extras_require]
demo =
    outcry[test]
    three.py>=4
lowest =
    four>=1
"""
    assert lowest.constraints(setup) == ["four==1", "one==1.2", "three.py==4", "two==0.1.20221031"]
    assert lowest.libraries(setup) == ["one>=1.2,<2", "two[extra]>=0.1.20221031", "four>=1"]


def test_each_library_of_the_wearable_has_an_oldest_version():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    asked = re.findall(r"^[\w.-]+", setup["options"]["install_requires"], re.MULTILINE)
    found = {
        line.partition("==")[0] for line in lowest.constraints((ROOT / "setup.cfg").read_text())
    }
    assert asked
    assert set(asked) <= found
