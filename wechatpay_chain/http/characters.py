"""The characters that the platform accepts, anywhere in a request.

https://pay.weixin.qq.com/docs/merchant/development/interface-rules/basic-rules.html
"""

from __future__ import annotations

import re

from ..errors import ConfigurationError

_BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def check_text(text: str, argument: str) -> None:
    """Refuse characters that the platform doesn't accept: it takes UTF-8 of one to three bytes a character.

    Raises:
        ConfigurationError: an emoji or another 4-byte character, or a lone surrogate.
    """
    if text.isascii():
        return
    if (found := _BEYOND_BMP.search(text)) is not None:
        raise ConfigurationError(
            argument,
            f"the 4-byte character U+{ord(found[0]):X} at position {found.start()}",
            "The platform takes no emoji and no other character beyond U+FFFF: remove it",
        )
    if (found := _SURROGATE.search(text)) is not None:
        raise ConfigurationError(argument, f"a lone surrogate at position {found.start()}", "Give valid Unicode")
