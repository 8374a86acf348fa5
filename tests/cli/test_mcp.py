"""The server for coding agents, driven by a client of the protocol's own package over standard input and output."""

from __future__ import annotations

import base64
import os
import sys
import time
from typing import Any

import pytest
from mcp import Client, StdioServerParameters, stdio_client

from tests.cli.conftest import Shop
from wechatpay_chain.cli import main
from wechatpay_chain.cli.mcp_server.local_emulator import LocalEmulator, loopback
from wechatpay_chain.cli.mcp_server.server import make_server
from wechatpay_chain.crypto import rsa
from wechatpay_chain.errors import ConfigurationError
from wechatpay_chain.wire import signature_types, v3
from wechatpay_chain.wire.authorization import Authorization

ORDER: dict[str, Any] = {
    "appid": "wx8888888888888888",
    "mchid": "1900000109",
    "description": "tea",
    "out_trade_no": "MCP-1",
    "notify_url": "https://shop.example/notify",
    "amount": {"total": 100},
}


def over_stdio(shop: Shop) -> Client:
    """A client of the command, which has nothing of the shop's settings but where its emulator listens."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("WECHATPAY_")}
    arguments = ["-m", "wechatpay_chain", "mcp", "--url", shop.base_url]
    return Client(stdio_client(StdioServerParameters(command=sys.executable, args=arguments, env=plain)))


def in_process(shop: Shop) -> Client:
    """A client of the same server, in this process."""
    return Client(make_server(LocalEmulator(shop.folder, shop.base_url)))


async def ask(client: Client, name: str, **arguments: Any) -> Any:
    """What a tool answers."""
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    content: Any = result.structured_content
    return content.get("result", content)


async def test_find_describe_check_and_call(shop: Shop) -> None:
    """An agent gets from a Chinese word to an order that was made, paid and announced on the emulator."""
    async with over_stdio(shop) as agent:
        tools = {tool.name for tool in (await agent.list_tools()).tools}
        assert {"search", "describe", "check_payload", "show_signed_text", "emulator_call"} <= tools

        found = (await ask(agent, "search", text="Native下单"))["operations"][0]
        assert (found["method"], found["path"]) == ("POST", "/v3/pay/transactions/native")

        (described,) = (await ask(agent, "describe", path=found["path"]))["operations"]
        assert len(described["spellings"]) == 6
        assert described["sample"]["json"].keys() == ORDER.keys()

        wrong = await ask(agent, "check_payload", method="POST", path=found["path"], json={**ORDER, "amount": {}})
        assert wrong["faults"] == ["json/amount/total: required, but missing"]
        assert (await ask(agent, "check_payload", method="POST", path=found["path"], json=ORDER))["valid"]

        made = await ask(agent, "emulator_call", method="POST", path=found["path"], json=ORDER)
        assert made["status"] == 200
        assert made["answer"]["code_url"].startswith(shop.base_url)
        paid = await ask(agent, "emulator_pay", number="MCP-1")
        assert paid["state"] == "SUCCESS", paid
        assert (await ask(agent, "emulator_notifications"))[-1]["resource"]["out_trade_no"] == "MCP-1"

        again = await ask(
            agent, "emulator_call", method="POST", path=found["path"], json={**ORDER, "amount": {"total": 1}}
        )
        assert again["outcome"] == "rejected"
        last = (await ask(agent, "emulator_calls"))[-1]
        assert last["code"] == again["code"]
        whole = await ask(agent, "emulator_call_details", number=last["number"])
        assert whole["decrypted"]["out_trade_no"] == "MCP-1"


async def test_what_is_signed(shop: Shop) -> None:
    """APIv3's five lines are shown, with secrets as ciphertext, and APIv2's sorted parameters."""
    async with in_process(shop) as agent:
        shown = await ask(
            agent,
            "show_signed_text",
            method="GET",
            path="v3/pay/transactions/out-trade-no/{out_trade_no}",
            values={"out_trade_no": "A 1"},
            query={"mchid": "1900000109"},
        )
        assert shown["lines"]["target"] == "/v3/pay/transactions/out-trade-no/A%201?mchid=1900000109"
        assert shown["text"] == "".join(f"{line}\n" for line in shown["lines"].values())

        secret = await ask(
            agent,
            "show_signed_text",
            method="POST",
            path="v3/aggracct-bc/wb-channel/control-orders/punish",
            json={"out_request_no": "P1", "mchid": "1900000109", "bal_account_no": "62220000", "punish_scene": 1},
        )
        assert secret["encrypted"] == ["bal_account_no"]
        assert "62220000" not in secret["text"]

        old = await ask(
            agent,
            "show_signed_text",
            method="POST",
            path="v2/pay/orderquery",
            xml={"appid": "w", "out_trade_no": "1"},
        )
        assert old["text"].startswith("appid=w&mch_id=")
        assert old["text"].endswith("&key=YOUR_APIV2_KEY")


async def test_diagnosis_of_a_notification(shop: Shop) -> None:
    """A message that fits is said to; one whose body was written anew has its cause named."""
    async with in_process(shop) as agent:
        key = shop.emulator.platform_keys[0]
        body = b'{"id":"1","create_time":"2026-01-01T00:00:00+08:00","summary":"ok"}'
        stamp, nonce = str(int(time.time())), "nonce"
        signature = base64.b64encode(rsa.sign(key.rsa_key, v3.answer_message(stamp, nonce, body))).decode()
        headers = {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": key.serial,
            "Wechatpay-Signature": signature,
        }
        given: dict[str, Any] = {"headers": headers, "certs": {key.serial: key.public_pem}}
        assert (await ask(agent, "diagnose_message", body=body.decode(), **given))["fits"]
        rewritten = await ask(
            agent, "diagnose_message", body=body.decode().replace(":", ": ").replace(",", ", "), **given
        )
        assert not rewritten["fits"]
        assert rewritten["causes"][0]["name"].startswith("body-")


async def test_diagnosis_of_a_request(shop: Shop) -> None:
    """A signature over a path without its query is recognised; a private key in place of the public one is refused."""
    async with in_process(shop) as agent:
        key = shop.emulator.merchant_key
        signature = base64.b64encode(
            rsa.sign(key.rsa_key, v3.request_message("GET", "/v3/certificates", "1700000000", "N", b""))
        ).decode()
        said = Authorization(
            signature_type=signature_types.RSA,
            owner="1900000109",
            serial=key.serial,
            nonce="N",
            timestamp="1700000000",
            signature=signature,
        )
        request = {"method": "GET", "target": "/v3/certificates?a=1", "authorization": str(said), "body": ""}
        found = await ask(agent, "diagnose_request", merchant_cert=key.public_pem, **request)
        assert found["causes"][0]["name"] == "signed-another-target"
        assert found["signed"] == "GET\n/v3/certificates\n1700000000\nN\n\n"
        right = {**request, "target": "/v3/certificates"}
        assert (await ask(agent, "diagnose_request", merchant_cert=key.public_pem, **right))["fits"]

        refused = await agent.call_tool("diagnose_request", {**request, "merchant_cert": key.private_pem})
        assert refused.is_error
        assert "a private key was found" in str(refused.content)
        path = await agent.call_tool("diagnose_request", {**request, "merchant_cert": str(shop.folder / "key.pem")})
        assert "no PEM text was found" in str(path.content)


async def test_mistakes_are_told_to_the_agent(shop: Shop) -> None:
    """An unknown path names what is close to it, a missing placeholder its name."""
    async with in_process(shop) as agent:
        unknown = await agent.call_tool("describe", {"path": "v3/pay/transactions/nativ"})
        assert unknown.is_error
        assert "/v3/pay/transactions/native" in str(unknown.content)
        missing = await agent.call_tool(
            "show_signed_text",
            {"method": "GET", "path": "v3/refund/domestic/refunds/{out_refund_no}"},
        )
        assert missing.is_error
        assert "out_refund_no" in str(missing.content)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.mch.weixin.qq.com",
        "http://api.mch.weixin.qq.com:80",
        "http://127.0.0.1.example.com:8080",
        "http://user@127.0.0.1:8080",
        "https://127.0.0.1:8080",
        "http://192.168.0.1:8080",
        "http://127.0.0.1",
        "http://[::1]:x",
        "",
    ],
)
def test_it_reaches_this_machine_alone(url: str) -> None:
    """No URL but one of this machine, with a port, is taken."""
    with pytest.raises(ConfigurationError, match="not on this machine"):
        loopback(url)


def test_local_urls() -> None:
    """The names of this machine are taken, without what follows the port."""
    assert loopback("http://localhost:8080/x") == "http://127.0.0.1:8080"
    assert loopback("http://[::1]:8080") == "http://[::1]:8080"


def test_another_machine_is_refused_at_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with the code of wrong usage where `--url` names the platform."""
    assert main(["mcp", "--url", "https://api.mch.weixin.qq.com"]) == 2
    assert "not on this machine" in capsys.readouterr().err
