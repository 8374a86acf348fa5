"""A message's content as bytes: as it came, or sealed with the caller's key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notifications.sender import PAYMENT
from wechatpay_chain import ConfigurationError
from wechatpay_chain.errors import DecryptionError
from wechatpay_chain.notifications.inbox import Message, Packer

KEY = bytes(range(32))
MESSAGE = Message(
    key="EV-1",
    number="A1",
    id="EV-1",
    event_type="TRANSACTION.SUCCESS",
    headers={"Wechatpay-Nonce": "n"},
    body=b'{"id":"EV-1"}',
    resource={**PAYMENT, "payer": {"openid": "o-Ada"}},
)


@pytest.mark.parametrize("key", [None, KEY])
def test_what_is_packed_is_unpacked(key: bytes | None) -> None:
    """Headers, body and resource come back as they were."""
    packer = Packer(key)
    assert packer.unpack("EV-1", packer.pack(MESSAGE)) == (MESSAGE.headers, MESSAGE.body, MESSAGE.resource)


@given(st.binary(), st.dictionaries(st.text(), st.text() | st.integers(-(2**63), 2**64 - 1) | st.none()))
def test_any_content_survives_sealing(body: bytes, resource: dict[str, object]) -> None:
    """Whatever a body holds, sealing and opening give it back."""
    packer = Packer(KEY)
    packed = packer.pack(replace(MESSAGE, body=body, resource=resource))
    assert packer.unpack("EV-1", packed)[1:] == (body, resource)


def test_what_is_sealed_shows_nothing() -> None:
    """Neither the buyer nor the number stands in what is stored, nor in the packer's repr."""
    packed = Packer(KEY).pack(MESSAGE)
    assert not any(word in packed.body + packed.resource for word in (b"o-Ada", b"A1", b"EV-1"))
    assert "o-Ada" not in repr(Packer().pack(MESSAGE))
    assert repr(KEY) not in repr(vars(Packer(KEY)))


@pytest.mark.parametrize("column", ["body", "resource"])
def test_what_is_not_sealed_is_refused(column: str) -> None:
    """Whoever can write to the table can't put content of his own in place of what is sealed."""
    packed = replace(Packer(KEY).pack(MESSAGE), **{column: getattr(Packer().pack(MESSAGE), column)})
    with pytest.raises(DecryptionError, match=f"{column} isn't sealed.*reads_unsealed=True"):
        Packer(KEY).unpack("EV-1", packed)


def test_what_came_before_the_key_is_read_if_asked_for() -> None:
    """A shop that begins to seal reads what it stored before as long as it says so, beside what is sealed."""
    packer = Packer(KEY, reads_unsealed=True)
    for packed in (Packer().pack(MESSAGE), Packer(KEY).pack(MESSAGE)):
        assert packer.unpack("EV-1", packed)[1] == MESSAGE.body
    with pytest.raises(DecryptionError, match="doesn't open"):
        Packer(b"x" * 32, reads_unsealed=True).unpack("EV-1", Packer(KEY).pack(MESSAGE))


@pytest.mark.parametrize(
    ("packer", "key", "text"),
    [
        (Packer(), "EV-1", "give the seal_key"),
        (Packer(b"x" * 32), "EV-1", "doesn't open"),
        (Packer(KEY), "EV-2", "doesn't open"),
    ],
)
def test_a_wrong_key_is_told(packer: Packer, key: str, text: str) -> None:
    """No key, another one, or the content of another message: the error says which."""
    with pytest.raises(DecryptionError, match=text):
        packer.unpack(key, Packer(KEY).pack(MESSAGE))


def test_columns_are_not_exchanged() -> None:
    """A sealed body put in place of the resource opens nowhere."""
    packed = Packer(KEY).pack(MESSAGE)
    with pytest.raises(DecryptionError):
        Packer(KEY).unpack("EV-1", replace(packed, resource=packed.body))


@pytest.mark.parametrize("key", [b"", b"x" * 31, "x" * 32, 32])
def test_a_key_of_another_length_is_refused(key: object) -> None:
    """Only 32 bytes are a key; the error names the argument, not the key."""
    with pytest.raises(ConfigurationError, match="seal_key") as caught:
        Packer(key)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the wrong type
    assert "xxx" not in str(caught.value)
