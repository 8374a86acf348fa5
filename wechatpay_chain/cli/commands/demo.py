"""`demo`: makes the main calls in six spellings against the emulator, and shows all requests and answers."""

from __future__ import annotations

import argparse
import asyncio
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import Any

import orjson

from ... import Request, Response, SyncWeChatPay, TrustError, WeChatPay, WeChatPayError
from ..._version import __version__
from ...emulator import Emulator
from ...emulator.server import Listening
from ...errors import BadRequest
from ..demo import exchange, spellings
from ..terminal import WIDTH, Terminal

_ACCOUNT = "6222 0000 1111"
_INDENT = "    "


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `demo`."""
    parser.add_argument("--no-color", action="store_true", help="no colours, even in a terminal")
    parser.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> int:
    return 0 if Demo(Emulator(), Terminal.of(sys.stdout, colour=not options.no_color)).run() else 1


class Demo:
    """One run of the demo.

    Args:
        emulator: plays the platform.
        terminal: where to show it.
    """

    def __init__(self, emulator: Emulator, terminal: Terminal) -> None:
        self._emulator = emulator
        self._terminal = terminal
        self._arrived: list[Request] = []
        self._bodies: set[bytes] = set()
        self._failed = False

    def run(self) -> bool:
        """Run all steps, and return whether all went as expected."""
        self._terminal.line(self._terminal.paint(f"wechatpay_chain {__version__}", "bold"))
        try:
            with Listening(self._receive, "127.0.0.1", 0) as base_url:
                self._terminal.line(f"The emulator plays WeChat Pay at {base_url}.")
                self._terminal.line("Keys are fresh, the port is real, and both sides check every signature.")
                asyncio.run(self._asynchronous(base_url))
                self._synchronous(base_url)
            asyncio.run(self._mistakes())
        except WeChatPayError as error:
            self._check(f"{type(error).__name__}: {error}", holds=False)
        self._next_steps()
        return not self._failed

    async def _receive(self, request: Request) -> Response[Any]:
        self._arrived.append(request)
        return await self._emulator.receive(request)

    async def _asynchronous(self, base_url: str) -> None:
        async with WeChatPay(**self._emulator.credentials(), base_url=base_url) as wxpay:
            for number, spelling in enumerate(spellings.ASYNCHRONOUS, start=1):
                job = self._job(number)
                self._show(number, spelling, job, await spelling(wxpay, job))

    def _synchronous(self, base_url: str) -> None:
        with SyncWeChatPay(**self._emulator.credentials(), base_url=base_url) as wxpay:
            for number, spelling in enumerate(spellings.SYNCHRONOUS, start=1 + len(spellings.ASYNCHRONOUS)):
                job = self._job(number)
                self._show(number, spelling, job, spelling(wxpay, job))

    def _job(self, number: int) -> spellings.Job:
        return spellings.Job(number=number, mchid=self._emulator.mchid, account=_ACCOUNT)

    def _show(self, number: int, spelling: spellings.Spelling, job: spellings.Job, answers: spellings.Answers) -> None:
        punished, recovered, queried = answers
        order: dict[str, Any] = job.recover(punished)
        # The last request is the query, the one before it recovered.
        arrived = self._arrived[-2]
        self._bodies.add(exchange.comparable(arrived, order))
        if number == 1:
            self._show_in_full(spelling, order, arrived, recovered)
        else:
            self._show_in_brief(number, spelling)
        sealed = _is_sealed(order, arrived, recovered)
        if number == 1:
            size = len(arrived.body or b"")
            self._check(f"the {size} bytes that were signed were sent and received, without plaintext", holds=sealed)
        else:
            what = "the bytes of spelling 1, but for ciphertext and this order's own numbers; no plaintext"
            self._check(what, holds=sealed and len(self._bodies) == 1)
        state = queried.json()["recover_order"]["recover_state"]
        self._check(
            f"{recovered.status}, the answer's signature holds; query: {job.recover_no} is {state}",
            holds=recovered.verified
            and queried.verified
            and state == "SUCCESS"
            and recovered.json()["out_request_no"] == job.recover_no,
        )

    def _show_in_full(
        self, spelling: spellings.Spelling, order: Mapping[str, Any], arrived: Request, answer: Response[Any]
    ) -> None:
        terminal = self._terminal
        terminal.heading("1  The call, and all that happens in it")
        terminal.block(
            "The call (punish, recover, query; from here on recover is shown)",
            spellings.source(spelling),
            is_code=True,
        )
        sealed = exchange.sealed_fields(order, arrived)
        terminal.block("order", _indented({**order, **{field.name: exchange.mask(field.plain) for field in sealed}}))
        terminal.block(
            f"Encrypted for {arrived.headers['Wechatpay-Serial']}",
            (
                f"{field.name}  {exchange.mask(field.plain)}  →  {exchange.shorten(field.ciphertext)}"
                f"  ({len(field.ciphertext)} characters)"
                for field in sealed
            ),
            style="yellow",
        )
        terminal.block("Signed with the merchant's private key", exchange.signed_text(arrived), style="yellow")
        terminal.block("The request as it arrived", exchange.request_text(arrived))
        terminal.block("The answer", exchange.answer_text(answer))
        terminal.line()

    def _show_in_brief(self, number: int, spelling: spellings.Spelling) -> None:
        if number == 2:
            self._terminal.heading("2 to 6  The same job in the other spellings")
            self._terminal.line(f"{_INDENT}wxpay is a WeChatPay, sync a SyncWeChatPay")
        self._terminal.line()
        self._terminal.line(f"  {self._terminal.paint(f'{number}  {spellings.recover_call(spelling)}', 'cyan')}")

    async def _mistakes(self) -> None:
        self._terminal.heading("When something is wrong")
        order = self._job(7).punish

        async def forge(request: Request) -> Response[Any]:
            answer = await self._emulator(request)
            return replace(answer, content=answer.content.replace(b"P000007", b"P000008"))

        async with WeChatPay(**self._emulator.credentials(), transport=forge) as wxpay:
            await self._expect("an answer that was changed on its way", TrustError, wxpay, order)
        del order["mchid"]
        async with WeChatPay(**self._emulator.credentials(), transport=self._emulator) as wxpay:
            await self._expect("a call without its field mchid", BadRequest, wxpay, order)

    async def _expect(self, what: str, expected: type[WeChatPayError], wxpay: WeChatPay, order: dict[str, Any]) -> None:
        try:
            await wxpay.chain("v3/aggracct-bc/wb-channel/control-orders/punish").post(json=order)
        except WeChatPayError as error:
            self._check(f"{what}: {type(error).__name__}, outcome {error.outcome!r}", holds=isinstance(error, expected))
            text = textwrap.shorten(str(error), WIDTH - len(_INDENT) - 2, placeholder="…")
            self._terminal.line(f"{_INDENT}  {self._terminal.paint(text, 'dim')}")
        else:
            self._check(f"{what}: nothing was raised", holds=False)

    def _check(self, text: str, *, holds: bool) -> None:
        self._failed = self._failed or not holds
        self._terminal.check(text, holds=holds)

    def _next_steps(self) -> None:
        if self._failed:
            self._terminal.heading("Something differs from what was expected; see the ✗ above")
            return
        self._terminal.heading("Next")
        for arguments, purpose in (
            ("search 退款", "find an operation by name, path or field"),
            ("describe v3/refund/domestic/refunds", "what it takes and answers"),
            ("emulator --out keys", "run the emulator for your own program"),
        ):
            self._terminal.line(f"{_INDENT}{self._terminal.paint(f'# {purpose}', 'dim')}")
            self._terminal.line(f"{_INDENT}{_program()} {arguments}")
        self._terminal.line(f"{_INDENT}README.md has the rest.")


def _program() -> str:
    """How to call this program: by its name if the shell finds it, else through the interpreter."""
    name, here = "wechatpay-chain", Path(sys.executable)
    if which(name):
        return name
    return f"{here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here} -m wechatpay_chain"


def _indented(payload: Mapping[str, Any]) -> Iterator[str]:
    return iter(orjson.dumps(payload, option=orjson.OPT_INDENT_2).decode().splitlines())


def _is_sealed(order: Mapping[str, Any], arrived: Request, answer: Response[Any]) -> bool:
    """Whether something was encrypted, no plaintext of it arrived, and what arrived is what the client sent."""
    body = arrived.body or b""
    sealed = exchange.sealed_fields(order, arrived)
    shown = any(field.plain.encode() in body for field in sealed)
    return bool(sealed) and not shown and answer.request is not None and answer.request.body == body
