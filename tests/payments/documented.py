"""The values of the official pages' examples."""

from __future__ import annotations

from typing import Any

APPID = "wx2421b1c4370ec43b"
TIMESTAMP = 1554208460
NONCE = "593BEC0C930BF1AFEB40B4A08C8FB242"
PREPAY_ID = "wx201410272009395522657a690389285100"
APIV2_KEY = "192006250b4c09247ec02edce69f6a2d"
MCHID = "10000100"
FRESH: dict[str, Any] = {"timestamp": TIMESTAMP, "nonce": NONCE}
