"""Attacks in numbers: forged answers and notifications, fuzzed answers, cancellations and kills.

Each returns what it counted, and fails where something was believed, doubled or leaked. `tests/test_attacks_counted.py`
tries a few of each kind, `benchmarks/attack.py` as many as the figures in the documents say.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.notifications.sender import Message, notify, sending, webhook
from tests.test_attacks import FORGERIES
from wechatpay_chain import Request, Response, WeChatPay, catalogue
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.server import Listening
from wechatpay_chain.emulator.world.merchants import Merchant
from wechatpay_chain.errors import WeChatPayError
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.path import placeholders
from wechatpay_chain.policies.retry import RetryPolicy
from wechatpay_chain.wire import signature_types, v2, v3

ROOT = Path(__file__).parent.parent
ONCE: dict[str, Any] = {"retry": RetryPolicy(attempts=1), "rate_limits": None}
CHANCE = 20261128

# What an attacker, a proxy or a typing error may make of a path; most are refused before anything is sent.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda path: path,
    "without slash": lambda path: path.lstrip("/"),
    "slash behind": lambda path: path + "/",
    "slash twice": lambda path: "/" + path,
    "slash twice inside": lambda path: path.replace("/", "//", 2),
    "upper case": lambda path: path.upper(),
    "upper case root": lambda path: (
        path.replace("/v3", "/V3", 1).replace("/v2", "/V2", 1).replace("/brand", "/BRAND", 1)
    ),
    "escaped letter": lambda path: path[:-1] + f"%{ord(path[-1]):02X}",
    "escaped letter in small": lambda path: path[:-1] + f"%{ord(path[-1]):02x}",
    "escaped root": lambda path: "/%" + f"{ord(path[1]):02X}" + path[2:],
    "escaped slash": lambda path: path[:1] + path[1:].replace("/", "%2F", 1),
    "dot": lambda path: path + "/.",
    "dots": lambda path: path + "/x/..",
    "dots to another": lambda path: path + "/../certificates",
    "escaped dots": lambda path: path + "/%2e%2e/certificates",
    "query": lambda path: path + "?x=/v3/certificates",
    "fragment": lambda path: path + "#/v3/certificates",
    "parameter": lambda path: path + ";/v3/certificates",
    "backslash": lambda path: path.replace("/", "\\"),
    "full width": lambda path: path.replace("v", "\uff56", 1),
    "line end": lambda path: path + "\r\nX: y",
    "NUL": lambda path: path + "%00",
}
BILL = Request(method="GET", template="/v3/statements", params={"date": "20260101"})
KINDS = ("no signature", "foreign signature", "no content")


class _Constant:
    """A signer that costs nothing: what a forged answer meets doesn't depend on what was sent."""

    async def sign(self, message: bytes) -> bytes:
        """Always the same."""
        return bytes(256)


def platform() -> tuple[Emulator, dict[str, dict[str, Any]]]:
    """An emulator, and the arguments of a client of each scheme."""
    emulator = Emulator(platform_keys=(KeyPair.wechatpay(), KeyPair.certified(algorithm="SM2")))
    emulator.add_merchant(Merchant(mchid="1004", role="brand"))
    emulator.add_merchant(Merchant(mchid="1005", key=KeyPair.merchant("SM2")))
    both = {**emulator.credentials(), **emulator.credentials("1004")}
    return emulator, {"rsa": both, "sm": emulator.credentials("1005")}


def _operations() -> Iterator[tuple[catalogue.Operation, str]]:
    """All operations, again and again, each time in the next spelling."""
    operations = [operation for operation in catalogue.operations() if operation.body != "multipart"]
    while True:
        for name in SPELLINGS:
            for operation in operations:
                yield operation, name


async def unsigned_answers(count: int) -> Counter[str]:
    """So many successes that the platform didn't sign, to calls of all operations in all spellings of their paths."""
    _, arguments = platform()
    stranger = KeyPair.wechatpay()
    found: Counter[str] = Counter()
    kind = KINDS[0]

    async def forger(request: Request) -> Response[Any]:
        found["sent"] += 1
        body = b'{"code_url":"weixin://forged","prepay_id":"forged"}'
        if request.template.startswith("/v2"):
            fields = {"return_code": "SUCCESS", "result_code": "SUCCESS", "prepay_id": "forged"}
            body = v2.build(fields if kind == "no signature" else {**fields, "sign": "A" * 32})
        headers = Headers()
        if kind == "foreign signature":
            headers = Headers({**foreign, v3.SERIAL_HEADER: next(iter(arguments["rsa"]["certs"]))})
        status = 204 if kind == "no content" else 200
        return Response(status=status, headers=headers, content=b"" if status == 204 else body, request=request)

    foreign = _signed(b"{}", stranger)
    rsa = {**arguments["rsa"], "private_key": _Constant(), "merchant_cert": None}
    async with (
        WeChatPay(**rsa, **ONCE, transport=forger) as of_rsa,
        WeChatPay(**arguments["sm"], **ONCE, transport=forger) as of_sm,
    ):
        given = _operations()
        for number in range(count):
            operation, spelling = next(given)
            kind = KINDS[number % len(KINDS)]
            # Signing with SM2 takes long, so every fiftieth call of APIv3 does.
            is_sm = number % 50 == 0 and operation.path.startswith("/v3")
            path = SPELLINGS[spelling](operation.path)
            payload: dict[str, Any] = (
                {"xml" if operation.path.startswith("/v2") else "json": {}} if operation.method != "GET" else {}
            )
            try:
                call = getattr((of_sm if is_sm else of_rsa)[path], operation.method.lower())
                answer = await call(**payload, **dict.fromkeys(placeholders(path), "1"))
            except WeChatPayError as error:
                found[type(error).__name__] += 1
            else:
                # Only what the catalogue says that the platform doesn't sign is handed on, and as unverified.
                exempt = operation.answer_signature == "none" or operation.signless or operation.answer != "xml"
                exempt = exempt if operation.path.startswith("/v2") else operation.answer_signature != "body"
                assert not answer.verified, (operation.path, path)
                assert exempt, (operation.path, path)
                found["handed on as unsigned"] += 1
    found["attempts"] = count
    return found


def _signed(body: bytes, pair: KeyPair, signature_type: str = signature_types.RSA) -> dict[str, str]:
    sending.signature_type, before = signature_type, sending.signature_type
    try:
        from tests.notifications.sender import sign

        return sign(body, pair=pair)
    finally:
        sending.signature_type = before


async def forged_notifications(count: int) -> Counter[str]:
    """So many forged notifications of each of the three kinds of senders: all named forgeries, then changed bytes."""
    found: Counter[str] = Counter()
    chance = random.Random(CHANCE)
    before = sending.signature_type
    try:
        for signature_type in (signature_types.RSA, signature_types.BRAND, signature_types.SM2):
            sending.signature_type = signature_type
            hook = webhook()
            handled: list[str] = []
            hook.on()(lambda notification, handled=handled: handled.append(notification.id))
            genuine = notify()
            for forge in _forgeries(count // 3, chance):
                headers, body = forge()
                reply = await hook.dispatch(headers, body)
                assert (reply.ok, handled) == (False, []), (headers, body)
                found[f"{reply.status}"] += 1
                found["attempts"] += 1
            assert (await hook.dispatch(*genuine)).ok
            await hook.aclose()
            assert handled == ["EV-1"]
    finally:
        sending.signature_type = before
    return found


def _forgeries(count: int, chance: random.Random) -> Iterator[Callable[[], tuple[Any, bytes]]]:
    named = [forge for forge, _ in FORGERIES.values()]
    yield from named[:count]
    headers, body = notify()
    for _ in range(max(count - len(named), 0)):
        yield lambda: _changed(headers, body, chance)


def _changed(headers: dict[str, str], body: bytes, chance: random.Random) -> Message:
    """A genuine message with one byte changed, in its body or in what its signature covers or names."""
    name = chance.choice(["", "", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial", "Wechatpay-Signature"])
    if not name:
        place = chance.randrange(len(body))
        return headers, body[:place] + bytes([body[place] ^ (1 << chance.randrange(8))]) + body[place + 1 :]
    value = headers[name]
    place = chance.randrange(len(value.rstrip("=")) - 1)
    other = chance.choice([letter for letter in "0123456789abcdefXYZ+/" if letter.upper() != value[place].upper()])
    return {**headers, name: value[:place] + other + value[place + 1 :]}, body


async def fuzzed_answers(count: int) -> Counter[str]:
    """So many answers that were genuine before something changed them at random, in all schemes."""
    emulator, arguments = platform()
    chance = random.Random(CHANCE)
    found: Counter[str] = Counter()
    genuine: Response[Any] = Response(status=200)
    fuzzed = genuine

    async def altering(request: Request) -> Response[Any]:
        nonlocal genuine, fuzzed
        if number % 100 < len(calls):  # a fresh one of each kind before its signature is too old
            kept[number % len(calls)] = await emulator(request)
        genuine = kept[number % len(calls)]
        fuzzed = _fuzzed(genuine, chance)
        return fuzzed.changed(request=request)

    echo = {"echo_message": "x"}
    async with (
        WeChatPay(**arguments["rsa"], **ONCE, transport=altering) as rsa,
        WeChatPay(**arguments["sm"], **ONCE, transport=altering) as sm,
    ):
        calls: list[Callable[[], Any]] = [
            lambda: rsa.chain("v3/security/echo").post(json=echo),
            lambda: rsa.chain("v2/pay/orderquery").post(xml={"out_trade_no": "A1"}),
            lambda: rsa.brand.store.brandstores.get(params={"limit": 1, "offset": 0}),
            lambda: sm.chain("v3/security/echo").post(json=echo),
        ]
        # Signing and verifying with SM2 takes long: one in twenty is of it.
        kept: dict[int, Response[Any]] = {}
        for turn in range(count):
            number = turn if turn % 20 < len(calls) else turn - turn % len(calls) + turn % 3
            try:
                answer = await calls[number % len(calls)]()
            except WeChatPayError as error:
                found[type(error).__name__] += 1
            else:
                same = (answer.status, answer.content) == (genuine.status, genuine.content)
                assert answer.verified, fuzzed
                assert same or _means_the_same(answer, genuine), (fuzzed, genuine)
                found["unchanged where it is signed"] += 1
    found["attempts"] = count
    return found


def _means_the_same(answer: Response[Any], genuine: Response[Any]) -> bool:
    """Whether another status of success, or other blanks in XML, is all that differs: neither is signed."""
    if answer.fields is not None:
        return dict(answer.fields) == v2.parse(genuine.content)
    return answer.content == genuine.content


def _fuzzed(genuine: Response[Any], chance: random.Random) -> Response[Any]:
    status, headers, body = genuine.status, dict(genuine.headers.items()), bytearray(genuine.content)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        match chance.randrange(8):
            case 0 if body:
                body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
            case 1 if body:
                del body[chance.randrange(len(body)) :]
            case 2:
                body[chance.randrange(len(body) + 1) : 0] = chance.randbytes(chance.randrange(1, 9))
            case 3 if headers:
                headers.pop(chance.choice(list(headers)))
            case 4 if headers:
                name = chance.choice(list(headers))
                headers[name] = "".join(chance.sample(headers[name], len(headers[name])))
            case 5:
                status = chance.choice([200, 201, 202, 204, 206, 301, 304, 400, 401, 404, 429, 500, 502, 503, 504, 599])
            case 6:
                body = bytearray(
                    chance.choice([b"", b"{}", b"[]", b"null", b"<xml/>", b"<html>", b"\x1f\x8b", b"\xff"])
                )
            case _:
                headers[chance.choice(list(headers) or ["X"])] = chance.choice(["", "x" * 5000, "\u00e9", "0", "gzip"])
    return genuine.changed(status=status, headers=Headers(headers), content=bytes(body))


async def cancellations(count: int, folder: Path) -> Counter[str]:
    """A call, an upload and a download, each cancelled at so many points: nothing is left behind."""
    emulator, arguments = platform()
    found: Counter[str] = Counter()
    async with Listening(emulator.receive, "127.0.0.1", 0) as base_url:
        for name in ("call", "upload", "download"):
            for point in range(count // 3):
                wxpay = WeChatPay(**arguments["rsa"], **ONCE, base_url=base_url)
                work = {
                    "call": lambda wxpay=wxpay: wxpay.v3.security.echo.post(json={"echo_message": "x"}),
                    "upload": lambda wxpay=wxpay: wxpay["v3/merchant/media/upload"].post(file=folder / "image.png"),
                    "download": lambda wxpay=wxpay: wxpay.download(BILL, folder / "bill"),
                }[name]
                task = asyncio.ensure_future(work())
                for _ in range(point):
                    await asyncio.sleep(0.0005 if point % 2 else 0)
                task.cancel()
                await asyncio.wait([task])
                found["cancelled" if task.cancelled() else "ended before"] += 1
                async with asyncio.timeout(60):
                    assert (await wxpay.v3.security.echo.post(json={"echo_message": "y"})).verified
                    await wxpay.aclose()
                found["attempts"] += 1
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, left
    parts = await asyncio.to_thread(lambda: [path.name for path in folder.glob(".*.part")])
    assert not parts, parts
    return found


async def kills(count: int, folder: Path, *, orders: int = 600) -> Counter[str]:
    """A batch that is killed so many times: each order is in the ledger once, and its result is known."""
    emulator = Emulator()
    numbers, calls = set[str](), Counter[str]()
    file = folder / "orders.jsonl"
    order = {"mchid": "1900000109", "bal_account_no": "6222 0000 1111", "punish_scene": 1}
    lines = "".join(json.dumps({"out_request_no": f"K{n}", **order}) + "\n" for n in range(orders))
    await asyncio.to_thread(file.write_text, lines)

    async def receive(request: Request) -> Response[Any]:
        answer = await emulator.receive(request)
        if answer.status != 200:  # more than the documented 200 a minute: it is sent again
            return answer
        calls[answer.json()["out_request_no"]] += 1
        numbers.add(answer.json()["wxpay_punish_no"])
        await asyncio.sleep(0.002)
        return answer

    credentials = {**emulator.credentials(), "private_key": emulator.merchant_key.private_pem}
    texts = {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in credentials.items()
        if value is not None
    }
    output, known = b"", dict[str, int]()
    async with Listening(receive, "127.0.0.1", 0) as base_url:
        arguments = json.dumps({"folder": str(folder), "client": {**texts, "base_url": base_url}})
        for round_ in range(count + 1):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.batch.job", arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
            )
            if round_ < count:
                until = orders * (round_ + 1) // (count + 1)
                while calls.total() < until and process.returncode is None:  # noqa: ASYNC110 - a count has no event
                    await asyncio.sleep(0.005)
                if process.returncode is None:
                    process.kill()
            output, _ = await process.communicate()
            known |= {key: calls[key] for key in _done_in(folder / "journal") - known.keys()}
    assert json.loads(output) == {"done": orders, "waiting": 0, "unknown": 0}
    assert len(numbers) == len(calls) == orders
    # What the journal knew as done was never sent again.
    assert {key: calls[key] for key in known} == known
    return Counter(attempts=count, orders=orders, calls=calls.total())


def _done_in(journal: Path) -> set[str]:
    with closing(sqlite3.connect(journal)) as database:
        return {key for (key,) in database.execute("SELECT key FROM items WHERE state = 'done'")}


__all__ = ["cancellations", "forged_notifications", "fuzzed_answers", "kills", "unsigned_answers"]
