"""QR codes of Native orders."""

from __future__ import annotations

import re
import sys
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from wechatpay_chain import ConfigurationError
from wechatpay_chain.payments import qr

CODE_URL = "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"
SCALE = 4
# The halves of a character that a terminal paints: a dark square of the code is one that is left out.
_HALVES = {" ": (True, True), "▀": (False, True), "▄": (True, False), "█": (False, False)}


def read(image: Image.Image) -> str:
    """What a phone would read."""
    (found,) = zxingcpp.read_barcodes(image)
    return found.text


def drawn(rows: list[list[bool]]) -> Image.Image:
    """Squares as an image; True is dark."""
    image = Image.new("L", (len(rows[0]), len(rows)), 255)
    image.putdata([0 if dark else 255 for row in rows for dark in row])
    return image.resize((image.width * SCALE, image.height * SCALE), Image.Resampling.NEAREST)


def test_the_png_is_the_order() -> None:
    """A phone reads the order's link from the PNG."""
    assert read(Image.open(BytesIO(qr.png(CODE_URL)))) == CODE_URL


def test_the_terminal_shows_the_order() -> None:
    """A phone reads the order's link from the text, light squares painted on a dark terminal."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", qr.terminal(CODE_URL))
    rows: list[list[bool]] = []
    for line in text.splitlines():
        halves = [_HALVES[character] for character in line]
        rows += [[upper for upper, _ in halves], [lower for _, lower in halves]]
    width = max(map(len, rows))
    assert read(drawn([row + [False] * (width - len(row)) for row in rows if row])) == CODE_URL


def test_the_svg_is_the_order() -> None:
    """A phone reads the order's link from the strokes of the SVG, which are a square high each."""
    svg = qr.svg(CODE_URL)
    size = int(re.findall(r'width="(\d+)"', svg)[0]) // 4
    rows = [[False] * size for _ in range(size)]
    x = y = 0.0
    (path,) = re.findall(r' d="([^"]+)"', svg)
    for command, numbers in re.findall(r"([Mmh])([-0-9. ]+)", path):
        values = [float(number) for number in re.findall(r"-?[0-9]*\.?[0-9]+", numbers)]
        if command == "M":
            x, y = values
        elif command == "m":
            x, y = x + values[0], y + values[1]
        else:
            for column in range(int(x), int(x + values[0])):
                rows[int(y)][column] = True
            x += values[0]
    assert read(drawn(rows)) == CODE_URL


def test_qr_codes_name_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library the error says what to install; without a code_url, what to give."""
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(ConfigurationError, match=r"wechatpay-chain\[qr\]"):
        qr.svg("weixin://wxpay/bizpayurl?pr=1")
    with pytest.raises(ConfigurationError, match="code_url"):
        qr.png("")
