"""Functions that take keys: a mistake in a call shows none of them, and leads to the right name."""

import base64
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

import wechatpay_chain
from wechatpay_chain import Brand, Merchants, SyncWeChatPay, Webhook, WeChatPay
from wechatpay_chain.client.options import Options
from wechatpay_chain.contrib.sqlalchemy import SqlInbox
from wechatpay_chain.credentials.arguments import WrongArguments, check_names, conceals_arguments
from wechatpay_chain.errors import ConfigurationError
from wechatpay_chain.notifications.inbox import Packer
from wechatpay_chain.payments import coupon_h5

KEY = "0123456789abcdefghijABCDEFGHIJ01"
PACKAGE = str(Path(wechatpay_chain.__file__).parent)


def locals_of(error: BaseException) -> list[str]:
    """The local variables of the package's frames in an error's traceback."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert told.__context__ is None
    return [str(frame.locals) for frame in told.stack if frame.filename.startswith(PACKAGE)]


@conceals_arguments
def refuse(key: str, *, other: str) -> None:
    """Finds its arguments wrong, at some depth."""
    inner = [key, other]
    raise ConfigurationError("key", f"{len(inner)} were found", "Give one")


def test_arguments_are_not_in_the_frames() -> None:
    """A tool that prints the local variables of a traceback finds the mistake in it, and no argument."""
    with pytest.raises(ConfigurationError, match="2 were found") as caught:
        refuse(KEY, other=KEY)
    frames = locals_of(caught.value)
    assert frames
    assert KEY not in str(frames)


@conceals_arguments
def decode(key: str) -> None:
    """Finds its argument wrong by another exception, in whose frames it is."""
    try:
        base64.b64decode(key, validate=True)
    except ValueError:
        raise ConfigurationError("key", "its Base64 is damaged", "Copy it again") from None


def test_arguments_are_not_in_the_frames_of_what_was_found_first() -> None:
    """Nor does a tool find them that follows an error to the one that it was raised for."""
    with pytest.raises(ConfigurationError, match="damaged") as caught:
        decode(KEY + "!")
    assert KEY not in str(locals_of(caught.value))


def test_a_damaged_key_is_not_in_the_frames() -> None:
    """So it is with a private key whose Base64 is damaged."""
    damaged = f"-----BEGIN PRIVATE KEY-----\n{KEY}!\n-----END PRIVATE KEY-----\n"
    with pytest.raises(ConfigurationError, match="Base64") as caught:
        Webhook(apiv2_key=KEY, private_key=damaged)
    assert KEY not in str(locals_of(caught.value))


WRONG: dict[str, tuple[Callable[..., object], dict[str, Any], str]] = {
    "Webhook": (Webhook, {"apiv3_key": KEY, "private_keys": KEY}, "'private_keys': give private_key=...$"),
    "Webhook of another SDK": (Webhook, {"apiV3Key": KEY}, "'apiV3Key': give apiv3_key=...$"),
    "Webhook by a table": (Webhook, {"publicKey": KEY}, "'publicKey': give certs="),
    "Webhook that has no such argument": (Webhook, {"proxy": KEY}, "'proxy'$"),
    "Webhook.from_env": (Webhook.from_env, {"apiv3_key": KEY, "partnerKey": KEY}, "'partnerKey': give apiv2_key=..."),
    "Brand": (Brand, {"brand_id": "1", "serial": "A", "apiv3_key": KEY}, "'apiv3_key': give api_key=...$"),
    "Brand.from_env": (Brand.from_env, {"Prefix": KEY}, "'Prefix': give prefix=...$"),
    "WeChatPay": (WeChatPay, {"apiv3_key": KEY, "time_out": 1}, r"^WeChatPay\(\) got .*'time_out': give timeout=...$"),
    "SyncWeChatPay": (SyncWeChatPay, {"apiv3_key": KEY, "time_out": 1}, r"^SyncWeChatPay\(\) got .*give timeout=...$"),
    "Options": (Options, {"apiv3_key": KEY, "time_out": 1}, r"^Options\(\) got .*'time_out': give timeout=...$"),
    "Merchants": (Merchants, {"apiv3_key": KEY, "rate_limit": 1}, r"^Merchants\(\) .*give rate_limits=...$"),
    "Merchants.put": (Merchants().put, {"mchid": "1", "apiv3_key": KEY, "deadlin": 1}, "put.*give deadline=...$"),
    "SqlInbox": (SqlInbox, {"engine": None, "sealKey": KEY}, "'sealKey': give seal_key=...$"),
    "Packer": (Packer, {"kye": KEY}, "'kye': give key=...$"),
    "coupon_h5": (coupon_h5, {"api_v2_key": KEY}, "'api_v2_key': give apiv2_key=...$"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_name(case: str) -> None:
    """An argument that a function hasn't is a TypeError with the name that is meant, and with no key in its frames."""
    function, given, text = WRONG[case]
    with pytest.raises((TypeError, ConfigurationError), match=text) as caught:
        function(**given)
    assert KEY not in str(caught.value)
    assert KEY not in str(locals_of(caught.value))


@pytest.mark.parametrize(
    ("function", "positional", "named", "text"),
    [
        (Brand, ("1", KEY), {}, "missing 2 required positional arguments"),
        (Webhook, (KEY,), {}, "takes 1 positional argument but 2 were given"),
        (WeChatPay, ("1", "2", KEY, {}, KEY), {}, "takes from 1 to 5 positional arguments but 6 were given"),
        (SyncWeChatPay, ("1",), {"mchid": "2", "apiv3_key": KEY}, "multiple values for argument 'mchid'"),
    ],
)
def test_a_call_that_does_not_fit(
    function: Callable[..., object], positional: tuple[object, ...], named: dict[str, Any], text: str
) -> None:
    """Too few, too many or doubled arguments are told in Python's words, with no key in the frames."""
    with pytest.raises(TypeError, match=text) as caught:
        function(*positional, **named)
    assert KEY not in str(locals_of(caught.value))


def test_a_key_of_another_length(tmp_path: Path) -> None:
    """An inbox's mistake in its key doesn't show the key in the frames."""
    engine = create_engine(f"sqlite:///{tmp_path / 'inbox.sqlite'}")
    with pytest.raises(ConfigurationError, match="seal_key") as caught:
        SqlInbox(engine, seal_key=KEY[1:].encode())
    assert KEY[1:] not in str(locals_of(caught.value))
    engine.dispose()


def test_a_mistake_inside_keeps_its_frames() -> None:
    """A TypeError that a function's own code raises is not about its call, and comes as it is."""

    @conceals_arguments
    def broken(text: Any) -> int:
        return len(text)

    with pytest.raises(TypeError, match="has no len") as caught:
        broken(1)
    assert type(caught.value) is TypeError
    assert "broken" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


def test_some_of_many() -> None:
    """Of many wrong names three are told."""
    with pytest.raises(WrongArguments, match=r"^f\(\) got an unexpected keyword argument 'a'; 'b'; 'c'$"):
        check_names("f", "abcd", ["known"])
