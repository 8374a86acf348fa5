"""The call that tests make when any call will do: punishing an account, one of whose members is encrypted."""

from __future__ import annotations

from typing import Any

PUNISH = "v3/aggracct-bc/wb-channel/control-orders/punish"
ORDER: dict[str, Any] = {
    "out_request_no": "P1",
    "mchid": "1900000109",
    "bal_account_no": "6222 0000 1111",
    "punish_scene": 1,
}
