"""Error codes that say the same in every product, in both versions of the API: written as `errors.plain_code` does.

https://pay.weixin.qq.com/doc/v3/merchant/4012081709
"""

from __future__ import annotations

PASSING = frozenset({"SYSTEMERROR", "BANKERROR", "BIZERRNEEDRETRY", "SERVICEUNAVAILABLE"})
"""The platform, or a bank, failed for the moment: the same call may succeed later."""

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
