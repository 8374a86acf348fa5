"""Measure what the typed tree costs: seconds of the type checkers, bytes of the wheel.

    python tools/measure_types.py

Each checker reads a file of five calls, once with the clients' types and once without the package; cold, the best of
three runs. Exits with 1 when a limit is passed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]

PYRIGHT_MORE_SECONDS = 3.0
MYPY_SECONDS = 10.0
WHEEL_BYTES = 1_500_000

_RUNS = 3
_TYPED = "from wechatpay_chain import Secret, SyncWeChatPay, WeChatPay\n"
_UNTYPED = """from typing import Any, TypeAlias

Secret: Any = str
WeChatPay: TypeAlias = Any
SyncWeChatPay: TypeAlias = Any
"""
_CALLS = """

async def calls(wxpay: WeChatPay, sync: SyncWeChatPay) -> None:
    answer = await wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(
        json={
            "out_request_no": "1",
            "related_webank_punish_no": "2",
            "related_wxpay_punish_no": "3",
            "mchid": "1900000109",
            "bal_account_no": Secret("6222000011112222"),
            "recover_reason": "released",
        }
    )
    print(answer.json()["wxpay_recover_no"])
    await wxpay.v3.pay.transactions.id._transaction_id_.get(transaction_id="1", params={"mchid": "1900000109"})
    await wxpay.v3.merchant.media.upload.post(file=b"")
    sync.v3.refund.domestic.refunds.post(
        json={"out_refund_no": "1", "amount": {"refund": 1, "total": 1, "currency": "CNY"}}
    )
    sync.v3.profitsharing.receivers["delete"].post(json={"appid": "1", "type": "MERCHANT_ID", "account": "1"})
"""


def seconds(folder: Path, name: str, *command: str) -> float:
    """The shortest of some cold runs of a checker over a file."""
    times: list[float] = []
    for _ in range(_RUNS):
        begin = time.perf_counter()
        _run(folder, *command, name)
        times.append(time.perf_counter() - begin)
    return min(times)


def wheel_size(folder: Path) -> int:
    """The size of the wheel, built into `folder`."""
    _run(ROOT, "build", "--wheel", "--no-isolation", "--outdir", str(folder))
    return next(folder.glob("*.whl")).stat().st_size


def _run(folder: Path, module: str, *arguments: str) -> None:
    command = [sys.executable, "-m", module, *arguments]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - a module of the checkout's tools


def main() -> int:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "typed.py").write_text(_TYPED + _CALLS, encoding="utf-8")
        (folder / "untyped.py").write_text(_UNTYPED + _CALLS, encoding="utf-8")
        pyright = ("pyright", "--pythonpath", sys.executable)
        mypy = ("mypy", "--strict", "--cache-dir", "/dev/null")
        figures = {
            checker: (seconds(folder, "untyped.py", *command), seconds(folder, "typed.py", *command))
            for checker, command in (("pyright", pyright), ("mypy", mypy))
        }
        size = wheel_size(folder)
    for checker, (without, typed) in figures.items():
        print(f"{checker}: {without:.1f} s without the package, {typed:.1f} s with it")
    print(f"wheel: {size:,} bytes")
    without, typed = figures["pyright"]
    within = typed - without < PYRIGHT_MORE_SECONDS and figures["mypy"][1] < MYPY_SECONDS and size < WHEEL_BYTES
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
