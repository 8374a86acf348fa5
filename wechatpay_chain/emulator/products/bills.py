"""Bills of a day, made from the world's own records.

https://pay.weixin.qq.com/doc/v3/merchant/4013071238 (columns)
https://pay.weixin.qq.com/doc/v3/merchant/4012791866 (trades)
https://pay.weixin.qq.com/doc/v3/merchant/4012791867 (fund flow)
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...crypto.hashing import hasher
from ...http.headers import Headers
from ...http.response import Response
from ..platform import refusal
from ..platform.apiv2 import RefusalV2
from ..platform.call import Call
from ..platform.refusal import Refusal
from ..platform.times import read_date, spaced
from ..world.world import World
from . import ledger
from .files import BILL, offer
from .orders.apiv2 import fields_of
from .orders.record import Order
from .product import Product
from .refunds import Refund

_DAY = 86400
# Bills of a day are ready at ten the next morning.
_READY = _DAY + 10 * 3600
_KEPT = 92 * _DAY

_PAYMENT = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额"
)
_REFUND = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态"
_GOODS = "商品名称,商户数据包,手续费,费率"
_COLUMNS = {
    "ALL": f"{_PAYMENT},{_REFUND},{_GOODS},订单金额,申请退款金额,费率备注",
    "SUCCESS": f"{_PAYMENT},{_GOODS},订单金额,费率备注",
    "REFUND": f"{_PAYMENT},退款申请时间,退款成功时间,{_REFUND},{_GOODS},订单金额,申请退款金额,费率备注",
}
_FUND_COLUMNS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
_SHARING_COLUMNS = (
    "分账时间,分账发起方,分账方,微信订单号,微信分账/回退单号,分账明细单号,商户分账/回退单号,订单金额,分账接收方,分账金额,"
    "业务类型,处理状态,分账描述,备注"
)

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A day in Beijing, as Unix times in seconds, and whose bill of it is wanted."""

    mchid: str
    sub_mchid: str | None
    begin: float

    @property
    def end(self) -> float:
        """When the next day begins."""
        return self.begin + _DAY


def trade_bill(world: World, period: Period, kind: str) -> bytes:
    """The trade bill of a day; empty where there was no trade."""
    whose = (world, period.mchid, period.sub_mchid, period.begin, period.end)
    paid = [] if kind == "REFUND" else ledger.payments(*whose)
    refunded = [] if kind == "SUCCESS" else ledger.refunds(*whose)
    if not paid and not refunded:
        return b""
    rows = [(order.paid_at, _payment(order)) for order in paid]
    rows += [(refund.made, _refund(refund, order)) for refund, order in refunded]
    given_back = sum(refund.amount for refund, _ in refunded)
    fees = sum(ledger.fee(order.total) for order in paid) - sum(ledger.fee(refund.amount) for refund, _ in refunded)
    sums = {
        "总交易单数": str(len(rows)),
        "应结订单总金额": _yuan(sum(order.total for order in paid)),
        "退款总金额": _yuan(given_back),
        "充值券退款总金额": "0.00",
        "手续费总金额": f"{_yuan(fees)}000",
        "订单总金额": _yuan(sum(order.total for order in paid)),
        "申请退款总金额": _yuan(given_back),
    }
    ordered = [row for _, row in sorted(rows, key=lambda entry: entry[0])]
    return _written(_COLUMNS.get(kind, _COLUMNS["ALL"]), ordered, sums)


def fund_bill(world: World, period: Period) -> bytes:
    """The fund flow bill of a day; empty where no money moved."""
    balance, rows, income, spent = ledger.OPENING_BALANCE, list[Row](), list[int](), list[int]()
    for number, moved in enumerate(ledger.movements(world, period.mchid, period.end)):
        balance += moved.amount
        if moved.time < period.begin:
            continue
        (income if moved.amount > 0 else spent).append(abs(moved.amount))
        rows.append(
            {
                "记账时间": spaced(moved.time),
                "微信支付业务单号": moved.number,
                "资金流水单号": f"{moved.number}{number:04d}",
                "业务名称": moved.kind,
                "业务类型": moved.kind,
                "收支类型": "收入" if moved.amount > 0 else "支出",
                "收支金额(元)": _yuan(abs(moved.amount)),
                "账户结余(元)": _yuan(balance),
                "资金变更提交申请人": "system" if moved.amount > 0 else f"{period.mchid}API",
                "业务凭证号": moved.out_number,
            }
        )
    if not rows:
        return b""
    sums = {
        "资金流水总笔数": str(len(rows)),
        "收入笔数": str(len(income)),
        "收入金额": _yuan(sum(income)),
        "支出笔数": str(len(spent)),
        "支出金额": _yuan(sum(spent)),
    }
    return _written(_FUND_COLUMNS, rows, sums)


def sharing_bill(world: World, period: Period) -> bytes:
    """The profit sharing bill of a day; empty where nothing was shared."""
    rows: list[Row] = []
    amount = 0
    for sharing, order, part in ledger.shared_parts(world, period.mchid, period.begin, period.end):
        if period.sub_mchid is not None and order.sub_mchid != period.sub_mchid:
            continue
        amount += part["amount"]
        rows.append(
            {
                "分账时间": spaced(sharing.history[-1][0]),
                "分账发起方": sharing.mchid,
                "分账方": order.sub_mchid or sharing.mchid,
                "微信订单号": order.transaction_id,
                "微信分账/回退单号": sharing.order_id,
                "分账明细单号": part["detail_id"],
                "商户分账/回退单号": sharing.out_order_no,
                "订单金额": _yuan(order.total),
                "分账接收方": part["account"],
                "分账金额": _yuan(part["amount"]),
                "业务类型": "分账",
                "处理状态": "分账成功" if part["result"] == "SUCCESS" else "分账失败",
                "分账描述": part["description"],
            }
        )
    if not rows:
        return b""
    return _written(_SHARING_COLUMNS, rows, {"总笔数": str(len(rows)), "总金额": _yuan(amount)})


def _payment(order: Order) -> Row:
    return {
        **_parties(order),
        "交易时间": spaced(order.paid_at),
        "交易状态": "REVOKED" if order.state == "REVOKED" else "SUCCESS",
        "应结订单金额": _yuan(order.total),
        "微信退款单号": "0",
        "商户退款单号": "0",
        "退款金额": "0.00",
        "手续费": f"{_yuan(ledger.fee(order.total))}000",
        "订单金额": _yuan(order.total),
        "申请退款金额": "0.00",
    }


def _refund(refund: Refund, order: Order) -> Row:
    return {
        **_parties(order),
        "交易时间": spaced(refund.made),
        "交易状态": "REFUND",
        "应结订单金额": "0.00",
        "退款申请时间": spaced(refund.made),
        "退款成功时间": spaced(refund.finished),
        "微信退款单号": refund.refund_id,
        "商户退款单号": refund.out_refund_no,
        "退款金额": _yuan(refund.amount),
        "退款类型": refund.channel,
        "退款状态": refund.state,
        "手续费": f"-{_yuan(ledger.fee(refund.amount))}000",
        "订单金额": "0.00",
        "申请退款金额": _yuan(refund.amount),
    }


def _parties(order: Order) -> dict[str, str]:
    return {
        "公众账号ID": order.appid,
        "商户号": order.mchid,
        "特约商户号": order.sub_mchid or "0",
        "微信订单号": order.transaction_id,
        "商户订单号": order.out_trade_no,
        "用户标识": order.openid,
        "交易类型": order.trade_type,
        "付款银行": order.bank_type,
        "货币种类": order.currency,
        "代金券金额": "0.00",
        "充值券退款金额": "0.00",
        "商品名称": order.description,
        "商户数据包": order.attach,
        "费率": ledger.RATE_TEXT,
    }


def _written(header: str, rows: Sequence[Row], sums: Row) -> bytes:
    columns = header.split(",")
    lines = [header, *(",".join(f"`{row.get(name, '')}" for name in columns) for row in rows)]
    lines += [",".join(sums), ",".join(f"`{value}" for value in sums.values())]
    return ("\ufeff" + "".join(f"{line}\r\n" for line in lines)).encode()


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}" if fen >= 0 else f"-{-fen // 100}.{-fen % 100:02d}"


def _asked(call: Call, make: Callable[[Period], bytes]) -> bytes:
    period = _period(call, str(call.query["bill_date"]), call.query.get("sub_mchid"))
    if call.time - period.begin > _KEPT:
        # The platform keeps bills for three months. An older date gets a sample bill, to test programs with.
        return BILL
    content = make(period) if call.time - period.begin >= _READY else b""
    if not content:
        raise Refusal(400, "NO_STATEMENT_EXIST", "账单文件不存在")
    return content


def _period(call: Call, date: str, sub_mchid: str | None) -> Period:
    try:
        begin = read_date(date)
    except ValueError:
        raise refusal.bad_parameter("bill_date", "query", "not a date such as 2026-01-31") from None
    if begin > call.time:
        raise refusal.bad_parameter("bill_date", "query", "the day is yet to come")
    return Period(mchid=call.mchid, sub_mchid=sub_mchid, begin=begin)


def _offered(world: World, call: Call, content: bytes) -> dict[str, Any]:
    packed = call.query.get("tar_type") == "GZIP"
    digest = hasher("SHA1")
    digest.update(content)
    return {
        "hash_type": "SHA1",
        "hash_value": digest.hexdigest(),
        "download_url": offer(world, call, gzip.compress(content, mtime=0) if packed else content, packed=packed),
    }


def _trade(world: World, call: Call) -> dict[str, Any]:
    kind = call.query.get("bill_type", "ALL")
    return _offered(world, call, _asked(call, lambda period: trade_bill(world, period, kind)))


def _fund(world: World, call: Call) -> dict[str, Any]:
    basic = call.query.get("account_type", "BASIC") == "BASIC"
    return _offered(world, call, _asked(call, lambda period: fund_bill(world, period) if basic else b""))


def _sharing(world: World, call: Call) -> dict[str, Any]:
    return _offered(world, call, _asked(call, lambda period: sharing_bill(world, period)))


def _trade_v2(world: World, call: Call) -> Response[Any]:
    kind = fields_of(call).get("bill_type") or "ALL"
    return _handed(call, lambda period: trade_bill(world, period, kind), RefusalV2("No Bill Exist"))


def _fund_v2(world: World, call: Call) -> Response[Any]:
    basic = fields_of(call)["account_type"].upper() == "BASIC"
    missing = RefusalV2("NO Bill Exist", "NO_BILL_EXIST")
    return _handed(call, lambda period: fund_bill(world, period) if basic else b"", missing)


def _handed(call: Call, make: Callable[[Period], bytes], missing: RefusalV2) -> Response[Any]:
    fields = fields_of(call)
    date = fields["bill_date"]
    try:
        begin = read_date(f"{date[:4]}-{date[4:6]}-{date[6:]}")
    except ValueError:
        raise RefusalV2("invalid bill_date") from None
    content = b""
    if call.time - begin > _KEPT:
        content = BILL
    elif call.time - begin >= _READY:
        content = make(Period(mchid=call.mchid, sub_mchid=fields.get("sub_mch_id"), begin=begin))
    if not content:
        raise missing
    if fields.get("tar_type") == "GZIP":
        return Response(
            status=200, headers=Headers({"Content-Type": "application/x-gzip"}), content=gzip.compress(content, mtime=0)
        )
    return Response(status=200, headers=Headers({"Content-Type": "text/plain; charset=utf-8"}), content=content)


PRODUCT = Product(
    name="bills",
    routes={
        "GET /v3/bill/tradebill": _trade,
        "GET /v3/bill/fundflowbill": _fund,
        "GET /v3/profitsharing/bills": _sharing,
        "POST /v2/pay/downloadbill": _trade_v2,
        "POST /v2/pay/downloadfundflow": _fund_v2,
    },
)
