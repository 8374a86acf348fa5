"""An emulator in a process of its own, to be killed: prints its base URL and its keys, and serves until then."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import orjson

from wechatpay_chain.emulator import Emulator

if __name__ == "__main__":
    emulator = Emulator(state=Path(sys.argv[1]))
    with emulator.listen() as base_url:
        credentials = emulator.credentials()
        told = {
            "base_url": base_url,
            "serial": credentials["serial"],
            "private_key": emulator.merchant_key.private_pem,
            "certs": credentials["certs"],
            "apiv3_key": credentials["apiv3_key"],
        }
        print(orjson.dumps(told).decode(), flush=True)
        time.sleep(600)
