"""The key for bank cards, as the platform answers it, without a signature."""

from pathlib import Path
from typing import Any

import pytest

from wechatpay_chain.credentials.bank_key import BankKey
from wechatpay_chain.emulator import KeyPair
from wechatpay_chain.errors import ConfigurationError
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response
from wechatpay_chain.http.timeout import Timeout
from wechatpay_chain.pipeline import Handler

PAIR = KeyPair.wechatpay()


def answering(pub_key: str) -> Handler:
    """A platform whose answer holds this as its key."""

    async def answer(request: Request) -> Response[Any]:
        fields = {"return_code": "SUCCESS", "result_code": "SUCCESS", "pub_key": pub_key}
        return Response(status=200, fields=fields, request=request)

    return answer


async def test_a_key() -> None:
    """The key in the answer is the one that secrets are encrypted with."""
    assert (await BankKey().get(answering(PAIR.public_pem), Timeout())).public_numbers() == (
        PAIR.rsa_key.public_key().public_numbers()
    )


@pytest.mark.parametrize("scheme", ["", "file://"])
async def test_a_name_of_a_file(scheme: str, tmp_path: Path) -> None:
    """No file of this machine is opened because an answer names it."""
    path = tmp_path / "key.pem"
    path.write_text(PAIR.public_pem)
    with pytest.raises(ConfigurationError, match="pub_key: no complete PEM block") as caught:
        await BankKey().get(answering(f"{scheme}{path}"), Timeout())
    assert caught.value.outcome == "not_sent"
