"""A partner's calls in any order keep to a model written apart: combined orders, deposits, transfers, complaints."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.emulator.machine import SETTINGS, Machine
from tests.emulator.products.test_combined_apiv2 import combined as combined_v2
from tests.emulator.products.test_orders import combined as combined_v3
from tests.emulator.products.test_orders import order, order_v2
from tests.emulator.products.test_transfers import transfer
from tests.emulator.sums import Complained, Deposited, Joined, Owned, Transferred
from wechatpay_chain.emulator import Refusal
from wechatpay_chain.emulator.products import phone

SP = "1900000109"
SUBS = ("1900000201", "1900000202")
PROTOCOLS = st.sampled_from(["v3", "v2"])
FAMILIES = st.sampled_from(["v3", "v2", "ecommerce"])
TRANSFERS = "v3/fund-app/mch-transfer/partner/transfer-bills"


class Partners(Machine):
    """Orders of sub-merchants, combined orders, deposits, transfers and complaints."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, Owned] = {}
        self.joined: dict[str, Joined] = {}
        self.deposits: dict[str, Deposited] = {}
        self.transfers: dict[str, Transferred] = {}
        self.complaints: dict[str, Complained] = {}
        receiver: dict[str, Any] = {"type": "MERCHANT_ID", "account": "1900000300", "name": "a supplier"}
        receiver |= {"relation_type": "SUPPLIER", "appid": "wx1"}
        self.call(self.wxpay.v3.ecommerce.profitsharing.receivers.add.post(json=receiver))
        for sub in SUBS:
            self.call(self.wxpay.v3.profitsharing.receivers.add.post(json=receiver | {"sub_mchid": sub}))

    def paid(self, number: str, payable: bool) -> bool:
        """Whether a payer could pay; the model says whether it may."""
        try:
            self.emulator.pay(number)
        except Refusal:
            assert not payable
            return False
        assert payable
        return True

    @rule(number=st.sampled_from("AB"), sub=st.sampled_from(SUBS), protocol=PROTOCOLS)
    def make(self, number: str, sub: str, protocol: str) -> None:
        """A number of the partner makes one order, of one sub-merchant."""
        if protocol == "v3":
            body = order(number)
            del body["appid"], body["mchid"]
            body |= {"sp_appid": "wx1", "sp_mchid": SP, "sub_mchid": sub, "settle_info": {"profit_sharing": True}}
            code, _ = self.call(self.wxpay.v3.pay.partner.transactions.native.post(json=body))
        else:
            xml = order_v2(number, sub_mch_id=sub, profit_sharing="Y")
            code, _ = self.call(self.wxpay.v2.pay.unifiedorder.post(xml=xml))
        known = self.orders.get(number)
        if known is None:
            self.orders[number] = Owned(sub=sub, asked=(protocol, sub))
        assert code == ("OK" if known is None else known.again((protocol, sub)))

    @precondition(lambda self: self.orders)
    @rule(number=st.sampled_from("AB"))
    def pay(self, number: str) -> None:
        """An unpaid order is paid once."""
        known = self.orders.get(number)
        if known is not None and self.paid(number, known.state == "NOTPAY"):
            known.state = "SUCCESS"

    @precondition(lambda self: self.orders)
    @rule(number=st.sampled_from("AB"), sub=st.sampled_from(SUBS), protocol=PROTOCOLS)
    def refund(self, number: str, sub: str, protocol: str) -> None:
        """Only the sub-merchant whose order it is can have it refunded, in parts that add up."""
        known = self.orders.get(number)
        if known is None:
            return
        out_refund_no = f"R{number}{known.refunds}"
        if protocol == "v3":
            body: dict[str, Any] = {"sub_mchid": sub, "out_trade_no": number, "out_refund_no": out_refund_no}
            body |= {"amount": {"refund": 40, "total": 100, "currency": "CNY"}}
            code, _ = self.call(self.wxpay.v3.refund.domestic.refunds.post(json=body))
        else:
            xml = {"appid": "wx1", "sub_mch_id": sub, "out_trade_no": number, "out_refund_no": out_refund_no}
            code, _ = self.call(self.wxpay.v2.secapi.pay.refund.post(xml=xml | {"total_fee": 100, "refund_fee": 40}))
        assert code == known.refund(sub, 40)

    def transaction_id(self, number: str, sub: str) -> str:
        """The platform's number of a paid order."""
        xml = {"appid": "wx1", "sub_mch_id": sub, "out_trade_no": number}
        told: str = self.call(self.wxpay.v2.pay.orderquery.post(xml=xml))[1].xml()["transaction_id"]
        return told

    @precondition(lambda self: any(known.paid for known in self.orders.values()))
    @rule(
        number=st.sampled_from("AB"),
        sub=st.sampled_from(SUBS),
        share=st.sampled_from("12"),
        amount=st.integers(1, 25),
        family=FAMILIES,
    )
    def share(self, number: str, sub: str, share: str, amount: int, family: str) -> None:
        """A part of an order goes to a receiver, whichever of the families of calls is used."""
        known = self.orders.get(number)
        if known is None or not known.paid:
            return
        asked: dict[str, Any] = {"transaction_id": self.transaction_id(number, known.sub), "appid": "wx1"}
        asked |= {"out_order_no": f"S{number}{share}"}
        part = {"type": "MERCHANT_ID", "amount": amount, "description": "share"}
        if family == "v2":
            xml = asked | {"sub_mch_id": sub, "receivers": [part | {"account": "1900000300"}]}
            code, _ = self.call(self.wxpay.v2.secapi.pay.multiprofitsharing.post(xml=xml))
        elif family == "v3":
            body = asked | {"receivers": [part | {"account": "1900000300"}], "unfreeze_unsplit": False}
            code, _ = self.call(self.wxpay.v3.profitsharing.orders.post(json=body | {"sub_mchid": sub}))
        else:
            body = asked | {"receivers": [part | {"receiver_account": "1900000300"}], "finish": False}
            code, _ = self.call(self.wxpay.v3.ecommerce.profitsharing.orders.post(json=body | {"sub_mchid": sub}))
        assert code == known.share(f"S{number}{share}", sub, family, amount)

    @precondition(lambda self: any(known.shares for known in self.orders.values()))
    @rule(number=st.sampled_from("AB"), share=st.sampled_from("12"), amount=st.integers(1, 25), family=FAMILIES)
    def give_back(self, number: str, share: str, amount: int, family: str) -> None:
        """A receiver gives back no more than it got, whichever family the sharing was made by."""
        known, shared = self.orders.get(number), f"S{number}{share}"
        if known is None or shared not in known.shares or shared in known.returned:
            return
        self.emulator.advance(seconds=5)
        asked: dict[str, Any] = {"out_order_no": shared, "out_return_no": f"B{shared}", "description": "back"}
        if family == "v2":
            xml = asked | {"appid": "wx1", "sub_mch_id": known.sub, "return_account_type": "MERCHANT_ID"}
            xml |= {"return_account": "1900000300", "return_amount": amount}
            code, _ = self.call(self.wxpay.v2.secapi.pay.profitsharingreturn.post(xml=xml))
        else:
            body = asked | {"sub_mchid": known.sub, "return_mchid": "1900000300", "amount": amount}
            path = "v3/profitsharing/return-orders" if family == "v3" else "v3/ecommerce/profitsharing/returnorders"
            code, _ = self.call(self.wxpay[path].post(json=body))
        assert code == known.give_back(shared, amount)
        self.emulator.advance(seconds=5)

    @precondition(lambda self: self.orders)
    @rule(number=st.sampled_from("AB"))
    def complain(self, number: str) -> None:
        """The payer of a paid order complains."""
        known = self.orders.get(number)
        try:
            made = phone.complain(self.emulator.world, number, "cold")
        except Refusal:
            assert known is None or not known.paid
        else:
            assert known is not None
            assert known.paid
            self.complaints[made.complaint_id] = Complained(number)

    @precondition(lambda self: self.complaints)
    @rule(data=st.data(), step=st.sampled_from(["response", "complete"]))
    def settle(self, data: st.DataObject, step: str) -> None:
        """A complaint is answered before it is completed; afterwards it isn't answered any more."""
        complaint_id = data.draw(st.sampled_from(sorted(self.complaints)))
        body = {"complainted_mchid": SP} | ({"response_content": "sorry"} if step == "response" else {})
        path = self.wxpay[f"v3/merchant-service/complaints-v2/{{complaint_id}}/{step}"]
        code, _ = self.call(path.post(complaint_id=complaint_id, json=body))
        assert code == self.complaints[complaint_id].step(step)

    @rule(number=st.sampled_from(["C1", "C2"]), total=st.sampled_from([100, 200]), protocol=PROTOCOLS)
    def join(self, number: str, total: int, protocol: str) -> None:
        """A combined order is made once; its orders' numbers are in one space with all others."""
        if protocol == "v3":
            body = combined_v3(number, 100, total)
            for index, part in enumerate(body["sub_orders"]):
                part |= {"sub_mchid": SUBS[0], "out_trade_no": f"C1-{index}"}
            code, _ = self.call(self.wxpay.v3.combineTransactions.native.post(json=body))
        else:
            xml = combined_v2(100, total, combine_out_trade_no=number)
            for part in xml["sub_order_list"]["order_list"]:
                part["sub_mch_id"] = SUBS[0]
            code, _ = self.call(self.wxpay.v2.pay.combinedorder.post(xml=xml))
        known = self.joined.get(number)
        if known is not None:
            assert code == known.again((protocol, total))
        elif self.joined:
            # The other combined order has these orders.
            assert code == "OUTTRADENOUSED"
        else:
            assert code == "OK"
            self.joined[number] = Joined(totals=(100, total), asked=(protocol, total))

    @precondition(lambda self: self.joined)
    @rule(data=st.data(), by_part=st.booleans())
    def pay_joined(self, data: st.DataObject, by_part: bool) -> None:
        """All orders of a combined one are paid, whichever of them is scanned."""
        number = data.draw(st.sampled_from(sorted(self.joined)))
        known = self.joined[number]
        if self.paid("C1-0" if by_part else number, known.state == "NOTPAY"):
            known.state = "SUCCESS"

    @precondition(lambda self: self.joined)
    @rule(data=st.data(), protocol=PROTOCOLS)
    def close_joined(self, data: st.DataObject, protocol: str) -> None:
        """An unpaid combined order closes as a whole, and stays closed."""
        number = data.draw(st.sampled_from(sorted(self.joined)))
        parts = [{"mchid": SP, "out_trade_no": f"C1-{index}"} for index in range(2)]
        if protocol == "v3":
            path = self.wxpay["v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close"]
            body = {"combine_appid": "wx1", "sub_orders": parts}
            code, _ = self.call(path.post(combine_out_trade_no=number, json=body))
        else:
            xml = {"combine_appid": "wx1", "combine_out_trade_no": number, "sub_order_list": parts}
            code, _ = self.call(self.wxpay.v2.pay.closecombinedorder.post(xml=xml))
        known = self.joined[number]
        assert code == ("ORDERPAID" if known.state == "SUCCESS" else "OK")
        if code == "OK":
            known.state = "CLOSED"

    @precondition(lambda self: any(known.state == "SUCCESS" for known in self.joined.values()))
    @rule(index=st.sampled_from([0, 1]), amount=st.integers(1, 150))
    def refund_part(self, index: int, amount: int) -> None:
        """Each order of a combined one is refunded by itself."""
        (known,) = self.joined.values()
        number = f"C1-{index}"
        body: dict[str, Any] = {"sub_mchid": SUBS[0], "out_trade_no": number}
        body["out_refund_no"] = f"{number}-{len(known.refunds)}"
        body |= {"amount": {"refund": amount, "total": known.totals[index], "currency": "CNY"}}
        code, _ = self.call(self.wxpay.v3.refund.domestic.refunds.post(json=body))
        assert code == known.refund(index, amount)

    @rule(number=st.sampled_from(["D1", "D2"]), total=st.sampled_from([100, 200]))
    def deposit(self, number: str, total: int) -> None:
        """A deposit's number makes one order."""
        xml = order_v2(number, total, sub_mch_id=SUBS[0], trade_type="APP", fee_type="CNY")
        code, _ = self.call(self.wxpay.v2.deposit.unifiedorder.post(xml=xml))
        known = self.deposits.get(number)
        if known is None:
            self.deposits[number] = Deposited(total=total)
        assert code == ("OK" if known is None else known.again(total))

    @precondition(lambda self: self.deposits)
    @rule(data=st.data())
    def pay_deposit(self, data: st.DataObject) -> None:
        """A deposit is paid once."""
        number = data.draw(st.sampled_from(sorted(self.deposits)))
        if self.paid(number, self.deposits[number].state == "NOTPAY"):
            self.deposits[number].state = "SUCCESS"

    @precondition(lambda self: self.deposits)
    @rule(data=st.data(), amount=st.integers(1, 220), back=st.booleans())
    def use_deposit(self, data: st.DataObject, amount: int, back: bool) -> None:
        """A part of a deposit is kept once and the rest goes back; what was kept, or all of it, may be refunded."""
        number = data.draw(st.sampled_from(sorted(self.deposits)))
        known = self.deposits[number]
        xml = {"appid": "wx1", "sub_mch_id": SUBS[0], "out_trade_no": number, "total_fee": known.total}
        if back:
            xml |= {"out_refund_no": f"{number}-{known.refunds}", "refund_fee": amount}
            code, _ = self.call(self.wxpay.v2.deposit.refund.post(xml=xml))
            assert code == known.refund(amount)
        else:
            xml |= {"consume_fee": amount, "fee_type": "CNY"}
            code, _ = self.call(self.wxpay.v2.deposit.consume.post(xml=xml))
            assert code == known.consume(amount)

    @rule(number=st.sampled_from(["T1", "T2"]), sub=st.sampled_from(SUBS), amount=st.integers(30, 31))
    def send(self, number: str, sub: str, amount: int) -> None:
        """A transfer's number counts once, for one sub-merchant's money."""
        code, _ = self.call(self.wxpay[TRANSFERS].post(json=transfer(number, amount, sub_mchid=sub)))
        known = self.transfers.setdefault(number, Transferred(sub=sub, amount=amount))
        assert code == ("OK" if (known.sub, known.amount) == (sub, amount) else "ALREADYEXISTS")

    @precondition(lambda self: self.transfers)
    @rule(data=st.data(), sub=st.sampled_from(SUBS), what=st.sampled_from(["confirm", "cancel", "wait"]))
    def answer(self, data: st.DataObject, sub: str, what: str) -> None:
        """Who gets a transfer confirms it, the partner calls it off, or a day passes over it."""
        number = data.draw(st.sampled_from(sorted(self.transfers)))
        known = self.transfers[number]
        if what == "wait":
            self.emulator.advance(seconds=24 * 3600)
            for one in self.transfers.values():
                one.wait()
        elif what == "confirm":
            try:
                phone.confirm_transfer(self.emulator.world, number)
            except Refusal:
                assert known.state != "WAIT_USER_CONFIRM"
            else:
                assert known.confirm()
        else:
            path = self.wxpay[f"{TRANSFERS}/out-bill-no/{{out_bill_no}}/cancel"]
            code, _ = self.call(path.post(out_bill_no=number, json={"sub_mchid": sub}))
            assert code == known.cancel(sub)
        self.emulator.advance(seconds=5)

    @invariant()
    def orders_are_the_models(self) -> None:
        """Both protocols tell an order to whom it belongs, and a deposit with what was kept."""
        path = self.wxpay["v3/pay/partner/transactions/out-trade-no/{out_trade_no}"]
        for number, known in self.orders.items():
            for sub in SUBS:
                code, answer = self.call(path.get(out_trade_no=number, params={"sp_mchid": SP, "sub_mchid": sub}))
                assert code == ("OK" if sub == known.sub else "ORDERNOTEXIST")
                assert answer is None or answer.json()["trade_state"] == known.state
            xml = {"appid": "wx1", "sub_mch_id": known.sub, "out_trade_no": number}
            answer = self.call(self.wxpay.v2.pay.orderquery.post(xml=xml))[1].xml()
            assert (answer["trade_state"], answer["sub_mch_id"]) == (known.state, known.sub)
            if known.paid:
                xml = {"transaction_id": answer["transaction_id"]}
                left = self.call(self.wxpay.v2.pay.profitsharingorderamountquery.post(xml=xml))[1].xml()
                assert left["unsplit_amount"] == str(known.left)
        for number, deposit in self.deposits.items():
            xml = {"appid": "wx1", "sub_mch_id": SUBS[0], "out_trade_no": number}
            answer = self.call(self.wxpay.v2.deposit.orderquery.post(xml=xml))[1].xml()
            kept = None if deposit.consumed is None else str(deposit.consumed)
            assert (answer["trade_state"], answer.get("consume_fee")) == (deposit.state, kept)
            assert 0 <= deposit.refunded <= deposit.total

    @invariant()
    def combined_orders_are_the_models(self) -> None:
        """Both protocols tell a combined order and each order in it."""
        for number, known in self.joined.items():
            path = self.wxpay["v3/combine-transactions/out-trade-no/{combine_out_trade_no}"]
            found = self.call(path.get(combine_out_trade_no=number))[1].json()["sub_orders"]
            assert [(one["trade_state"], one["amount"]["total_amount"]) for one in found] == known.told()
            xml = {"combine_appid": "wx1", "combine_out_trade_no": number}
            answer = self.call(self.wxpay.v2.pay.querycombinedorder.post(xml=xml))[1].xml()
            listed = json.loads(answer["sub_order_list"])["order_list"]
            assert answer["trade_state"] == known.state
            assert [one.get("transaction_id") for one in listed] == [one.get("transaction_id") for one in found]

    @invariant()
    def transfers_and_complaints_are_the_models(self) -> None:
        """Transfers are told to their sub-merchant only; complaints have the state of their last step."""
        for number, known in self.transfers.items():
            path = self.wxpay[f"{TRANSFERS}/out-bill-no/{{out_bill_no}}"]
            for sub in SUBS:
                code, answer = self.call(path.get(out_bill_no=number, params={"sub_mchid": sub}))
                assert code == ("OK" if sub == known.sub else "NOTFOUND")
                assert answer is None or answer.json()["state"] == known.state
        for complaint_id, complaint in self.complaints.items():
            path = self.wxpay["v3/merchant-service/complaints-v2/{complaint_id}"]
            found = self.call(path.get(complaint_id=complaint_id))[1].json()
            assert found["complaint_state"] == complaint.state
            assert found["complaint_order_info"][0]["out_trade_no"] == complaint.number


TestPartners = Partners.TestCase
TestPartners.settings = SETTINGS
