"""The organisation's sign: small, whole, and nothing but a picture."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image

from outcry.responder.web.sign import MAX_BYTES, SignInvalid, read

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g><path d="M0 0h9v9z"/></g></svg>'
)


def picture(kind: str, side: int = 24) -> bytes:
    made = BytesIO()
    Image.new("RGB", (side, 24), "#a00000").save(made, kind)
    return made.getvalue()


def inside(content: bytes) -> bytes:
    return SVG.replace(b"<path", content + b"<path")


@pytest.fixture
def sign(tmp_path):
    def read_it(data: bytes) -> str:
        path = tmp_path / "sign"
        path.write_bytes(data)
        return read(path)

    return read_it


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (picture("PNG"), "image/png"),
        (picture("GIF"), "image/gif"),
        (picture("JPEG"), "image/jpeg"),
        (SVG, "image/svg+xml"),
        (b'<?xml version="1.0"?>\n<!-- by hand -->\n' + SVG, "image/svg+xml"),
        (inside(b'<use href="#a"/>'), "image/svg+xml"),
    ],
)
def test_a_small_picture_of_a_known_kind_stands_in_the_page(sign, data, kind):
    head, _, body = sign(data).partition(",")
    assert head == f"data:{kind};base64"
    assert b64decode(body) == data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no whole"),
        (b"Example Org", "no whole"),
        (picture("PNG")[:60], "no whole"),
        (picture("BMP"), "no whole"),
        (picture("PNG", 1025), "1024 pixels"),
        (picture("PNG") + b" " * MAX_BYTES, "3072 bytes"),
        (SVG[:-6], "no whole"),
        (b"<html><svg/></html>", "no whole"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]>" + SVG, "DOCTYPE"),
        (inside(b"<script>1</script>"), "more than a drawing"),
        (inside(b"<foreignObject/>"), "more than a drawing"),
        (inside(b"<animate/>"), "more than a drawing"),
        (inside(b'<g onload="1"/>'), "more than a drawing"),
        (inside(b'<image href="https://tracker.example/"/>'), "more than a drawing"),
        (
            inside(b'<a xmlns:x="http://www.w3.org/1999/xlink" x:href="https://a.example/"/>'),
            "more than a drawing",
        ),
    ],
)
def test_anything_else_is_refused_with_what_to_do(sign, data, why):
    with pytest.raises(SignInvalid, match=why):
        sign(data)


def test_a_file_that_is_not_there_is_said_to_be_unreadable(tmp_path):
    with pytest.raises(SignInvalid, match="cannot be read"):
        read(tmp_path / "none.png")
    with pytest.raises(SignInvalid, match="cannot be read"):
        read(tmp_path)
