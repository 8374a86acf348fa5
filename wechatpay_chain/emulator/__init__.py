"""The platform's half of every call, for tests, demos and local work: no merchant account, no network needed.

    emulator = Emulator()
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)

It checks what the platform checks, refuses in the platform's words, keeps a world of orders, refunds, transfers and
bills, and signs its answers. It never imports the client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .emulator import Emulator
    from .platform.call import Call
    from .platform.keys import KeyPair
    from .platform.refusal import Refusal

__all__ = ["Call", "Emulator", "KeyPair", "Refusal"]

# Loaded on first use: a command that asks a running emulator pays neither for its products nor for cryptography.
__getattr__, __dir__ = lazy(
    __name__,
    {
        "Call": "platform.call",
        "Emulator": "emulator",
        "KeyPair": "platform.keys",
        "Refusal": "platform.refusal",
    },
)
