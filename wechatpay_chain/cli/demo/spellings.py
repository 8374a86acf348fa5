"""The main job in the six spellings of the chain: punish an account, recover it, and query the recovery.

The demo shows these functions' own source, so what is read there is what runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ... import Response, SyncWeChatPay, WeChatPay

Answers = tuple[Response[Any], Response[Any], Response[Any]]
"""The answers to punish, recover and query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is asked for, with numbers of its own.

    Attributes:
        number: tells this job's numbers from those of other jobs.
        mchid: the merchant whose account it is.
        account: the account, in plain.
    """

    number: int
    mchid: str
    account: str

    # Any: pure chains know the exact type of their payloads, the other spellings take any dict.
    @property
    def punish(self) -> Any:
        """Payload of punish."""
        return {
            "out_request_no": f"P{self.number:06}",
            "mchid": self.mchid,
            "bal_account_no": self.account,
            "punish_scene": 1,
        }

    def recover(self, punished: Response[Any]) -> Any:
        """Payload of recover.

        Args:
            punished: the answer to punish.
        """
        return {
            "out_request_no": f"R{self.number:06}",
            "related_webank_punish_no": f"P{self.number:06}",
            "related_wxpay_punish_no": punished.json()["wxpay_punish_no"],
            "mchid": self.mchid,
            "bal_account_no": self.account,
            "recover_reason": "identity confirmed",
        }

    @property
    def query(self) -> Any:
        """Parameters of query."""
        return {"control_type": "RECOVER", "mchid": self.mchid}

    @property
    def recover_no(self) -> str:
        """The number of the recovery."""
        return f"R{self.number:06}"


async def pure_chain(wxpay: WeChatPay, job: Job) -> Answers:
    """A pure chain."""
    punished = await wxpay.v3.aggracctBc.wbChannel.controlOrders.punish.post(json=job.punish)
    order = job.recover(punished)
    recovered = await wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=order)
    queried = await wxpay.v3.aggracctBc.wbChannel.controlOrders._out_request_no_.get(
        out_request_no=job.recover_no, params=job.query
    )
    return punished, recovered, queried


async def declarative(wxpay: WeChatPay, job: Job) -> Answers:
    """A path given to `chain`."""
    punished = await wxpay.chain("v3/aggracct-bc/wb-channel/control-orders/punish").post(json=job.punish)
    order = job.recover(punished)
    recovered = await wxpay.chain("v3/aggracct-bc/wb-channel/control-orders/recover").post(json=order)
    queried = await wxpay.chain("v3/aggracct-bc/wb-channel/control-orders/{out_request_no}").get(
        out_request_no=job.recover_no, params=job.query
    )
    return punished, recovered, queried


async def item_access(wxpay: WeChatPay, job: Job) -> Answers:
    """A path in brackets."""
    punished = await wxpay["v3/aggracct-bc/wb-channel/control-orders/punish"].post(json=job.punish)
    order = job.recover(punished)
    recovered = await wxpay["v3/aggracct-bc/wb-channel/control-orders/recover"].post(json=order)
    queried = await wxpay["v3/aggracct-bc/wb-channel/control-orders/{out_request_no}"].get(
        out_request_no=job.recover_no, params=job.query
    )
    return punished, recovered, queried


def sync_pure_chain(sync: SyncWeChatPay, job: Job) -> Answers:
    """A pure chain, blocking."""
    punished = sync.v3.aggracctBc.wbChannel.controlOrders.punish.post(json=job.punish)
    order = job.recover(punished)
    recovered = sync.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=order)
    queried = sync.v3.aggracctBc.wbChannel.controlOrders._out_request_no_.get(
        out_request_no=job.recover_no, params=job.query
    )
    return punished, recovered, queried


def sync_declarative(sync: SyncWeChatPay, job: Job) -> Answers:
    """A path given to `chain`, blocking."""
    punished = sync.chain("v3/aggracct-bc/wb-channel/control-orders/punish").post(json=job.punish)
    order = job.recover(punished)
    recovered = sync.chain("v3/aggracct-bc/wb-channel/control-orders/recover").post(json=order)
    queried = sync.chain("v3/aggracct-bc/wb-channel/control-orders/{out_request_no}").get(
        out_request_no=job.recover_no, params=job.query
    )
    return punished, recovered, queried


def sync_item_access(sync: SyncWeChatPay, job: Job) -> Answers:
    """A path in brackets, blocking."""
    punished = sync["v3/aggracct-bc/wb-channel/control-orders/punish"].post(json=job.punish)
    order = job.recover(punished)
    recovered = sync["v3/aggracct-bc/wb-channel/control-orders/recover"].post(json=order)
    queried = sync["v3/aggracct-bc/wb-channel/control-orders/{out_request_no}"].get(
        out_request_no=job.recover_no, params=job.query
    )
    return punished, recovered, queried


Spelling = Callable[..., object]
ASYNCHRONOUS: tuple[Callable[[WeChatPay, Job], Awaitable[Answers]], ...] = (pure_chain, declarative, item_access)
SYNCHRONOUS: tuple[Callable[[SyncWeChatPay, Job], Answers], ...] = (
    sync_pure_chain,
    sync_declarative,
    sync_item_access,
)


def source(spelling: Spelling) -> list[str]:
    """The statements of a spelling, as they stand in this file."""
    lines, _ = inspect.getsourcelines(spelling)
    return [line.rstrip().removeprefix("    ") for line in lines[2:-1]]


def recover_call(spelling: Spelling) -> str:
    """The call that recovers."""
    (line,) = (line for line in source(spelling) if line.startswith("recovered"))
    return line.removeprefix("recovered = ")
