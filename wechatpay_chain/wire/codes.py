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

MISSING = frozenset({"NOTFOUND", "ORDERNOTEXIST", "REFUNDNOTEXIST", "RESOURCENOTEXISTS"})
"""There is no such order, refund or resource."""

FORBIDDEN = frozenset(
    {
        "ACCOUNTERROR",
        "MONEYLIMIT",
        "NOAUTH",
        "NOTENOUGH",
        "REQUESTBLOCKED",
        "RULELIMIT",
        "SENDNUMLIMIT",
        "USERACCOUNTABNORMAL",
    }
)
"""The product isn't opened, the balance is too low, or a rule of the business or of risk control speaks against it."""

FAULTY = frozenset(
    {
        "APPIDMCHIDNOTMATCH",
        "APPIDNOTEXIST",
        "AUTHCODEERROR",
        "AUTHCODEEXPIRE",
        "AUTHCODEINVALID",
        "BUYERMISMATCH",
        "CAERROR",
        "INVALIDREQUEST",
        "INVALIDTRANSACTIONID",
        "LACKPARAMS",
        "MCHIDNOTEXIST",
        "MCHNOTEXISTS",
        "NOTSUPORTCARD",
        "NOTUTF8",
        "OPENIDERROR",
        "OPENIDMISMATCH",
        "PARAMERROR",
        "POSTDATAEMPTY",
        "REQUIREPOSTMETHOD",
        "TRADEOVERDUE",
        "XMLFORMATERROR",
    }
)
"""What was sent can't be done as it is."""

CERTAIN = MISSING | FORBIDDEN | FAULTY | TOO_MANY | {"SIGNERROR"}
"""A call that pays money out and is refused with one of these paid nothing; any other code leaves it open.

`ALREADY_EXISTS` and its like are none of them: something was made under that number, and only a query tells what.
https://pay.weixin.qq.com/doc/v3/merchant/4012716434
"""
