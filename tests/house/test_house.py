"""The house: what the README says runs, what is shipped is whole, imports point one way."""

import ast
import configparser
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("daemon", "hw", "responder")


def sources():
    """Every module, once and in its own folder: the links in outcry/ are not walked."""
    for folder in ("outcry", *PACKAGES):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.relative_to(ROOT).parts[:2] not in [("outcry", name) for name in PACKAGES]:
                yield path


@cache
def imported(path):
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
    return names


def allowed(path, name):
    """design: daemon -> hw -> libraries; daemon, responder -> outcry.*; nobody imports a cli."""
    part = path.relative_to(ROOT).parts[0]
    if re.search(r"\.cli(\.|$)", name):
        return path.name == "__main__.py" or path.parent.name == "cli"
    if name.startswith("outcry.responder"):
        return part == "responder"
    if name.startswith("outcry.daemon"):
        return part == "daemon"
    if name.startswith("outcry.hw.board"):
        return "board" in path.parts
    if name.startswith("outcry.hw"):
        return part in ("daemon", "hw") or name.startswith("outcry.hw.modem")
    if name.startswith("outcry."):
        return part != "hw"
    return name.split(".")[0] not in PACKAGES


@pytest.mark.slow
def test_imports_point_one_way():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources()
        for name in imported(path)
        if not allowed(path, name)
    ]
    assert wrong == []


def test_what_tests_share_lies_in_support_and_no_test_imports_another():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for name in imported(path)
        if re.search(r"(^|\.)(conftest|test_\w+)(\.|$)", name)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("gpsd", {"hw/gps.py"}),
        ("serial", {"hw/modem/port.py"}),
        ("gsmmodem", {"hw/modem/pdu.py"}),
        ("systemd", {"outcry/systemd.py"}),
        (
            "h11",
            {"hw/modem/http.py", "hw/board/sim800/exchange.py", "responder/web/whole_posts.py"},
        ),
        (
            "gpiozero",
            {
                "hw/switch.py",
                "hw/vibration.py",
                "hw/power.py",
                "hw/gpiochip.py",
                "hw/pin_library.py",
                "hw/board/pins/factory.py",
            },
        ),
        ("pyhpke", {"outcry/envelope.py"}),
    ],
)
def test_each_device_library_has_one_importer(library, home):
    importers = {
        str(path.relative_to(ROOT))
        for path in sources()
        for name in imported(path)
        if name.split(".")[0] == library
    }
    assert importers == home


def commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        yield from block.strip().splitlines()


def test_the_readme_opens_with_the_two_commands():
    assert list(commands())[:2] == ["make demo", "make test"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a reader of the README would stand: in the checkout, which has no settings of theirs."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("tests", "pyproject.toml", "demo", "tools", "config"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_command_of_the_readme_runs(folder):
    """In order, as a reader would; make's own targets from the checkout."""
    bin_ = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{bin_}:{os.environ['PATH']}", "PIP_NO_INPUT": "1"}
    for command in commands():
        if command == "make test" and os.environ.get("OUTCRY_MAKE_TEST"):
            continue  # it is running this very test
        words = command
        if command == "make demo":
            words = f"{sys.executable} -m demo"  # what the target runs once its tools are there
            assert "-m demo $(ARGS)" in (ROOT / "Makefile").read_text()
        elif command == "make test":
            words = "make -n test"
        done = subprocess.run(
            words,
            shell=True,
            cwd=ROOT if "make" in command else folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1500,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-6000:]}"


def test_make_help_lists_every_target_and_is_what_make_alone_does():
    text = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", text, re.MULTILINE))
    plain = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    shown = subprocess.run(
        ["make"], cwd=ROOT, env=plain, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[0] for line in shown.splitlines()} == targets


@pytest.mark.slow
def test_the_built_wheel_has_every_module_and_runs_without_the_checkout(tmp_path):
    tree = tmp_path / "tree"
    ignored = shutil.ignore_patterns(
        ".venv*",
        ".git",
        ".lgd*",
        "*.egg-info",
        "build",
        "dist",
        "__pycache__",
        ".hypothesis",
        ".*_cache",
    )
    shutil.copytree(ROOT, tree, symlinks=True, ignore=ignored)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(tree)],
        check=True,
        capture_output=True,
    )
    wheel = next(tmp_path.glob("outcry-*.whl"))
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in sources():
        relative = path.relative_to(ROOT)
        shipped = relative if relative.parts[0] == "outcry" else Path("outcry") / relative
        assert str(shipped) in names
    for path in (ROOT / "responder").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert f"outcry/{path.relative_to(ROOT)}" in names
    assert not any(name.startswith(("daemon/", "hw/", "tests/")) for name in names)
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    subprocess.run(
        [sys.executable, "-P", "-c", "import outcry.daemon.cli.main as c; c.main(['--help'])"],
        check=True,
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")},
    )


def test_each_units_program_is_a_console_script_of_the_distribution():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    scripts = setup["options.entry_points"]["console_scripts"]
    units = list((ROOT / "systemd").glob("*.service"))
    assert units
    for unit in units:
        program = re.search(r"^ExecStart=/usr/bin/(\S+)", unit.read_text(), re.MULTILINE)
        assert program
        if program[1] != "python3":
            assert f"{program[1]} = " in scripts
            continue
        module = re.search(r" -P -m outcry\.(\S+)", unit.read_text())  # no command for people
        assert module, unit.name
        path = ROOT / f"{module[1].replace('.', '/')}.py"
        assert 'if __name__ == "__main__":' in path.read_text(), unit.name


def test_the_generated_pages_are_what_the_code_says():
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "tools" / "write_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run: make docs"


def test_the_page_of_the_response_is_what_the_rules_do():
    spec = importlib.util.spec_from_file_location("response_page", ROOT / "tools/response_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run: make docs"


def test_the_page_of_the_recovery_is_the_modems_ladder():
    spec = importlib.util.spec_from_file_location("recovery_page", ROOT / "tools/recovery_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run: make docs"


def test_every_phone_number_written_down_is_fiction():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    wrong = []
    for name in listed:
        path = ROOT / name
        if path.is_symlink() or path.suffix in (".json", ".log"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        wrong += [
            f"{name}: {number}"
            for number in re.findall(r"\+[1-9]\d{9,14}\b", text)
            if not number.startswith("+4477009")
        ]
    assert wrong == []
