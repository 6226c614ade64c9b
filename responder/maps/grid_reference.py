"""A position as MGRS, the grid of maps on paper: the square of one metre that it is in.

WGS 84 in UTM from 80 degrees south to 84 degrees north (Krüger's series, right
to less than a millimetre), in UPS around the poles. Digits are cut off, never
rounded, as the grid has it: a reference names a square by its corner in the
south-west.
"""

import math

_A = 6_378_137.0  # metres: WGS 84's half axis at the equator
_F = 1 / 298.257223563
_E = math.sqrt(_F * (2 - _F))
_N = _F / (2 - _F)
_MERIDIAN = _A / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_SERIES = (
    _N / 2 - 2 * _N**2 / 3 + 5 * _N**3 / 16 + 41 * _N**4 / 180,
    13 * _N**2 / 48 - 3 * _N**3 / 5 + 557 * _N**4 / 1440,
    61 * _N**3 / 240 - 103 * _N**4 / 140,
    49561 * _N**4 / 161280,
)
_UTM_SCALE, _UPS_SCALE = 0.9996, 0.994
_UTM_EASTING, _UTM_SOUTH, _UPS_MIDDLE = 500_000.0, 10_000_000.0, 2_000_000.0
_SQUARE = 100_000  # metres
_EXACT = 6  # decimals of a metre: what lies on a line of the grid is not put beside it by rounding
_BANDS = "CDEFGHJKLMNPQRSTUVWX"  # of 8 degrees from 80 south; the last has 12
_COLUMNS = ("STUVWXYZ", "ABCDEFGH", "JKLMNPQR")  # by zone
_ROWS = "ABCDEFGHJKLMNPQRSTUV"
# Around the poles: columns by the letter that begins the reference, with the number of the first.
_POLAR_COLUMNS = {
    "A": ("JKLPQRSTUXYZ", 8),
    "B": ("ABCFGHJKLPQR", 20),
    "Y": ("RSTUXYZ", 13),
    "Z": ("ABCFGHJ", 20),
}
_POLAR_ROWS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_SVALBARD = ((9, 31), (21, 33), (33, 35), (42, 37))  # degrees east up to which a zone goes


def mgrs(latitude: float, longitude: float) -> str:
    """``33U UU 91779 20072`` for degrees of WGS 84, -90 to 90 and -180 to 180."""
    if -80 <= latitude < 84:
        return _utm(latitude, longitude)
    return _ups(latitude, longitude)


def _zone(latitude: float, longitude: float) -> int:
    if 56 <= latitude < 64 and 3 <= longitude < 12:
        return 32  # Norway's south-west is in one zone
    if latitude >= 72 and 0 <= longitude < 42:
        return next(zone for until, zone in _SVALBARD if longitude < until)
    return int((longitude + 180) // 6) % 60 + 1


def _utm(latitude: float, longitude: float) -> str:
    zone = _zone(latitude, longitude)
    from_middle = math.radians((longitude - (zone * 6 - 183) + 180) % 360 - 180)
    sine = math.sin(math.radians(latitude))
    tangent = math.sinh(
        math.atanh(sine) - _E * math.atanh(_E * sine)
    )  # of the latitude on a sphere
    up = math.atan2(tangent, math.cos(from_middle))
    side = math.asinh(math.sin(from_middle) / math.hypot(tangent, math.cos(from_middle)))
    north, east = up, side
    for n, factor in enumerate(_SERIES, 1):
        north += factor * math.sin(2 * n * up) * math.cosh(2 * n * side)
        east += factor * math.cos(2 * n * up) * math.sinh(2 * n * side)
    easting = round(_UTM_EASTING + _UTM_SCALE * _MERIDIAN * east, _EXACT)
    northing = _UTM_SCALE * _MERIDIAN * north + (_UTM_SOUTH if latitude < 0 else 0.0)
    northing = round(northing, _EXACT)
    band = _BANDS[min(int((latitude + 80) // 8), len(_BANDS) - 1)]
    column = _COLUMNS[zone % 3][int(easting // _SQUARE) - 1]
    row = _ROWS[(int(northing // _SQUARE) + (0 if zone % 2 else 5)) % len(_ROWS)]
    return _written(f"{zone:02d}{band}", column + row, easting, northing)


def _ups(latitude: float, longitude: float) -> str:
    is_north = latitude > 0
    sine = math.sin(math.radians(abs(latitude)))
    # The way from the pole, by the tangent of the half angle that is left to it.
    ground = math.sqrt((1 + _E) ** (1 + _E) * (1 - _E) ** (1 - _E))
    half = math.tan(math.radians(90 - abs(latitude)) / 2)
    way = 2 * _A * _UPS_SCALE / ground * half * math.exp(_E * math.atanh(_E * sine))
    east = way * math.sin(math.radians(longitude))
    north = way * math.cos(math.radians(longitude))
    easting = round(_UPS_MIDDLE + east, _EXACT)
    northing = round(_UPS_MIDDLE - north if is_north else _UPS_MIDDLE + north, _EXACT)
    is_east = easting >= _UPS_MIDDLE
    letter = ("AB", "YZ")[is_north][is_east]
    columns, first = _POLAR_COLUMNS[letter]
    column = columns[int(easting // _SQUARE) - first]
    row = _POLAR_ROWS[int(northing // _SQUARE) - (13 if is_north else 8)]
    return _written(letter, column + row, easting, northing)


def _written(zone: str, square: str, easting: float, northing: float) -> str:
    return f"{zone} {square} {int(easting) % _SQUARE:05d} {int(northing) % _SQUARE:05d}"
