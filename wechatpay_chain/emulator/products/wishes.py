"""What a caller wishes to happen: `emulator:NOT_ENOUGH` as attach, reason or remark, as test cards have numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..platform.call import Call
from ..platform.refusal import Refusal

PREFIX = "emulator:"
_MEMBERS = ("attach", "reason", "remark", "transfer_remark", "refund_desc", "desc", "description", "recover_reason")

REFUSALS = {
    "NOT_ENOUGH": (403, "余额不足"),
    "RULE_LIMIT": (403, "业务规则限制"),
    "NO_AUTH": (403, "商户无权限"),
    "ACCOUNT_ERROR": (403, "账户异常"),
    "TRADE_ERROR": (403, "交易错误"),
    "USER_ACCOUNT_ABNORMAL": (403, "用户账户异常"),
    "REQUEST_BLOCKED": (403, "请求受阻"),
    "PARAM_ERROR": (400, "参数错误"),
    "INVALID_REQUEST": (400, "无效请求"),
    "APPID_MCHID_NOT_MATCH": (400, "appid和mch_id不匹配"),
    "MCH_NOT_EXISTS": (400, "商户号不存在"),
    "OPENID_MISMATCH": (500, "openid和appid不匹配"),
    "RATELIMIT_EXCEEDED": (429, "请求频率超过限制，请降低频率后重试"),
    "FREQUENCY_LIMITED": (429, "频率超限"),
    "SYSTEM_ERROR": (500, "系统异常，请用相同参数重新调用"),
    "BANK_ERROR": (500, "银行系统异常"),
    "SERVICE_UNAVAILABLE": (503, "服务不可用"),
}
"""Refusals that can be wished for in any call: status and message by code."""


def wish(call: Call) -> str:
    """What follows `emulator:` in a call, or nothing."""
    for given in (call.xml, call.json):
        if isinstance(given, Mapping):
            members = cast("Mapping[str, Any]", given)
            for name in _MEMBERS:
                value = members.get(name)
                if isinstance(value, str) and value.startswith(PREFIX):
                    return value.removeprefix(PREFIX)
    return ""


def fulfil(call: Call) -> None:
    """Refuse a call that wishes it.

    Raises:
        Refusal: with the code that was wished for.
    """
    code = wish(call)
    if code in REFUSALS:
        status, message = REFUSALS[code]
        raise Refusal(status, code, message)
