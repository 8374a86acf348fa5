"""Profit sharing of e-commerce platforms and of chain brands, over the records of all others.

https://pay.weixin.qq.com/doc/v3/partner/4012691594 (platforms), https://pay.weixin.qq.com/doc/v3/partner/4012692975
(brands)

A brand's receivers get parts of the orders of all its sub-merchants, a platform's of all of the platform's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...platform import refusal
from ...platform.call import Call
from ...platform.times import rfc3339
from ...world.world import World
from ..product import Route
from . import returns, transitions
from .apiv3 import amounts
from .records import Return, Sharing

_RESULTS = {"FAILED": "FAIL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Calls below one path.

    Attributes:
        base: what their paths begin with.
        account: what they call the account of a receiver of an order.
        owner: the field that says whose receivers are meant; None where they are the caller's.
    """

    base: str
    account: str
    owner: str | None = None

    @property
    def routes(self) -> dict[str, Route]:
        """By method and path."""
        return {
            f"POST {self.base}/receivers/add": self.add,
            f"POST {self.base}/receivers/delete": self.delete,
            f"POST {self.base}/orders": self.share,
            f"GET {self.base}/orders": self.query,
            f"GET {self.base}/orders/{{transaction_id}}/amounts": amounts,
            f"POST {self.base}/finish-order": self.finish,
            f"POST {self.base}/returnorders": self.give_back,
            f"GET {self.base}/returnorders": self.query_return,
        }

    def add(self, world: World, call: Call) -> dict[str, Any]:
        """Let someone get parts."""
        content: dict[str, Any] = call.json
        name = content.get("name") or content.get("encrypted_name")
        transitions.add(world, call, content | ({"name": name} if name else {}), self.owner_of(content))
        return self._receiver(content)

    def delete(self, world: World, call: Call) -> dict[str, Any]:
        """Let someone get no parts any more."""
        content: dict[str, Any] = call.json
        transitions.remove(world, call.mchid, self.owner_of(content), content["type"], content["account"])
        return self._receiver(content)

    def owner_of(self, content: Mapping[str, Any]) -> str:
        """Whose receivers are meant, as `Receiver.sub_mchid` has it."""
        return "" if self.owner is None else str(content.get(self.owner, ""))

    def share(self, world: World, call: Call) -> dict[str, Any]:
        """Share an order."""
        content: dict[str, Any] = call.json
        parts = [part | {"account": part[self.account]} for part in content["receivers"]]
        sharing = self._made(world, call, parts, unfreezes=content["finish"])
        return self._told(world, sharing) | self._owner(content)

    def finish(self, world: World, call: Call) -> dict[str, Any]:
        """Let the sub-merchant have what is left."""
        told = self._told(world, self._made(world, call, [], unfreezes=True))
        return {name: told[name] for name in ("sub_mchid", "transaction_id", "out_order_no", "order_id")}

    def _made(self, world: World, call: Call, parts: list[dict[str, Any]], *, unfreezes: bool) -> Sharing:
        content: dict[str, Any] = call.json
        order = transitions.paid(world, call, content["transaction_id"], content["sub_mchid"])
        asked = transitions.asked(call, order, content["out_order_no"], parts, content, unfreezes=unfreezes)
        return transitions.share(world, order, asked, self.owner_of(content))

    def query(self, world: World, call: Call) -> dict[str, Any]:
        """Tell a sharing."""
        order = transitions.paid(world, call, call.query["transaction_id"], call.query["sub_mchid"])
        sharing = transitions.find(world, call, call.query["out_order_no"], order)
        return self._told(world, sharing)

    def _told(self, world: World, sharing: Sharing) -> dict[str, Any]:
        order = transitions.order_of(world, sharing)
        return {
            "sub_mchid": order.sub_mchid,
            "transaction_id": order.transaction_id,
            "out_order_no": sharing.out_order_no,
            "order_id": sharing.order_id,
            "status": sharing.state,
            "receivers": [self._part(part) for part in sharing.parts],
        }

    def _part(self, part: Mapping[str, Any]) -> dict[str, Any]:
        told = {name: value for name, value in part.items() if name not in {"account", "create_time"}}
        return told | {self.account: part["account"]}

    def give_back(self, world: World, call: Call) -> dict[str, Any]:
        """Let a receiver give back."""
        content: dict[str, Any] = call.json
        sharing = self._named(world, call, content)
        asked = returns.asked(call, sharing, content, content["amount"])
        return self._told_return(returns.give_back(world, sharing, asked), sharing)

    def query_return(self, world: World, call: Call) -> dict[str, Any]:
        """Tell a return."""
        sharing = self._named(world, call, call.query)
        return self._told_return(returns.find(world, call, call.query["out_return_no"], sharing), sharing)

    def _named(self, world: World, call: Call, given: Mapping[str, Any]) -> Sharing:
        sharing = transitions.named(world, call, given)
        if transitions.order_of(world, sharing).sub_mchid != given["sub_mchid"]:
            raise refusal.not_found("分账单不存在")
        return sharing

    def _told_return(self, found: Return, sharing: Sharing) -> dict[str, Any]:
        members: dict[str, Any] = {
            "sub_mchid": found.content["sub_mchid"],
            "order_id": sharing.order_id,
            "out_order_no": sharing.out_order_no,
            "out_return_no": found.out_return_no,
            "return_mchid": found.account,
            "amount": found.amount,
            "return_no": found.return_id,
            "result": _RESULTS.get(found.state, found.state),
            "finish_time": rfc3339(found.finished or found.made),
        }
        return members | ({"fail_reason": found.failure} if found.state == "FAILED" else {})

    def _receiver(self, content: Mapping[str, Any]) -> dict[str, Any]:
        return {name: content[name] for name in ("type", "account")} | self._owner(content)

    def _owner(self, content: Mapping[str, Any]) -> dict[str, Any]:
        return {} if self.owner is None else {self.owner: content[self.owner]}


def _ratio(_world: World, call: Call) -> dict[str, Any]:
    return {"brand_mchid": call.values["brand_mchid"], "max_ratio": transitions.RATIO}


_ECOMMERCE = Family(base="/v3/ecommerce/profitsharing", account="receiver_account")
_BRANDS = Family(base="/v3/brand/profitsharing", account="account", owner="brand_mchid")

ROUTES: dict[str, Route] = {
    **_ECOMMERCE.routes,
    **_BRANDS.routes,
    "GET /v3/brand/profitsharing/brand-configs/{brand_mchid}": _ratio,
}
