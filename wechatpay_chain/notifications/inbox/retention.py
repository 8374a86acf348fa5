"""How long an inbox keeps the rows of messages whose content it erases."""

from __future__ import annotations

import math

from ..._arguments import a_number, check
from ..seen import KEEP, KEEP_V2

_TAKES = {"seconds": a_number(0, math.inf, "Give 0 or more seconds")}


def rows_kept(seconds: float) -> tuple[float, float]:
    """Seconds for which rows are kept after their messages were finished: those of APIv3, and those of APIv2.

    At least as long as the platform repeats them, or one that is recorded would be believed: 26 hours, and 60 days.

    Args:
        seconds: how long content is kept.

    Raises:
        ConfigurationError: `seconds` is negative, or no finite number.
    """
    check(_TAKES, seconds=seconds)
    return max(seconds, KEEP), max(seconds, KEEP_V2)
