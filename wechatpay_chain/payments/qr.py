"""The QR code of a Native order (`code_url`), for a terminal or a page. Needs the extra `wechatpay-chain[qr]`.

https://pay.weixin.qq.com/doc/v3/merchant/4012791877
"""

from __future__ import annotations

from importlib import import_module
from io import BytesIO, StringIO
from typing import Any

from ..errors import ConfigurationError

# The level of error correction in the platform's own codes.
_ERROR_CORRECTION = "m"


def terminal(code_url: str) -> str:
    """The code as text for a terminal, two rows of it to a line.

    Args:
        code_url: of the order; it lives 2 hours.

    Raises:
        ConfigurationError: the extra isn't installed, or there is no `code_url`.
    """
    text = StringIO()
    _code(code_url).terminal(out=text, compact=True)
    return text.getvalue()


def svg(code_url: str, *, scale: int = 4) -> str:
    """The code as an SVG element, to be put into a page.

    Args:
        code_url: of the order.
        scale: pixels of one square.

    Raises:
        ConfigurationError: as `terminal`.
    """
    return str(_code(code_url).svg_inline(scale=scale))


def png(code_url: str, *, scale: int = 8) -> bytes:
    """The code as a PNG image.

    Args:
        code_url: of the order.
        scale: pixels of one square.

    Raises:
        ConfigurationError: as `terminal`.
    """
    image = BytesIO()
    _code(code_url).save(image, kind="png", scale=scale)
    return image.getvalue()


def _code(code_url: str) -> Any:
    if not code_url:
        raise ConfigurationError("code_url", "it is empty", "Give the code_url of a Native order's answer")
    try:
        segno = import_module("segno")
    except ImportError:
        raise ConfigurationError(
            "qr", "the library segno is not installed", "pip install 'wechatpay-chain[qr]'"
        ) from None
    return segno.make_qr(code_url, error=_ERROR_CORRECTION)
