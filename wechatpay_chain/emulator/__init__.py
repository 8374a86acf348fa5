"""The platform's half of every call, for tests, demos and local work: no merchant account, no network needed.

    emulator = Emulator()
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)

It checks what the platform checks, refuses in the platform's words, keeps a world of orders, refunds, transfers and
bills, and signs its answers. It never imports the client.
"""

from __future__ import annotations

from .emulator import Emulator
from .platform.call import Call
from .platform.keys import KeyPair
from .platform.refusal import Refusal

__all__ = ["Call", "Emulator", "KeyPair", "Refusal"]
