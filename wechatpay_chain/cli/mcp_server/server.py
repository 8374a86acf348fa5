"""The server with its tools; their docstrings are the descriptions that agents read."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from ..._extras import extra
from ..._version import __version__
from ...errors import WeChatPayError
from . import knowledge, signing
from .local_emulator import LocalEmulator

with extra("mcp"):
    from mcp.server import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError

_INSTRUCTIONS = (
    "WeChat Pay (微信支付) through the Python package wechatpay_chain. Find an operation with `search`, read it with "
    "`describe`, check a payload with `check_payload`, and try the call with `emulator_call`: an emulator on this "
    "machine (`wechatpay-chain emulator`) answers as the platform does. Amounts are in fen. Never give these tools a "
    "private key or an APIv3 key: none of them needs one, and none reaches WeChat Pay."
)


@contextmanager
def _told() -> Generator[None]:
    """Turn errors into messages for the agent, so that it can correct its call."""
    try:
        yield
    except (WeChatPayError, TypeError) as error:
        raise ToolError(str(error)) from error


def make_server(emulator: LocalEmulator) -> MCPServer:
    """The server with all its tools.

    Args:
        emulator: the only thing that it reaches.
    """
    server = MCPServer(name="wechatpay-chain", version=__version__, instructions=_INSTRUCTIONS, log_level="WARNING")
    _add_knowledge(server)
    _add_signing(server)
    _add_emulator(server, emulator)
    return server


def _add_knowledge(server: MCPServer) -> None:
    @server.tool()
    def search(text: str, limit: int = 10) -> dict[str, Any]:
        """Find operations and notifications by Chinese name, words of the path or a field's name.

        Such as 退款, `control order`, `bal_account_no`.
        """
        return knowledge.search(text, limit)

    @server.tool()
    def describe(path: str) -> dict[str, Any]:
        """Everything known of the operations at a path (v3/refund/domestic/refunds) or of a notification.

        Fields, what is required, secrets, limits, official pages, answer, refusals, the six spellings, and a sample
        payload. A notification is named by its event type, such as TRANSACTION.SUCCESS.
        """
        with _told():
            return knowledge.describe(path)

    @server.tool()
    def check_payload(
        method: str,
        path: str,
        json: Any = None,
        query: dict[str, Any] | None = None,
        xml: dict[str, Any] | None = None,
        meta: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Check the payloads of a call against the catalogue: missing, of a wrong type, too long, not allowed.

        APIv3 takes `json` and `query`, APIv2 `xml`, uploads `meta`.
        """
        given = {"json": json, "query": query, "xml": xml, "meta": meta}
        with _told():
            return knowledge.check(method, path, {name: value for name, value in given.items() if value is not None})


def _add_signing(server: MCPServer) -> None:
    @server.tool()
    async def show_signed_text(
        method: str,
        path: str,
        json: Any = None,
        query: dict[str, Any] | None = None,
        xml: dict[str, Any] | None = None,
        values: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Show the exact text that the signature of a call covers, without any key. Nothing is sent.

        `values` fills the placeholders of the path.
        """
        with _told():
            return await signing.signed_text(method, path, _arguments(json, query, xml, values))

    @server.tool()
    def diagnose_message(
        headers: dict[str, str], body: str, certs: dict[str, str], received_at: float | None = None
    ) -> dict[str, Any]:
        """Say whether the signature of an answer or a notification fits, and why not.

        `body` is exactly as it came. `certs` has the platform's public keys or certificates (PEM) by their
        PUB_KEY_ID_... or serial. `received_at` is Unix time; without it the message's age is left aside.
        """
        with _told():
            return signing.diagnose_message(headers, body, certs, received_at)

    @server.tool()
    def diagnose_request(method: str, target: str, authorization: str, body: str, merchant_cert: str) -> dict[str, Any]:
        """Say whether a merchant's signature fits a request (401 SIGN_ERROR), and what was signed in its place.

        `target` is path and query as sent; `merchant_cert` the merchant's certificate or public key (PEM), never
        the private key.
        """
        with _told():
            return signing.diagnose_request(method, target, authorization, body, merchant_cert)


def _add_emulator(server: MCPServer, emulator: LocalEmulator) -> None:
    @server.tool()
    async def emulator_call(
        method: str,
        path: str,
        json: Any = None,
        query: dict[str, Any] | None = None,
        xml: dict[str, Any] | None = None,
        values: dict[str, str] | None = None,
        mchid: str | None = None,
    ) -> dict[str, Any]:
        """Make a call to the emulator on this machine, signed in the name of its merchant. No money moves."""
        with _told():
            return await emulator.call(method, path, _arguments(json, query, xml, values), mchid)

    @server.tool()
    async def emulator_calls(limit: int = 20) -> list[dict[str, Any]]:
        """The last calls that the emulator got, one line each."""
        with _told():
            found: list[dict[str, Any]] = await emulator.ask("GET", f"/calls?limit={limit}")
            return found

    @server.tool()
    async def emulator_call_details(number: int) -> dict[str, Any]:
        """A call that the emulator got, whole: as it came and decrypted, what was verified, and why it was refused."""
        with _told():
            found: dict[str, Any] = await emulator.ask("GET", f"/calls/{number}")
            return found

    @server.tool()
    async def emulator_notifications(limit: int = 20) -> list[dict[str, Any]]:
        """The last notifications that the emulator sent: content, attempts, and what the shop answered."""
        with _told():
            found: list[dict[str, Any]] = await emulator.ask("GET", f"/notifications?limit={limit}")
            return found

    @server.tool()
    async def emulator_pay(number: str) -> dict[str, Any]:
        """Pay an order on the emulator as the payer's phone does; `number` is out_trade_no, code_url or prepay_id."""
        with _told():
            found: dict[str, Any] = await emulator.ask("POST", "/phone/pay", {"what": number})
            return found


def _arguments(
    json: Any, query: dict[str, Any] | None, xml: dict[str, Any] | None, values: dict[str, str] | None
) -> dict[str, Any]:
    """The arguments of the verb."""
    given = {"json": json, "params": query, "xml": xml}
    return {**(values or {}), **{name: value for name, value in given.items() if value is not None}}
