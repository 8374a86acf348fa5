"""Waiting, repeating and paging: what payment engineers write again and again, without a second of sleep."""

from __future__ import annotations

from math import inf
from typing import Any

import orjson
import pytest

from wechatpay_chain import (
    APIError,
    ConfigurationError,
    DecodeError,
    NotFound,
    Request,
    Response,
    ServerError,
    WeChatPay,
    catalogue,
)
from wechatpay_chain.catalogue.listing import Listing, listing
from wechatpay_chain.client.paging import paginate
from wechatpay_chain.emulator import Call, Emulator, Refusal
from wechatpay_chain.http.timeout import Timeout, chosen
from wechatpay_chain.payments.certainty import until_certain
from wechatpay_chain.payments.waiting import ADVISED, wait_for_payment
from wechatpay_chain.policies.retry import RetryPolicy

QUERY = "/v3/pay/transactions/out-trade-no/{out_trade_no}"
# The client's own repetitions are another test's affair.
ONCE = RetryPolicy(attempts=1)
ORDER: Any = {
    "appid": "wx8888888888888888",
    "mchid": "1900000109",
    "description": "tea",
    "out_trade_no": "A1",
    "notify_url": "https://shop.example/wechatpay/notify",
    "amount": {"total": 1, "currency": "CNY"},
}
REFUND: Any = {"out_trade_no": "A1", "out_refund_no": "R1", "amount": {"refund": 1, "total": 1, "currency": "CNY"}}


class Time:
    """A clock that is only moved by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def client(emulator: Emulator) -> WeChatPay:
    """A client in the emulator's process."""
    return WeChatPay(**emulator.credentials(), transport=emulator, retry=ONCE)


def answering(emulator: Emulator, *states: str | Refusal) -> list[str]:
    """Let the platform tell one state of an order after another; the closing calls are noted."""
    told = list(states)
    closed: list[str] = []

    @emulator.on("GET", QUERY)
    def query(call: Call) -> dict[str, Any]:
        state = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(state, Refusal):
            raise state
        return {"trade_state": state}

    @emulator.on("POST", f"{QUERY}/close")
    def close(call: Call) -> None:
        closed.append(call.values["out_trade_no"])

    return closed


async def wait(client: WeChatPay, clock: Time, **options: Any) -> Any:
    """Wait for an order."""
    params = {"mchid": "1900000109"}
    answer = await wait_for_payment(client, "A1", params, sleep=clock.sleep, monotonic=clock, **options)
    return answer.json()["trade_state"]


async def test_waiting_without_end(emulator: Emulator, client: WeChatPay) -> None:
    """An infinite time is one, as everywhere: the order is queried until it is settled."""
    answering(emulator, "NOTPAY", "NOTPAY", "SUCCESS")
    assert await wait(client, Time(), timeout=inf) == "SUCCESS"


async def test_paid(emulator: Emulator, client: WeChatPay) -> None:
    """The pauses are the advised ones, and the waiting ends with the payment; a failed query is no end."""
    clock = Time()
    answering(emulator, "NOTPAY", Refusal(500, "SYSTEM_ERROR"), Refusal(429, "RATELIMIT_EXCEEDED"), "SUCCESS")
    assert await wait(client, clock, timeout=600) == "SUCCESS"
    assert clock.slept == list(ADVISED[:4])


async def test_the_deadline(emulator: Emulator, client: WeChatPay) -> None:
    """At the deadline the last state is returned, nothing is closed unasked, and not a second more is waited."""
    clock = Time()
    closed = answering(emulator, "NOTPAY")
    assert await wait(client, clock, timeout=100) == "NOTPAY"
    assert clock.now == 100
    assert not closed


async def test_closing(emulator: Emulator, client: WeChatPay) -> None:
    """Asked to, it closes the order at the deadline, and tells what became of it."""
    closed = answering(emulator, "NOTPAY", "NOTPAY", "CLOSED")
    assert await wait(client, Time(), timeout=20, close=True) == "CLOSED"
    assert closed == ["A1"]


async def test_the_payer_was_faster(emulator: Emulator, client: WeChatPay) -> None:
    """An order that was paid while it was closed is paid; another refusal is an error."""
    answering(emulator, "NOTPAY", "SUCCESS")
    codes = ["ORDERPAID"]

    @emulator.on("POST", f"{QUERY}/close")
    def close(call: Call) -> None:
        raise Refusal(400, codes[0])

    assert await wait(client, Time(), timeout=3, close=True) == "SUCCESS"
    codes[0] = "PARAM_ERROR"
    answering(emulator, "NOTPAY")
    emulator.on("POST", f"{QUERY}/close")(close)
    with pytest.raises(APIError):
        await wait(client, Time(), timeout=3, close=True)


async def test_no_such_order(emulator: Emulator, client: WeChatPay) -> None:
    """A refusal ends the waiting."""
    answering(emulator, Refusal(404, "ORDER_NOT_EXIST"))
    with pytest.raises(NotFound):
        await wait(client, Time(), timeout=600)


async def test_a_service_providers_order(emulator: Emulator, client: WeChatPay) -> None:
    """`sp_mchid` leads to the partner's paths."""

    @emulator.on("GET", "/v3/pay/partner/transactions/out-trade-no/{out_trade_no}")
    def query(call: Call) -> dict[str, Any]:
        return {"trade_state": "REVOKED"}

    clock = Time()
    params = {"sp_mchid": "1", "sub_mchid": "2"}
    answer = await wait_for_payment(client, "A1", params, timeout=10, sleep=clock.sleep, monotonic=clock)
    assert answer.json()["trade_state"] == "REVOKED"


async def test_settle(emulator: Emulator, client: WeChatPay) -> None:
    """As long as the outcome is open the same content is sent again."""
    bodies: list[bytes | None] = []

    async def transport(request: Request) -> Response[Any]:
        bodies.append(request.body)
        if len(bodies) < 3:
            return Response(status=500 if len(bodies) == 1 else 429, content=b'{"code":"X"}', request=request)
        return await emulator(request)

    clock = Time()
    await client.v3.pay.transactions.native.post(json=ORDER)
    emulator.pay("A1")
    wxpay = WeChatPay(**emulator.credentials(), transport=transport, retry=ONCE, rate_limits=None)
    answer = await until_certain(wxpay.v3.refund.domestic.refunds, json=REFUND, sleep=clock.sleep)
    assert answer.verified
    assert len(set(bodies)) == 1
    assert clock.slept == [1.0, 2.0]


async def test_settle_gives_up(emulator: Emulator, client: WeChatPay) -> None:
    """A refusal is raised at once, an open outcome after the last repetition, a payload without number before all."""
    clock = Time()
    refusal = Refusal(500, "SYSTEM_ERROR")

    @emulator.on("POST", "/v3/refund/domestic/refunds")
    def refuse(call: Call) -> None:
        raise refusal

    with pytest.raises(ServerError) as caught:
        await until_certain(client.v3.refund.domestic.refunds, json=REFUND, sleep=clock.sleep)
    assert (clock.slept, caught.value.attempts) == ([1.0, 2.0, 4.0], 4)
    refusal = Refusal(403, "NOT_ENOUGH")
    with pytest.raises(APIError, match="NOT_ENOUGH"):
        await until_certain(client.v3.refund.domestic.refunds, json=REFUND, sleep=clock.sleep)
    with pytest.raises(ConfigurationError, match="no number"):
        await until_certain(client.v3.refund.domestic.refunds, json={"out_trade_no": "A1"})
    assert len(clock.slept) == 3


async def test_settle_ends_in_time(emulator: Emulator) -> None:
    """All calls share one deadline, the client's own repetitions too, and a refusal doesn't undo a lost answer."""
    clock, given = Time(), list[float]()
    lost: Response[Any] = Response(status=500, content=b'{"code":"X"}')
    answers = [lost, Response(status=403, content=b'{"code":"NOT_ENOUGH"}')]

    async def transport(request: Request) -> Response[Any]:
        assert request.timeout is not None
        given.append(chosen(request.timeout, Timeout()).total)
        clock.now += 4
        return answers[0] if len(answers) == 1 else answers.pop(0)

    wxpay = WeChatPay(**emulator.credentials(), transport=transport, retry=ONCE, rate_limits=None)
    refunds = wxpay.v3.refund.domestic.refunds
    with pytest.raises(APIError, match="NOT_ENOUGH") as caught:
        await until_certain(refunds, timeout=60, json=REFUND, monotonic=clock, sleep=clock.sleep)
    assert (given, caught.value.outcome, caught.value.attempts) == ([60, 55], "unknown", 2)
    answers[:] = [lost]
    given.clear()
    with pytest.raises(ServerError):
        await until_certain(refunds, timeout=12, json=REFUND, monotonic=clock, sleep=clock.sleep)
    assert given == [12, 7, 1]


async def test_settle_overslept(emulator: Emulator) -> None:
    """A pause that took longer than it should ends in the platform's last word, not in a complaint about the time."""
    clock = Time()

    async def transport(request: Request) -> Response[Any]:
        return Response(status=500, content=b'{"code":"X"}', request=request)

    async def oversleep(seconds: float) -> None:
        await clock.sleep(seconds + 60)

    wxpay = WeChatPay(**emulator.credentials(), transport=transport, retry=ONCE, rate_limits=None)
    with pytest.raises(ServerError) as caught:
        await until_certain(wxpay.v3.refund.domestic.refunds, json=REFUND, monotonic=clock, sleep=oversleep)
    assert (caught.value.outcome, caught.value.attempts) == ("unknown", 2)


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("size", [0, 1, 4, 5])
async def test_paging(emulator: Emulator, client: WeChatPay, size: int, counted: bool) -> None:
    """All items of all pages: to the total, or where none is told to the empty page, and no page more than needed."""
    pages: list[int] = []

    @emulator.on("GET", "/v3/new/list")
    def page(call: Call) -> dict[str, Any]:
        offset, limit = int(call.query["offset"]), int(call.query["limit"])
        pages.append(offset)
        answer: dict[str, Any] = {"data": list(range(size))[offset : offset + limit]}
        return {**answer, "total_count": size} if counted else answer

    found = [item async for item in paginate(client["v3/new/list"], {"a": "b"}, limit=2)]
    assert found == list(range(size))
    assert len(pages) == (max(1, -(-size // 2)) if counted else -(-size // 2) + 1)


async def test_paging_in_smaller_pages_than_asked_for(emulator: Emulator, client: WeChatPay) -> None:
    """A platform that gives at most so many items a page doesn't make the list shorter."""

    @emulator.on("GET", "/v3/new/list")
    def page(call: Call) -> dict[str, Any]:
        offset = int(call.query["offset"])
        return {"data": list(range(5))[offset : offset + 2], "total_count": 5}

    assert [item async for item in paginate(client["v3/new/list"], limit=50)] == list(range(5))


async def test_paging_by_page(emulator: Emulator, client: WeChatPay) -> None:
    """Some lists count pages, under other names."""

    @emulator.on("GET", "/v3/new/list")
    def page(call: Call) -> dict[str, Any]:
        return {"list": {"1": ["1", "1"], "2": ["2"], "3": []}[call.query["page"]]}

    pages = paginate(
        client["v3/new/list"], member="list", limit=2, limit_name="size", offset_name="page", by="page", first=1
    )
    found = [item async for item in pages]
    assert found == ["1", "1", "2"]


@pytest.mark.parametrize("total", ["total_count", "total_num"])
async def test_short_pages_before_the_total(emulator: Emulator, client: WeChatPay, total: str) -> None:
    """A list is read to its total, whatever the total is called, though a page in between is short."""

    @emulator.on("GET", "/v3/new/list")
    def page(call: Call) -> dict[str, Any]:
        offset = int(call.query["offset"])
        end = {0: 3, 3: 5, 5: 7}[offset]
        return {"data": list(range(7))[offset:end], total: 7}

    assert [item async for item in paginate(client["v3/new/list"], limit=3)] == list(range(7))


class ListOfSeven:
    """A chain whose list has seven items, given out in pages of three, one of them short, in the list's own words."""

    def __init__(self, path: str, names: Listing) -> None:
        self._path = path
        self._names = names

    def __str__(self) -> str:
        return self._path

    async def get(self, *, params: dict[str, Any]) -> Response[Any]:
        """Answer."""
        names = self._names
        assert params[names.limit_name] == 3
        position = params.get(names.position_name, 0)
        begin = {1: 0, 2: 3, 3: 5}[position] if names.by == "page" else int(position)
        end = {0: 3, 3: 5, 5: 7}[begin]
        content: dict[str, Any] = {names.member: [{"n": n} for n in range(begin, end)]}
        if names.by == "token" and end < 7:
            content["next_page_token"] = str(end)
        elif names.by != "token":
            content["total_num" if names.by == "page" else "total_count"] = 7
        return Response(status=200, content=orjson.dumps(content))


@pytest.mark.parametrize(
    "path", [each.path for each in catalogue.operations() if each.method == "GET" and listing(each.path)]
)
async def test_every_list_of_the_catalogue(path: str) -> None:
    """Each list of the catalogue gives out all its items in its own words."""
    names = listing(path)
    assert names is not None
    chain = ListOfSeven(path, names)
    assert [item["n"] async for item in paginate(chain, limit=3)] == list(range(7))


async def test_short_pages_without_a_total(emulator: Emulator, client: WeChatPay) -> None:
    """Where no total is told, a short page is not the last one: the list is read to its empty page."""

    @emulator.on("GET", "/v3/new/list")
    def page(call: Call) -> dict[str, Any]:
        offset = int(call.query["offset"])
        return {"data": list(range(7))[offset : {0: 3, 3: 5, 5: 7, 7: 7}[offset]]}

    assert [item async for item in paginate(client["v3/new/list"], limit=3)] == list(range(7))


async def test_a_list_that_is_given_out_whole(emulator: Emulator, client: WeChatPay) -> None:
    """A list that knows no pages and tells no total comes once."""
    emulator.on("GET", "/v3/new/list")(lambda call: {"data": [1, 2]})
    assert [item async for item in paginate(client["v3/new/list"])] == [1, 2]


@pytest.mark.parametrize(
    "told",
    [
        {"batch": {"total_num": 7, "total_amount": 3}},
        {"total_count": 7, "batch": {"total_num": 3}},
        {"batch": {"total_num": 3}, "filter": {"total_num": 7}},
        {"total_count": 2},
        {"total_count": "7"},
    ],
    ids=["inside", "beside and inside", "two of them", "too small", "text"],
)
async def test_where_totals_stand(emulator: Emulator, client: WeChatPay, told: dict[str, Any]) -> None:
    """A total counts beside the items or one level inside; one that is doubtful or wrong loses no item."""

    @emulator.on("GET", "/v3/new/list")
    def page(call: Call) -> dict[str, Any]:
        offset = int(call.query["offset"])
        return {"data": list(range(7))[offset : {0: 3, 3: 5, 5: 7, 7: 7}[offset]], **told}

    assert [item async for item in paginate(client["v3/new/list"], limit=3)] == list(range(7))


async def test_the_total_inside_ends_the_list(emulator: Emulator, client: WeChatPay) -> None:
    """The details of a transfer, whose total stands in `transfer_batch`, are asked for no more often than needed."""
    asked: list[str] = []

    @emulator.on("GET", "/v3/new/list")
    def page(call: Call) -> dict[str, Any]:
        asked.append(call.query["offset"])
        return {"data": [1, 2] if call.query["offset"] == "0" else [3], "transfer_batch": {"total_num": 3}}

    assert [item async for item in paginate(client["v3/new/list"], limit=2)] == [1, 2, 3]
    assert asked == ["0", "2"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"items": [1]}, "but 'items': say which by member="),
        ({"result": {"rows": [1]}, "total_count": 1}, "but 'result.rows'"),
        ({"data": None, "list": [1]}, "but 'list'"),
        ({"data": "x"}, "no list 'data'"),
    ],
)
async def test_a_list_under_another_name(
    emulator: Emulator, client: WeChatPay, content: dict[str, Any], told: str
) -> None:
    """Items that stand under another name are no empty list: the error says where they are."""
    emulator.on("GET", "/v3/new/list")(lambda call: content)
    with pytest.raises(DecodeError, match=told):
        async for _ in paginate(client["v3/new/list"]):
            pass


async def test_an_empty_list_that_is_left_out(emulator: Emulator, client: WeChatPay) -> None:
    """An answer without any list is an empty one: some products leave it out."""
    emulator.on("GET", "/v3/new/list")(lambda call: {"total_count": 0, "tags": []})
    assert [item async for item in paginate(client["v3/new/list"])] == []


async def test_a_list_that_stands_still(emulator: Emulator, client: WeChatPay) -> None:
    """A list that gives the same page for each number ends with an error instead of never."""
    emulator.on("GET", "/v3/new/list")(lambda call: {"data": [1, 2], "total_count": 9})
    with pytest.raises(DecodeError, match="same page twice"):
        async for _ in paginate(client["v3/new/list"], by="page", limit=2):
            pass


async def test_paging_something_else(emulator: Emulator, client: WeChatPay) -> None:
    """An answer without such a list is named."""
    emulator.on("GET", "/v3/new/list")(lambda call: {"data": {}})
    with pytest.raises(DecodeError, match="no list 'data'"):
        async for _ in paginate(client["v3/new/list"]):
            pass
