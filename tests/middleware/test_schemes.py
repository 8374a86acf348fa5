"""One onion a scheme: each call passes the steps of its own scheme and those of all, and no others."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from wechatpay_chain import Handler, Middleware, Request, Response, WeChatPay, middleware
from wechatpay_chain.client.options import Options
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.middleware import Sign, standard
from wechatpay_chain.pipeline import scheme_named_by, steps_of

ORDER = {"appid": "wx1", "body": "茶", "out_trade_no": "A1", "total_fee": 29, "trade_type": "NATIVE"}
ORDER |= {"spbill_create_ip": "127.0.0.1", "notify_url": "https://a.example/n"}
SHARED = ["ObserveCalls", "Retry", "Clock"]
FOLDER = Path(middleware.__file__).parent


def test_each_scheme_has_its_steps(emulator: Emulator) -> None:
    """Outermost first: what is sealed, encoded, signed and believed is the scheme's, all else is everybody's."""
    steps = standard(Options(**emulator.credentials(), observe=lambda _: None))
    names = {scheme: [type(step).__name__ for step in steps_of(scheme, steps)] for scheme in ("v3", "v2")}
    assert names["v3"] == ["ObserveCalls", "Seal", "Encode", "Retry", "RateLimit", "Verify", "Clock", "Sign"]
    assert names["v2"] == [
        "ObserveCalls", "SealV2", "SignV2", "EncodeV2", "Retry", "RateLimit", "VerifyV2", "Clock"
    ]  # fmt: skip
    assert {type(step).__name__ for step in steps if scheme_named_by(step) is None} == set(SHARED)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_no_step_asks_for_its_scheme(file: Path) -> None:
    """No step compares a template, or anything else of a request, with a root."""
    texts = [node.value for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Constant)]
    assert not [text for text in texts if isinstance(text, str) and text.startswith(("/v2", "/v3"))]


async def test_a_step_may_name_the_scheme_it_is_for(emulator: Emulator) -> None:
    """A step of the caller's own is passed by all calls, unless it names a scheme."""
    seen: list[str] = []

    class Watching:
        def __init__(self, *schemes: str) -> None:
            if schemes:
                self.scheme = schemes[0]

        async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
            seen.append(f"{getattr(self, 'scheme', 'all')} {request.template.split('/')[1]}")
            return await call_next(request)

    arguments = emulator.credentials()
    steps: tuple[Middleware, ...] = (Watching("v2"), Watching(), *standard(Options(**arguments)))
    async with WeChatPay(**arguments, transport=emulator, pipeline=steps) as wxpay:
        await wxpay.chain("v3/security/echo").post(json={"echo_message": "a"})
        await wxpay.chain("v2/pay/unifiedorder").post(xml=ORDER)
    assert seen == ["all v3", "v2 v2", "all v2"]


async def test_an_apiv2_call_is_not_signed_in_headers(emulator: Emulator) -> None:
    """Its signature is one of its parameters; Sign is not on its way."""

    class Failing(Sign):
        async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
            raise AssertionError("an APIv2 call came by")

    arguments = emulator.credentials()
    options = Options(**arguments)
    failing = Failing(lambda *_: "", options.credentials.signer, lambda: 0.0)
    steps = [failing if isinstance(step, Sign) else step for step in standard(options)]
    async with WeChatPay(**arguments, transport=emulator, pipeline=steps) as wxpay:
        answer = await wxpay.chain("v2/pay/unifiedorder").post(xml=ORDER)
    assert answer.verified
    assert answer.request is not None
    assert "Authorization" not in answer.request.headers
