"""Any sequence of calls keeps the sums right, the states legal, and the answers equal to a model written apart."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.emulator.machine import SETTINGS, Machine
from tests.emulator.products.test_orders import order, order_v2
from tests.emulator.products.test_transfers import BASE, transfer
from tests.emulator.sums import Ordered, Refunded
from wechatpay_chain.emulator import Refusal
from wechatpay_chain.emulator.products import phone

NUMBERS = st.sampled_from(["A", "B", "C"])
AMOUNTS = st.integers(1, 120)
PROTOCOLS = st.sampled_from(["v3", "v2"])
SHARES = st.sampled_from(["1", "2"])


class Sums(Machine):
    """Orders, payments, closes, refunds, sharings, returns and transfers over both protocols."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, Ordered] = {}
        self.made: dict[str, tuple[str, int, bool]] = {}
        self.transfers: dict[str, tuple[int, str]] = {}
        receiver: Any = {"appid": "wx1", "type": "MERCHANT_ID", "account": "1900000300", "name": "a supplier"}
        receiver["relation_type"] = "SUPPLIER"
        self.call(self.wxpay.v3.profitsharing.receivers.add.post(json=receiver))

    def told(self, number: str) -> Any:
        """An order as a query of APIv3 tells it."""
        path = self.wxpay["v3/pay/transactions/out-trade-no/{out_trade_no}"]
        return self.call(path.get(out_trade_no=number, params={"mchid": "1900000109"}))[1].json()

    @rule(number=NUMBERS, total=st.sampled_from([50, 100]), protocol=PROTOCOLS, sharing=st.booleans())
    def make(self, number: str, total: int, protocol: str, sharing: bool) -> None:
        """A number makes one order; repeats are the same or refused."""
        asked = (protocol, total, sharing)
        if protocol == "v3":
            body = order(number, total, settle_info={"profit_sharing": sharing})
            code, _ = self.call(self.wxpay.v3.pay.transactions.native.post(json=body))
        else:
            xml = order_v2(number, total, profit_sharing="Y" if sharing else "N")
            code, _ = self.call(self.wxpay.v2.pay.unifiedorder.post(xml=xml))
        known = self.orders.get(number)
        if known is None:
            expected = "OK"
            self.orders[number] = Ordered(total=total, sharing=sharing)
            self.made[number] = asked
        elif self.made[number] != asked:
            expected = "OUTTRADENOUSED"
        else:
            expected = {"NOTPAY": "OK", "CLOSED": "ORDERCLOSED"}.get(known.state, "ORDERPAID")
        assert code.replace("_", "") == expected

    @precondition(lambda self: self.orders)
    @rule(number=NUMBERS)
    def pay(self, number: str) -> None:
        """An unpaid order is paid once."""
        known = self.orders.get(number)
        try:
            self.emulator.pay(number)
        except Refusal:
            assert known is None or known.state != "NOTPAY"
        else:
            assert known is not None
            assert known.state == "NOTPAY"
            known.state = "SUCCESS"

    @precondition(lambda self: self.orders)
    @rule(number=NUMBERS, protocol=PROTOCOLS)
    def close(self, number: str, protocol: str) -> None:
        """An unpaid order closes."""
        if protocol == "v3":
            path = self.wxpay["v3/pay/transactions/out-trade-no/{out_trade_no}/close"]
            code, _ = self.call(path.post(out_trade_no=number, json={"mchid": "1900000109"}))
        else:
            code, _ = self.call(self.wxpay.v2.pay.closeorder.post(xml={"appid": "wx1", "out_trade_no": number}))
        known = self.orders.get(number)
        if known is None:
            assert code == "ORDERNOTEXIST"
        elif known.state in {"NOTPAY", "CLOSED"}:
            assert code == "OK"
            known.state = "CLOSED"
        else:
            assert code == "ORDERPAID"

    @precondition(lambda self: any(known.state in {"SUCCESS", "REFUND"} for known in self.orders.values()))
    @rule(number=NUMBERS, refund=st.sampled_from("123"), amount=AMOUNTS, protocol=PROTOCOLS, fails=st.booleans())
    def refund(self, number: str, refund: str, amount: int, protocol: str, fails: bool) -> None:
        """Parts are given back as far as there is money; a number counts once."""
        known, out_refund_no = self.orders.get(number), f"{number}-{refund}"
        total = known.total if known else 100
        reason = "emulator:CLOSED" if fails else "broken"
        if protocol == "v3":
            body: dict[str, Any] = {"out_trade_no": number, "out_refund_no": out_refund_no, "reason": reason}
            body |= {"amount": {"refund": amount, "total": total, "currency": "CNY"}}
            code, _ = self.call(self.wxpay.v3.refund.domestic.refunds.post(json=body))
        else:
            xml = {"appid": "wx1", "out_trade_no": number, "out_refund_no": out_refund_no, "refund_desc": reason}
            xml |= {"total_fee": str(total), "refund_fee": str(amount)}
            code, _ = self.call(self.wxpay.v2.secapi.pay.refund.post(xml=xml))
        if known is None:
            assert code == "ORDERNOTEXIST"
            return
        if out_refund_no in known.refunds:
            assert code in {"OK", "RESOURCEALREADYEXISTS"}
            return
        expected = known.refund(amount, total)
        assert code == expected.replace("_", "")
        if expected == "OK":
            known.state = "REFUND"
            known.refunds[out_refund_no] = Refunded(amount, fate="CLOSED" if fails else "SUCCESS")

    @precondition(lambda self: any(known.state in {"SUCCESS", "REFUND"} for known in self.orders.values()))
    @rule(number=NUMBERS, share=SHARES, amount=st.integers(1, 40), ends=st.booleans(), protocol=PROTOCOLS)
    def share(self, number: str, share: str, amount: int, ends: bool, protocol: str) -> None:
        """Parts go to a receiver as far as there is money, and not more than three tenths."""
        known = self.orders.get(number)
        if known is None or known.state not in {"SUCCESS", "REFUND"}:
            return
        out_order_no = f"{number}-{share}"
        part = {"type": "MERCHANT_ID", "account": "1900000300", "amount": amount, "description": "share"}
        asked: dict[str, Any] = {"transaction_id": self.told(number)["transaction_id"], "out_order_no": out_order_no}
        asked |= {"receivers": [part], "appid": "wx1"}
        if protocol == "v3":
            code, _ = self.call(self.wxpay.v3.profitsharing.orders.post(json=asked | {"unfreeze_unsplit": ends}))
        else:
            kind = "profitsharing" if ends else "multiprofitsharing"
            code, _ = self.call(self.wxpay.v2.secapi.pay[kind].post(xml=asked))
        if out_order_no in known.shares:
            assert code == ("OK" if known.asked[out_order_no] == (protocol, amount, ends) else "RESOURCEALREADYEXISTS")
            return
        expected = known.share(amount).replace("_", "")
        assert code == ("NOTSHAREORDER" if (expected, protocol) == ("INVALIDREQUEST", "v2") else expected)
        if expected == "OK":
            known.shares[out_order_no] = amount
            known.asked[out_order_no] = (protocol, amount, ends)
            known.frozen = not ends

    @precondition(lambda self: any(known.frozen and known.sharing for known in self.orders.values()))
    @rule(number=NUMBERS, protocol=PROTOCOLS)
    def unfreeze(self, number: str, protocol: str) -> None:
        """What is left of an order becomes the merchant's own, once."""
        known = self.orders.get(number)
        if known is None or known.state not in {"SUCCESS", "REFUND"} or known.unfreezing:
            return
        asked = {"transaction_id": self.told(number)["transaction_id"], "out_order_no": f"U{number}"}
        if protocol == "v3":
            code, _ = self.call(self.wxpay.v3.profitsharing.orders.unfreeze.post(json=asked | {"description": "end"}))
        else:
            xml = asked | {"appid": "wx1", "description": "end"}
            code, _ = self.call(self.wxpay.v2.secapi.pay.profitsharingfinish.post(xml=xml))
        held = known.sharing and known.frozen
        assert code == ("OK" if held else "INVALIDREQUEST" if protocol == "v3" else "NOTSHAREORDER")
        known.frozen, known.unfreezing = False, held

    @precondition(lambda self: any(known.shares for known in self.orders.values()))
    @rule(number=NUMBERS, share=SHARES, amount=st.integers(1, 40), protocol=PROTOCOLS)
    def give_back(self, number: str, share: str, amount: int, protocol: str) -> None:
        """A receiver gives back no more than there was, once a number."""
        self.time_passes()
        known, out_order_no = self.orders.get(number), f"{number}-{share}"
        if known is None or out_order_no not in known.shares or out_order_no in known.returned:
            return
        asked: dict[str, Any] = {"out_order_no": out_order_no, "out_return_no": f"R{out_order_no}"}
        asked |= {"description": "back"}
        if protocol == "v3":
            body = asked | {"return_mchid": "1900000300", "amount": amount}
            code, _ = self.call(self.wxpay["v3/profitsharing/return-orders"].post(json=body))
        else:
            xml = asked | {"appid": "wx1", "return_account_type": "MERCHANT_ID", "return_account": "1900000300"}
            code, _ = self.call(self.wxpay.v2.secapi.pay.profitsharingreturn.post(xml=xml | {"return_amount": amount}))
        assert code == ("OK" if amount <= known.shares[out_order_no] else "NOTENOUGH")
        if code == "OK":
            self.emulator.advance(seconds=2)
            known.returned[out_order_no] = amount

    @rule(number=st.sampled_from(["T1", "T2"]), amount=st.integers(30, 32))
    def send(self, number: str, amount: int) -> None:
        """A transfer's number counts once."""
        code, _ = self.call(self.wxpay[BASE].post(json=transfer(number, amount)))
        known = self.transfers.setdefault(number, (amount, "WAIT_USER_CONFIRM"))
        assert code == ("OK" if known[0] == amount else "ALREADYEXISTS")

    @precondition(lambda self: self.transfers)
    @rule(data=st.data(), confirms=st.booleans())
    def answer(self, data: st.DataObject, confirms: bool) -> None:
        """Who gets a transfer confirms it, or the merchant calls it off."""
        number = data.draw(st.sampled_from(sorted(self.transfers)))
        amount, state = self.transfers[number]
        if state != "WAIT_USER_CONFIRM":
            return
        if confirms:
            phone.confirm_transfer(self.emulator.world, number)
        else:
            self.call(self.wxpay[f"{BASE}/out-bill-no/{{out_bill_no}}/cancel"].post(out_bill_no=number))
        self.time_passes()
        self.transfers[number] = (amount, "SUCCESS" if confirms else "CANCELLED")

    @rule()
    def time_passes(self) -> None:
        """What is on its way arrives."""
        self.emulator.advance(seconds=2)
        for known in self.orders.values():
            for refund in known.refunds.values():
                refund.state = refund.fate if refund.state == "PROCESSING" else refund.state

    def sharing_is(self, transaction_id: str, out_order_no: str, amount: int) -> None:
        """Both protocols tell a sharing as the model has it."""
        path = self.wxpay["v3/profitsharing/orders/{out_order_no}"]
        found = self.call(path.get(out_order_no=out_order_no, params={"transaction_id": transaction_id}))[1].json()
        xml = {"transaction_id": transaction_id, "out_order_no": out_order_no}
        answer = self.call(self.wxpay.v2.pay.profitsharingquery.post(xml=xml))[1].xml()
        (part,) = json.loads(answer["receivers"])
        assert (found["order_id"], found["state"]) == (answer["order_id"], answer["status"])
        assert (found["receivers"][0]["amount"], part["amount"]) == (amount, amount)
        assert found["receivers"][0]["result"] == part["result"]

    def return_is(self, out_order_no: str, amount: int) -> None:
        """Both protocols tell a return as the model has it."""
        path = self.wxpay["v3/profitsharing/return-orders/{out_return_no}"]
        named = {"out_order_no": out_order_no}
        found = self.call(path.get(out_return_no=f"R{out_order_no}", params=named))[1].json()
        xml = {"appid": "wx1", "out_return_no": f"R{out_order_no}"} | named
        answer = self.call(self.wxpay.v2.pay.profitsharingreturnquery.post(xml=xml))[1].xml()
        assert (found["result"], found["amount"]) == ("SUCCESS", amount)
        assert (answer["result"], answer["return_amount"]) == ("SUCCESS", str(amount))

    @invariant()
    def queries_tell_the_model(self) -> None:
        """Both protocols tell the model's states and sums, and nothing is below zero."""
        for number, known in self.orders.items():
            told = self.told(number)
            assert (told["trade_state"], told["amount"]["total"]) == (known.state, known.total)
            assert known.left >= 0
            answer = self.call(self.wxpay.v2.pay.orderquery.post(xml={"appid": "wx1", "out_trade_no": number}))[1].xml()
            assert (answer["trade_state"], answer["total_fee"]) == (known.state, str(known.total))
            for out_refund_no, refund in known.refunds.items():
                path = self.wxpay["v3/refund/domestic/refunds/{out_refund_no}"]
                found = self.call(path.get(out_refund_no=out_refund_no))[1].json()
                assert (found["status"], found["amount"]["refund"]) == (refund.state, refund.amount)
            if known.state in {"SUCCESS", "REFUND"} and known.sharing:
                path = self.wxpay["v3/profitsharing/transactions/{transaction_id}/amounts"]
                left = self.call(path.get(transaction_id=told["transaction_id"]))[1].json()["unsplit_amount"]
                assert left == (known.left if known.frozen else 0)
                xml = {"transaction_id": told["transaction_id"]}
                answer = self.call(self.wxpay.v2.pay.profitsharingorderamountquery.post(xml=xml))[1].xml()
                assert answer["unsplit_amount"] == str(left)
            for out_order_no, amount in known.shares.items():
                self.sharing_is(told["transaction_id"], out_order_no, amount)
            for out_order_no, amount in known.returned.items():
                self.return_is(out_order_no, amount)
        for number, (amount, state) in self.transfers.items():
            path = self.wxpay[f"{BASE}/out-bill-no/{{out_bill_no}}"]
            found = self.call(path.get(out_bill_no=number))[1].json()
            assert (found["state"], found["transfer_amount"]) == (state, amount)


TestSums = Sums.TestCase
TestSums.settings = SETTINGS
