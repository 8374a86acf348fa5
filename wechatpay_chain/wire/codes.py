"""Error codes with the same meaning in all products and both versions of the API, as `errors.plain_code` writes them.

https://pay.weixin.qq.com/doc/v3/merchant/4012081709
"""

from __future__ import annotations

PASSING = frozenset({"SYSTEMERROR", "BANKERROR", "BIZERRNEEDRETRY", "SERVICEUNAVAILABLE"})
"""A temporary failure of the platform or a bank: the same call may succeed later."""

TOO_MANY = frozenset(
    {
        "FREQLIMIT",
        "FREQUENCYLIMIT",
        "FREQUENCYLIMITED",
        "FREQUENCYLIMITEXCEED",
        "INVALIDREQTOOMUCH",
        "RATELIMIT",
        "RATELIMITED",
        "RATELIMITEXCEEDED",
    }
)
"""Calls came faster than the platform allows."""
