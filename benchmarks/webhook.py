"""What `Webhook.open` costs beyond the sums that any receiver must do.

    python -m benchmarks.webhook

The bare sums are one RSA verification of the text made of two headers and the body, one AES-GCM decryption and two
times JSON, with keys that were loaded once, as `open` has them; in the same run and interleaved, so that a busy machine
slows down both. Exits with 1 when `open` takes more than 1.25 times as long.
"""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Callable
from statistics import median

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wechatpay_chain import Webhook
from wechatpay_chain.crypto import aead, rsa
from wechatpay_chain.emulator import KeyPair
from wechatpay_chain.wire import signature_types, v3

MOST = 1.25
ROUNDS, CALLS = 300, 20
KEY = b"0123456789abcdefghijklmnopqrstuv"
PLAIN = b'{"mchid":"1900000109","out_trade_no":"A1","transaction_id":"42","trade_state":"SUCCESS","amount":{"total":1}}'


def seconds(function: Callable[[], object]) -> float:
    """The processor's time that one call takes, on average over some."""
    started = time.process_time()
    for _ in range(CALLS):
        function()
    return (time.process_time() - started) / CALLS


def main() -> int:
    """Measure and print."""
    pair = KeyPair.wechatpay()
    key, verify_with = pair.rsa_key, pair.rsa_key.public_key()
    sealed = {"algorithm": "AEAD_AES_256_GCM", "nonce": "0123456789ab", "associated_data": "transaction"}
    ciphertext = aead.encrypt(KEY, b"0123456789ab", PLAIN, b"transaction")
    body = orjson.dumps(
        {
            "id": "EV-2018022511223320873",
            "create_time": "2026-11-23T10:00:00+08:00",
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": {**sealed, "original_type": "transaction", "ciphertext": ciphertext},
            "padding": "x" * 190,
        }
    )
    timestamp = str(int(time.time()))
    signature = base64.b64encode(rsa.sign(key, v3.answer_message(timestamp, "N" * 32, body))).decode()
    headers = {
        "Host": "shop.example",
        "User-Agent": "Mozilla/4.0",
        "Accept": "*/*",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Request-ID": "08D7E8D1B1066AF70E18A0FF8EC902",
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": "N" * 32,
        "Wechatpay-Serial": pair.serial,
        "Wechatpay-Signature": signature,
        "Wechatpay-Signature-Type": signature_types.RSA,
    }
    webhook = Webhook(apiv3_key=KEY, certs={pair.serial: pair.public_pem})

    cipher, scheme, sha256 = AESGCM(KEY), padding.PKCS1v15(), hashes.SHA256()

    def bare() -> object:
        signed = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        verify_with.verify(base64.b64decode(headers["Wechatpay-Signature"]), signed, scheme, sha256)
        told = orjson.loads(body)["resource"]
        plaintext = cipher.decrypt(
            told["nonce"].encode(), base64.b64decode(told["ciphertext"]), told["associated_data"].encode()
        )
        return orjson.loads(plaintext)

    def opened() -> object:
        return webhook.open(headers, body)

    rounds = [(seconds(bare), seconds(opened)) for _ in range(ROUNDS)]
    ratio = median(whole / sums for sums, whole in rounds)
    sums, whole = (median(column) * 1e6 for column in zip(*rounds, strict=True))
    print(f"{len(body)} bytes: bare {sums:.1f} us, open {whole:.1f} us, ratio {ratio:.2f} (at most {MOST})")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
