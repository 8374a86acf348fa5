"""wechatpayv3, of PyPI: `wechatpayv3_client.py blocking`, or `asynchronous`."""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import tempfile
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

E = os.environ
KIND = sys.argv[1]
BEIJING = timezone(timedelta(hours=8))


def control(path, body):
    request = urllib.request.Request(
        f"{E['BASE_URL']}/_emulator{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def client():
    if KIND == "blocking":
        from wechatpayv3 import WeChatPay, WeChatPayType
    else:
        from wechatpayv3.async_ import AsyncWeChatPay as WeChatPay
        from wechatpayv3.async_ import WeChatPayType
    made = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=E["MCHID"],
        private_key=E["PRIVATE_KEY"],
        cert_serial_no=E["SERIAL"],
        apiv3_key=E["APIV3_KEY"],
        appid="wx2421b1c4370ec43b",
        notify_url="https://shop.example/notify",
        public_key=E["PUBLIC_KEY"],
        public_key_id=E["PUBLIC_KEY_ID"],
    )
    made._core._gate_way = E["BASE_URL"]
    return made


async def done(value):
    # Its asynchronous image_upload gives a coroutine that gives a coroutine.
    while inspect.isawaitable(value):
        value = await value
    return value


async def main():
    wxpay = client()
    if KIND == "blocking":
        await play(wxpay)
    else:
        async with wxpay:
            await play(wxpay)


async def play(wxpay):

    async def step(name, value, expected=(200,), check=None):
        try:
            code, message = await done(value)
            good = code in expected and (check is None or check(message))
            print(f"PASS {name}" if good else f"FAIL {name}: {code} {message!r}")
            return message
        except Exception as error:
            print(f"FAIL {name}: {type(error).__name__}: {error}")
            return "{}"

    await step(
        "order",
        wxpay.pay(description="x", out_trade_no="C100001", amount={"total": 200}),
        check=lambda m: "code_url" in m,
    )
    await step("query", wxpay.query(out_trade_no="C100001"), check=lambda m: "NOTPAY" in m)
    await step("order to be closed", wxpay.pay(description="x", out_trade_no="C100002", amount={"total": 200}))
    await step("close", wxpay.close(out_trade_no="C100002"), (204,))
    control("/phone/pay", {"what": "C100001"})
    await step("query of a paid order", wxpay.query(out_trade_no="C100001"), check=lambda m: "SUCCESS" in m)
    await step(
        "refund",
        wxpay.refund(
            out_refund_no="R100001", out_trade_no="C100001", amount={"refund": 50, "total": 200, "currency": "CNY"}
        ),
    )
    await step("query of a refund", wxpay.query_refund("R100001"), check=lambda m: "R100001" in m)
    await done(wxpay._core._update_certificates())
    print("PASS certificates" if wxpay._core._certificates else "FAIL certificates: none came")
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "x.png"
        image.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
        await step("upload", wxpay.image_upload(str(image)), check=lambda m: "media_id" in m)
    await step(
        "transfer with an encrypted name",
        wxpay.mch_transfer_bills(
            "B100001",
            "1000",
            "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            300000,
            "x",
            user_name="张三",
            transfer_scene_report_infos=[
                {"info_type": "活动名称", "info_content": "x"},
                {"info_type": "奖励说明", "info_content": "x"},
            ],
        ),
        check=lambda m: "transfer_bill_no" in m,
    )
    message = json.loads(E["NOTIFICATION"])
    opened = wxpay.callback(message["headers"], message["body"])
    opened = await done(opened)
    print(
        "PASS notification" if opened and opened["resource"]["out_trade_no"] == "N1" else f"FAIL notification: {opened}"
    )
    day = datetime.now(BEIJING).strftime("%Y-%m-%d")
    control("/clock", {"advance": 2 * 86400})
    bill = await step("bill", wxpay.trade_bill(day), check=lambda m: "download_url" in m)
    await step("download", wxpay.download_bill(json.loads(bill)["download_url"]), check=lambda m: len(m) > 0)
    print("CANNOT APIv2: the package has none")


asyncio.run(main())
