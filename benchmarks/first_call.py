"""What the first call of a fresh process takes beyond a bare program's: `python -m benchmarks.first_call`.

Each program starts the interpreter, imports, loads its keys, opens a connection to a platform on this machine, signs,
sends and verifies one call, and ends: what a serverless function pays when it is cold. The two take turns; what counts
is the processor time of the whole process. Exits with 1 when the package takes more than is allowed.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from statistics import median, quantiles

from benchmarks.answering import ORDER, PATH, Answering, make_keys

ROUNDS = 30
MOST = 120.0
"""Milliseconds more than the bare program."""

_GIVEN = f"import json, sys; given = json.loads(sys.stdin.read()); PATH, ORDER = {PATH!r}, {ORDER!r}\n"

BARE = (
    _GIVEN
    + """
import asyncio, base64, secrets, time
import aiohttp, orjson
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

async def main():
    private = load_pem_private_key(given["private_key"].encode(), None)
    public = load_pem_public_key(given["public_key"].encode())
    sealed = public.encrypt(ORDER["bal_account_no"].encode(), OAEP(MGF1(SHA1()), SHA1(), None))
    body = orjson.dumps({**ORDER, "bal_account_no": base64.b64encode(sealed).decode()})
    stamp, nonce = str(int(time.time())), secrets.token_hex(16)
    message = f"POST\\n{PATH}\\n{stamp}\\n{nonce}\\n".encode() + body + b"\\n"
    signature = base64.b64encode(private.sign(message, PKCS1v15(), SHA256())).decode()
    headers = {
        "Content-Type": "application/json", "Accept": "application/json", "Wechatpay-Serial": given["public_key_id"],
        "Authorization": f'WECHATPAY2-SHA256-RSA2048 mchid="{given["mchid"]}",nonce_str="{nonce}",'
        f'signature="{signature}",timestamp="{stamp}",serial_no="{given["serial"]}"',
    }
    async with aiohttp.ClientSession() as session:
        async with session.post(given["base_url"] + PATH, data=body, headers=headers) as answer:
            content, told = await answer.read(), answer.headers
    signed = f"{told['Wechatpay-Timestamp']}\\n{told['Wechatpay-Nonce']}\\n".encode() + content + b"\\n"
    public.verify(base64.b64decode(told["Wechatpay-Signature"]), signed, PKCS1v15(), SHA256())
    orjson.loads(content)["wxpay_recover_no"]

asyncio.run(main())
"""
)

PACKAGE = (
    _GIVEN
    + """
import asyncio
from wechatpay_chain import WeChatPay

async def main():
    certs = {given["public_key_id"]: given["public_key"]}
    wxpay = WeChatPay(given["mchid"], given["serial"], given["private_key"], certs, base_url=given["base_url"])
    async with wxpay:
        answer = await wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=ORDER)
        answer.json()["wxpay_recover_no"]

asyncio.run(main())
"""
)


def milliseconds(program: str, given: Mapping[str, str]) -> float:
    """The processor time of a fresh process that runs a program."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # noqa: S603 - programs of this file
        [sys.executable, "-c", program], input=json.dumps(given), text=True, check=True, env=environment
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> int:
    """Measure and print."""
    keys = make_keys()
    with Answering(keys) as platform:
        given = {**keys, "base_url": platform.base_url}
        for program in (BARE, PACKAGE):  # compiles everything, as an installer does
            milliseconds(program, given)
        rounds = [(milliseconds(BARE, given), milliseconds(PACKAGE, given)) for _ in range(ROUNDS)]
    bare, package = (median(column) for column in zip(*rounds, strict=True))
    low, middle, high = quantiles([more - less for less, more in rounds], n=4)
    print(
        f"first call of a process: bare {bare:.0f} ms, with the package {package:.0f} ms: {middle:.0f} ms more, half "
        f"of {ROUNDS} rounds between {low:.0f} and {high:.0f} (at most {MOST:.0f})"
    )
    return 0 if middle <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
