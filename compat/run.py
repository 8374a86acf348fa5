"""Hold the emulator against other people's clients: `make compat`, which installs them first.

Each client is a program of its own. It prints a line for each step: `PASS step`, `FAIL step: why`, or
`CANNOT step: why` for what the client itself can't do. Exit code 1 when a step failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.authority import CERTIFICATE, Authority

HERE = Path(__file__).parent
INSTALLED = HERE.parent / ".compat"
PYTHON = str(INSTALLED / "venv" / "bin" / "python")
_TIMEOUT = 120

CLIENTS: Mapping[str, Sequence[str]] = {
    "wechatpayv3 (Python), blocking": (PYTHON, str(HERE / "wechatpayv3_client.py"), "blocking"),
    "wechatpayv3 (Python), asynchronous": (PYTHON, str(HERE / "wechatpayv3_client.py"), "asynchronous"),
    "wechatpay-axios-plugin (Node)": ("node", str(HERE / "axios_plugin.cjs")),
    "wechatpay-node-v3 (Node)": ("node", str(HERE / "node_v3.cjs")),
}


@contextmanager
def platform() -> Iterator[dict[str, str]]:
    """A fresh emulator, by http and https; the environment of a client."""
    emulator = Emulator(platform_keys=[KeyPair.wechatpay(), KeyPair.certified()])
    public_key, certificate = emulator.platform_keys
    message = emulator.notification("TRANSACTION.SUCCESS", {"out_trade_no": "N1"}, serial=public_key.serial)
    with TemporaryDirectory() as name, emulator.listen() as base_url:
        folder = Path(name)
        with emulator.listen(tls=Authority.of(folder).context(folder)) as secure_url:
            yield {
                "BASE_URL": base_url,
                "SECURE_URL": secure_url,
                "NODE_EXTRA_CA_CERTS": str(folder / CERTIFICATE),
                "MCHID": emulator.mchid,
                "SERIAL": emulator.merchant_key.serial,
                "PRIVATE_KEY": emulator.merchant_key.private_pem,
                "MERCHANT_CERT": emulator.merchant_key.public_pem,
                "APIV3_KEY": emulator.apiv3_key,
                "APIV2_KEY": emulator.apiv2_key,
                "PUBLIC_KEY_ID": public_key.serial,
                "PUBLIC_KEY": public_key.public_pem,
                "PLATFORM_SERIAL": certificate.serial,
                "PLATFORM_CERT": certificate.public_pem,
                "NOTIFICATION": json.dumps({"headers": dict(message.headers), "body": message.body.decode()}),
                "NODE_PATH": str(INSTALLED / "node_modules"),
            }


def run(name: str, command: Sequence[str]) -> bool:
    """Run a client; whether no step failed."""
    print(f"\n── {name}", flush=True)
    with platform() as given:
        done = subprocess.run(
            command, env={**os.environ, **given}, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    print(done.stdout, end="")
    failed = done.returncode != 0 or "FAIL " in done.stdout or "PASS " not in done.stdout
    if failed:
        print(done.stderr[-2000:])
    return not failed


if __name__ == "__main__":
    results = [run(name, command) for name, command in CLIENTS.items()]
    sys.exit(0 if all(results) else 1)
