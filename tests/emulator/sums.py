"""A model of money, written apart from the emulator: what may happen to orders, and what is left of them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Refunded:
    """A refund in the model."""

    amount: int
    state: str = "PROCESSING"
    fate: str = "SUCCESS"


@dataclass
class Ordered:
    """An order in the model."""

    total: int
    sharing: bool
    state: str = "NOTPAY"
    refunds: dict[str, Refunded] = field(default_factory=dict[str, Refunded])
    shares: dict[str, int] = field(default_factory=dict[str, int])
    asked: dict[str, tuple[str, int, bool]] = field(default_factory=dict[str, tuple[str, int, bool]])
    returned: dict[str, int] = field(default_factory=dict[str, int])
    frozen: bool = True
    unfreezing: bool = False

    @property
    def refunded(self) -> int:
        """What refunds hold or took."""
        return sum(refund.amount for refund in self.refunds.values() if refund.state != "CLOSED")

    @property
    def shared(self) -> int:
        """What receivers have."""
        return sum(self.shares.values()) - sum(self.returned.values())

    @property
    def left(self) -> int:
        """What is the merchant's."""
        return self.total - self.refunded - self.shared

    def refund(self, amount: int, total: int) -> str:
        """What a new refund of an amount is answered with."""
        if self.state not in {"SUCCESS", "REFUND"}:
            return "INVALID_REQUEST"
        if total != self.total:
            return "PARAM_ERROR"
        if self.refunded + amount > self.total or len(self.refunds) >= 50:
            return "INVALID_REQUEST"
        return "OK" if amount <= self.left else "NOT_ENOUGH"

    def share(self, amount: int) -> str:
        """What a new sharing of an amount is answered with."""
        if self.state not in {"SUCCESS", "REFUND"}:
            return "ORDER_NOT_EXIST"
        if not (self.sharing and self.frozen):
            return "INVALID_REQUEST"
        if amount > self.left:
            return "NOT_ENOUGH"
        return "OK" if (self.shared + amount) * 10 <= self.total * 3 else "RULE_LIMIT"


def repeated(state: str, *, same: bool) -> str:
    """What a number that was used for an order in a state is answered with."""
    if not same:
        return "OUTTRADENOUSED"
    return {"NOTPAY": "OK", "CLOSED": "ORDERCLOSED"}.get(state, "ORDERPAID")


@dataclass
class Owned:
    """An order of 100 fen of a sub-merchant in the model."""

    sub: str
    asked: tuple[str, str]
    state: str = "NOTPAY"
    refunds: int = 0
    shares: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    returned: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def shared(self) -> int:
        """What receivers have."""
        return sum(amount for _, amount in self.shares.values()) - sum(self.returned.values())

    @property
    def left(self) -> int:
        """What is the sub-merchant's."""
        return 100 - 40 * self.refunds - self.shared

    def share(self, number: str, sub: str, family: str, amount: int) -> str:
        """Share an amount; what that is answered with."""
        if sub != self.sub:
            return "ORDERNOTEXIST"
        if number in self.shares:
            return "OK" if self.shares[number] == (family, amount) else "RESOURCEALREADYEXISTS"
        if amount > self.left:
            return "NOTENOUGH"
        if self.shared + amount > 30:
            return "RULELIMIT"
        self.shares[number] = (family, amount)
        return "OK"

    def give_back(self, number: str, amount: int) -> str:
        """Let the receiver give an amount back; what that is answered with."""
        if amount > self.shares[number][1]:
            return "NOTENOUGH"
        self.returned[number] = amount
        return "OK"

    @property
    def paid(self) -> bool:
        """Whether money came in."""
        return self.state in {"SUCCESS", "REFUND"}

    def again(self, asked: tuple[str, str]) -> str:
        """What a repeat is answered with."""
        return repeated(self.state, same=asked == self.asked)

    def refund(self, sub: str, amount: int) -> str:
        """Refund an amount; what that is answered with."""
        if sub != self.sub:
            return "ORDERNOTEXIST"
        if not self.paid or amount * (self.refunds + 1) > 100:
            return "INVALIDREQUEST"
        if amount > self.left:
            return "NOTENOUGH"
        self.state, self.refunds = "REFUND", self.refunds + 1
        return "OK"


@dataclass
class Joined:
    """A combined order of two in the model."""

    totals: tuple[int, int]
    asked: tuple[str, int]
    state: str = "NOTPAY"
    refunds: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def again(self, asked: tuple[str, int]) -> str:
        """What a repeat is answered with."""
        return repeated(self.state, same=asked == self.asked)

    def refund(self, index: int, amount: int) -> str:
        """Refund a part of one order; what that is answered with."""
        if sum(given for which, given in self.refunds if which == index) + amount > self.totals[index]:
            return "INVALIDREQUEST"
        self.refunds.append((index, amount))
        return "OK"

    def told(self) -> list[tuple[str, int]]:
        """State and total of each order."""
        refunded = {index for index, _ in self.refunds}
        return [("REFUND" if index in refunded else self.state, total) for index, total in enumerate(self.totals)]


@dataclass
class Deposited:
    """A deposit in the model."""

    total: int
    state: str = "NOTPAY"
    consumed: int | None = None
    given: int = 0
    refunds: int = 0

    @property
    def refunded(self) -> int:
        """What the payer has back."""
        return self.given + (0 if self.consumed is None else self.total - self.consumed)

    def again(self, total: int) -> str:
        """What a repeat is answered with."""
        return repeated(self.state, same=total == self.total)

    def consume(self, amount: int) -> str:
        """Keep an amount; what that is answered with."""
        if self.consumed is not None:
            return "OK" if amount == self.consumed else "RESOURCEALREADYEXISTS"
        if self.state == "NOTPAY" or self.given:
            return "INVALIDREQUEST"
        if amount > self.total:
            return "NOTENOUGH"
        self.consumed = amount
        return "OK"

    def refund(self, amount: int) -> str:
        """Give an amount back; what that is answered with."""
        if self.state == "NOTPAY" or amount > self.total - self.refunded:
            return "INVALIDREQUEST"
        self.state, self.given, self.refunds = "REFUND", self.given + amount, self.refunds + 1
        return "OK"


@dataclass
class Transferred:
    """A partner's transfer in the model."""

    sub: str
    amount: int
    state: str = "WAIT_USER_CONFIRM"

    def confirm(self) -> bool:
        """Whether it could be confirmed."""
        if self.state != "WAIT_USER_CONFIRM":
            return False
        self.state = "SUCCESS"
        return True

    def cancel(self, sub: str) -> str:
        """Call it off; what that is answered with."""
        if sub != self.sub:
            return "NOTFOUND"
        if self.state not in {"WAIT_USER_CONFIRM", "CANCELLED"}:
            return "INVALIDREQUEST"
        self.state = "CANCELLED"
        return "OK"

    def wait(self) -> None:
        """A day passes."""
        self.state = "FAIL" if self.state == "WAIT_USER_CONFIRM" else self.state


@dataclass
class Complained:
    """A complaint in the model."""

    number: str
    state: str = "PENDING"

    def step(self, step: str) -> str:
        """Answer or complete it; what that is answered with."""
        if (step, self.state) in {("response", "PROCESSED"), ("complete", "PENDING")}:
            return "INVALIDREQUEST"
        self.state = "PROCESSING" if step == "response" else "PROCESSED"
        return "OK"


@dataclass
class Given:
    """A coupon in the model, of a stock that is valid from `begins` to `ends`, in days from its sending."""

    openid: str
    sent: int
    state: str = "CONFIRMING"
    begins: int = 1
    ends: int = 4

    def pass_time(self, day: int) -> None:
        """It is another day."""
        if self.state in {"CONFIRMING", "PENDING", "EFFECTIVE"} and day - self.sent >= self.ends:
            self.state = "EXPIRED"
        elif self.state == "PENDING" and day - self.sent >= self.begins:
            self.state = "EFFECTIVE"

    def step(self, step: str, day: int) -> bool:
        """Whether a step was possible; it is made."""
        before = {
            "confirm": {"CONFIRMING"},
            "use": {"EFFECTIVE"},
            "return": {"USED"},
            "deactivate": {"CONFIRMING", "PENDING", "EFFECTIVE"},
        }
        if self.state not in before[step]:
            return False
        self.state = {"use": "USED", "deactivate": "DEACTIVATED"}.get(step, "PENDING")
        self.pass_time(day)
        return True
