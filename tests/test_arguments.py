"""What constructors take: whatever else is given is refused when an object is made, and not once it is used."""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from functools import cache
from io import BytesIO
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.asyncio import Redis
from sqlalchemy import create_engine

from tests.notifications.sender import APIV3_KEY, certs
from wechatpay_chain import (
    ConfigurationError,
    Merchants,
    RateLimits,
    Renewal,
    Request,
    Response,
    RetryPolicy,
    SyncWeChatPay,
    Timeout,
    Webhook,
    WeChatPay,
    paginate,
    until_certain,
    wait_for_payment,
)
from wechatpay_chain._arguments import a_function, a_number, check
from wechatpay_chain.batch import Batch, Caller, Item, read_csv, read_jsonl
from wechatpay_chain.contrib import aiohttp, flask, starlette
from wechatpay_chain.contrib.django import views
from wechatpay_chain.contrib.limits import RedisLimiter
from wechatpay_chain.contrib.redis import RedisSeen
from wechatpay_chain.contrib.sqlalchemy import SqlInbox, SqlSeen, Worker
from wechatpay_chain.credentials.renewal import Pace
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.faults import (
    CutBody,
    Delay,
    Effect,
    Faults,
    Forge,
    LoseAnswer,
    OtherKey,
    Page,
    Refuse,
    SkewClock,
)
from wechatpay_chain.notifications import AuthorizationSigner, MemorySeen
from wechatpay_chain.notifications.inbox import Patience
from wechatpay_chain.policies.backoff import Backoff

ODD: Mapping[str, Any] = {
    "None": None,
    "x": "x",
    "-1": -1,
    "nan": nan,
    "[]": [],
    "object": object(),
    "True": True,
    "1e400": 10**400,
    "class": Emulator,
}


@cache
def credentials() -> dict[str, Any]:
    """Those of a merchant."""
    return Emulator().credentials()


def client(**given: Any) -> WeChatPay:
    """A client that needs no network."""
    return WeChatPay(**{**credentials(), **given})


def webhook(**given: Any) -> Webhook:
    """A webhook with keys."""
    return Webhook(**{"apiv3_key": APIV3_KEY, "certs": certs(), **given})


def backoff(**given: Any) -> Backoff:
    """Pauses."""
    return Backoff(**{"first": 1, "longest": 2, **given})


def merchants(**given: Any) -> Merchants:
    """A registry."""
    return Merchants(**given)


def signer(**given: Any) -> AuthorizationSigner:
    """What signs replies."""
    return AuthorizationSigner(**{"mchid": "1900000109", "serial": "5A" * 20, "signer": Signing(), **given})


class Signing:
    """A key elsewhere."""

    async def sign(self, message: bytes) -> bytes:
        """Sign."""
        return message


@cache
def redis_client() -> Redis:
    """A client that never connects."""
    return Redis.from_url("redis://127.0.0.1:1")


@cache
def inbox_of_engine() -> SqlInbox:
    """An inbox in no database."""
    return SqlInbox(create_engine("sqlite:///nowhere/x.db"))


def redis_seen(**given: Any) -> RedisSeen:
    """A store in Redis."""
    return RedisSeen(**{"redis": redis_client(), **given})


def redis_limiter(**given: Any) -> RedisLimiter:
    """A limiter in Redis."""
    return RedisLimiter(**{"redis": redis_client(), "among": 2, **given})


def sql_seen(**given: Any) -> SqlSeen:
    """A store in a database."""
    return SqlSeen(**{"engine": create_engine("sqlite:///nowhere/x.db"), **given})


def sql_inbox(**given: Any) -> SqlInbox:
    """An inbox in a database."""
    return SqlInbox(**{"engine": create_engine("sqlite:///nowhere/x.db"), **given})


def sql_worker(**given: Any) -> Worker:
    """A worker of an inbox."""
    return Worker(**{"inbox": inbox_of_engine(), "webhook": webhook(), **given})


def caller(**given: Any) -> Caller:
    """What calls items."""
    return Caller(**{"wxpay": client(), **given})


def batch(**given: Any) -> Batch:
    """A batch whose journal can't be there."""
    return Batch(**{"wxpay": client(), "journal": "/nowhere/x.journal", **given})


def item(**given: Any) -> Any:
    """An item as the journal gets it."""
    return Item(**{"path": "v3/x", "key": "1", **given}).pack()


def fault(**given: Any) -> Any:
    """A rule by which the emulator misbehaves."""
    return Faults().add(**{"effect": LoseAnswer(), **given})


def effect(kind: Callable[..., Effect]) -> Callable[..., Any]:
    """A rule with an effect that is made of what is given."""

    def made(**given: Any) -> Any:
        return Faults().add(kind(**given))

    made.__name__ = getattr(kind, "__name__", "")
    return made


@cache
def pair() -> KeyPair:
    """A merchant's key."""
    return KeyPair.merchant()


def emulator(**given: Any) -> Emulator:
    """The platform."""
    return Emulator(**{"merchant_key": pair(), "platform_keys": [pair()], **given})


def view(**given: Any) -> Any:
    """A route of a framework; all are made alike."""
    return starlette.endpoint(**given)


OF_CLIENTS = {
    "base_url": "",
    "timeout": "None",
    "session": "None",
    "transport": "None",
    "middlewares": "[]",
    "validate": "True",
    "renewal": "None",
    "prefer": "",
    "retry": "",
    "rate_limits": "None",
    "backups": "None []",
    "observe": "None",
    "clock": "",
    "correct_clock": "True",
    "brand": "None",
    "workwx_secret": "None x",
}
OF_WEBHOOKS = {
    "inbox": "None",
    "business_number": "None",
    "seen": "None",
    "seen_key": "",
    "deadline": "",
    "late": "",
    "sign_reply": "None",
    "max_body": "",
    "clock": "",
}
OF_CALLERS = {
    "wxpay": "",
    "repeat": "True",
    "look_up": "None",
    "patience": "",
    "timeout": "",
    "monotonic": "",
    "sleep": "",
}
CONSTRUCTORS: Mapping[Callable[..., Any], Mapping[str, str]] = {
    client: {**OF_CLIENTS, "pipeline": "None", "apiv3_key": "None", "apiv2_key": "None", "mchid": "", "serial": ""},
    merchants: {**OF_CLIENTS, **OF_WEBHOOKS, "on_webhook": "None"},
    webhook: OF_WEBHOOKS | {"brand": "None", "private_key": "None", "apiv2_key": "None"},
    RetryPolicy: {"attempts": "", "base": "", "longest": ""},
    RateLimits: {"overrides": "", "wait": "True", "shared": "None"},
    Renewal: {
        "every": "",
        "cache": "None",
        "path": "None",
        "algorithm_type": "None",
        "from_notifications": "True",
        "warn_before": "",
        "on_expiring": "None",
        "pace": "",
        "monotonic": "",
        "sleep": "",
    },
    Pace: {"per_second": "", "monotonic": ""},
    backoff: {"first": "", "longest": "", "jitter": ""},
    MemorySeen: {"lease": "", "keep": "", "keep_v2": "", "most": "", "clock": ""},
    signer: {"mchid": "x", "serial": "x", "signer": "", "message": "", "clock": ""},
    Patience: {"backoff": "", "most": ""},
    redis_seen: {"redis": "", "prefix": "x", "lease": "", "keep": "", "keep_v2": "", "timeout": ""},
    redis_limiter: {"redis": "", "among": "", "prefix": "x", "timeout": ""},
    sql_seen: {"engine": "", "lease": "", "keep": "", "keep_v2": ""},
    sql_inbox: {"engine": "", "seal_key": "None", "reads_unsealed": "True", "patience": "None", "lease": ""},
    sql_worker: {"inbox": "", "webhook": "", "concurrency": "", "poll": "", "observer": "None", "count_every": ""},
    view: {"webhook": ""},
    caller: {**OF_CALLERS, "backoff": ""},
    batch: {
        **OF_CALLERS,
        "journal": "x",
        "concurrency": "",
        "most_equal_refusals": "None",
        "on_progress": "None",
        "time": "",
    },
    emulator: {
        "mchid": "x",
        "clock": "",
        "merchant_key": "None",
        "platform_keys": "None []",
        "apiv3_key": "None",
        "apiv2_key": "None",
        "state": "None",
        "keep": "",
        "notify": "None",
        "patience": "None",
        "pay_after": "None",
        "random_seed": "None -1 True 1e400",
        "rate_limits": "True",
    },
    KeyPair.certified: {"not_before": "None", "algorithm": ""},
    fault: {"effect": "", "operation": "x", "merchant": "x", "share": "", "times": "None", "after": ""},
    effect(Refuse): {"status": "", "code": "x", "message": "x"},
    effect(Delay): {"seconds": ""},
    effect(CutBody): {"kept": "None"},
    effect(Forge): {"flaw": ""},
    effect(Page): {"status": ""},
    effect(OtherKey): {"serial": "x"},
    effect(SkewClock): {"seconds": "-1"},
    item: {"path": "x", "method": "", "values": "", "key": "x"},
}
"""What makes an object, and each of its arguments with those odd values that it takes."""


def wrong(of: Mapping[Callable[..., Any], Mapping[str, str]]) -> Iterator[Any]:
    """Each function with each of its arguments and each odd value that it doesn't take."""
    for make, arguments in of.items():
        for argument, right in arguments.items():
            for name, value in ODD.items():
                if name not in right.split():
                    yield pytest.param(make, argument, value, id=f"{make.__name__}-{argument}-{name}")


@pytest.mark.parametrize(("make", "argument", "value"), [*wrong(CONSTRUCTORS)])
def test_odd_values(make: Callable[..., Any], argument: str, value: Any) -> None:
    """An argument of another type, or out of its range, is named, with what was found and what to give."""
    with pytest.raises(ConfigurationError) as caught:
        make(**{argument: value})
    assert caught.value.argument.rpartition(".")[2] == argument
    assert caught.value.found
    assert caught.value.remedy
    assert "object at 0x" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "right"),
    [
        (
            merchants,
            {"timeout": 5, "deadline": 2.0, "middlewares": [print], "backups": ["https://api2.mch.weixin.qq.com"]},
        ),
        (webhook, {"deadline": inf, "max_body": 1e6}),
        (RetryPolicy, {"attempts": 1, "base": 1, "longest": 1}),
        (RateLimits, {"overrides": {"POST /v3/x": "6/s"}, "wait": False}),
        (Renewal, {"every": 60, "cache": Path("x.json"), "path": "/v3/certificates", "algorithm_type": "SM2"}),
        (Pace, {"per_second": inf}),
        (backoff, {"first": 2, "jitter": 0}),
        (MemorySeen, {"lease": 0.5, "keep": inf, "most": 1}),
        (redis_seen, {"lease": 1, "keep": 0.5}),
        (sql_worker, {"concurrency": 1, "poll": 0.01, "count_every": inf}),
    ],
)
def test_right_values(make: Callable[..., Any], right: dict[str, Any]) -> None:
    """What is documented is taken, at the ends of its range too."""
    assert make(**right) is not None


def test_a_timeout_is_a_number_of_seconds() -> None:
    """A boolean would be a second."""
    values: tuple[Any, ...] = (True, "5", nan, -1, [])
    for value in values:
        with pytest.raises(ConfigurationError, match=r"^timeout: "):
            Timeout(total=value)


@pytest.mark.parametrize("rate", [5, "6/year", ["6/s"], object(), True])
def test_rates(rate: Any) -> None:
    """A rate is a text, a `Rate` or several; an operation is a text."""
    with pytest.raises(ConfigurationError, match=r"overrides\['POST /v3/x'\]: .*Write '200/min'"):
        RateLimits(overrides={"POST /v3/x": rate})
    five: Any = 5
    with pytest.raises(ConfigurationError, match=r"overrides\[5\]: no operation"):
        RateLimits(overrides={five: "6/s"})


@pytest.mark.parametrize("make", [caller, batch])
def test_a_blocking_client_in_a_batch(make: Callable[..., Any]) -> None:
    """It would send, and its answers would be lost."""
    found = pytest.raises(ConfigurationError, match=r"^wxpay: a SyncWeChatPay was found\. Give a WeChatPay")
    with SyncWeChatPay(**credentials()) as wxpay, found:
        make(wxpay=wxpay)


@pytest.mark.parametrize("items", [5, "x", [{"path": "v3/x"}], [None], Item(path="v3/x", key="1")])
async def test_what_are_no_items(tmp_path: Path, items: Any) -> None:
    """They are told by their type, when they are checked and when they are to be called."""
    async with Batch(client(), str(tmp_path / "x.journal")) as journaled:
        for take in (journaled.check, journaled.run):
            with pytest.raises(ConfigurationError, match=r"^items: .* found\. Give .*Item\("):
                await take(items)


@pytest.mark.parametrize("read", [read_jsonl, lambda file: read_csv(file, "v3/x")])
def test_files_of_items(tmp_path: Path, read: Callable[[Any], Any]) -> None:
    """A file is given by its path, as a text too."""
    files: tuple[Any, ...] = (5, None, [], BytesIO())
    for file in files:
        with pytest.raises(ConfigurationError, match=r"^file: .* was found\. Give the path"):
            list(read(file))
    with pytest.raises(ConfigurationError, match=r"^file: .*cannot be read"):
        list(read(str(tmp_path / "x")))
    path: Any = 5
    with pytest.raises(ConfigurationError, match=r"^path: 5 was found"):
        list(read_csv(tmp_path / "x", path))


@pytest.mark.parametrize("make", [redis_seen, redis_limiter])
def test_a_blocking_client_of_redis(make: Callable[..., Any]) -> None:
    """It has the same methods, and would fail with each notification."""
    with pytest.raises(ConfigurationError, match=r"^redis: a Redis was found\. Give redis\.asyncio"):
        make(redis=redis.Redis())


@pytest.mark.parametrize("value", [None, "x", Webhook])
def test_routes_of_frameworks(value: Any) -> None:
    """No framework gets a route that would fail with each notification."""
    for make in (aiohttp.handler, flask.view, starlette.endpoint, views.view, views.sync_view):
        with pytest.raises(ConfigurationError, match=r"^webhook: "):
            make(value)


def until(**given: Any) -> Any:
    """A refund that isn't sent: its path is of no platform."""
    with SyncWeChatPay(**credentials(), transport=refuse) as wxpay:
        return until_certain(given.pop("chain", wxpay["v3/refunds"]), **{"json": {"out_refund_no": "1"}, **given})


def wait(**given: Any) -> Any:
    """An order that isn't asked for."""
    with SyncWeChatPay(**credentials(), transport=refuse) as wxpay:
        return wait_for_payment(wxpay, **{"out_trade_no": "1", "params": {"mchid": "1"}, "timeout": 1, **given})


def pages(**given: Any) -> Any:
    """A list that isn't asked for."""
    with SyncWeChatPay(**credentials(), transport=refuse) as wxpay:
        return list(paginate(wxpay["v3/x"], **given))


async def refuse(request: Request) -> Response[Any]:
    """A network that must not be reached."""
    raise AssertionError(request)


OF_CALLS: Mapping[Callable[..., Any], Mapping[str, str]] = {
    until: {"timeout": "", "attempts": "", "backoff": "", "monotonic": "", "sleep": ""},
    wait: {
        "out_trade_no": "x",
        "params": "",
        "timeout": "",
        "pauses": "",
        "close": "True",
        "sleep": "",
        "monotonic": "",
    },
    pages: {"params": "None", "limit": "None", "by": "None"},
}


@pytest.mark.parametrize(("make", "argument", "value"), [*wrong(OF_CALLS)])
def test_odd_values_around_a_call(make: Callable[..., Any], argument: str, value: Any) -> None:
    """They are told before anything is sent: behind a refund they would hide what became of it."""
    test_odd_values(make, argument, value)


def test_a_verb_in_the_place_of_its_path() -> None:
    """A blocking program would get a coroutine that nobody awaits."""
    with SyncWeChatPay(**credentials(), transport=refuse) as wxpay:
        verb: Any = wxpay["v3/refunds"].post
        with pytest.raises(ConfigurationError, match=r"^chain: the method post was found\. Give the path without"):
            until_certain(verb, json={"out_refund_no": "1"})
        with pytest.raises(ConfigurationError, match=r"^chain: the method post was found"):
            paginate(verb)


@pytest.mark.parametrize(
    ("work", "found"),
    [
        (5, "5"),
        (None, "None"),
        (Emulator, "the class Emulator"),
        (lambda _: 5, "5"),
        (lambda _: None, "None"),
        (lambda _: [], "a list"),
    ],
)
def test_work_that_is_none(work: Any, found: str) -> None:
    """What `run` and `iterate` can't wait for is told, and doesn't keep the program waiting for ever."""
    with SyncWeChatPay(**credentials(), transport=refuse) as wxpay:
        with pytest.raises(ConfigurationError, match=rf"^work: {found} was found"):
            wxpay.run(work)
        with pytest.raises(ConfigurationError, match=rf"^work: {found} was found"):
            next(wxpay.iterate(work))


def test_work_that_only_the_other_one_takes() -> None:
    """A coroutine where items are wanted, and the other way round, is told; no warning says that it wasn't awaited."""

    async def coroutine(_: WeChatPay) -> None: ...

    async def generator(_: WeChatPay) -> AsyncGenerator[int]:
        yield 1

    items: Any = coroutine
    work: Any = generator
    with SyncWeChatPay(**credentials(), transport=refuse) as wxpay:
        with pytest.raises(ConfigurationError, match=r"^work: a coroutine was found"):
            next(wxpay.iterate(items))
        with pytest.raises(ConfigurationError, match=r"^work: an async_generator was found"):
            wxpay.run(work)
    gc.collect()


@pytest.mark.parametrize("argument", ["middlewares", "pipeline"])
def test_a_step_is_no_class(argument: str) -> None:
    """The class in the place of its object would be called in the place of its method."""
    given: Any = {argument: [Emulator]}
    with pytest.raises(ConfigurationError, match=rf"^{argument}: a list was found\. Give a list"):
        client(**given)


def test_only_the_arguments_that_are_given_are_checked() -> None:
    """Those that several objects share may be checked before there is any of them."""
    takes = {"lease": a_number(0, 10, "Give 0 to 9"), "clock": a_function("Give a function")}
    check(takes, lease=9, other=object())
    with pytest.raises(ConfigurationError, match=r"^seen\.lease: 10 was found\. Give 0 to 9$"):
        check(takes, "seen.", lease=10)
