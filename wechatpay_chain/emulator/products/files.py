"""Files behind links: the `download_url` of an answer leads to a file with the digest that the answer gives.

https://pay.weixin.qq.com/doc/v3/merchant/4013071238 (bills), https://pay.weixin.qq.com/doc/v3/partner/4014314390
(encrypted ones)
"""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Mapping
from typing import Any, cast

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import GCM

from ...crypto.aead import CIPHERS
from ...crypto.hashing import hasher
from ...http.headers import Headers
from ...http.response import Response
from ..platform.call import Answer, Call
from ..platform.refusal import Refusal
from ..world.downloads import LIFETIME
from ..world.world import World
from .product import Product

PATH = "/v3/billdownload/file"
BILL = (
    "\ufeff交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,应结订单金额,手续费,费率,订单金额\r\n"
    "`2026-01-01 08:00:00,`wx2421b1c4370ec43b,`1900000109,`4200000001,`A1,`SUCCESS,`0.29,`0.00000,`0.60%,`0.29\r\n"
    "`2026-01-01 09:00:00,`wx2421b1c4370ec43b,`1900000109,`4200000002,`A2,`SUCCESS,`10.00,`0.06000,`0.60%,`10.00\r\n"
    "总交易单数,应结订单总金额,退款总金额,手续费总金额,订单总金额\r\n"
    "`2,`10.29,`0.00,`0.06000,`10.29\r\n"
).encode()
"""The file behind each synthetic link: a bill of two orders."""

_BOM = "\ufeff".encode()
_KEY_SIZES = {"AEAD_AES_256_GCM": 32, "SM4_GCM": 16}


def offer(world: World, call: Call, content: bytes, *, packed: bool = False) -> str:
    """Keep a file for five minutes.

    Args:
        world: keeps it.
        call: whose answer has the link.
        content: the file as it is handed out.
        packed: whether it is packed with gzip.

    Returns:
        The link.
    """
    kind = "&tartype=gzip" if packed else ""
    return f"{call.base_url}{PATH}?token={world.downloads.keep(content, call.time)}{kind}"


def link(world: World, value: Answer, call: Call) -> Answer:
    """A synthetic answer, in which every `download_url` leads somewhere, and every digest fits.

    Args:
        world: keeps the files.
        value: the answer.
        call: the call that it answers, which says whether files are packed, and with what they are encrypted.
    """
    if isinstance(value, list):
        return [link(world, item, call) for item in value]
    if not isinstance(value, dict):
        return value
    members = {name: link(world, item, call) for name, item in value.items()}
    return _linked(world, members, call) if "download_url" in members else members


def _linked(world: World, members: dict[str, Any], call: Call) -> dict[str, Any]:
    packed = "GZIP" in {call.query.get("tar_type"), _member(call.json, "tar_type")}
    content = gzip.compress(BILL, mtime=0) if packed else BILL
    if "encrypt_key" in members:
        key, nonce, content = _encrypted(content, call)
        members |= {"encrypt_key": key, "nonce": nonce}
    if "hash_value" in members:
        kind = members.get("hash_type")
        kind = kind if kind in {"SHA256", "SM3"} else "SHA1"
        digest = hasher(kind)
        digest.update(BILL)
        members |= {"hash_type": kind, "hash_value": digest.hexdigest()}
    return {**members, "download_url": offer(world, call, content, packed=packed)}


def _serve(world: World, call: Call) -> Response[Any]:
    # An unknown token leads to a file, too: tests make up links.
    made, content = world.downloads.find(str(call.query.get("token"))) or (call.time, BILL)
    if call.time - made > LIFETIME:
        raise Refusal(403, "NO_AUTH", "下载链接已过期，请重新申请")
    kind = "text/csv; charset=utf-8" if content.startswith(_BOM) else "application/octet-stream"
    return Response(status=200, headers=Headers({"Content-Type": kind}), content=content)


def _encrypted(content: bytes, call: Call) -> tuple[str, str, bytes]:
    """Key, nonce and ciphertext of a bill; the key is encrypted together with the answer that it is a member of."""
    name = "algorithm" if "algorithm" in call.query else "encryption_algorithm"
    algorithm = str(call.query[name])
    key, nonce = secrets.token_hex(_KEY_SIZES[algorithm] // 2), secrets.token_hex(8)
    encryptor = Cipher(CIPHERS[algorithm](key.encode()), GCM(nonce.encode())).encryptor()
    return key, nonce, encryptor.update(content) + encryptor.finalize() + encryptor.tag


def _member(value: object, name: str) -> Any:
    return cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else None


PRODUCT = Product(name="files", routes={f"GET {PATH}": _serve})
