"""A brand and its partner work on the same product coupons, in any order, as a model written apart has it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.emulator.machine import SETTINGS, Machine
from tests.emulator.products.test_coupons import DAY, Brand, time
from tests.emulator.sums import Given
from wechatpay_chain.emulator import KeyPair
from wechatpay_chain.emulator.world.merchants import Merchant

KEY, ITS_PLATFORM = KeyPair.merchant(), KeyPair.wechatpay()
USERS = st.sampled_from(["o1", "o2"])
STEPS = st.sampled_from(["confirm", "confirm", "use", "use", "return", "deactivate"])


class Coupons(Machine):
    """Three coupons a user at most, six in all."""

    def __init__(self) -> None:
        super().__init__()
        self.emulator.add_merchant(Merchant(mchid="1004", role="brand", key=KEY, platform_key=ITS_PLATFORM))
        self.callers = [Brand(self.emulator, self.clock, partner=partner, known=True) for partner in (False, True)]
        owner, partner = self.callers
        days = {"wait_days_after_receive": 1, "available_days": 3}
        rule_of = {"coupon_available_period": owner.period(**days, available_end_time="2040-01-01T00:00:00+08:00")}
        limits = {"max_count": 6, "max_count_per_user": 4}
        self.runner.run(owner.create(single_usage_rule=rule_of, stock_send_rule=limits))
        partner.product, partner.stock = owner.product, owner.stock
        self.coupons: dict[str, Given] = {}
        self.day = self.numbers = 0

    def call(self, call: Awaitable[Any]) -> tuple[str, Any]:
        """As of every machine, a second later: a brand may make 20 calls a second."""
        self.clock.now += 1
        return super().call(call)

    def number(self) -> str:
        """A number that wasn't used."""
        self.numbers += 1
        return f"N{self.numbers}"

    @rule(openid=USERS, caller=st.integers(0, 1), repeated=st.booleans())
    def send(self, openid: str, caller: int, repeated: bool) -> None:
        """A sending has one effect, and none beyond the limits of the user and of the stock."""
        number = self.number()
        own = sum(one.openid == openid for one in self.coupons.values())
        expected = "OK" if own < 4 and len(self.coupons) < 6 else "INVALIDREQUEST"
        for _ in range(1 + repeated):
            code, sent = self.call(self.callers[caller].send(number, openid))
            assert code == expected
            if code == "OK":
                self.coupons.setdefault(sent["coupon_code"], Given(openid, self.day))

    @precondition(lambda self: self.coupons)
    @rule(data=st.data(), step=STEPS, caller=st.integers(0, 1), repeated=st.booleans())
    def step(self, data: st.DataObject, step: str, caller: int, repeated: bool) -> None:
        """A step is made once from the right state, by either of them."""
        coupon_code = data.draw(st.sampled_from(sorted(self.coupons)))
        known, number = self.coupons[coupon_code], self.number()
        expected = "OK" if known.step(step, self.day) else "INVALIDREQUEST"
        more = {"deactivate": {"deactivate_reason": "x"}, "use": {"use_time": time(self.clock.now)}}.get(step, {})
        for _ in range(1 + repeated):
            call = self.callers[caller].step(step, coupon_code, number, openid=known.openid, **more)
            assert self.call(call)[0] == expected

    @rule(days=st.integers(1, 2))
    def time_passes(self, days: int) -> None:
        """Coupons become valid, and expire."""
        self.emulator.advance(seconds=days * DAY)
        for day in range(self.day + 1, self.day + days + 1):
            for known in self.coupons.values():
                known.pass_time(day)
        self.day += days

    @invariant()
    def queries_tell_the_model(self) -> None:
        """Both callers find each user's coupons in the model's states, and the stock's count."""
        for caller in self.callers:
            for openid in ("o1", "o2"):
                _, listed = self.call(caller.get("users/{openid}/coupons", {"appid": "wx1"}, openid=openid))
                found = {one["coupon_code"]: one["coupon_state"] for one in listed["user_coupon_list"]}
                assert found == {code: one.state for code, one in self.coupons.items() if one.openid == openid}
            place: Any = {"product_coupon_id": caller.product, "stock_id": caller.stock}
            _, stock = self.call(caller.get("product-coupons/{product_coupon_id}/stocks/{stock_id}", **place))
            assert stock["sent_count_info"]["total_count"] == len(self.coupons)


TestCoupons = Coupons.TestCase
TestCoupons.settings = settings(SETTINGS, max_examples=5)
