"""Draws the rooms of each end, and writes them into docs/architecture.md, from tools/rooms.py.

A room's words are those of its docstring. The pictures leave out the single modules, and every
arrow that follows from others; the tables say it all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from tools.rooms import ENDS, ROOT, SHARED, Rooms

PAGE = ROOT / "docs" / "architecture.md"
PICTURES = ROOT / "docs" / "pictures"

WIDTH, HEIGHT = 96, 30  # of a room
ROW, COLUMN, BEND = 64, 112, 30  # between rooms' middles, below and beside; beside a passing arrow
MARGIN = 12
SWEEPS = 24  # more change nothing

Place = tuple[str, ...]  # a room, or what its arrow passes between: importer, imported, floor


def page() -> str:
    """The architecture page as it is, with today's tables between the marks."""
    text = PAGE.read_text(encoding="utf-8")
    for end, rooms in ENDS.items():
        marks = re.compile(rf"(<!-- {end} -->\n).*?(<!-- end of {end} -->)", re.DOTALL)
        begins, ends = marks.findall(text)[0]
        text = marks.sub("\n".join([begins, *_rows(ROOT / end, rooms), "", ends]), text)
    return text


def picture_of(end: str) -> Path:
    """Where that end's picture is kept."""
    return PICTURES / f"rooms-{Path(end).name}.svg"


def _rows(folder: Path, rooms: Rooms) -> list[str]:
    lines = ["| room | what it is | may import |", "|---|---|---|"]
    for room, allowed in rooms.items():
        path = folder / room
        code, name = path / "__init__.py", f"{path.relative_to(ROOT)}/"
        if not path.is_dir():
            code, name = path.with_suffix(".py"), name.rstrip("/") + ".py"
        words = ast.get_docstring(ast.parse(code.read_text(encoding="utf-8"))) or ""
        summary = words.partition("\n\n")[0].replace("\n", " ").replace("``", "`")
        shares = set(SHARED) <= set(allowed)
        may = [f"`{each}`" for each in allowed if not (shares and each in SHARED)]
        if shares:
            may.insert(0, "what all share")
        lines.append(f"| `{name}` | {summary} | {', '.join(may) or 'nothing'} |")
    return lines


def picture(end: str) -> str:
    """The rooms on floors, each above all it imports."""
    table = {room: row for room, row in ENDS[end].items() if (ROOT / end / room).is_dir()}
    arrows = _arrows(table)
    floor = _floors(arrows, table)
    ways = {arrow: _way(*arrow, floor) for arrow in arrows}
    at = _positions(floor, list(ways.values()))
    left = min(at[place] for place in at)
    width = max(at.values()) - left + WIDTH + 2 * MARGIN
    top = max(floor.values())

    def spot(place: Place) -> tuple[float, float]:
        level = floor[place[0]] if len(place) == 1 else int(place[2])
        return at[place] - left + MARGIN + WIDTH / 2, (top - level) * ROW + MARGIN + HEIGHT / 2

    importers = {room for room, _ in arrows}
    lines = [_arrow([spot(place) for place in way]) for way in ways.values()]
    boxes = [_box(*spot((room,)), room, ground=room not in importers) for room in table]
    return _SVG.format(
        width=round(width),
        height=top * ROW + HEIGHT + 2 * MARGIN,
        lines="\n".join(lines),
        boxes="\n".join(boxes),
    )


def _arrows(table: Rooms) -> list[tuple[str, str]]:
    """Who imports whom, without what follows from other arrows."""
    direct = {
        room: sorted({name.split(".")[0] for name in allowed} & table.keys())
        for room, allowed in table.items()
    }
    reach: dict[str, set[str]] = {}

    def below(room: str) -> set[str]:
        if room not in reach:
            reach[room] = set(direct[room]).union(*map(below, direct[room]))
        return reach[room]

    return [
        (room, other)
        for room, others in direct.items()
        for other in others
        if not any(other in below(between) for between in others)
    ]


def _floors(arrows: list[tuple[str, str]], table: Rooms) -> dict[str, int]:
    """Each room one above the highest it imports."""
    floor = dict.fromkeys(table, 0)
    for _ in table:
        for room, other in arrows:
            floor[room] = max(floor[room], floor[other] + 1)
    return floor


def _way(room: str, other: str, floor: Mapping[str, int]) -> list[Place]:
    between = range(floor[room] - 1, floor[other], -1)
    return [(room,), *((room, other, str(level)) for level in between), (other,)]


def _positions(floor: Mapping[str, int], ways: list[list[Place]]) -> dict[Place, float]:
    """Where each room and bend is from left to right: near what it is joined to, none on another."""
    rows: dict[int, list[Place]] = {}
    joined: dict[Place, list[Place]] = {}
    for room, level in floor.items():
        rows.setdefault(level, []).append((room,))
    for way in ways:
        for bend in way[1:-1]:
            rows[int(bend[2])].append(bend)
        for one, other in pairwise(way):
            joined.setdefault(one, []).append(other)
            joined.setdefault(other, []).append(one)
    at = {place: float(COLUMN * n) for row in rows.values() for n, place in enumerate(row)}
    for sweep in range(SWEEPS):
        for level in sorted(rows, reverse=bool(sweep % 2)):
            row = rows[level]
            wish = {p: _mean([at[o] for o in joined.get(p, [p])]) for p in row}
            row.sort(key=lambda place: wish[place])
            x = wish[row[0]]
            at[row[0]] = x
            for one, place in pairwise(row):
                x = max(wish[place], x + _apart(one, place))
                at[place] = x
            shift = _mean([wish[place] - at[place] for place in row])
            at |= {place: at[place] + shift for place in row}
    return at


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _apart(one: Place, other: Place) -> float:
    bends = (len(one) > 1) + (len(other) > 1)
    return (COLUMN, (COLUMN + BEND) / 2, BEND)[bends]


def _arrow(points: list[tuple[float, float]]) -> str:
    (x, y), *rest = points
    path = [f"M{x:.0f} {y + HEIGHT / 2:.0f}"]
    y += HEIGHT / 2
    for n, (to_x, to_y) in enumerate(rest):
        end = to_y - HEIGHT / 2 - (4 if n == len(rest) - 1 else 0)
        half = (y + end) / 2
        path.append(f"C{x:.0f} {half:.0f} {to_x:.0f} {half:.0f} {to_x:.0f} {end:.0f}")
        if n < len(rest) - 1:
            end += HEIGHT
            path.append(f"V{end:.0f}")
        x, y = to_x, end
    return f'<path d="{" ".join(path)}" marker-end="url(#head)"/>'


def _box(x: float, y: float, name: str, ground: bool) -> str:
    left, top, fill = x - WIDTH / 2, y - HEIGHT / 2, "#d9ead9" if ground else "#f2f2f2"
    return (
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="5"'
        f' fill="{fill}" stroke="#777"/><text x="{x:.0f}" y="{y + 4:.0f}">{name}</text>'
    )


_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" \
height="{height}" font-family="sans-serif" font-size="13" text-anchor="middle">
<defs><marker id="head" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="7" markerHeight="7" \
orient="auto"><path d="M0 0L8 4L0 8z" fill="#777"/></marker></defs>
<rect width="{width}" height="{height}" fill="#fff"/>
<g fill="none" stroke="#777">
{lines}
</g>
{boxes}
</svg>
"""
