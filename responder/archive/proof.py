"""The small verifier of case files: it needs the file, and nothing but hashes to check it with.

A case file is a page with its proof inside, JSON in an element that no browser shows or runs:

- ``history``: every entry of the alarm's history, each linked to the one before it;
- ``agreed``: the lines of HQ's record that say who and what was agreed, each by its leaf, which
  stands in the history;
- ``sealed``: a stretch of the record, from the line that first took this alarm in to the last line
  with a time stamp. Of lines about others there is the leaf alone;
- ``stamps``: the time stamps over links of that stretch;
- ``written``: the line that says that this file was written, with the digests of the page and of
  all of the above as it stands in the file, and the line's link.

Somebody who makes a whole file anew makes all of these anew, too. That shows in two places: the
time stamps are not theirs to make, and the line of ``written`` stands in HQ's own record.

A file may come from anybody: one that is nested a million deep, or says the same thing twice, is
refused in words, and nothing of it that is not checked is ever repeated.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from outcry.responder.storage.links import leaf, link, onto

FORMAT = 2
_CHAIN_ALONE = 1  # the format of a release whose files proved their history and nothing else
_OPENS = '<script type="application/json" id="proof">'
_CLOSES = "</script>"
WRITTEN = ("before", "lines", "link")
LINE = ("n", "at", "what", "data", "alarm", "subject")  # of a record's line, in this order


class CaseFileInvalid(Exception):
    """This is not a case file, or not as HQ wrote it; the message says what is wrong with it."""


class Stamp(NamedTuple):
    """A time stamp (RFC 3161) as its server sent it, and the link it has to be over."""

    n: int
    link: bytes
    reply: bytes


@dataclass(frozen=True)
class Proved:
    """A case file in which everything holds together.

    ``n`` and ``link``: the line in HQ's record that says so; ``sealed``: how many entries
    there were under the last time stamp. 0 entries of ``reports`` in a file of
    an earlier release, whose reports nothing proves.
    """

    alarm: int
    entries: int
    n: int
    link: bytes
    stamps: tuple[Stamp, ...] = ()
    history_alone: bool = False
    sealed: int = 0


def embed(page: str, proof: Mapping[str, Any]) -> str:
    """The case file: the page, which has one empty element for the proof, and the proof in it."""
    text = json.dumps(proof, ensure_ascii=False).replace("<", "\\u003c")
    return page.replace(_OPENS, _OPENS + text, 1)


def digest_of(page: str) -> str:
    """What the record says of a page without its proof."""
    return hashlib.sha256(page.encode()).hexdigest()


def digest_of_proof(proof: Mapping[str, Any]) -> str:
    """What the record says of a proof, but for its last part, which says so."""
    return digest_of(json.dumps({key: each for key, each in proof.items() if key != "written"}))


def take_apart(text: str) -> tuple[str, dict[str, Any]]:
    """A case file's page without its proof, and the proof."""
    if not text.lstrip().startswith("{"):
        before, opens, rest = text.partition(_OPENS)
        text, closes, after = rest.partition(_CLOSES)
        if not (opens and closes) or _OPENS in rest:
            raise CaseFileInvalid("this is not a case file: it has no proof inside")
        page = before + opens + closes + after
    else:
        page = ""
    try:
        proof = json.loads(text)
    except (ValueError, RecursionError):
        raise CaseFileInvalid("the proof in this file is not JSON any more") from None
    if not isinstance(proof, dict):
        raise CaseFileInvalid("this is not a case file")
    return page, proof


def check(text: str) -> Proved:
    """What a case file proves; raises :class:`CaseFileInvalid` with the first thing that is wrong."""
    page, proof = take_apart(text)
    try:
        if proof["outcry_case_file"] == _CHAIN_ALONE:
            links = _history(proof, "at_unix")
            return Proved(proof["alarm"], len(links), 0, links[-1], history_alone=True)
        if proof["outcry_case_file"] != FORMAT:
            raise CaseFileInvalid("this case file has a format that this version does not know")
        if embed(page, proof) != text:
            raise CaseFileInvalid("the proof in this file is not spelled as HQ wrote it")
        return _check(page, proof)
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise CaseFileInvalid("this is not a case file, or parts of it are missing") from None
    except ValueError:
        raise CaseFileInvalid("a hash or a time stamp in it cannot be read") from None


def _check(page: str, proof: Mapping[str, Any]) -> Proved:
    links = _history(proof, "at")
    _agreed(proof)
    sealed = dict(_stretch(proof["sealed"], proof["alarm"], links))
    stamps = [_stamp(each, sealed) for each in proof["stamps"]]
    written = proof["written"]
    ((n, link_),) = _stretch(written, proof["alarm"], links)
    (line,) = written["lines"]
    hexed = written["before"], line["salt"]
    shape = list(written), list(line), line["what"], written["link"], hexed
    plain = tuple(bytes.fromhex(each).hex() for each in hexed)  # which reads capitals, too
    if shape != ([*WRITTEN], [*LINE, "salt"], "CASE", link_.hex(), plain):
        raise CaseFileInvalid("the line that says that HQ wrote this file is not as HQ wrote it")
    said = _said(line)
    if said.get("alarm") != proof["alarm"] or said.get("n") != len(links):
        raise CaseFileInvalid("the history is longer or shorter than when HQ wrote this file")
    if said.get("link") != links[-1].hex():
        raise CaseFileInvalid("the history is not the one of which HQ wrote this file")
    if said.get("page") != digest_of(page):
        raise CaseFileInvalid(
            "the page is not as HQ wrote it; the history inside is: ask HQ for the file itself"
        )
    if said.get("proof") != digest_of_proof(proof):
        raise CaseFileInvalid("what HQ put into this file beside the history is not all there")
    return Proved(
        proof["alarm"], len(links), n, link_, tuple(stamps), sealed=_sealed(proof, stamps)
    )


def _sealed(proof: Mapping[str, Any], stamps: Sequence[Stamp]) -> int:
    """How many entries there were when the last time stamp was made: of later ones it says nothing."""
    last = max((stamp.n for stamp in stamps), default=0)
    seals = (line for line in proof["sealed"]["lines"] if "leaf" not in line and line["n"] <= last)
    heads = (_said(line)["heads"] for line in seals if line["what"] == "SEALED")
    return max((head[str(proof["alarm"])][0] for head in heads), default=0)


def _history(proof: Mapping[str, Any], at: str) -> list[bytes]:
    links: list[bytes] = []
    for expected, line in enumerate(proof["history"], 1):
        entry = proof["alarm"], line["n"], line[at], line["what"], line["data"]
        computed = link(links[-1] if links else None, bytes.fromhex(line["salt"]), *entry)
        if line["n"] != expected or computed.hex() != line["link"]:
            raise CaseFileInvalid(f"entry {expected} of the history is not as HQ wrote it")
        links.append(computed)
    return links


def _agreed(proof: Mapping[str, Any]) -> None:
    """Each line of what was agreed is one that the history names, and none of them is missing."""
    named = {}
    for entry in proof["history"]:
        if entry["what"] == "PLAN":
            said = json.loads(entry["data"])
            named[said["line"]] = said["leaf"]  # None in the place of a number: none was agreed
    shown = {_number(line): _leaf(line).hex() for line in proof["agreed"]}
    for n in sorted(shown.keys() | {n for n in named if type(n) is int}):
        if shown.get(n) != named.get(n):
            raise CaseFileInvalid(f"what was agreed (line {n} of the record) is not as HQ wrote it")


def _stretch(
    stretch: Mapping[str, Any], alarm: int, links: Sequence[bytes]
) -> Iterator[tuple[int, bytes]]:
    """The number and link of each line of a stretch of the record."""
    previous, last = bytes.fromhex(stretch["before"]), None
    for line in stretch["lines"]:
        n = _number(line)
        if last is not None and n != last + 1:
            raise CaseFileInvalid(f"line {last + 1} of the record is missing")
        hidden = "leaf" in line
        previous = onto(previous, bytes.fromhex(line["leaf"]) if hidden else _leaf(line))
        if not hidden and line["what"] == "SEALED":
            number, hexed = _said(line)["heads"][str(alarm)]
            if not 0 < number <= len(links) or links[number - 1].hex() != hexed:
                raise CaseFileInvalid(f"line {n} of the record is not as HQ wrote it")
        last = n
        yield n, previous


def _stamp(given: Mapping[str, Any], sealed: Mapping[int, bytes]) -> Stamp:
    n = _number(given)
    if n not in sealed:
        raise CaseFileInvalid(f"the time stamp over line {n} belongs to no line of it")
    return Stamp(n, sealed[n], base64.b64decode(given["reply"], validate=True))


def _number(line: Mapping[str, Any]) -> int:
    """A line's number: of anything else, which may be a command to a terminal, nothing is said."""
    n = line["n"]
    if type(n) is not int:
        raise TypeError
    return n


def _leaf(line: Mapping[str, Any]) -> bytes:
    return leaf(bytes.fromhex(line["salt"]), *(line[name] for name in LINE))


def _said(line: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(line["data"])
    return said
