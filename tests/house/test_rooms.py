"""The rooms of the house: who may import whom, held by walking every import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import rooms


@pytest.mark.parametrize("end", rooms.ENDS)
def test_every_import_is_one_that_its_room_allows(end):
    assert [str(wrong) for wrong in rooms.wrong_imports(end, rooms.ENDS[end])] == []


@pytest.mark.parametrize("end", rooms.ENDS)
def test_the_table_has_a_row_for_every_room_and_no_other(end):
    folder = rooms.ROOT / end
    names = {
        path.stem if path.is_file() else path.name
        for path in folder.iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    }
    assert set(rooms.ENDS[end]) == names


@pytest.mark.parametrize("end", rooms.ENDS)
def test_the_table_is_in_order_from_the_ground_up(end):
    """Each row may only name what stands above it: so no two rooms can need each other."""
    seen: set[str] = set()
    for room, row in rooms.ENDS[end].items():
        assert {name.split(".")[0] for name in row} <= seen, room
        seen.add(room)


def test_a_wrong_import_is_told_with_both_files_and_the_row(tmp_path):
    for name, text in {
        "responder/__init__.py": "",
        "responder/rules/__init__.py": "",
        "responder/rules/decide.py": "def late():\n    from outcry.responder.web import guard\n",
        "responder/web/__init__.py": "",
        "responder/web/guard.py": "from outcry.responder.rules import decide\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    table = {"rules": (), "web": ("rules",)}
    assert [str(wrong) for wrong in rooms.wrong_imports("responder", table, tmp_path)] == [
        "responder/rules/decide.py imports responder/web/guard.py; the row says 'rules': ()"
    ]


RULES_ALONE = """
import sys
import outcry.responder.rules.decide
heavy = {"sqlalchemy", "fastapi", "starlette", "uvicorn", "apprise", "jinja2", "asyncio"}
print(sorted(heavy & set(sys.modules)))
"""


def test_hqs_rules_load_no_database_no_web_stack_and_no_apprise():
    done = subprocess.run(
        [sys.executable, "-P", "-c", RULES_ALONE], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# What is not shipped: the stage is what demo and bench both stand on.
TOP_FOLDERS = {
    "stage": (),
    "simulation": (),
    "demo": ("stage",),
    "bench": ("stage", "simulation"),
}


def test_demo_and_bench_stand_on_the_stage_and_not_on_each_other():
    wrong = []
    for folder, row in TOP_FOLDERS.items():
        for path in sorted((rooms.ROOT / folder).rglob("*.py")):
            tops = {name.split(".")[0] for name in rooms.imported_names(path)}
            wrong += [
                f"{path.relative_to(rooms.ROOT)} imports {top}; the row says {row}"
                for top in sorted(tops & TOP_FOLDERS.keys() - {folder, *row})
            ]
    assert wrong == []
