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
