"""docs/wiring.svg: the wearable's wires, drawn from the settings' defaults.

360 wide, so that it can be read on a phone at the bench and printed on half a page; black on white.
"""

from __future__ import annotations

from pathlib import Path

from outcry.daemon.settings import SCHEMA

PICTURE = Path(__file__).parents[1] / "docs" / "wiring.svg"
POWER_PIN = 22  # modem.power_pin has no default: the wire is a choice
TXD, RXD = 14, 15
HEADER = {14: 8, 15: 10, 17: 11, 18: 12, 27: 13, 22: 15}  # GPIO to pin of the 40-pin header
WIDTH, HEIGHT = 360, 770
PI, PI_RIGHT, MODEM = 8, 92, 262  # where blocks begin and end

Shapes = list[str]


def gpio(section: str) -> int:
    """The GPIO number a part is on by default."""
    return int(SCHEMA[section]["pin"].default)


def text(x: float, y: float, words: str, anchor: str = "start", weight: str = "normal") -> str:
    """Words; 11 pixels high on the smallest phone."""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}">{words}</text>'


def line(*points: tuple[float, float]) -> str:
    """A wire."""
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{path}"/>'


def dot(x: float, y: float) -> str:
    """Where wires meet."""
    return f'<circle cx="{x}" cy="{y}" r="2.5" fill="#000"/>'


def block(x: float, y: float, width: float, height: float, *words: str) -> Shapes:
    """A part, with its name on top."""
    shapes = [f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="#f2f2f2"/>']
    for row, each in enumerate(words):
        weight = "bold" if row == 0 else "normal"
        shapes.append(text(x + width / 2, y + 15 + 13 * row, each, "middle", weight))
    return shapes


def resistor(x: float, y: float, words: str) -> Shapes:
    """Between x and x + 26, on a wire at y."""
    return [
        f'<rect x="{x}" y="{y - 5}" width="26" height="10" fill="#fff"/>',
        text(x + 13, y - 9, words, "middle"),
    ]


def upright(x: float, y: float, words: str) -> Shapes:
    """A resistor from y to y + 24, with its value on the right."""
    return [
        f'<rect x="{x - 5}" y="{y}" width="10" height="24" fill="#fff"/>',
        text(x + 9, y + 16, words),
    ]


def ground(x: float, y: float) -> Shapes:
    """The common ground."""
    return [
        line((x, y - 6), (x, y)),
        line((x - 8, y), (x + 8, y)),
        line((x - 5, y + 3), (x + 5, y + 3)),
        line((x - 2, y + 6), (x + 2, y + 6)),
    ]


def transistor(x: float, y: float) -> Shapes:
    """NPN: base at (x, y), collector up at (x + 18, y - 22), emitter on ground."""
    return [
        f'<circle cx="{x + 12}" cy="{y}" r="14" fill="#fff"/>',
        line((x - 8, y), (x + 6, y)),
        line((x + 6, y - 8), (x + 6, y + 8)),
        line((x + 6, y - 3), (x + 18, y - 10), (x + 18, y - 22)),
        line((x + 6, y + 3), (x + 18, y + 10), (x + 18, y + 22)),
        f'<path d="M{x + 18},{y + 10} l-7,-1 l4,-5 z" fill="#000"/>',
        *ground(x + 18, y + 24),
    ]


def pin(number: int, y: float, name: str = "") -> Shapes:
    """A pin of the header on the Pi's edge."""
    return [
        text(PI_RIGHT - 5, y + 4, name or f"GPIO {number}", "end"),
        f'<circle cx="{PI_RIGHT}" cy="{y}" r="3" fill="#fff"/>',
        text(PI_RIGHT + 5, y - 4, str(HEADER[number])),
    ]


def switch(y: float, number: int, name: str, closes: str, fastened: bool) -> Shapes:
    """A contact between a pin and ground, with its own pull-up."""
    contact = [line((218, y), (246, y - (0 if fastened else 9)))]
    return [
        *pin(number, y),
        line((PI_RIGHT + 3, y), (218, y)),
        *resistor(176, y, "1 kΩ"),
        line((132, y), (132, y - 10)),
        *upright(132, y - 34, "10 kΩ"),
        line((132, y - 34), (132, y - 40)),
        text(132, y - 44, "3.3 V, pin 1", "middle"),
        dot(132, y),
        dot(218, y),
        *contact,
        dot(246, y),
        line((246, y), (256, y), (256, y + 4)),
        *ground(256, y + 10),
        text(352, y - 3, name, "end", "bold"),
        text(352, y + 11, closes, "end"),
    ]


def driven(y: float, number: int, ohms: str) -> Shapes:
    """A pin that opens a transistor."""
    return [
        *pin(number, y),
        line((PI_RIGHT + 3, y), (182, y)),
        *resistor(116, y, ohms),
        dot(156, y),
        line((156, y), (156, y + 6)),
        *upright(156, y + 6, "10 kΩ")[:1],
        text(147, y + 22, "10 kΩ", "end"),
        *ground(156, y + 36),
        *transistor(190, y),
        text(220, y + 4, "BC337"),
    ]


def motor(y: float) -> Shapes:
    """The motor between the cell and its transistor, with its diode."""
    return [
        *driven(y, gpio("vibration"), "1 kΩ"),
        line((208, y - 22), (208, y - 30), (290, y - 30), (290, y - 36)),
        f'<circle cx="290" cy="{y - 49}" r="13" fill="#fff"/>',
        text(290, y - 45, "M", "middle", "bold"),
        line((290, y - 62), (290, y - 68)),
        *upright(290, y - 92, "10 Ω"),
        line((290, y - 92), (290, y - 98)),
        text(290, y - 102, "cell +", "middle"),
        line((290, y - 65), (250, y - 65), (250, y - 30)),
        f'<path d="M250,{y - 55} l-6,11 l12,0 z" fill="#000"/>',
        line((243, y - 55), (257, y - 55)),
        dot(250, y - 30),
        dot(290, y - 65),
        text(240, y - 46, "1N4148", "end"),
        text(352, y - 53, "vibration", "end", "bold"),
        text(352, y - 40, "motor", "end", "bold"),
    ]


def modem(y: float) -> Shapes:
    """Three wires and the one that restarts it; ``y`` is where its block begins."""
    rxd, txd, rst = y + 24, y + 92, y + 136
    return [
        *block(MODEM, y, WIDTH - 8 - MODEM, 190, "SIM800"),
        *pin(TXD, rxd, "TXD 14"),
        line((PI_RIGHT + 3, rxd), (MODEM, rxd)),
        *resistor(116, rxd, "1 kΩ"),
        dot(172, rxd),
        line((172, rxd), (172, rxd + 6)),
        *upright(172, rxd + 6, "5.6 kΩ"),
        *ground(172, rxd + 36),
        text(MODEM + 5, rxd + 4, "RXD"),
        *pin(RXD, txd, "RXD 15"),
        line((PI_RIGHT + 3, txd), (MODEM, txd)),
        *resistor(116, txd, "1 kΩ"),
        text(MODEM + 5, txd + 4, "TXD"),
        *driven(rst + 22, POWER_PIN, "4.7 kΩ"),
        line((208, rst), (MODEM, rst)),
        text(MODEM + 5, rst + 4, "supply (best),"),
        text(MODEM + 5, rst + 17, "PWRKEY or RST"),
        line((MODEM, y + 178), (MODEM - 10, y + 178), (MODEM - 10, y + 182)),
        *ground(MODEM - 10, y + 188),
        text(MODEM + 5, y + 182, "GND"),
        text(WIDTH - 14, y + 182, "VBAT", "end"),
    ]


def power(y: float, vbat: float) -> Shapes:
    """One cell: straight to the modem, through a converter to the Pi. ``vbat`` is the modem's foot."""
    rail = (vbat + y) / 2
    return [
        *block(MODEM, y, WIDTH - 8 - MODEM, 62, "cell 3.7 V", "gives 2 A"),
        line((330, vbat), (330, y)),
        text(326, vbat + 12, "short, thick", "end"),
        dot(330, rail + 8),
        line((330, rail + 8), (284, rail + 8)),
        line((284, rail), (284, rail + 16)),
        line((279, rail), (279, rail + 16)),
        line((279, rail + 8), (256, rail + 8)),
        *ground(256, rail + 14),
        text(246, rail + 6, "1000 µF", "end"),
        text(MODEM + 5, y + 45, "+"),
        line((MODEM, y + 41), (214, y + 41)),
        *block(144, y + 14, 70, 44, "converter", "5 V, 1 A"),
        line((144, y + 41), (PI_RIGHT + 3, y + 41)),
        text(PI_RIGHT - 5, y + 45, "5 V", "end"),
        f'<circle cx="{PI_RIGHT}" cy="{y + 41}" r="3" fill="#fff"/>',
        text(PI_RIGHT + 5, y + 37, "2"),
        line((340, y + 62), (340, y + 66)),
        *ground(340, y + 72),
        text(340, y + 57, "&#8722;", "middle"),
        text(PI_RIGHT - 5, y + 80, "GND", "end"),
        f'<circle cx="{PI_RIGHT}" cy="{y + 76}" r="3" fill="#fff"/>',
        text(PI_RIGHT + 5, y + 72, "6"),
        line((PI_RIGHT + 3, y + 76), (120, y + 76), (120, y + 80)),
        *ground(120, y + 86),
    ]


def receiver(y: float) -> Shapes:
    """The receiver, at the port that is not the header's."""
    return [
        *block(MODEM, y - 20, WIDTH - 8 - MODEM, 40, "GPS receiver", "to the sky"),
        text(PI_RIGHT - 5, y + 4, "USB", "end"),
        f'<circle cx="{PI_RIGHT}" cy="{y}" r="3" fill="#fff"/>',
        line((PI_RIGHT + 3, y), (MODEM, y)),
        text(170, y - 5, "USB cable", "middle"),
    ]


def page() -> str:
    """The whole picture."""
    shapes = block(PI, 8, PI_RIGHT - PI, HEIGHT - 16, "Pi Zero")
    shapes.append(text(PI_RIGHT + 5, 20, "small numbers: pins of the header"))
    shapes += switch(88, gpio("button"), "button", "closed: pressed", fastened=False)
    shapes += switch(170, gpio("strap"), "strap", "closed: worn", fastened=True)
    shapes += motor(308)
    shapes += modem(372)
    shapes += power(612, vbat=562)
    shapes += receiver(736)
    return _wrapped(shapes)


def _wrapped(shapes: Shapes) -> str:
    body = "\n".join(shapes)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"
 font-family="sans-serif" font-size="11" stroke="none" fill="#000">
<title>Outcry's wiring</title>
<style>polyline, rect, circle, path {{ stroke: #000; stroke-width: 1.3 }} polyline {{ fill: none }}</style>
<rect width="{WIDTH}" height="{HEIGHT}" style="stroke: none" fill="#fff"/>
{body}
</svg>
"""


if __name__ == "__main__":
    PICTURE.write_text(page(), encoding="utf-8")
