"""Seal: every secret of every operation leaves encrypted, and comes back decrypted."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from wechatpay_chain import catalogue
from wechatpay_chain.catalogue import facts
from wechatpay_chain.credentials.bank_key import BankKey
from wechatpay_chain.credentials.platform_keys import PlatformKeys
from wechatpay_chain.crypto import rsa
from wechatpay_chain.errors import ConfigurationError, DecodeError, DecryptionError
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.path import expand, placeholders
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.http.secret import Secret
from wechatpay_chain.http.timeout import Timeout
from wechatpay_chain.middleware import Encode, Seal, SealV2
from wechatpay_chain.pipeline import Handler, compose
from wechatpay_chain.wire.unsealing import unsealed

PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
PLATFORM_SERIAL = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567"
RECOVER = "/v3/aggracct-bc/wb-channel/control-orders/recover"
OPERATIONS = Path(facts.DATA) / "operations.jsonl"


def secret_paths(fields: dict[str, Any], prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The fields that the catalogue's own records mark to be encrypted, arrays marked by `[]`."""
    for name, about in fields.items():
        array = "[]" if about.get("type", "").endswith("[]") else ""
        if about.get("enc") == "rsa:wechatpay":
            yield (*prefix, name + array)
        yield from secret_paths(about.get("fields", {}), (*prefix, name + array))


def sealed_operations() -> Iterator[Any]:
    """Method, path, location and secret fields of every APIv3 operation that has some."""
    for line in OPERATIONS.read_text("utf-8").splitlines():
        operation = json.loads(line)
        marked = {
            location: paths
            for location, fields in operation.get("params", {}).items()
            if location in {"json", "query", "file-meta"} and (paths := list(secret_paths(fields)))
        }
        if marked and operation["gen"] == "v3":
            yield pytest.param(
                operation["method"], operation["path"], marked, id=f"{operation['method']}-{operation['path']}"
            )


SEALED = list(sealed_operations())


def fill(payload: dict[str, Any], path: tuple[str, ...], plaintext: str) -> None:
    """Put a plaintext where a path leads, making what is on the way; arrays get one item."""
    name, array = path[0].removesuffix("[]"), path[0].endswith("[]")
    if len(path) == 1:
        payload[name] = [plaintext] if array else plaintext
        return
    below = payload.setdefault(name, [{}] if array else {})
    fill(below[0] if array else below, path[1:], plaintext)


def texts(payload: Any) -> list[str]:
    """Every text in a payload."""
    if isinstance(payload, dict):
        return [text for item in payload.values() for text in texts(item)]
    if isinstance(payload, list):
        return [text for item in payload for text in texts(item)]
    return [payload] if isinstance(payload, str) else []


async def sent(middleware: Seal, request: Request, *more: Any) -> Request:
    """What the next handler gets."""
    captured: list[Request] = []

    async def call_next(request: Request) -> Response[Any]:
        captured.append(request)
        return Response(status=200, request=request)

    await compose((middleware, *more), call_next)(request)
    return captured[0]


@pytest.fixture
def seal(platform_keys: PlatformKeys, merchant_key: RSAPrivateKey) -> Seal:
    """The middleware of a merchant who knows both kinds of key."""
    return Seal(lambda: platform_keys, merchant_key)


def test_there_are_121_operations_with_secrets() -> None:
    """All of them are known, as many as the catalogue's description counts."""
    assert len(SEALED) == 121


@pytest.mark.parametrize(("method", "path", "marked"), SEALED)
async def test_every_secret_of_every_operation(
    seal: Seal,
    platform_key: RSAPrivateKey,
    tmp_path: Path,
    method: str,
    path: str,
    marked: dict[str, list[tuple[str, ...]]],
) -> None:
    """Encoded as they go out, neither body nor query holds a plaintext, and the platform can decrypt each one."""
    payloads: dict[str, dict[str, Any]] = {"json": {}, "query": {}, "file-meta": {}}
    plaintexts: list[str] = []
    for location, paths in marked.items():
        for field in paths:
            plaintexts.append(f"张三 {len(plaintexts)} 6222-0000")
            fill(payloads[location], field, plaintexts[-1])
    before = copy.deepcopy(payloads)
    upload = tmp_path / "a.jpg" if "file-meta" in marked else None
    if upload:
        upload.write_bytes(b"content")
    request = Request(
        method=method,
        template=path,
        path=expand(path, dict.fromkeys(placeholders(path), "7")),
        json=payloads["json"] if marked.get("json") else None,
        params=payloads["query"] if marked.get("query") else None,
        meta=payloads["file-meta"] if upload else None,
        file=upload,
    )
    result = await sent(seal, request, Encode())

    body = result.body or b""
    wire = f"{result.target} {unquote_plus(result.target)}\n{body.decode()}\n{body.decode('unicode_escape')}"
    assert not any(plaintext in wire or plaintext.encode().decode("latin-1") in wire for plaintext in plaintexts)
    assert "6222-0000" not in wire
    assert result.headers["Wechatpay-Serial"] == PUBLIC_KEY_ID
    assert payloads == before

    ciphertexts = [text for _, text in parse_qsl(result.query)]
    if upload:
        assert result.signed_body
        assert result.signed_body in body
        ciphertexts += [text for text in texts(orjson.loads(result.signed_body)) if len(text) == 344]
    elif body:
        ciphertexts += texts(orjson.loads(body))
    assert sorted(rsa.decrypt(platform_key, text) for text in ciphertexts) == sorted(plaintexts)


@pytest.mark.parametrize(("method", "path", "marked"), SEALED)
def test_facts_and_records_agree(method: str, path: str, marked: dict[str, list[tuple[str, ...]]]) -> None:
    """What a call looks up is what the catalogue's records say."""
    operation = catalogue.find(method, path)
    assert operation
    said = {location.removeprefix("file-"): [".".join(field) for field in paths] for location, paths in marked.items()}
    assert sorted(operation.secret_fields) == sorted(f"{place}.{field}" for place in said for field in said[place])


@pytest.mark.parametrize(
    ("template", "path"),
    [
        (RECOVER, RECOVER),
        ("/v3/aggracct-bc/wb-channel/{kind}/recover", RECOVER),
        ("/v3/{a}/{b}/{c}/{d}", RECOVER),
    ],
)
async def test_a_placeholder_does_not_hide_an_operation(seal: Seal, template: str, path: str) -> None:
    """An operation is known by its path also where placeholders stand for its words."""
    request = Request(method="POST", template=template, path=path, json={"bal_account_no": "6222 0000 1111"})
    assert "6222" not in repr((await sent(seal, request)).json)


async def test_the_callers_values_stay(seal: Seal) -> None:
    """The request that came in is unchanged, so it can be sealed again, to other ciphertext."""
    payload = {"bal_account_no": "6222", "extra": [Secret("x")]}
    request = Request(method="POST", template=RECOVER, json=payload)
    before = copy.deepcopy(payload)
    first, second = await sent(seal, request), await sent(seal, request)
    assert payload == before
    assert request.headers == Headers()
    assert first.json["bal_account_no"] != second.json["bal_account_no"]


async def test_an_unknown_operation(seal: Seal, platform_key: RSAPrivateKey) -> None:
    """An operation newer than the catalogue sends what it is given, and Secrets encrypted, in json, params and meta."""
    values = {"name": Secret("张三"), "note": "open"}
    result = await sent(seal, Request(method="POST", template="/v3/new", json=values, params=values, meta=values))
    for payload in (result.json, result.params, result.meta):
        assert payload
        assert payload["note"] == "open"
        assert rsa.decrypt(platform_key, payload["name"]) == "张三"


async def test_without_secrets_the_serial_is_named_too(seal: Seal) -> None:
    """It asks the platform which key to sign the answer with."""
    result = await sent(seal, Request(method="GET", template="/v3/certificates"))
    assert result.headers["Wechatpay-Serial"] == PUBLIC_KEY_ID


@pytest.mark.parametrize("serial", [PLATFORM_SERIAL, PLATFORM_SERIAL.lower(), PLATFORM_SERIAL[1:]])
async def test_the_key_that_the_caller_names(seal: Seal, platform_key: RSAPrivateKey, serial: str) -> None:
    """A serial given by the caller decides the key, in any spelling, and goes out in the platform's own."""
    request = Request(
        method="POST", template=RECOVER, json={"bal_account_no": "6"}, headers=Headers({"wechatpay-serial": serial})
    )
    result = await sent(seal, request)
    assert result.headers["Wechatpay-Serial"] == PLATFORM_SERIAL
    assert rsa.decrypt(platform_key, result.json["bal_account_no"]) == "6"


@pytest.mark.parametrize("serial", ["PUB_KEY_ID_9", "", "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C"])
async def test_an_unknown_key_with_secrets(seal: Seal, serial: str) -> None:
    """Naming a key that isn't there is a mistake, whether something must be encrypted or not."""
    headers = Headers({"Wechatpay-Serial": serial})
    with pytest.raises(ConfigurationError) as raised:
        await sent(seal, Request(method="POST", template=RECOVER, json={"bal_account_no": "6222"}, headers=headers))
    assert "6222" not in str(raised.value)
    with pytest.raises(ConfigurationError, match="not in certs, so no answer could be verified"):
        await sent(seal, Request(method="POST", template="/v3/x", json={"a": "b"}, headers=headers))


@pytest.mark.parametrize(
    ("serial", "named"),
    [
        (str(int(PLATFORM_SERIAL, 16)), "a serial number in decimal digits"),
        ("3775B6A45ACD588826D15E583A95F5DD12345678", "a serial number"),
        ("1900000109", "a merchant number"),
    ],
)
async def test_a09_a_serial_that_names_no_key(seal: Seal, serial: str, named: str) -> None:
    """A Wechatpay-Serial of another form, or the merchant's own, is refused, without secrets too."""
    request = Request(method="GET", template="/v3/certificates", headers=Headers({"Wechatpay-Serial": serial}))
    with pytest.raises(ConfigurationError, match=f"{named} was found, which is not in certs"):
        await sent(seal, request)


async def test_a_certificate_that_may_be_downloaded(merchant_key: RSAPrivateKey) -> None:
    """With renewal a certificate that isn't known yet may be named: its answer's key is fetched."""
    seal = Seal(lambda: PlatformKeys([]), merchant_key, renews=True)
    headers = Headers({"Wechatpay-Serial": PLATFORM_SERIAL})
    assert (await sent(seal, Request(method="GET", template="/v3/x", headers=headers))).headers == headers
    with pytest.raises(ConfigurationError, match="not in certs"):
        await sent(seal, Request(method="GET", template="/v3/x", headers=Headers({"Wechatpay-Serial": "PUB_KEY_ID_9"})))


@pytest.mark.parametrize("path", ["/v3/facemch/users/{face_sid}", "/v2/secsvc/getrealnameinfo"])
def test_a12_answers_with_the_older_padding(merchant_key: RSAPrivateKey, path: str) -> None:
    """The identity fields of the face operation and of its APIv2 twin come with PKCS#1 v1.5 padding."""
    encrypt = merchant_key.public_key().encrypt
    name, number = (base64.b64encode(encrypt(text.encode(), PKCS1v15())).decode() for text in ("张三", "110101"))
    members = {"encrypted_real_name": name, "encrypted_credential_id": number}
    method = "POST" if path.startswith("/v2") else "GET"

    def answer(request: Request) -> Response[Any]:
        if request.template.startswith("/v2/"):
            return Response(status=200, fields={"return_code": "SUCCESS", **members}, request=request, verified=True)
        content = json.dumps({"openid": "o1", "real_name_info": members}).encode()
        return Response(status=200, content=content, request=request, verified=True)

    read = unsealed(answer(Request(method=method, template=path)), catalogue.find(method, path), merchant_key).json()
    found = read if method == "POST" else read["real_name_info"]
    assert (found["encrypted_real_name"], found["encrypted_credential_id"]) == ("张三", "110101")


async def test_a12_the_wrong_padding_is_an_error(seal: Seal, merchant_key: RSAPrivateKey) -> None:
    """What comes with the padding of other operations is not taken for text."""
    content = json.dumps({"real_name_info": {"encrypted_real_name": _no_text_in_the_older_padding(merchant_key)}})

    async def call_next(request: Request) -> Response[Any]:
        return Response(status=200, content=content.encode(), request=request, verified=True)

    with pytest.raises(DecryptionError, match="another padding"):
        await seal(Request(method="GET", template="/v3/facemch/users/{face_sid}"), call_next)


def _no_text_in_the_older_padding(key: RSAPrivateKey) -> str:
    """A ciphertext in OAEP: OpenSSL reads random bytes from it in the other padding, one time in a hundred a text."""
    while True:
        ciphertext = rsa.encrypt(key.public_key(), "张三")
        try:
            key.decrypt(base64.b64decode(ciphertext), PKCS1v15()).decode()
        except ValueError:
            return ciphertext


async def test_without_any_key(merchant_key: RSAPrivateKey) -> None:
    """Without a platform key nothing secret leaves."""
    with pytest.raises(ConfigurationError, match=r"no key to encrypt json/bal_account_no"):
        await sent(
            Seal(lambda: PlatformKeys([]), merchant_key),
            Request(method="POST", template=RECOVER, json={"bal_account_no": "6222"}),
        )


async def test_ciphertext_is_left_alone(seal: Seal, platform_key: RSAPrivateKey) -> None:
    """What the caller encrypted goes out as it is when the key is named, and is refused when it isn't."""
    ciphertext = rsa.encrypt(platform_key.public_key(), "张三")
    for value in (ciphertext, Secret(ciphertext)):
        request = Request(method="POST", template=RECOVER, json={"bal_account_no": value})
        with pytest.raises(ConfigurationError, match="already is ciphertext"):
            await sent(seal, request)
        named = replace(request, headers=Headers({"Wechatpay-Serial": PUBLIC_KEY_ID}))
        assert (await sent(seal, named)).json["bal_account_no"] == ciphertext


@pytest.mark.parametrize(
    ("value", "found"),
    [("中" * 72, "216 bytes"), ("a" * 215, "215 bytes"), ("好😀", "4-byte character"), ("\ud800", "surrogate"),
     (6222000011112222, "holds an int"), ({"no": "6222"}, "holds a dict"), (b"6222", "holds a bytes")],
)  # fmt: skip
async def test_what_cannot_be_encrypted(seal: Seal, value: object, found: str) -> None:
    """Too long, not the platform's characters, or no text: refused by place before anything is sent."""
    with pytest.raises(ConfigurationError) as raised:
        await sent(seal, Request(method="POST", template=RECOVER, json={"bal_account_no": value}))
    assert raised.value.argument == "json/bal_account_no"
    assert found in raised.value.found
    assert "6222" not in str(raised.value)


async def test_214_bytes_fit(seal: Seal, platform_key: RSAPrivateKey) -> None:
    """The longest plaintext of a 2048-bit key goes through."""
    result = await sent(seal, Request(method="POST", template=RECOVER, json={"bal_account_no": "a" * 214}))
    assert rsa.decrypt(platform_key, result.json["bal_account_no"]) == "a" * 214


async def test_key_and_serial_come_from_one_snapshot(platform_keys: PlatformKeys, merchant_key: RSAPrivateKey) -> None:
    """A rotation in the middle of a call can't part ciphertext and serial: the keys are asked for once."""
    asked: list[int] = []

    def keys() -> PlatformKeys:
        asked.append(1)
        return platform_keys

    await sent(
        Seal(keys, merchant_key), Request(method="POST", template=RECOVER, json={"bal_account_no": "1", "card_no": "2"})
    )
    assert len(asked) == 1


@settings(max_examples=20)
@given(
    payload=st.recursive(
        st.builds(Secret, st.just("6222-0000")) | st.integers(0, 9) | st.just("open"),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
        max_leaves=5,
    )
)
def test_no_secret_anywhere_leaves_plain(platform_keys: PlatformKeys, payload: Any) -> None:
    """Wherever a Secret stands in an unknown operation's payload, the bytes that go out don't hold it."""
    request = Request(method="POST", template="/v3/new", json={"p": payload})
    result = asyncio.run(sent(Seal(lambda: platform_keys, None), request, Encode()))
    assert result.body
    assert b"6222" not in result.body
    assert len(re.findall(rb'"[A-Za-z0-9+/]{342}=="', result.body)) == repr(payload).count("Secret(")


ECHO = Request(method="POST", template="/v3/security/echo", json={})
COMPLAINTS = Request(method="GET", template="/v3/merchant-service/complaints-v2")


async def answered(middleware: Seal, request: Request, content: bytes, *, verified: bool = True) -> Response[Any]:
    """What comes out when this content comes in."""

    async def call_next(request: Request) -> Response[Any]:
        return Response(status=200, content=content, request=request, verified=verified)

    handler: Handler = partial(middleware, call_next=call_next)
    return await handler(request)


async def test_answers_are_decrypted(seal: Seal, merchant_key: RSAPrivateKey) -> None:
    """`json()` gives the plaintext of the fields that come encrypted; `content` stays as it was signed."""
    phones = [rsa.encrypt(merchant_key.public_key(), phone) for phone in ("13800000000", "13900000000")]
    content = orjson.dumps({"data": [{"payer_phone": phone, "other": phones[0]} for phone in phones], "total_count": 2})
    response = await answered(seal, COMPLAINTS, content)
    assert [item["payer_phone"] for item in response.json()["data"]] == ["13800000000", "13900000000"]
    assert response.json()["data"][0]["other"] == phones[0]
    assert response.content == content
    assert "13800000000" not in repr(response)


async def test_an_unverified_answer_is_not_decrypted(seal: Seal, merchant_key: RSAPrivateKey) -> None:
    """Nobody can use the client to decrypt what they please."""
    content = orjson.dumps({"data": [{"payer_phone": rsa.encrypt(merchant_key.public_key(), "138")}]})
    response = await answered(seal, COMPLAINTS, content, verified=False)
    assert response.decrypted is None


async def test_without_a_private_key_answers_stay(platform_keys: PlatformKeys, merchant_key: RSAPrivateKey) -> None:
    """With a remote signer the fields stay as they came."""
    ciphertext = rsa.encrypt(merchant_key.public_key(), "138")
    content = orjson.dumps({"data": [{"payer_phone": ciphertext}]})
    response = await answered(Seal(lambda: platform_keys, None), COMPLAINTS, content)
    assert response.json()["data"][0]["payer_phone"] == ciphertext


@pytest.mark.parametrize("depth", [300, 900])
async def test_an_answer_that_is_nested_too_deeply(seal: Seal, depth: int) -> None:
    """It is a DecodeError, also where it can be read and not be written again."""
    content = b'{"data":' + b"[" * depth + b"]" * depth + b"}"
    with pytest.raises(DecodeError, match="nested too deeply"):
        await answered(seal, COMPLAINTS, content)


async def test_an_answer_for_another_key(seal: Seal, other_key: RSAPrivateKey) -> None:
    """Foreign ciphertext is a DecryptionError that knows answer and field."""
    content = orjson.dumps({"data": [{"payer_phone": rsa.encrypt(other_key.public_key(), "138")}]})
    with pytest.raises(DecryptionError, match="data: payer_phone: cannot be decrypted") as raised:
        await answered(seal, COMPLAINTS, content)
    assert (raised.value.status, raised.value.content, raised.value.request) == (200, content, COMPLAINTS.line)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'{"data":null}', b'{"data":[null,1,"x"]}', b"null", b'"x"']
)
async def test_answers_of_other_shapes(seal: Seal, content: bytes) -> None:
    """An answer that is no JSON, or of another shape, goes through; `json()` says what is wrong with it."""
    response = await answered(seal, COMPLAINTS, content)
    assert response.content == content


@pytest.mark.parametrize("path", ["/v3/aggracct-bc/wb-channel/control-orders/rec%6fver", RECOVER])
async def test_an_escaped_letter_hides_no_operation(seal: Seal, path: str) -> None:
    """A path that is spelled with needless escapes is the same operation, so its secrets are sealed."""
    result = await sent(seal, Request(method="POST", template=path, json={"bal_account_no": "6222"}))
    assert result.json["bal_account_no"] != "6222"


@dataclass
class Account:
    bal_account_no: Any = "6222"


class Number(Enum):
    FIRST = "6222"


class Member(StrEnum):
    NUMBER = "bal_account_no"


SPELLINGS_OF_A_VALUE: list[Any] = [
    {"bal_account_no": "6222"},
    {"bal_account_no": 6222},
    {"bal_account_no": Number.FIRST},
    {"bal_account_no": ["6222"]},
    {"bal_account_no": {"text": "6222"}},
    {Member.NUMBER: "6222"},
    {"balAccountNo": "6222"},
    [{"order": ({"bal_account_no": "6222"},)}],
    Account(),
    {"account": Account(Number.FIRST)},
]


async def test_a_near_miss_with_a_cycle(seal: Seal) -> None:
    """A payload that contains itself is a mistake of the caller's on a misspelt path too."""
    payload: dict[str, Any] = {}
    payload["itself"] = payload
    request = Request(method="POST", template="/v3/profitsharing/receivers%2Fadd", json=payload)
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        await seal(request, unreached)


async def test_an_escaped_path_of_apiv2_exposes_no_secret() -> None:
    """`SealV2` goes by the template, so one that hides its operation behind an escape is refused."""
    seal = SealV2(BankKey(), Timeout())
    request = Request(method="POST", template="/v2/mmpaysptrans/pay%5Fbank", xml={"enc_bank_no": "6222PLAIN"})
    with pytest.raises(ConfigurationError, match="enc_bank_no would go out in plain"):
        await seal(request, unreached)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", RECOVER + "/"),
        ("PUT", RECOVER),
        ("POST", RECOVER.replace("recover", "Recover")),
        ("POST", RECOVER.replace("/recover", "%2Frecover")),
        ("POST", RECOVER + ";x"),
        ("POST", RECOVER + "%20"),
        ("GET", RECOVER),
        ("POST", RECOVER.replace("-", "_")),
        ("POST", "/v3/aggracctBc/wbChannel/controlOrders/recover"),
        ("POST", "/hk" + RECOVER),
        ("POST", "/v3/global" + RECOVER.removeprefix("/v3")),
        ("POST", "/v2" + RECOVER),
        ("POST", RECOVER.removeprefix("/v3")),
    ],
)
async def test_a_near_miss_exposes_no_secret(seal: Seal, method: str, path: str) -> None:
    """A misspelt path doesn't send the secret field of the path that was meant in plain."""
    for value in SPELLINGS_OF_A_VALUE:
        for payload in ({"json": value}, {"params": value}, {"meta": value}, {"xml": value}):
            with pytest.raises(ConfigurationError, match=r"(?i)bal_?account_?no.* would go out in plain"):
                await sent(seal, Request(method=method, template=path, **payload))
    if not path.startswith("/v2/"):
        result = await sent(seal, Request(method=method, template=path, json={"bal_account_no": Secret("6222")}))
        assert result.json["bal_account_no"] != "6222"


async def test_a_secret_of_the_body_is_refused_in_the_query(seal: Seal) -> None:
    """A secret field that was given in the wrong place doesn't go out in plain."""
    with pytest.raises(ConfigurationError, match="in a wrong place"):
        await sent(seal, Request(method="POST", template=RECOVER, params={"bal_account_no": "6222"}))


@pytest.mark.parametrize(
    "payload",
    [
        {"order": {"bal_account_no": "6222"}},
        {"orders": [Account()]},
        {"balAccountNo": "6222"},
        {"Bal_Account_No": Number.FIRST},
    ],
)
async def test_a_secret_in_a_wrong_place_or_spelling_is_refused(seal: Seal, payload: Any) -> None:
    """What seems to be meant for a secret field doesn't go out in plain; as a `Secret` it goes, encrypted."""
    with pytest.raises(ConfigurationError, match="in a wrong place or spelling"):
        await sent(seal, Request(method="POST", template=RECOVER, json=payload))
    result = await sent(seal, Request(method="POST", template=RECOVER, json={"order": Account(Secret("6222"))}))
    assert len(result.json["order"]["bal_account_no"]) == 344


@pytest.mark.parametrize(
    "payload",
    [
        {"bal_account_no": "6222", "new": {"bal_account_no": "of a later version"}},
        {"recover_reason": "bal_account_no"},
    ],
)
async def test_what_is_no_secret_goes_as_it_is(seal: Seal, payload: Any) -> None:
    """Members that the catalogue doesn't know are not taken for the secret, where that is in its own place."""
    result = await sent(seal, Request(method="POST", template=RECOVER, json=payload))
    assert {**result.json, "bal_account_no": None} == {**payload, "bal_account_no": None}


async def test_members_of_a_later_version_of_an_operation(seal: Seal) -> None:
    """A new member that is named as a secret elsewhere in the payload goes as it is."""
    order = {"goods": [{"name": "tea"}]}
    native = Request(method="POST", template="/v3/pay/transactions/native", json=order)
    assert (await sent(seal, native)).json == order


async def test_names_that_are_no_text(seal: Seal) -> None:
    """A member named by something else than text is no reason for another exception than the encoder's."""
    with pytest.raises(ConfigurationError, match="the key is a Secret"):
        await sent(seal, Request(method="POST", template=RECOVER, json={Secret("6222"): 1}), Encode())


async def unreached(_: Request) -> Response[Any]:
    """Nothing is sent."""
    raise AssertionError
